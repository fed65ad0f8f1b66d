import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, suite, test } from 'node:test'
import { startGatehouse } from './support/gatehouse.ts'
import { createResponseReader, type RawResponse, requestHead, startSlowDownload } from './support/raw.ts'
import { createApp } from './support/tenant.ts'

/**
 * The fast lane and Node's HTTP server give the same answers. A connection that begins with a request the lane leaves alone stays with
 * Node's server, so the same bytes can be sent down both ways to one process.
 */

const house = await startGatehouse({ flags: ['--bad-tokens-per-minute', '0'] })
after(house.stop)
const app = await createApp(house.admin)
await app.conversation('c', ['ann', 'bob'])
const small = await app.upload(randomBytes(3000), { name: 'small.bin' })
const middle = await app.upload(randomBytes(200_000), { name: 'middle.bin' })
const large = await app.upload(randomBytes(400_000), { name: 'large.bin' })
const open = await app.upload(Buffer.from('for everybody'), { access: 'public', name: 'open.txt' })
const [link, middleLink, largeLink] = await Promise.all([
  app.link(small.id, 'bob'),
  app.link(middle.id, 'bob'),
  app.link(large.id, 'ann'),
])
const etag = `"${Buffer.from(small.sha256, 'hex').toString('base64url')}"`

const PRELUDE = requestHead('GET', '/livez')

type Talk = { readonly responses: readonly RawResponse[]; readonly end: 'answered' | 'closed' | 'silent' }

