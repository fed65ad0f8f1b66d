import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { createOutgoing, type OutgoingRequest } from './outgoing.ts'
import type { Resolve } from './resolver.ts'

const servers: (() => void)[] = []
after(() => {
  for (const close of servers) close()
})

async function receiver(listener: RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  servers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Remembers what arrives, and answers as it is told. */
function recorder(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[] = []
  const listener: RequestListener = async (request, response) => {
    seen.push({
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: await text(request),
    } as never)
    answer(request, response)
  }
  return { seen, listener }
}

const open = createOutgoing({ allowLoopback: true })
const closed = createOutgoing({ allowLoopback: false })
const plain = { method: 'GET', milliseconds: 5000, maxBytes: 1000 } as const

function refused(code: string) {
  return { name: 'NotSent', code }
}

function named(names: Readonly<Record<string, readonly string[]>>): Resolve {
  return async (name) => names[name] ?? Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))
}

test('a request arrives as it was made, and its answer comes back', async () => {
  const { seen, listener } = recorder((_request, response) => response.writeHead(201, { 'x-a': 'b' }).end('done'))
  const port = await receiver(listener)
  const answer = await open.send({
    ...plain,
    method: 'POST',
    url: `http://127.0.0.1:${port}/a%2Fb?c=d#e`,
    headers: { 'content-type': 'application/json' },
    body: '{"ä":1}',
    credentials: { user: 'me', password: 'pä:ss' },
  })
  assert.deepEqual([answer.status, answer.headers['x-a'], await text(answer.body)], [201, 'b', 'done'])
  const [got] = seen
  assert.deepEqual([got?.method, got?.url, got?.body], ['POST', '/a%2Fb?c=d', '{"ä":1}'])
  assert.equal(got?.headers.host, `127.0.0.1:${port}`)
  assert.equal(got?.headers.authorization, `Basic ${Buffer.from('me:pä:ss').toString('base64')}`)
})

test('what is no http URL, has a user, or leads to an address that is not on the internet is not sent', async () => {
  const rows: readonly (readonly [url: string, code: string])[] = [
    ['file:///etc/passwd', 'bad_url'],
    ['ftp://example.org/', 'bad_url'],
    ['gopher://127.0.0.1/', 'bad_url'],
    ['javascript:1', 'bad_url'],
    ['//example.org', 'bad_url'],
    ['', 'bad_url'],
    ['http://', 'bad_url'],
    ['http://user@example.org/', 'bad_url'],
    ['http://user:pass@example.org/', 'bad_url'],
    ['http://127.0.0.1/', 'address_refused'],
    ['http://127.1/', 'address_refused'],
    ['http://0x7f000001/', 'address_refused'],
    ['http://2130706433/', 'address_refused'],
    ['http://0177.0.0.1/', 'address_refused'],
    ['http://127.0.0.1./', 'address_refused'],
    ['http://１２７.0.0.1/', 'address_refused'],
    ['http://0/', 'address_refused'],
    ['http://[::1]/', 'address_refused'],
    ['http://[::ffff:7f00:1]/', 'address_refused'],
    ['http://[::127.0.0.1]/', 'address_refused'],
    ['http://[64:ff9b::a00:1]/', 'address_refused'],
    ['http://[fd00:ec2::254]/', 'address_refused'],
    ['http://10.0.0.1/', 'address_refused'],
    ['https://169.254.169.254/latest/meta-data/', 'address_refused'],
    ['http://192.168.0.1:8080/', 'address_refused'],
  ]
  for (const [url, code] of rows) {
    await assert.rejects(closed.send({ ...plain, url }), refused(code), url)
    assert.throws(() => closed.check(url), refused(code), url)
  }
  await assert.rejects(closed.send({ ...plain, url: 'http://localhost/' }), refused('address_refused'))
})

test('loopback is reached where that is allowed, and nothing else that is not on the internet', async () => {
  const port = await receiver((_request, response) => response.end('hello'))
  for (const host of ['127.0.0.1', 'localhost', '2130706433']) {
    const answer = await open.send({ ...plain, url: `http://${host}:${port}/` }).catch((error) => error)
    assert.equal(answer.status, 200, host)
    answer.body.destroy()
  }
  for (const host of ['10.0.0.1', '169.254.169.254', '[fe80::1]', '0.0.0.0', '[64:ff9b::7f00:1]']) {
    await assert.rejects(open.send({ ...plain, url: `http://${host}/` }), refused('address_refused'), host)
  }
})

test('a name is refused for any of its addresses, and asked for once: what it becomes later does not matter', async () => {
  const { seen, listener } = recorder((_request, response) => response.end('hello'))
  const port = await receiver(listener)
  const names = { 'mixed.test': ['1.1.1.1', '10.0.0.1'], 'inside.test': ['::ffff:192.168.0.1'], 'empty.test': [] }
  for (const allowLoopback of [true, false]) {
    const outgoing = createOutgoing({ allowLoopback, resolve: named(names) })
    const rows = [
      ['mixed.test', 'address_refused'],
      ['inside.test', 'address_refused'],
      ['empty.test', 'name_not_found'],
      ['absent.test', 'name_not_found'],
    ] as const
    for (const [name, code] of rows) {
      await assert.rejects(outgoing.send({ ...plain, url: `http://${name}:${port}/` }), refused(code), name)
    }
  }
  let asked = 0
  const rebinding = createOutgoing({
    allowLoopback: true,
    resolve: async () => (asked++ === 0 ? ['127.0.0.1'] : ['10.0.0.1']),
  })
  const answer = await rebinding.send({ ...plain, url: `http://rebinding.test:${port}/x` })
  assert.equal(await text(answer.body), 'hello')
  assert.deepEqual([asked, seen.at(-1)?.headers.host, seen.length], [1, `rebinding.test:${port}`, 1])
})

