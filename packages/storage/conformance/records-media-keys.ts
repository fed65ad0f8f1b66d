import assert from 'node:assert/strict'
import type { MediaKey, Records, RevocationTarget, StandingRow } from '../src/records/port.ts'
import { type Cases, fresh, NOON, type World } from './records-world.ts'

const SECOND = NOON / 1000

const next = (key: string) =>
  ({
    kind: 'media-key',
    app: null,
    key,
    to: 'next',
    jwk: { kty: 'RSA', n: key },
    sealed: new Uint8Array([0, 255]),
  }) as const
const to = (key: string, to: 'active' | 'retired') => ({ kind: 'media-key', app: null, key, to }) as const

const stateOf = async (records: Records, id: string): Promise<MediaKey['state'] | undefined> =>
  (await records.mediaKeys.list()).find((key) => key.id === id)?.state

/** All cases share the one place of the next key and that of the active one: each begins by putting a key of its own there. */
async function activeKey({ records, change }: World): Promise<string> {
  const waiting = (await records.mediaKeys.list()).find(({ state }) => state === 'next')
  const key = waiting?.id ?? fresh()
  if (waiting === undefined) await change(next(key))
  await change(to(key, 'active'))
  return key
}

/** The keys of media tokens, and how revocations find tokens that carry no sequence. */
export const mediaKeyCases: Cases = {
  'a key goes from next to active to retiring to retired': async (world) => {
    const { records, change } = world
    const first = await activeKey(world)
    const second = fresh()
    const logged = await change(next(second))
    assert.deepEqual([logged.app, logged.rows, logged.paths], [null, [], []])
    const [newest] = await records.mediaKeys.list()
    const { id, state, jwk, sealed, createdAt, since, until } = newest ?? ({} as MediaKey)
    assert.deepEqual([id, state, createdAt, since, until], [second, 'next', NOON, NOON, 0])
    assert.deepEqual([jwk, sealed], [{ kty: 'RSA', n: second }, new Uint8Array([0, 255])])
    assert.equal(await stateOf(records, first), 'active')

    await records.changes.append(to(second, 'active'), 'tester', NOON + 5)
    const after = new Map((await records.mediaKeys.list()).map((key) => [key.id, key]))
    assert.deepEqual([after.get(second)?.state, after.get(second)?.since], ['active', NOON + 5])
    assert.deepEqual([after.get(first)?.state, after.get(first)?.since], ['retiring', NOON + 5])
    assert.equal(after.get(first)?.sealed, null)
    assert.ok(after.get(second)?.sealed)

    const { rows, sequence } = await change(to(first, 'retired'))
    const mark = { scope: 'media-key', target: first, serial: null, suspended: false, revoked: true, before: 0 }
    assert.deepEqual(rows, [{ ...mark, sequence }])
    assert.equal(await stateOf(records, first), 'retired')
    assert.equal(await records.changes.append(to(first, 'retired'), 'tester', NOON), null)
    assert.equal(await records.changes.append(to(first, 'active'), 'tester', NOON), null)
  },

  'one key waits and one signs, however many are added or put in force at once': async (world) => {
    const { records } = world
    const before = await activeKey(world)
    const added = await Promise.all(
      Array.from({ length: 8 }, () => records.changes.append(next(fresh()), 'tester', NOON)),
    )
    const [winner, ...others] = added.filter((logged) => logged !== null)
    assert.ok(winner?.change.kind === 'media-key')
    assert.equal(others.length, 0)
    const { key } = winner.change
    const promoted = await Promise.all(
      Array.from({ length: 8 }, () => records.changes.append(to(key, 'active'), 'tester', NOON)),
    )
    assert.equal(promoted.filter((logged) => logged !== null).length, 1)
    const states = (await records.mediaKeys.list()).map(({ state }) => state)
    assert.equal(states.filter((state) => state === 'active').length, 1)
    assert.equal(states.includes('next'), false)
    assert.equal(await stateOf(records, before), 'retiring')
  },

  'the active key is retired at once only where the next can take its place': async (world) => {
    const { records, change } = world
    const key = await activeKey(world)
    assert.equal(await records.changes.append(to(key, 'retired'), 'tester', NOON), null)
    assert.equal(await stateOf(records, key), 'active')
    const other = fresh()
    await change(next(other))
    await change(to(key, 'retired'))
    assert.deepEqual([await stateOf(records, key), await stateOf(records, other)], ['retired', 'active'])
    assert.equal(await records.changes.append(to(fresh(), 'retired'), 'tester', NOON), null)
  },

  'the private half is in no entry of the log': async (world) => {
    const { records, change } = world
    await activeKey(world)
    const logged = await change(next(fresh()))
    const [entry] = await records.changes.since(logged.sequence - 1, 1)
    assert.deepEqual(entry, logged)
    assert.ok(entry?.change.kind === 'media-key' && entry.change.to === 'next')
    assert.equal(entry.change.sealed, null)
  },

  'only the active key may sign, and remembers when its last token ends': async (world) => {
    const { records, change } = world
    const key = await activeKey(world)
    const until = async () => (await records.mediaKeys.list()).find(({ id }) => id === key)?.until
    assert.equal(await records.mediaKeys.reserve(key, SECOND, NOON + 9000), true)
    assert.equal(await until(), NOON + 9000)
    assert.equal(await records.mediaKeys.reserve(key, SECOND, NOON + 5000), true)
    assert.equal(await until(), NOON + 9000)
    await change(next(fresh()))
    await activeKey(world)
    assert.equal(await records.mediaKeys.reserve(key, SECOND, NOON + 99_000), false)
    assert.equal(await records.mediaKeys.reserve(fresh(), SECOND, NOON + 99_000), false)
    assert.equal(await until(), NOON + 9000)
  },

  'what voids media tokens says a second that none of them is later than': async (world) => {
    const { records, conversation, change } = world
    const { app } = await conversation('ann')
    const key = await activeKey(world)
    const targets: RevocationTarget[] = [
      { app: true },
      { conversation: 'talk' },
      { resource: `/apps/${app}/x` },
      { media: true },
    ]
    // Issued by a clock that runs ahead of that of the revocations.
    let ahead = SECOND
    for (const target of targets) {
      ahead += 100
      assert.equal(await records.mediaKeys.reserve(key, ahead, NOON), true)
      const { rows, sequence } = await change({ kind: 'revoke', app, target })
      assert.equal(rows.length, 1)
      const [row] = rows as [StandingRow]
      assert.deepEqual([row.before, row.second], [sequence, ahead], JSON.stringify(target))
    }
    assert.equal(await records.mediaKeys.reserve(key, SECOND, NOON), true)
    const { rows } = await change({ kind: 'revoke', app, target: { media: true } })
    assert.deepEqual([rows[0]?.scope, rows[0]?.target, rows[0]?.second], ['media', app, ahead])
    const later = await records.changes.append({ kind: 'revoke', app, target: { app: true } }, 'x', (ahead + 7) * 1000)
    assert.equal(later?.rows[0]?.second, ahead + 7)
    for await (const piece of records.changes.standing()) {
      for (const row of piece) if (row.scope === 'app' && row.target === app) assert.deepEqual(row, later?.rows[0])
    }
    const user = await change({ kind: 'revoke', app, target: { user: 'ann' } })
    for (const row of user.rows) assert.equal('second' in row, false)
  },
}
