import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, matchesPassword } from './password.ts'

test('a password matches its own hash and no other, in either form of its letters', async () => {
  const hash = await hashPassword('Café au lait')
  assert.notEqual(hash, await hashPassword('Café au lait'), 'every hash has a salt of its own')
  const rows = [
    ['Café au lait', hash, true],
    ['Cafe\u0301 au lait', hash, true],
    ['café au lait', hash, false],
    ['', hash, false],
    ['Café au lait', '', false],
    ['Café au lait', 'scrypt', false],
    ['Café au lait', 'scrypt..', false],
    ['Café au lait', hash.replace('scrypt', 'plain'), false],
    ['Café au lait', hash.slice(0, -4), false],
  ] as const
  for (const [password, of, matches] of rows) assert.equal(await matchesPassword(password, of), matches, password + of)
})
