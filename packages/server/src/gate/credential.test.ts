import { deepEqual, equal } from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { test } from 'node:test'
import { findCredential } from './credential.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
const rows: readonly [sentence: string, headers: IncomingHttpHeaders, query: string | null, expected: unknown][] = [
  ['nothing', {}, '', 'none'],
  ['a bearer token', { authorization: 'Bearer a.b.c' }, '', [{ form: 'bearer', text: 'a.b.c' }]],
  ['the scheme in any case', { authorization: 'bearer x' }, '', [{ form: 'bearer', text: 'x' }]],
  ['a pair', { authorization: basic('id:se:cret') }, '', [{ form: 'basic', id: 'id', secret: 'se:cret' }]],
  ['a pair without an id', { authorization: basic(':secret') }, '', 'malformed'],
  ['a pair that is no base64', { authorization: 'Basic !!!' }, '', 'malformed'],
  ['an unknown scheme', { authorization: 'Digest x' }, '', 'malformed'],
  ['a scheme alone', { authorization: 'Bearer' }, '', 'malformed'],
  ['a token in the query', {}, 't=abc', [{ form: 'query', text: 'abc' }]],
  ['a token among other parameters', {}, 'a=1&t=abc&b=2', [{ form: 'query', text: 'abc' }]],
  ['an empty token', {}, 't=', 'malformed'],
  ['two tokens in the query', {}, 't=abc&t=abc', 'conflict'],
  ['a header and a query', { authorization: 'Bearer x' }, 't=abc', 'conflict'],
  ['a door that does not read the query', {}, null, 'none'],
  ['a door that does not read the query reads no cookie', { cookie: 'gatehouse_media=x.y.z' }, null, 'none'],
  ['a cookie', { cookie: 'a=1; gatehouse_media=x.y.z' }, '', [{ form: 'cookie', text: 'x.y.z' }]],
  [
    'several cookies of the name',
    { cookie: 'gatehouse_media=1; gatehouse_media=2' },
    '',
    [
      { form: 'cookie', text: '1' },
      { form: 'cookie', text: '2' },
    ],
  ],
  ['a cookie of a longer name', { cookie: 'gatehouse_media2=x' }, '', 'none'],
  [
    'a cookie beside a header is ignored',
    { authorization: 'Bearer x', cookie: 'gatehouse_media=1' },
    '',
    [{ form: 'bearer', text: 'x' }],
  ],
  ['a cookie beside a query is ignored', { cookie: 'gatehouse_media=1' }, 't=abc', [{ form: 'query', text: 'abc' }]],
  ['something longer than any credential', { authorization: `Bearer ${'x'.repeat(9000)}` }, '', 'malformed'],
]

for (const [sentence, headers, query, expected] of rows) {
  test(`credential: ${sentence}`, () => {
    const found = findCredential({ headers, rawHeaders: [] }, query)
    deepEqual(found.outcome === 'found' ? found.candidates : found.outcome, expected)
  })
}

test('credential: at most sixteen cookies are tried', () => {
  const cookie = Array.from({ length: 40 }, (_, i) => `gatehouse_media=${i}`).join('; ')
  const found = findCredential({ headers: { cookie }, rawHeaders: [] }, '')
  equal(found.outcome === 'found' && found.candidates.length, 16)
})

test('credential: a repeated Authorization header is more than one', () => {
  const rawHeaders = ['Authorization', 'Bearer x', 'Host', 'h', 'AUTHORIZATION', 'Bearer y']
  equal(findCredential({ headers: { authorization: 'Bearer x' }, rawHeaders }, '').outcome, 'conflict')
})