/** Writes the pieces one after the other and reads until the answer with this request id, the end, or silence. */
async function talk(pieces: readonly Buffer[], prelude: string | null, sentinel: string): Promise<Talk> {
  const socket = connect({ port: house.port, host: '127.0.0.1', noDelay: true })
  const responses: RawResponse[] = []
  let awake = () => {}
  let state: Talk['end'] | null = null
  const reader = createResponseReader((response) => {
    if (response.status < 200) return
    responses.push(response)
    if (response.headers.get('x-request-id') === sentinel) state = 'answered'
    awake()
  })
  const finish = () => {
    state ??= 'closed'
    awake()
  }
  socket.on('error', finish)
  socket.on('close', finish)
  socket.on('data', (bytes) => {
    for (const method of methodsOf(pieces)) reader.expect(method)
    methodsOf = () => []
    try {
      reader.push(bytes)
    } catch {
      finish()
    }
  })
  let methodsOf = (all: readonly Buffer[]): string[] => [
    ...(prelude === null ? [] : ['GET']),
    ...(Buffer.concat(all)
      .toString('latin1')
      .match(/(?<=^|\r\n)(GET|HEAD|OPTIONS|POST)(?= [^\r]* HTTP\/1\.[01]\r\n)/g) ?? []),
  ]
  const more = () =>
    new Promise<void>((resolve) => {
      awake = resolve
      setTimeout(resolve, 2000).unref()
    })
  if (prelude !== null) {
    socket.write(prelude)
    while (responses.length === 0 && state === null) await more()
    responses.length = 0
  }
  for (const piece of pieces) {
    if (state !== null) break
    socket.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (;;) {
    const before: number = responses.length
    if (state !== null) break
    await more()
    if (state === null && responses.length === before) state = 'silent'
  }
  socket.destroy()
  return { responses, end: state }
}

/** What does not differ from answer to answer. What Node says to bytes that are no request depends on what was sent before them. */
function comparable({ responses, end }: Talk) {
  const told = responses.filter(({ headers }) => !(headers.get('connection') === 'close' && !headers.has('date')))
  return {
    end: told.length < responses.length ? 'closed' : end,
    responses: told.map(({ status, headers, body }) => {
      const kept = [...headers].filter(
        ([name]) => name !== 'date' && name !== 'x-request-id' && name !== 'content-length',
      )
      const text = body.toString('latin1').replace(/urn:request:[^"]*/, '')
      return { status, headers: kept, body: text.length > 500 ? `${text.length} bytes: ${text.slice(0, 50)}` : text }
    }),
  }
}

async function assertAlike(bytes: Buffer, cuts: readonly number[], sentinel: string, note: string) {
  const pieces: Buffer[] = []
  let from = 0
  for (const cut of [...cuts, bytes.length]) {
    if (cut > from) pieces.push(bytes.subarray(from, cut))
    from = Math.max(from, cut)
  }
  const lane = comparable(await talk(pieces, null, sentinel))
  const node = comparable(await talk(pieces, PRELUDE, sentinel))
  // Bytes that are no request end the connection, and answers that the client has not read by then may be lost on the way.
  if (node.end === 'closed' && lane.end === 'closed') {
    const common = Math.min(lane.responses.length, node.responses.length)
    lane.responses.length = common
    node.responses.length = common
  }
  assert.deepEqual(lane, node, `${note}: ${JSON.stringify(bytes.toString('latin1'))} cut at ${cuts}`)
}

/** A generator of numbers below `below` that gives the same ones each time (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const TARGETS = [
  link,
  link,
  middleLink,
  largeLink,
  small.path,
  open.path,
  `${open.path}?x=1`,
  `${small.path}?t=forged`,
  link.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
  `${link}&t=x`,
  `/apps/${app.id}/none/${'a'.repeat(24)}/x`,
  `/apps/${app.id}//x`,
  `${small.path.replace('small', 'sm%61ll')}?${link.split('?')[1]}`,
  '/apps/',
  '/livez',
  '/v1/apps',
]
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  {},
  { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)', Accept: '*/*', 'Accept-Language': 'en' },
  { Range: 'bytes=0-99' },
  { Range: 'bytes=100-' },
  { Range: 'bytes=9999999-' },
  { 'If-None-Match': etag },
  { 'If-None-Match': '*' },
  { 'If-Match': '"other"' },
  { Cookie: 'gatehouse_media=abc; b=c' },
  { Authorization: 'Bearer abc' },
  { Origin: 'https://example.test' },
  { Connection: 'keep-alive' },
  { 'Content-Length': '0' },
  { 'X-Long': 'y'.repeat(9000) },
]

test('thousands of requests, whole, mutilated and cut anywhere, are answered alike', async () => {
  const number = numbers(20_261)
  const pick = <T>(list: readonly T[]): T => list[number(list.length)] as T
  const cases = Array.from({ length: 1500 }, (_, index) => {
    const count = 1 + number(3)
    const heads = Array.from({ length: count }, () =>
      requestHead(pick(['GET', 'GET', 'GET', 'HEAD', 'OPTIONS']), pick(TARGETS), pick(HEADERS)),
    )
    const bytes = Buffer.from(heads.join(''), 'latin1')
    const spoilt = number(3) === 0
    if (spoilt)
      for (let i = number(3); i >= 0; i--) bytes[number(bytes.length)] = pick([0, 9, 10, 13, 32, 35, 58, 127, 200, 65])
    const sentinel = `sentinel-${index}`
    const whole = Buffer.concat([bytes, Buffer.from(requestHead('GET', open.path, { 'X-Request-Id': sentinel }))])
    const cuts = Array.from({ length: number(4) }, () => number(whole.length)).sort((a, b) => a - b)
    return { whole, cuts, sentinel, index }
  })
  const each = cases.values()
  await Promise.all(
    Array.from({ length: 24 }, async () => {
      for (const { whole, cuts, sentinel, index } of each) await assertAlike(whole, cuts, sentinel, `case ${index}`)
    }),
  )
})

suite('a connection of the lane', () => {
  const opened = async (): Promise<Socket> => {
    const socket = connect({ port: house.port, host: '127.0.0.1' })
    await once(socket, 'connect')
    return socket
  }
  const ended = async (socket: Socket): Promise<Buffer> => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => {})
    await once(socket, 'close')
    return Buffer.concat(chunks)
  }

  test('answers what came before the client ended its side, and ends too', async () => {
    const socket = await opened()
    socket.end(requestHead('GET', link))
    const bytes = await ended(socket)
    assert.match(bytes.toString('latin1'), /^HTTP\/1\.1 200 OK\r\n/)
    assert.equal(bytes.length - bytes.indexOf('\r\n\r\n') - 4, 3000)
  })

  test('ends behind an answer where the client asked for that', async () => {
    const socket = await opened()
    socket.write(requestHead('GET', link) + requestHead('GET', link, { Connection: 'close' }))
    const text = (await ended(socket)).toString('latin1')
    assert.deepEqual(text.match(/(?<=\r\nConnection: )[a-z-]+/g), ['keep-alive', 'close'])
  })

  test('ends when the client ends without a request', async () => {
    const socket = await opened()
    socket.end()
    assert.equal((await ended(socket)).length, 0)
  })

  test('answers hundreds of requests written at once, in order', async () => {
    const socket = await opened()
    const ids = Array.from({ length: 500 }, (_, i) => `order-${i}`)
    socket.write(ids.map((id) => requestHead('GET', link, { 'X-Request-Id': id })).join(''))
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      const reader = createResponseReader(({ headers }) => {
        if (seen.push(headers.get('x-request-id') ?? '') === ids.length) resolve()
      })
      for (const _ of ids) reader.expect('GET')
      socket.on('data', (chunk) => reader.push(chunk))
    })
    socket.destroy()
    assert.deepEqual(seen, ids)
  })

  test('goes on with a large file, an API call, and small files again', async () => {
    const socket = await opened()
    const heads = [link, largeLink, '/livez', link, middleLink]
    const sizes: number[] = []
    const done = new Promise<void>((resolve) => {
      const reader = createResponseReader(({ status, body }) => {
        assert.equal(status, 200)
        if (sizes.push(body.length) === heads.length) resolve()
      })
      for (const _ of heads) reader.expect('GET')
      socket.on('data', (chunk) => reader.push(chunk))
    })
    socket.write(heads.map((target) => requestHead('GET', target)).join(''))
    await done
    socket.destroy()
    assert.deepEqual([sizes[0], sizes[1], sizes[3], sizes[4]], [3000, 400_000, 3000, 200_000])
  })

  test('a reader that stalls is cut when the right is gone, and the request behind gets no answer', async () => {
    await app.users('eve')
    await app.conversation('d', ['eve', 'bob'])
    const file = await app.upload(randomBytes(250_000), { conversation: 'd' })
    const head = requestHead('GET', await app.link(file.id, 'eve'))
    // Enough of them fill every buffer between server and reader.
    const slow = await startSlowDownload(house.port, head.repeat(60))
    const { cut } = await app.deactivate('eve')
    assert.equal(cut, 1)
    const { whole, received } = await slow.finish()
    assert.equal(whole && received > 250_000 * 59, false)
    assert.equal((await house.admin.get('/livez')).status, 200)
  })
})

test('with the lane switched off the same requests are answered', async () => {
  const plain = await startGatehouse({ flags: ['--fast-lane', 'false'] })
  after(plain.stop)
  const other = await createApp(plain.admin)
  await other.conversation('c', ['bob', 'ann'])
  const file = await other.upload(Buffer.from('the bytes'))
  const answer = await other.bare.get(await other.link(file.id, 'bob'))
  assert.equal(answer.status, 200)
  assert.equal((await other.bare.get(file.path)).status, 401)
})
