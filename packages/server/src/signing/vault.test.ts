import { deepEqual, equal, notDeepEqual, throws } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createVault, opens } from './vault.ts'

const key = randomBytes(32)
const vault = createVault(key)
const plain = Buffer.from('a secret')

test('vault: what was sealed opens for its purpose, under the same master key', () => {
  for (const size of [0, 1, 16, 1000]) {
    const bytes = randomBytes(size)
    deepEqual(Buffer.from(createVault(key).open(vault.seal(bytes, 'a'), 'a')), bytes)
  }
})

test('vault: neither another purpose nor another master key opens it', () => {
  const sealed = vault.seal(plain, 'a')
  equal(opens(vault, sealed, 'a'), true)
  equal(opens(vault, sealed, 'b'), false)
  equal(opens(createVault(randomBytes(32)), sealed, 'a'), false)
  throws(() => vault.open(sealed, 'b'), /master key/)
})

test('vault: changed in any byte, cut or lengthened it does not open', () => {
  const sealed = vault.seal(plain, 'a')
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    equal(opens(vault, changed, 'a'), false, `byte ${at}`)
    equal(opens(vault, sealed.subarray(0, at), 'a'), false, `${at} bytes`)
  }
  equal(opens(vault, Buffer.concat([sealed, Buffer.alloc(1)]), 'a'), false)
})

test('vault: the same is sealed differently each time, and shows nothing of itself', () => {
  const all = Array.from({ length: 100 }, () => Buffer.from(vault.seal(plain, 'a')))
  equal(new Set(all.map((sealed) => sealed.toString('hex'))).size, 100)
  for (const sealed of all) equal(sealed.includes(plain), false)
  const [one = plain, other = plain] = all
  notDeepEqual(one.subarray(0, 12), other.subarray(0, 12), 'a nonce of its own')
})

test('vault: a master key has 32 bytes', () => {
  for (const size of [0, 16, 31, 33]) throws(() => createVault(randomBytes(size)))
})
