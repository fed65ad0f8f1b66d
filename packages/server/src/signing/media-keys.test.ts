import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryRecords } from '@gatehouse/storage/records/memory'
import { createMediaKeyring } from './media-keys.ts'
import { createVault } from './vault.ts'

test('whoever asks for the first key is told to come again, rather than wait until the connection is given up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const records = await openMemoryRecords()
  const started = Promise.withResolvers<void>()
  const keyring = createMediaKeyring({
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
  const asked = keyring.active()
  await started.promise
  t.mock.timers.tick(60_000)
  await assert.rejects(asked, { code: 'unavailable' })
  await records.close()
})
