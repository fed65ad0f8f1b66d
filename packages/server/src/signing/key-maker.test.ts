import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { createKeyMaker } from './key-maker.ts'

test('a key is a pair of 4096 bits', async () => {
  const { jwk, pem } = await createKeyMaker().make({ awaited: true })
  const key = createPrivateKey(pem)
  assert.equal(key.asymmetricKeyDetails?.modulusLength, 4096)
  const { kty, n, e } = createPublicKey(key).export({ format: 'jwk' })
  assert.deepEqual(jwk, { kty, n, e })
})

test('a maker that is stopped gives up what it makes, and makes nothing any more', async () => {
  const maker = createKeyMaker()
  const making = Promise.allSettled([maker.make({ awaited: true }), maker.make({ awaited: false })])
  maker.stop()
  for (const each of await making) {
    assert.match(each.status === 'rejected' ? String(each.reason) : each.status, /has ended \(SIGKILL\)/)
  }
  await assert.rejects(maker.make({ awaited: true }), /no key is made any more/)
})
