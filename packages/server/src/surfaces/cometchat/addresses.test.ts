import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '@gatehouse/core/json'
import { createAddresses, isUnwieldy, spell } from './addresses.ts'

const plain = createAddresses({ mediaUrl: 'https://media.example:8443', loginWall: null })
const walled = createAddresses({ mediaUrl: 'https://media.example', loginWall: 'https://wall.example/see/' })
const dashed = createAddresses({ mediaUrl: 'https://my-media.example', loginWall: 'https://the-wall.example/?to=' })
const below = createAddresses({ mediaUrl: 'http://media.example/files', loginWall: null })

const PATH = '/apps/a/conversations/c/abcdefghijklmnopqrstuvwx/pic.png'

test('an own URL is known by its place, whatever token, fragment or wall it carries', () => {
  const rows: readonly (readonly [typeof plain, string, string | null])[] = [
    [plain, `https://media.example:8443${PATH}`, PATH],
    [plain, `https://media.example:8443${PATH}?fat=secret&redirect=0#top`, PATH],
    [plain, ` HTTPS://Media.Example:8443${PATH}?fat=secret `, PATH],
    [plain, `http://media.example:8443${PATH}`, PATH],
    [plain, 'https://media.example:8443/apps/f%61t/x', '/apps/fat/x'],
    [plain, `https://media.example${PATH}`, null],
    [plain, `https://media.example:84430${PATH}`, null],
    [plain, `https://media.example:8443.evil.test${PATH}`, null],
    [plain, `https://media.example:8443@evil.test${PATH}`, null],
    [plain, `https://evil.test/https://media.example:8443${PATH}`, null],
    [plain, 'https://media.example:8443/apps/a/%2e%2e/b', null],
    [plain, 'https://media.example:8443', null],
    [plain, `see https://media.example:8443${PATH}`, null],
    [walled, `https://wall.example/see/https://media.example${PATH}?fat=secret`, PATH],
    [walled, `https://media.example:443${PATH}`, PATH],
    [walled, `https://evil.example/see/https://media.example${PATH}`, null],
    [dashed, `https://the-wall.example/?to=https://my-media.example${PATH}?fat=x`, PATH],
    [below, `http://media.example/files${PATH}?t=x`, PATH],
    [below, `http://media.example${PATH}`, null],
    [below, `http://media.example/filesystem${PATH}`, null],
  ]
  for (const [addresses, text, path] of rows) assert.equal(addresses.place(text)?.path ?? null, path, text)
})

test('what names our media host without being a URL of ours is bait', () => {
  const rows = [
    [`https://media.example:8443${PATH}`, false],
    ['https://evil.test/x.png', false],
    ['https://evil.test/media.example:8443/x.png', true],
    ['https://evil.test/MEDIA.example:8443/x.png', true],
    ['https://media.example:8443@evil.test/x.png', true],
    ['https://media.example:8443.evil.test/x.png', true],
  ] as const
  for (const [text, bait] of rows) assert.equal(plain.baits(text), bait, text)
})

test('tokens, walls and fragments are taken from our own URLs, at any depth and inside of texts', () => {
  const clean = `https://media.example${PATH}`
  const rows: readonly (readonly [Json, Json])[] = [
    [`${clean}?fat=secret`, clean],
    [`https://wall.example/see/${clean}?fat=secret`, clean],
    [`${clean}?Expires=1&Signature=s&Key-Pair-Id=k&Subject=u#x`, clean],
    [`one ${clean}?fat=a, two ${clean}?t=b!`, `one ${clean} two ${clean}`],
    [`media.example${PATH}?fat=secret`, `media.example${PATH}`],
    [`//media.example${PATH}?fat=secret`, `//media.example${PATH}`],
    [`http://MEDIA.example:443${PATH}?fat=secret`, `http://MEDIA.example:443${PATH}`],
    [`https://other.example/?u=${clean}?fat=secret`, `https://other.example/?u=${clean}`],
    ['https://notmedia.example/?a=b', 'https://notmedia.example/?a=b'],
    ['https://media.example.evil/?a=b', 'https://media.example.evil/?a=b'],
    [{ a: [{ b: `${clean}?fat=secret`, n: 1, z: null }] }, { a: [{ b: clean, n: 1, z: null }] }],
  ]
  for (const [given, wanted] of rows) assert.deepEqual(walled.strip(given), wanted, JSON.stringify(given))
})

