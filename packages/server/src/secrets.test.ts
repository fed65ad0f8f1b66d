import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newAttachmentKey } from './secrets.ts'

test('no path holds by accident what clients take for a token, in any case', () => {
  // One in fifteen hundred would: of so many, about thirteen.
  const keys = Array.from({ length: 20_000 }, newAttachmentKey)
  assert.deepEqual(
    keys.filter((key) => /fat/i.test(key) || !/^[\w-]{24}$/.test(key)),
    [],
  )
  assert.equal(new Set(keys).size, keys.length)
})
