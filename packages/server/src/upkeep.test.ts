import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryBlobs } from '@gatehouse/storage/blobs/memory'
import { openMemoryRecords } from '@gatehouse/storage/records/memory'
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
  const upkeep = startUpkeep({ records, blobs: { ...blobs, list }, reserve: null, log, now: () => 0 })
  await twoSeen
  await upkeep.stop()
  ok(pieces >= 2)
  await records.close()
})