test('the name of our media host is broken wherever clients would take a text for one of our URLs', () => {
  const broken = 'm\u200bedia.example:8443'
  const rows: readonly (readonly [Json, Json])[] = [
    [`https://media.example:8443${PATH}`, `https://media.example:8443${PATH}`],
    ['https://evil.test/media.example:8443/x', `https://evil.test/${broken}/x`],
    ['http://media.example:8443/x', `http://${broken}/x`],
    ['https://media.example:8443@evil.test/', `https://${broken}@evil.test/`],
    ['https://media.example:8443.evil.test/', `https://${broken}.evil.test/`],
    ['https://media.example:8443/ then more', `https://${broken}/ then more`],
    ['see media.example:8443', `see ${broken}`],
    ['media.example:8443', broken],
    [{ customData: { deep: ['at media.example:8443 now'] } }, { customData: { deep: [`at ${broken} now`] } }],
    ['media.example', 'media.example'],
  ]
  for (const [given, wanted] of rows) {
    const guarded = plain.guard(given)
    assert.deepEqual(guarded, wanted, JSON.stringify(given))
    assert.deepEqual(plain.guard(guarded), guarded, 'guarding twice changes nothing more')
  }
  const untouched = { a: ['x'] }
  assert.equal(plain.guard(untouched), untouched)
  assert.equal(
    walled.guard(`https://wall.example/see/https://media.example${PATH}`),
    `https://wall.example/see/https://media.example${PATH}`,
  )
  assert.notEqual(
    walled.guard(`https://evil.example/https://media.example${PATH}`),
    `https://evil.example/https://media.example${PATH}`,
  )
})

test('no path on its way out holds the letters that clients look for', () => {
  const rows = [
    ['/apps/a/father.png', '/apps/a/f%61ther.png'],
    ['/apps/fat/fatfat.png', '/apps/f%61t/f%61tf%61t.png'],
    ['/apps/a/FAT.png', '/apps/a/FAT.png'],
  ] as const
  for (const [path, spelt] of rows) assert.equal(spell(path), spelt)
})

test('what is nested too deep, or would change what objects are, is unwieldy', () => {
  assert.equal(isUnwieldy({ a: [{ b: 1 }] }, 3), false)
  assert.equal(isUnwieldy({ a: [{ b: 1 }] }, 2), true)
  assert.equal(isUnwieldy(JSON.parse('{"a":{"__proto__":{"x":1}}}'), 9), true)
  assert.equal(isUnwieldy(JSON.parse('{"a":[{"hasOwnProperty":1}]}'), 9), true)
  assert.equal(isUnwieldy(JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`), 16), true)
})

test('signs that mean something in expressions stand for themselves, in the host and in the wall', () => {
  const wall = 'https://wall.example/(a+)+[b-z]{2}?to=^$|.*\\'
  const odd = createAddresses({ mediaUrl: 'http://[::1]:8080', loginWall: wall })
  const own = `http://[::1]:8080${PATH}`
  const rows = [
    [plain, `https://media.example:8443${PATH}`, true],
    [plain, `https://mediaXexample:8443${PATH}`, false],
    [odd, own, true],
    [odd, `http://::8080${PATH}`, false],
    [odd, `${wall}${own}`, true],
    [odd, `https://wall.example/aabc${own}`, false],
    [odd, `anything${own}`, false],
  ] as const
  for (const [addresses, text, is] of rows) {
    assert.equal(addresses.isOwn(text), is, text)
    assert.equal(addresses.place(text)?.path ?? null, is ? PATH : null, text)
  }
  assert.equal(odd.strip(`${wall}${own}?fat=secret`), own)
})
