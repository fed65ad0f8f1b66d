import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryRecords } from '@gatehouse/storage/records/memory'
import { createMediaKeyring, type MediaKeyParts, rotateMediaKeys } from './media-keys.ts'
import { createVault } from './vault.ts'

const WAYS: Readonly<Record<string, (parts: MediaKeyParts) => Promise<unknown>>> = {
  'the first token is asked for': (parts) => createMediaKeyring(parts).active(),
  'keys are rotated': (parts) => rotateMediaKeys(parts, 'operator'),
}

for (const [sentence, ask] of Object.entries(WAYS)) {
  test(`${sentence}: whoever waits too long for a key is told to come again, before the connection is given up`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const records = await openMemoryRecords()
    const started = Promise.withResolvers<void>()
    const asked = ask({
      records,
      vault: createVault(Buffer.alloc(32, 1)),
      // A machine so busy that no key comes of it.
      keyMaker: {
        make: () => {
          started.resolve()
          return new Promise(() => {})
        },
        stop: () => {},
      },
      change: async () => null,
    })
    await started.promise
    t.mock.timers.tick(59_000)
    await assert.rejects(asked, { code: 'unavailable' })
    await records.close()
  })
}
