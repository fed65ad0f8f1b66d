import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { readConfig } from '@gatehouse/server/config'
import type { MediaKey } from '@gatehouse/storage/records/port'
import { mediaKeyFindings, publishedKeyFindings } from './media-keys.ts'

const DAY = 24 * 3600 * 1000
const NOW = 1_800_000_000_000

/** A key that has been in its state for so many days. */
function key(state: MediaKey['state'], days: number): MediaKey {
  const since = NOW - days * DAY
  return { id: state, state, jwk: {}, sealed: null, createdAt: since, since, until: 0 }
}

const rows: readonly (readonly [sentence: string, days: number, keys: MediaKey[], expected: string[]])[] = [
  ['none yet', 90, [], []],
  ['the first is being made', 90, [key('next', 0)], []],
  ['one that signs and one that comes', 90, [key('next', 10), key('active', 10)], []],
  ['the next is made within the hour', 90, [key('active', 0.01)], []],
  ['no next key for a day', 90, [key('active', 1)], ['warning media_key_next_missing']],
  ['at the end of its period', 90, [key('next', 90), key('active', 90.5)], []],
  ['older than its period', 90, [key('next', 92), key('active', 92)], ['warning media_key_old']],
  ['a shorter period', 7, [key('next', 9), key('active', 9)], ['warning media_key_old']],
  ['rotated by hand', 0, [key('next', 300), key('active', 300)], []],
  ['rotated by hand, and forgotten', 0, [key('next', 400), key('active', 400)], ['hint media_key_never_rotated']],
  ['old and alone', 90, [key('active', 100)], ['warning media_key_next_missing', 'warning media_key_old']],
  ['only retired ones', 90, [key('retired', 1), key('next', 1)], ['error media_key_none']],
]

for (const [sentence, days, keys, expected] of rows) {
  test(`keys of media tokens, ${sentence}: ${expected.join(', ') || 'nothing'}`, () => {
    const found = mediaKeyFindings({ mediaKeyDays: days }, keys, NOW)
    assert.deepEqual(
      found.map(({ level, code }) => `${level} ${code}`),
      expected,
    )
    assert.ok(found.every(({ cure }) => cure.length > 20))
  })
}

describe('the published keys', () => {
  const jwks =
    (...kids: string[]): RequestListener =>
    (request, response) => {
      const found = request.url === '/.well-known/jwks.json'
      response.writeHead(found ? 200 : 404).end(JSON.stringify({ keys: kids.map((kid) => ({ kid })) }))
    }

  async function serve(t: TestContext, answer: RequestListener): Promise<string> {
    const server = createServer(answer)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** The server listens on all addresses, so it is meant for others. */
  async function found(publicUrl: string, url: string, host = '0.0.0.0'): Promise<string[]> {
    const read = readConfig(['--public-url', publicUrl, '--host', host], {})
    assert.ok(read.ok)
    return (await publishedKeyFindings(read.config, url)).map(({ level, code }) => `${level} ${code}`)
  }

  const answers: readonly (readonly [sentence: string, outside: RequestListener, expected: string[]])[] = [
    ['the same', jwks('b', 'a'), []],
    ['more', jwks('a', 'b', 'c'), []],
    ['others', jwks('a', 'x'), ['warning keys_differ']],
    ['a page', (_, response) => response.end('<!doctype html>'), ['warning keys_not_published']],
    ['a login', (_, response) => response.writeHead(302, { location: '/login' }).end(), ['warning keys_not_published']],
    ['nothing there', (_, response) => response.writeHead(404).end('{"keys":[]}'), ['warning keys_not_published']],
    ['no answer', (request) => request.socket.destroy(), ['hint keys_not_reachable']],
  ]
  for (const [sentence, outside, expected] of answers) {
    test(`outside, ${sentence}: ${expected.join(', ') || 'nothing'}`, async (t) => {
      const own = await serve(t, jwks('a', 'b'))
      assert.deepEqual(await found(await serve(t, outside), own), expected)
    })
  }

  test('are not asked for where nobody is meant to reach them, or the server does not run', async (t) => {
    const [own, other] = [await serve(t, jwks('a')), await serve(t, jwks('b'))]
    assert.deepEqual(await found(other, own), ['warning keys_differ'])
    assert.deepEqual(await found(other, own, '127.0.0.1'), [])
    assert.deepEqual(await found(other, 'http://127.0.0.1:1'), [])
  })
})