test('a redirect is checked as a first request is, and carries no credentials', async () => {
  const { seen, listener } = recorder((_request, response) => response.end('there'))
  const target = await receiver(listener)
  const locations: Record<string, string> = {
    '/inside': 'http://10.0.0.1/',
    '/file': 'file:///etc/passwd',
    '/user': `http://user:pass@127.0.0.1:${target}/`,
    '/name': `http://inside.test:${target}/`,
    '/there': `http://127.0.0.1:${target}/end`,
  }
  const source = await receiver((request, response) => {
    response.writeHead(307, { location: locations[request.url ?? ''] ?? '' }).end()
  })
  const outgoing = createOutgoing({ allowLoopback: true, resolve: named({ 'inside.test': ['10.1.2.3'] }) })
  const from = (path: string): OutgoingRequest => ({
    ...{ ...plain, method: 'POST', url: `http://127.0.0.1:${source}${path}`, body: 'text' },
    credentials: { user: 'me', password: 'secret' },
    headers: { cookie: 'a=b', 'x-kept': 'yes' },
  })
  for (const [path, code] of [
    ['/inside', 'address_refused'],
    ['/file', 'bad_url'],
    ['/user', 'bad_url'],
    ['/name', 'address_refused'],
  ] as const) {
    await assert.rejects(outgoing.send(from(path)), refused(code), path)
  }
  assert.equal(seen.length, 0)
  const answer = await outgoing.send(from('/there'))
  assert.equal(await text(answer.body), 'there')
  assert.equal(answer.url, `http://127.0.0.1:${target}/end`)
  const [got] = seen
  assert.deepEqual([got?.method, got?.url, got?.body], ['POST', '/end', 'text'])
  const { authorization, cookie, 'x-kept': kept } = got?.headers ?? {}
  assert.deepEqual([authorization, cookie, kept], [undefined, undefined, 'yes'])
})

test('three redirects are followed and no fourth; those that would make a POST a GET are the answer', async () => {
  const port = await receiver((request, response) => {
    const left = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0)
    const status = request.url?.startsWith('/found') ? 302 : 308
    if (left === 0) response.end('end')
    else response.writeHead(status, { location: (request.url ?? '').replace(/\d+/, String(left - 1)) }).end()
  })
  const at = (path: string) => ({ ...plain, url: `http://127.0.0.1:${port}${path}` })
  for (const path of ['/found/3', '/moved/3']) {
    const { status, body } = await open.send(at(path))
    assert.deepEqual([status, await text(body)], [200, 'end'], path)
  }
  await assert.rejects(open.send(at('/found/4')), refused('too_many_redirects'))
  await assert.rejects(open.send({ ...at('/moved/4'), method: 'POST' }), refused('too_many_redirects'))
  const { status, body } = await open.send({ ...at('/found/1'), method: 'POST', body: 'x' })
  body.destroy()
  assert.equal(status, 302)
})

test('an answer is read up to its limit, whatever length it declares', async () => {
  const port = await receiver((request, response) => {
    if (request.url === '/declared') response.setHeader('content-length', 1001)
    for (let sent = 0; sent < 1000; sent += 100) response.write('x'.repeat(100))
    response.end(request.url === '/exact' ? '' : 'x')
  })
  const at = (path: string) => open.send({ ...plain, url: `http://127.0.0.1:${port}${path}` })
  assert.equal((await buffer((await at('/exact')).body)).length, 1000)
  for (const path of ['/declared', '/more']) {
    await assert.rejects(buffer((await at(path)).body), refused('answer_too_large'), path)
  }
})

test('whatever is slow, a head, a body, a name or a chain of redirects, has one time in all', async () => {
  const port = await receiver((request, response) => {
    if (request.url === '/head') return
    if (request.url === '/again') return setTimeout(() => response.writeHead(307, { location: '/head' }).end(), 50)
    response.write('some')
  })
  const quick = { ...plain, milliseconds: 200 }
  const at = (path: string) => ({ ...quick, url: `http://127.0.0.1:${port}${path}` })
  await assert.rejects(open.send(at('/head')), refused('timed_out'))
  await assert.rejects(open.send(at('/again')), refused('timed_out'))
  await assert.rejects(buffer((await open.send(at('/body'))).body), refused('timed_out'))
  const nameless = createOutgoing({ allowLoopback: true, resolve: () => new Promise(() => {}) })
  await assert.rejects(nameless.send({ ...quick, url: 'http://slow.test/' }), refused('timed_out'))
})

test('a broken connection is told with the code of the system', async () => {
  const cutting = await receiver((request) => request.socket.destroy())
  await assert.rejects(open.send({ ...plain, url: `http://127.0.0.1:${cutting}/` }), {
    ...refused('connection_failed'),
    detail: 'ECONNRESET',
  })
  const half = await receiver((_request, response) => {
    response.setHeader('content-length', 10)
    response.write('half')
    setImmediate(() => response.destroy())
  })
  const answer = await open.send({ ...plain, url: `http://127.0.0.1:${half}/` }).catch((error) => error)
  await assert.rejects(
    answer instanceof Error ? Promise.reject(answer) : buffer(answer.body),
    refused('connection_failed'),
  )
  const raw = await receiver((request) =>
    request.socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  )
  await assert.rejects(open.send({ ...plain, url: `http://127.0.0.1:${raw}/` }), refused('connection_failed'))
})
