import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenKind } from '@gatehouse/core/token'
import type { Head } from '../../gate/credential.ts'
import { findAmong } from '../../gate/find.ts'
import { dialect, withToken } from './dialect.ts'

type Headers = readonly (readonly [name: string, value: string])[]

/** A head as Node makes it: names in lower case, repeated values run together, Authorization kept once. */
function headOf(sent: Headers): Head {
  const headers: Record<string, string> = {}
  for (const [name, value] of sent) {
    const key = name.toLowerCase()
    if (key === 'authorization') headers[key] ??= value
    else headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`
  }
  return { headers, rawHeaders: sent.flat() }
}

const PRESIGNED = 'Expires=1700000300&Signature=sig&Key-Pair-Id=demo&Subject=sub'
const parts = { expires: '1700000300', signature: 'sig', keyId: 'demo', subject: 'sub' }
const mac = (text: string) => [{ form: 'mac', text }]

const rows: readonly (readonly [sentence: string, headers: Headers, query: string, expected: unknown])[] = [
  ['nothing', [], '', 'none'],
  ['a token in the query', [], 'fat=abc', mac('abc')],
  ['a token among other parameters', [], 'redirect=0&fat=abc&x=y', mac('abc')],
  ['a token as it was sent, never decoded', [], 'fat=a%62c', mac('a%62c')],
  ['a token in the header', [['fat', 'abc']], '', mac('abc')],
  ['a header in any case', [['FAT', 'abc']], '', mac('abc')],
  ['a parameter in another case is none', [], 'FAT=abc', 'none'],
  ['a parameter that only begins like one', [], 'fatal=abc&affat=1', 'none'],
  ['an empty token', [], 'fat=', 'malformed'],
  ['a token without a value', [], 'fat', 'malformed'],
  ['an endless token', [], `fat=${'a'.repeat(9000)}`, 'malformed'],
  ['an empty header', [['fat', '']], '', 'malformed'],
  [
    'a key',
    [
      ['appId', 'demo'],
      ['apiKey', 'secret'],
    ],
    '',
    [{ form: 'secret', text: 'secret' }],
  ],
  ['a key that looks like a JWT is a secret', [['apiKey', 'a.b.c']], '', [{ form: 'secret', text: 'a.b.c' }]],
  ['a key without an app', [['apiKey', 'secret']], '', [{ form: 'secret', text: 'secret' }]],
  [
    'a key for another app',
    [
      ['appId', 'other'],
      ['apiKey', 'secret'],
    ],
    '',
    'malformed',
  ],
  ['an empty key', [['apiKey', '']], '', 'malformed'],
  ['the app alone is no credential', [['appId', 'demo']], '', 'none'],
  ['whom a server asks for is no credential', [['onBehalfOf', 'bob']], '', 'none'],
  ['an auth token opens no media', [['authToken', 'bob_17abc']], '', 'none'],
  ['a pre-signed URL', [], PRESIGNED, [{ form: 'presigned', parts }]],
  ['a pre-signed URL in another order', [], PRESIGNED.split('&').reverse().join('&'), [{ form: 'presigned', parts }]],
  ['a pre-signed URL with the app escaped', [], PRESIGNED.replace('demo', 'd%65mo'), [{ form: 'presigned', parts }]],
  ['a pre-signed URL with a broken escape', [], PRESIGNED.replace('demo', 'd%6'), 'malformed'],
  ['a pre-signed URL with an end too many', [], `${PRESIGNED}&Expires=9999999999`, 'malformed'],
  ...PRESIGNED.split('&').map(
    (pair) =>
      [`a pre-signed URL without ${pair}`, [], PRESIGNED.replace(pair, '').replace('&&', '&'), 'malformed'] as const,
  ),
  ['an end alone', [], 'Expires=1700000300', 'malformed'],
  ['two tokens in the query', [], 'fat=abc&fat=abc', 'conflict'],
  [
    'two tokens in headers',
    [
      ['fat', 'abc'],
      ['Fat', 'abc'],
    ],
    '',
    'conflict',
  ],
  ['a token in query and header', [['fat', 'abc']], 'fat=abc', 'conflict'],
  ['a token and a key', [['apiKey', 'secret']], 'fat=abc', 'conflict'],
  [
    'two keys',
    [
      ['apiKey', 'a'],
      ['apikey', 'b'],
    ],
    '',
    'conflict',
  ],
  ['a token and a pre-signed URL', [], `${PRESIGNED}&fat=abc`, 'conflict'],
  ['a token and one of our own', [], 'fat=abc&t=abc', 'conflict'],
  ['a pre-signed URL and a token of our own', [], `${PRESIGNED}&t=abc`, 'conflict'],
  ['a token and an Authorization header', [['Authorization', 'Bearer abc']], 'fat=abc', 'conflict'],
  [
    'a token header and an Authorization header',
    [
      ['fat', 'abc'],
      ['Authorization', 'Bearer abc'],
    ],
    '',
    'conflict',
  ],
  [
    'a key and an Authorization header',
    [
      ['apiKey', 'a'],
      ['Authorization', 'Basic YTpi'],
    ],
    '',
    'conflict',
  ],
  ['a token and an Authorization header that cannot be read', [['Authorization', 'Nonsense']], 'fat=abc', 'conflict'],
  ['an empty token and one of our own', [], 'fat=&t=abc', 'conflict'],
  ['two tokens of our own, and none of these', [], 't=a&t=b', 'conflict'],
  ['a bearer token by itself', [['Authorization', 'Bearer abc']], 'redirect=0', [{ form: 'bearer', text: 'abc' }]],
  ['a token beside a cookie', [['Cookie', 'gatehouse_media=x.y.z']], 'fat=abc', mac('abc')],
  ['a bad token beside a cookie is not made good by it', [['Cookie', 'gatehouse_media=x.y.z']], 'fat=', 'malformed'],
  ['a cookie alone', [['Cookie', 'gatehouse_media=x.y.z']], 'fatal=1', [{ form: 'cookie', text: 'x.y.z' }]],
]

for (const [sentence, headers, query, expected] of rows) {
  test(`finds ${sentence}`, () => {
    const found = findAmong([dialect], headOf(headers), query, 'demo')
    deepEqual(found.outcome === 'found' ? found.candidates : found.outcome, expected)
  })
}

test('is not heard at doors that read the Authorization header alone', () => {
  equal(
    findAmong(
      [dialect],
      headOf([
        ['apiKey', 'a'],
        ['fat', 'b'],
      ]),
      null,
      'demo',
    ).outcome,
    'none',
  )
})

const wishes: readonly (readonly [kind: TokenKind, headers: Headers, query: string, expected: string | null])[] = [
  ['link', [], 'fat=x', null],
  ['link', [], 'fat=x&redirect=0', 'document'],
  ['link', [], 'fat=x&redirect=1', null],
  ['pass', [], 'fat=x', 'redirect'],
  ['pass', [], 'fat=x&redirect=0', 'document'],
  ['pass', [['Authorization', 'Bearer x']], '', 'redirect'],
  ['key', [['apiKey', 'x']], '', 'document'],
  ['key', [['apiKey', 'x']], 'redirect=0', 'document'],
  ['key', [['apiKey', 'x']], 'redirect=1', 'redirect'],
  ['key', [['Authorization', 'Basic x']], 'redirect=0', null],
  ['presigned', [], `${PRESIGNED}&redirect=0`, null],
  ['service', [], 'fat=x&redirect=0', null],
  ['grant', [], 't=x&redirect=0', null],
]

for (const [kind, headers, query, expected] of wishes) {
  test(`a ${kind} with ${[...headers.map(([name]) => name), query].join(', ') || 'nothing else'}: ${expected ?? 'bytes'}`, () => {
    equal(dialect.exchange(headOf(headers), query, kind), expected)
  })
}

test('writes URLs that it reads back', () => {
  const path = '/apps/demo/conversations/fat/AAAAAAAAAAAAAAAAAAAAAAAA/father.png'
  const spelt = 'https://m.test/apps/demo/conversations/f%61t/AAAAAAAAAAAAAAAAAAAAAAAA/f%61ther.png'
  equal(dialect.url('https://m.test', path, 'abc'), `${spelt}?fat=abc`)
  equal(withToken('https://m.test/x', 'abc'), 'https://m.test/x?fat=abc')
  const app = 'é&=?'
  const signed = dialect.url('https://m.test', path, { ...parts, keyId: app })
  match(signed, /^https:\/\/m\.test\/apps\/[^?]*\?Expires=1700000300&Signature=sig&Key-Pair-Id=[^&]*&Subject=sub$/)
  const found = findAmong([dialect], headOf([]), signed.slice(signed.indexOf('?') + 1), app)
  deepEqual(found, { outcome: 'found', candidates: [{ form: 'presigned', parts: { ...parts, keyId: app } }] })
})

test('tells on whose behalf a server asks', () => {
  const key = ['apiKey', 'x'] as const
  deepEqual(dialect.onBehalfOf(headOf([key, ['onBehalfOf', 'bob']])), ['bob'])
  deepEqual(dialect.onBehalfOf(headOf([key, ['onBehalfOf', 'Bob']])), ['Bob', 'bob'])
  equal(dialect.onBehalfOf(headOf([key, ['onBehalfOf', '']])), null)
  equal(dialect.onBehalfOf(headOf([key])), null)
  equal(dialect.onBehalfOf(headOf([['onBehalfOf', 'bob']])), null)
})
