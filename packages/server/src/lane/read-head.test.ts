import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readHead } from './read-head.ts'

const read = (text: string) => readHead(Buffer.from(text, 'latin1'), null)
const GET = 'GET /apps/a/k/f.png?t=x HTTP/1.1\r\n'

suite('a head that is beyond doubt', () => {
  test('is read whole, with its fields in lower case and as they were sent', () => {
    const head = read(`${GET}Host: a\r\nUser-Agent:  Some thing \t\r\nX-Empty:\r\n\r\nrest`)
    assert.ok(head !== null)
    assert.equal(head.method, 'GET')
    assert.equal(head.url, '/apps/a/k/f.png?t=x')
    assert.deepEqual({ ...head.fields.headers }, { host: 'a', 'user-agent': 'Some thing', 'x-empty': '' })
    assert.deepEqual(head.fields.rawHeaders, ['Host', 'a', 'User-Agent', 'Some thing', 'X-Empty', ''])
    assert.equal(head.end, `${GET}Host: a\r\nUser-Agent:  Some thing \t\r\nX-Empty:\r\n\r\n`.length)
  })

  test('may be a HEAD, and may ask to keep the connection', () => {
    assert.equal(read('HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n')?.method, 'HEAD')
  })

  test('gives the fields of the request before where the bytes are the same, and reads others anew', () => {
    const first = read(`${GET}Host: a\r\nCookie: b=1\r\n\r\n`)
    assert.ok(first !== null)
    const same = readHead(Buffer.from('HEAD /other HTTP/1.1\r\nHost: a\r\nCookie: b=1\r\n\r\n'), first.fields)
    assert.equal(same?.fields, first.fields)
    assert.equal(same?.url, '/other')
    const other = readHead(Buffer.from(`${GET}Host: a\r\nCookie: b=2\r\n\r\n`), first.fields)
    assert.equal(other?.fields.headers.cookie, 'b=2')
    const longer = readHead(Buffer.from(`${GET}Host: a\r\nCookie: b=1\r\nX: y\r\n\r\n`), first.fields)
    assert.equal(longer?.fields.headers.x, 'y')
  })
})

suite('a head that is left to somebody else', () => {
  const rows: readonly (readonly [why: string, head: string])[] = [
    ['not complete', `${GET}Host: a\r\n`],
    ['empty', ''],
    ['no Host', `${GET}Accept: x\r\n\r\n`],
    ['an empty Host', `${GET}Host:\r\n\r\n`],
    ['two Hosts', `${GET}Host: a\r\nhost: a\r\n\r\n`],
    ['a field twice', `${GET}Host: a\r\nCookie: a=1\r\nCookie: b=1\r\n\r\n`],
    ['a body by length', `${GET}Host: a\r\nContent-Length: 0\r\n\r\n`],
    ['a body in chunks', `${GET}Host: a\r\nTransfer-Encoding: chunked\r\n\r\n`],
    ['an upgrade', `${GET}Host: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n`],
    ['an end of the connection', `${GET}Host: a\r\nConnection: close\r\n\r\n`],
    ['an expectation', `${GET}Host: a\r\nExpect: 100-continue\r\n\r\n`],
    ['another method', 'POST /apps HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a method in small letters', 'get /apps HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['another version', 'GET /apps HTTP/1.0\r\nHost: a\r\n\r\n'],
    ['no version', 'GET /apps\r\nHost: a\r\n\r\n'],
    ['a whole URL as target', 'GET http://a/apps HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a fragment', 'GET /apps#x HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a blank in the target', 'GET /ap ps HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['two blanks', 'GET  /apps HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a tab for a blank', 'GET\t/apps HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['bytes beyond ASCII in the target', 'GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an empty line in front', `\r\n${GET}Host: a\r\n\r\n`],
    ['a blank before the colon', `${GET}Host : a\r\n\r\n`],
    ['a folded line', `${GET}Host: a\r\nX: y\r\n z\r\n\r\n`],
    ['a blank before the first field', `GET /a HTTP/1.1\r\n Host: a\r\n\r\n`],
    ['a line that ends in LF alone', `${GET}Host: a\nX: y\r\n\r\n`],
    ['a request line that ends in LF alone', 'GET /a HTTP/1.1\nHost: a\r\n\r\n'],
    ['a CR within a value', `${GET}Host: a\rX: y\r\n\r\n`],
    ['NUL within a value', `${GET}Host: a\0\r\n\r\n`],
    ['bytes beyond ASCII in a value', `${GET}Host: a\r\nX: \xff\r\n\r\n`],
    ['a field without a colon', `${GET}Host: a\r\nX\r\n\r\n`],
    ['a field without a name', `${GET}Host: a\r\n: y\r\n\r\n`],
    ['a name with a bracket', `${GET}Host: a\r\nX(: y\r\n\r\n`],
    ['a name that objects have of themselves', `${GET}Host: a\r\n__proto__: y\r\n\r\n`],
    ['too many fields', `${GET}Host: a\r\n${Array.from({ length: 64 }, (_, i) => `X${i}: y\r\n`).join('')}\r\n`],
    ['too long', `${GET}Host: a\r\nX: ${'y'.repeat(8200)}\r\n\r\n`],
  ]
  for (const [why, head] of rows) test(why, () => assert.equal(read(head), null))
})
