import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, test } from 'node:test'
import { openMemoryRecords } from '@gatehouse/storage/records/memory'
import type { Change, LoggedChange, Records } from '@gatehouse/storage/records/port'
import { createStandings } from './standings.ts'

const records = await openMemoryRecords()
after(() => records.close())
await records.apps.create({ id: 'a', name: 'A', settings: {}, linkKey: new Uint8Array(32), at: 0 })
await records.users.put({ app: 'a', id: 'bob', at: 0 })

const suspend: Change = { kind: 'user', app: 'a', user: 'bob', to: 'suspended' }
const revoke: Change = { kind: 'revoke', app: 'a', target: { user: 'bob' } }

type Over = {
  records?: Records
  peers?: (logged: LoggedChange) => Promise<number>
  setBack?: (error: Error) => void
}

async function open(over: Over = {}) {
  const applied: number[] = []
  const standings = createStandings({
    records: over.records ?? records,
    applyHere: (logged) => {
      applied.push(logged.sequence)
      return 2
    },
    peers: over.peers === undefined ? [] : [{ apply: over.peers }],
    from: await records.changes.last(),
    reserve: null,
    now: () => 1,
    ...(over.setBack && { others: { confirm: async () => ({ others: 0, cut: 0 }), setBack: over.setBack } }),
  })
  return { standings, applied }
}

test('standings: a change is applied before it is answered, and the answer counts what was cut', async () => {
  const { standings, applied } = await open({ peers: async () => 3 })
  const changed = await standings.change(suspend, 'key')
  ok(changed)
  equal(changed.revocation.cut, 5)
  equal(changed.revocation.nodes, 1)
  deepEqual(applied, [changed.revocation.sequence])
  equal(standings.sequence, changed.revocation.sequence)
})

test('standings: the caller waits for every peer', async () => {
  let release: (cut: number) => void = () => {}
  const { standings } = await open({ peers: () => new Promise((resolve) => (release = resolve)) })
  let answered = false
  const changed = standings.change(revoke, 'key').then((result) => {
    answered = true
    return result
  })
  while ((await records.changes.last()) === standings.sequence) await new Promise(setImmediate)
  await new Promise(setImmediate)
  equal(answered, false)
  release(0)
  ok(await changed)
})

test('standings: many at once are applied once each, in the order of the log', async () => {
  const { standings, applied } = await open()
  const all = await Promise.all(Array.from({ length: 50 }, () => standings.change(revoke, 'key')))
  deepEqual(
    applied,
    [...applied].sort((one, other) => one - other),
  )
  deepEqual(new Set(applied), new Set(all.map((changed) => changed?.revocation.sequence)))
  equal(applied.length, 50)
})

test('standings: what somebody else has written comes first', async () => {
  const { standings, applied } = await open()
  const foreign = await records.changes.append(suspend, 'somebody else', 2)
  const mine = await standings.change(revoke, 'key')
  deepEqual(applied, [foreign?.sequence, mine?.revocation.sequence])
})

test('standings: catching up applies what is in the log and nothing twice', async () => {
  const { standings, applied } = await open()
  const foreign = await records.changes.append(suspend, 'somebody else', 2)
  await Promise.all([standings.catchUp(), standings.catchUp()])
  deepEqual(applied, [foreign?.sequence])
})

test('standings: nothing to change is null, and a fault leaves the next one alone', async () => {
  const { standings } = await open()
  equal(await standings.change({ kind: 'user', app: 'a', user: 'nobody', to: 'suspended' }, 'key'), null)
  const append = () => Promise.reject(new Error('no'))
  const broken = await open({ records: { ...records, changes: { ...records.changes, append } } })
  equal(await broken.standings.change(suspend, 'key').catch((error: Error) => error.message), 'no')
  ok(await standings.change(suspend, 'key'))
})

test('standings: a log that was set back is noticed, whatever has been written to it since', async () => {
  const lost = async (entries: number) => {
    const errors: Error[] = []
    const since = (sequence: number) => records.changes.since(sequence, 500)
    let log = since
    const changes = { ...records.changes, since: (sequence: number) => log(sequence) }
    const { standings, applied } = await open({
      records: { ...records, changes },
      setBack: (error) => void errors.push(error),
    })
    await standings.change(suspend, 'key')
    await standings.change(revoke, 'key')
    const known = standings.sequence
    equal(errors.length, 0)
    // Two entries are gone, and so many others have been written in their place.
    log = async (sequence) =>
      (await since(sequence))
        .filter((entry) => entry.sequence <= known - 2 + entries)
        .map((entry) => (entry.sequence > known - 2 ? { ...entry, by: 'somebody else' } : entry))
    const before = applied.length
    await standings.catchUp().catch(() => {})
    equal(errors.length, 1, `${entries} written since`)
    equal(applied.length, before)
  }
  await records.changes.append(revoke, 'key', 0)
  for (const entries of [0, 1, 2, 3]) await lost(entries)
})
