import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryBlobs } from '@gatehouse/storage/blobs/memory'
import { openMemoryRecords } from '@gatehouse/storage/records/memory'
import type { Nodes } from '@gatehouse/storage/records/nodes'
import type { Change, Records } from '@gatehouse/storage/records/port'
import { pino } from 'pino'
import { startUpkeep } from './upkeep.ts'

test('upkeep: a stop does not wait until a large store has been gone through', async () => {
  const records = await openMemoryRecords()
  const blobs = createMemoryBlobs()
  let pieces = 0
  let second: () => void = () => {}
  const twoSeen = new Promise<void>((resolve) => (second = resolve))
  async function* list() {
    for (;;) {
      if (++pieces === 2) second()
      await new Promise((resolve) => setImmediate(resolve))
      yield []
    }
  }
  const log = pino({ level: 'silent' })
  const upkeep = startUpkeep({
    records,
    blobs: { ...blobs, list },
    reserve: null,
    log,
    now: () => 0,
    applied: () => 0,
    change: async () => null,
    keepKeys: async () => {},
  })
  await twoSeen
  await upkeep.stop()
  ok(pieces >= 2)
  await records.close()
})

const HOUR = 3600 * 1000
const DAY = 24 * HOUR
const NOW = 1_800_000_000_000

/** Runs the upkeep once over these records, at this time. */
async function once(records: Records, at: number, applied: number): Promise<void> {
  const parts = { records, blobs: createMemoryBlobs(), reserve: null, log: pino({ level: 'silent' }) }
  const upkeep = startUpkeep({
    ...parts,
    now: () => at,
    applied: () => applied,
    change: async () => null,
    keepKeys: async () => {},
  })
  await upkeep.settled()
  await upkeep.stop()
}

/** An app with one conversation whose only member comes and goes. */
async function openTalk() {
  const records = await openMemoryRecords()
  await records.apps.create({ id: 'a', name: 'A', settings: {}, linkKey: new Uint8Array([1]), at: NOW })
  await records.conversations.put({ app: 'a', id: 'talk', type: 'group', members: ['ann'], at: NOW })
  const append = async (at: number, change: Change) => (await records.changes.append(change, 'x', at))?.sequence ?? 0
  const member = (at: number) => append(at, { kind: 'member', app: 'a', conversation: 'talk', user: 'ann', to: 'in' })
  const left = async () => (await records.changes.since(0, 10_000)).map(({ sequence }) => sequence)
  return { records, append, member, left }
}

test('upkeep: changes go a week after all nodes have applied them, but for those that people are shown', async () => {
  const { records, append, member, left } = await openTalk()
  for (let i = 0; i < 1200; i++) await member(NOW)
  const shown = await append(NOW, { kind: 'revoke', app: 'a', target: { token: 'x' } })
  const slow = await member(NOW)
  const young = await member(NOW + HOUR)
  await once(records, NOW + 7 * DAY, young)
  equal((await left()).length, 1203, 'not within the week')
  await once(records, NOW + 7 * DAY + 1, slow)
  deepEqual(await left(), [shown, slow, young], 'a node knows the log by the entry that it has applied last')
  await once(records, NOW + 8 * DAY, young)
  deepEqual(await left(), [shown, young])
  await once(records, NOW + 99 * DAY, young)
  deepEqual(await left(), [shown, young])
  await records.close()
})

test('upkeep: another node that is behind keeps the log from being shortened', async () => {
  const { records, member, left } = await openTalk()
  const sequences = [await member(NOW), await member(NOW), await member(NOW)]
  const [, second = 0, third = 0] = sequences
  const least: { applied: number | null } = { applied: second }
  const nodes = { applied: async () => least.applied } as Nodes
  await once({ ...records, nodes }, NOW + 8 * DAY, third)
  deepEqual(await left(), [second, third])
  least.applied = null
  await once({ ...records, nodes }, NOW + 8 * DAY, third)
  deepEqual(await left(), [third])
  await records.close()
})

test('upkeep: a token stays used up until a week after its end', async () => {
  const records = await openMemoryRecords()
  const claim = (viewer: string, at: number) =>
    records.uses.claim({ token: 'a/t', viewer, max: 1, at, since: at, open: true, until: NOW + DAY })
  equal(await claim('ann', NOW), 'granted')
  await once(records, NOW + 8 * DAY, 0)
  equal(await claim('bob', NOW), 'spent')
  await once(records, NOW + 8 * DAY + 1, 0)
  equal(await claim('bob', NOW), 'granted')
  await records.close()
})

test('upkeep: who has tried passwords is forgotten an hour after the tries have flowed off', async () => {
  const records = await openMemoryRecords()
  const take = () => records.tries.take('ann', { perMinute: 1, at: NOW })
  deepEqual([await take(), await take()], [0, 60])
  await once(records, NOW + 60_000 + HOUR, 0)
  equal(await take(), 60)
  await once(records, NOW + 60_001 + HOUR, 0)
  equal(await take(), 0)
  await records.close()
})

test('upkeep: a file that waited a day to be sent is deleted, with its bytes; what is sent stays', async () => {
  const records = await openMemoryRecords()
  const blobs = createMemoryBlobs()
  await records.apps.create({ id: 'app', name: 'App', settings: {}, linkKey: new Uint8Array(32), at: 1 })
  await records.conversations.put({ app: 'app', id: 'c', type: 'group', members: ['ann'], at: 1 })
  const names = [
    ['old', NOW - DAY - 1, true],
    ['young', NOW - DAY + 1, true],
    ['sent', NOW - 2 * DAY, false],
  ] as const
  for (const [id, at, held] of names) {
    const stored = await blobs.put('app', bytesOf(id), { maxBytes: 100 })
    await records.attachments.create({
      ...{ app: 'app', id, path: `/apps/app/conversations/c/${id}/f`, conversation: 'c', filename: 'f' },
      ...{ contentType: 'text/plain', ...stored, access: 'private', from: 'ann', recipients: null, held, at },
    })
  }
  const change = async (what: Change, by: string) => {
    const logged = await records.changes.append(what, by, NOW)
    return logged && { logged, revocation: { sequence: logged.sequence, nodes: 1, milliseconds: 0, cut: 0 } }
  }
  const log = pino({ level: 'silent' })
  const upkeep = startUpkeep({
    records,
    blobs,
    reserve: null,
    log,
    now: () => NOW,
    applied: () => 0,
    change,
    keepKeys: async () => {},
  })
  await upkeep.settled()
  await upkeep.stop()
  const left = await records.attachments.list('app', { after: null, limit: 10 })
  deepEqual(left.items.map(({ id }) => id).sort(), ['sent', 'young'])
  const stored: string[] = []
  for await (const piece of blobs.list()) stored.push(...piece.map(({ blob }) => blob))
  equal(stored.length, 2)
  await records.close()
})

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
