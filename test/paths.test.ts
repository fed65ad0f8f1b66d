import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { startGatehouse } from './support/gatehouse.ts'
import { type Exchange, exchange, openLane, requestHead } from './support/raw.ts'
import { createApp, keyed } from './support/tenant.ts'

/** Hostile request targets and framings over raw sockets (security.md, P1). The canary is text of the private file. */

const house = await startGatehouse()
after(() => house.stop())
const app = await createApp(house.admin)
await app.conversation('c', ['ann', 'bob'])
const CANARY = `canary-${randomBytes(12).toString('hex')}`
const file = await app.upload(Buffer.from(CANARY.repeat(20)), { name: 'secret.txt', type: 'text/plain' })
const open = await app.upload(Buffer.from('public bytes'), { access: 'public', name: 'open.txt' })
const link = await app.link(file.id, 'bob')
const narrow = keyed(await app.key([{ actions: ['read'], resource: open.path }]))

/** Replaces one occurrence at a time. */
function each(text: string, what: string, by: string): string[] {
  const found: string[] = []
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + 1)) {
    found.push(text.slice(0, at) + by + text.slice(at + what.length))
  }
  return found
}

/** Targets that some reader, somewhere, could take for `path`. All bytes are latin1. */
function spellings(path: string): string[] {
  const segments = path.split('/').slice(1)
  const slashes = [
    '//',
    '/./',
    '/x/../',
    '%2f',
    '%2F',
    '%252f',
    '%5c',
    '\\',
    '/%2e/',
    '/%2e%2e/',
    '/.%2e/',
    '/;/',
    '/%00/',
    '/%20/',
  ]
  slashes.push(
    '%c0%af',
    '%e0%80%af',
    '%ef%bc%8f',
    '\xc0\xaf',
    '/..;/',
    '/\t/',
    '/\x00/',
    '/%u002f',
    '%%32%66',
    '/...//',
    '/%0a/',
  )
  slashes.push('/%c0%ae%c0%ae/', '%5C', '/%ef%bc%8e%ef%bc%8e/', '%2f%2f', '/*/', '/\\../', '%e2%88%95', '/%2500/')
  const ends = [
    '%00',
    '%00.png',
    '\x00',
    '/',
    '/.',
    '/..',
    '/%2e',
    '%20',
    '%0d%0a',
    '#x',
    '%23',
    '.',
    '..',
    '~',
    '::$DATA',
    '%ff',
    '%',
    '%4',
    '%zz',
  ]
  ends.push(
    '?',
    '??t=x',
    '%3ft=x',
    ';t=x',
    '%u0041',
    '\x7f',
    '\x80',
    '/../secret.txt',
    `/../../${segments.at(-2)}/${segments.at(-1)}`,
  )
  const heads = [
    'http://gatehouse.test',
    'http://evil.test',
    '//evil.test',
    'https://127.0.0.1',
    'http:',
    'x',
    '.',
    '..',
    '/..',
    '/.',
    '/%2e%2e',
    '*',
    '\\',
  ]
  heads.push(
    'http://user:pass@127.0.0.1',
    'file://',
    '/apps/..',
    '/v1/..',
    '/v1/../',
    '/%2e',
    '/livez/..',
    '/livez/%2e%2e',
    '//',
    '///',
    'HTTP://X',
  )
  const escaped = (segment: string, spell: (c: string) => string) => [...segment].map(spell).join('')
  const hex = (c: string) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`
  return [
    ...slashes.flatMap((by) => each(path, '/', by)),
    ...ends.map((end) => path + end),
    ...heads.map((head) => head + path),
    ...heads.map((head) => `${head}${open.path}/../../../../../../../../../..${path}`),
    ...segments.flatMap((segment) => [
      path.replace(
        segment,
        escaped(segment, (c) => hex(c).replace('%', '%25')),
      ),
      path.replace(segment, segment.toUpperCase() === segment ? segment.toLowerCase() : segment.toUpperCase()),
      path.replace(
        segment,
        escaped(segment, (c) => `%u00${c.charCodeAt(0).toString(16)}`),
      ),
      path.replace(
        segment,
        escaped(segment, (c) => String.fromCharCode(0xc0 | (c.charCodeAt(0) >> 6), 0x80 | (c.charCodeAt(0) & 0x3f))),
      ),
      path.replace(segment, `%ef%bb%bf${segment}`),
      path.replace(segment, `${segment}%cc%81`),
    ]),
    path.replaceAll('/', '\\'),
    path.replaceAll('/', '%2f'),
    open.path.replace('open.txt', `..%2f${segments.slice(3).join('%2f')}`),
    open.path.replace(/[^/]+\/open\.txt$/, `x/../${segments.slice(3).join('/')}`),
    `${open.path}/..${path}`,
    `${open.path}%00${path}`,
    `${open.path}?${path}`,
    `${path}/${'a/'.repeat(3000)}`,
    `/${'../'.repeat(50)}etc/passwd`,
    `/apps/${app.id}/${'%2e%2e/'.repeat(20)}etc/passwd`,
  ]
}

const LIVEZ = requestHead('GET', '/livez')

/** No byte of the file, no fault, and the connection is either usable afterwards or closed. */
function assertHarmless({ bytes, responses, outcome }: Exchange, what: string) {
  assert.ok(!bytes.includes(CANARY), `LEAK: ${what}`)
  assert.notEqual(outcome, 'garbage', what)
  assert.notEqual(outcome, 'silent', `no answer and no end: ${what}`)
  for (const { status } of responses) assert.ok(status < 500, `${status}: ${what}`)
  if (outcome === 'answered') assert.equal(responses.at(-1)?.status, 200, `the next request on the connection: ${what}`)
}

test('no spelling of a private path gives a byte away, and none disturbs the server', async () => {
  const targets = [...new Set(spellings(file.path))].filter((target) => target !== file.path)
  const rows = targets.flatMap((target) => [
    ['bare', target, {}] as const,
    ['a key for another file', target, narrow] as const,
  ])
  assert.ok(targets.length >= 300, `only ${targets.length} spellings`)
  await inTurns(rows, async ([credential, target, headers]) => {
    const bytes = Buffer.from(requestHead('GET', target, headers) + LIVEZ, 'latin1')
    assertHarmless(
      await exchange(house.port, bytes, { responses: 2 }),
      `${credential}: ${JSON.stringify(target.slice(0, 200))}`,
    )
  })
})

test('a good link opens the one canonical path and no other spelling of it', async () => {
  const query = link.slice(file.path.length)
  const targets = [...new Set(spellings(file.path))].filter((target) => target !== file.path && !/[?#]/.test(target))
  await inTurns(targets, async (target) => {
    const result = await exchange(house.port, Buffer.from(requestHead('GET', target + query) + LIVEZ, 'latin1'), {
      responses: 2,
    })
    assert.notEqual(result.outcome, 'silent', target)
    for (const { status } of result.responses) assert.ok(status < 500, `${status}: ${target}`)
    const canonical = Buffer.from(target.replace(/^http:\/\/[^/]+/, ''), 'latin1').toString('latin1') === file.path
    if (!canonical) assert.ok(!result.bytes.includes(CANARY), `opened under another name: ${JSON.stringify(target)}`)
  })
})

test('framing that two servers could read differently is refused, and the connection is closed', async () => {
  const post = (headers: string, body: string) => `POST /v1/apps HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`
  const smuggled = requestHead('GET', link)
  const rows: readonly (readonly [name: string, text: string])[] = [
    ['CL and TE (RFC 9112, 6.1)', post('Content-Length: 4\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`)],
    ['two lengths', post('Content-Length: 0\r\nContent-Length: 5', `x${smuggled}`)],
    ['a list of lengths', post('Content-Length: 0, 5', smuggled)],
    ['signed length', post('Content-Length: +0', smuggled)],
    ['hexadecimal length', post('Content-Length: 0x0', smuggled)],
    ['negative length', post('Content-Length: -1', smuggled)],
    ['chunked not last', post('Transfer-Encoding: chunked, identity', `0\r\n\r\n${smuggled}`)],
    ['obscured TE', post('Transfer-Encoding: xchunked', `0\r\n\r\n${smuggled}`)],
    ['TE with a tab', post('Transfer-Encoding:\x0bchunked', `0\r\n\r\n${smuggled}`)],
    ['bad chunk size', post('Transfer-Encoding: chunked', `zz\r\nabc\r\n0\r\n\r\n${smuggled}`)],
    ['chunk size too large', post('Transfer-Encoding: chunked', `fffffffffffffffff\r\nabc\r\n0\r\n\r\n${smuggled}`)],
    ['chunk without its end', post('Transfer-Encoding: chunked', `3\r\nabcdef\r\n0\r\n\r\n${smuggled}`)],
    ['space before the colon', `GET /livez HTTP/1.1\r\nHost : x\r\n\r\n`],
    ['folded header', `GET /livez HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n${smuggled}`.replace(smuggled, '')],
    ['no host (RFC 9112, 3.2)', 'GET /livez HTTP/1.1\r\n\r\n'],
    ['two hosts', 'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['NUL in a header', 'GET /livez HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n'],
    ['bare CR', 'GET /livez HTTP/1.1\r\nHost: x\rX-A: b\r\n\r\n'],
    ['unknown version', 'GET /livez HTTP/3.7\r\nHost: x\r\n\r\n'],
    ['TLS on the plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a header too large', `GET /livez HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`],
    ['too many headers', `GET /livez HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(20_000)}\r\n`],
  ]
  await inTurns(rows, async ([name, text]) => {
    const { bytes, responses, outcome } = await exchange(house.port, Buffer.from(text, 'latin1'), {
      responses: 3,
      seconds: 30,
    })
    assert.ok(outcome === 'closed' || outcome === 'reset', `${name}: the connection is ${outcome}`)
    assert.ok(!bytes.includes(CANARY), `SMUGGLED: ${name}`)
    assert.ok(responses.length <= 1, `${name}: ${responses.length} answers`)
    for (const { status } of responses) assert.ok([400, 401, 413, 414, 431, 505].includes(status), `${name}: ${status}`)
  })
})

test('methods that a media path does not have are refused and change nothing', async () => {
  const lane = await openLane(house.port)
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH']) {
    const answer = await lane.send(requestHead(method, link, { 'Content-Length': '0' }))
    assert.ok([204, 400, 401, 403, 404, 405, 501].includes(answer.status), `${method}: ${answer.status}`)
    assert.ok(!answer.body.includes(CANARY), method)
  }
  assert.equal((await lane.send(requestHead('GET', link))).status, 200, 'the file is still there')
  lane.close()
})

test('after all of it the server serves as before, and nothing was written as a fault', async () => {
  assert.ok((await app.bare.get(link)).text.startsWith(CANARY))
  assert.doesNotMatch(house.stderr(), /"level":(50|60)|uncaught|unhandled/i)
})

/** Runs a list with sixteen at a time. */
async function inTurns<T>(rows: readonly T[], run: (row: T) => Promise<void>) {
  const queue = [...rows]
  const turn = async () => {
    for (let row = queue.shift(); row !== undefined; row = queue.shift()) await run(row)
  }
  await Promise.all(Array.from({ length: 16 }, turn))
}
