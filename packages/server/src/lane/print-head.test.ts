import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHeadPrinter } from './print-head.ts'

const print = createHeadPrinter(60)
const text = (...given: Parameters<typeof print>) => {
  const { first, rest } = print(...given)
  return (first.toString('latin1') + rest).replace(/Date: [^\r]+/, 'Date: now')
}

test('a head has its shared headers, its own, the date, and says whether the connection goes on', () => {
  assert.equal(
    text(200, ['ETag', '"x"'], ['Content-Length', '3'], false),
    'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 3\r\nDate: now\r\nConnection: keep-alive\r\nKeep-Alive: timeout=60\r\n\r\n',
  )
  assert.equal(text(404, [], [], true), 'HTTP/1.1 404 Not Found\r\nDate: now\r\nConnection: close\r\n\r\n')
})

test('shared headers are written down once for each status', () => {
  const shared = ['ETag', '"x"']
  assert.equal(print(200, shared, [], false).first, print(200, shared, [], true).first)
  assert.match(print(206, shared, [], false).first.toString(), /^HTTP\/1\.1 206 Partial Content/)
})

test('a date is that of now', () => {
  const date = /Date: ([^\r]+)/.exec(print(200, [], [], false).rest)?.[1] ?? ''
  assert.equal(new Date(date).toUTCString(), date)
  assert.ok(Math.abs(Date.parse(date) - Date.now()) < 60_000)
})

for (const [what, headers] of [
  ['a value that would end its line', ['X', 'a\r\nSet-Cookie: b']],
  ['a value with NUL', ['X', 'a\0']],
  ['a value beyond latin1', ['X', '\u2028']],
  ['a name with a colon', ['X: y', 'a']],
  ['an empty name', ['', 'a']],
] as const) {
  test(`${what} cannot be sent`, () => {
    assert.throws(() => print(200, [], headers, false), TypeError)
    assert.throws(() => print(200, headers, [], false), TypeError)
  })
}
