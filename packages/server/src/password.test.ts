import assert from 'node:assert/strict'
import { scryptSync } from 'node:crypto'
import { after, test } from 'node:test'
import { openMemoryRecords } from '@gatehouse/storage/records/memory'
import { createPasswords, hashPassword, matchesPassword } from './password.ts'

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
    ['Café au lait', 'scrypt...', false],
    ['Café au lait', hash.replace('scrypt', 'plain'), false],
    ['Café au lait', hash.replace('14,8,5', '14,8,4'), false],
    ['Café au lait', hash.slice(0, -4), false],
  ] as const
  for (const [password, of, matches] of rows) assert.equal(await matchesPassword(password, of), matches, password + of)
})

test('passwords are kept by scrypt at a cost that is advised, with a salt of 128 bits', async () => {
  const [name, cost, salt = '', key = ''] = (await hashPassword('Café')).split('.')
  assert.equal(name, 'scrypt')
  // OWASP Password Storage Cheat Sheet: (2^17, 1), (2^16, 2), (2^15, 3), (2^14, 5) or (2^13, 10), with r = 8.
  assert.ok(['17,8,1', '16,8,2', '15,8,3', '14,8,5', '13,8,10'].includes(cost ?? ''), cost)
  assert.equal(Buffer.from(salt, 'base64url').length, 16)
  const [log2N = 0, r = 0, p = 0] = (cost ?? '').split(',').map(Number)
  const options = { N: 2 ** log2N, r, p, maxmem: 1024 ** 3 }
  assert.equal(scryptSync('Café', Buffer.from(salt, 'base64url'), 32, options).toString('base64url'), key)
})

test('what was kept at another cost is still known', async () => {
  // RFC 7914, section 12: password "password", salt "NaCl"; and at other costs, derived here.
  const salt = Buffer.from('NaCl')
  for (const [log2N, r, p] of [
    [10, 8, 16],
    [4, 1, 1],
    [15, 8, 1],
  ] as const) {
    const key = scryptSync('password', salt, 32, { N: 2 ** log2N, r, p, maxmem: 1024 ** 3 })
    if (log2N === 10) assert.match(key.toString('hex'), /^fdbabe1c9d3472007856e7190d01e9fe/)
    const hash = ['scrypt', `${log2N},${r},${p}`, salt.toString('base64url'), key.toString('base64url')].join('.')
    assert.equal(await matchesPassword('password', hash), true, hash)
    assert.equal(await matchesPassword('Password', hash), false, hash)
  }
})

test('a cost that no hash has is not worked on', async () => {
  const rest = (await hashPassword('a')).split('.').slice(2).join('.')
  for (const cost of ['30,8,1', '20,8,5', '14,999,5', '0,8,1', '14,0,5', '14,8,0', '14,8', '-1,8,1', '1e3,8,1', '']) {
    assert.equal(await matchesPassword('a', `scrypt.${cost}.${rest}`), false, cost)
  }
})

test('deriving goes on beside the event loop', async () => {
  const order: string[] = []
  await Promise.all([
    hashPassword('a').then(() => order.push('hashed')),
    new Promise<void>((resolve) => setImmediate(resolve)).then(() => order.push('loop')),
  ])
  assert.deepEqual(order, ['loop', 'hashed'])
})

test('users work on passwords one at a time and so often only, servers as often as they like', async () => {
  const records = await openMemoryRecords()
  after(() => records.close())
  let now = 1_000_000
  const passwords = createPasswords(records.tries, () => now)
  const salt = Buffer.from('NaCl')
  const key = scryptSync('Sesame', salt, 32, { N: 16, r: 1, p: 1 })
  const cheap = `scrypt.4,1,1.${salt.toString('base64url')}.${key.toString('base64url')}`
  const attempt = (by: string) =>
    passwords.matches('Sesame', cheap, by).catch(({ code, headers }) => [code, headers['retry-after']])
  const tries = (by: string, many: number) => Promise.all(Array.from({ length: many }, () => attempt(by)))

  assert.deepEqual(await tries('a/ann', 11), [...Array(10).fill(true), ['too_many_tries', '6']])
  assert.deepEqual(await tries('a/b:ob', 1), [true], 'somebody else')
  await assert.rejects(passwords.hash('x', 'a/ann'), { code: 'too_many_tries' })
  now += 6000
  assert.deepEqual(await tries('a/ann', 2), [true, ['too_many_tries', '6']])
  const elsewhere = createPasswords(records.tries, () => now)
  await assert.rejects(elsewhere.matches('Sesame', cheap, 'a/ann'), { code: 'too_many_tries' }, 'another thread')

  const crowd = Array.from({ length: 65 }, (_, n) => attempt(`crowd/${n}`))
  const hash = passwords.hash('Sesame', null)
  assert.deepEqual(await Promise.all(crowd), [...Array(64).fill(true), ['too_many_tries', '1']])
  assert.ok(await matchesPassword('Sesame', await hash), 'a server waits for its turn')
})
