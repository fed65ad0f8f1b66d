import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, type RequestListener, request } from 'node:http'
import { after, suite, test } from 'node:test'
import { type Listening, listen, OPERATORS, type WallOptions } from '../test/servers.ts'
import { createLoginWall } from './login-wall.ts'

const MEDIA = 'https://media.example.test'
const PATH = '/apps/a/conversations/c/AbCdEfGhIjKlMnOpQrStUvWx/lake.jpg'
const LINK = `${MEDIA}${PATH}?t=abc`
const SECRET = 'wall-secret-0123456789'
const GOOD = { cookie: 'theme=dark; session=good' }

/** What a server in Gatehouse's place was asked, and what it answers. */
type Seen = {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
}

const seen: Seen[] = []
let answerNext: RequestListener | null = null
const media = await listen(() => (incoming, response) => {
  seen.push({ method: incoming.method, url: incoming.url, headers: incoming.headers })
  const answer = answerNext ?? bytes
  answerNext = null
  answer(incoming, response)
})
after(() => media.stop())

const bytes: RequestListener = (_request, response) => {
  response.writeHead(200, {
    'content-type': 'image/jpeg',
    'content-length': 5,
    etag: '"e"',
    'cache-control': 'private, no-cache',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'content-disposition': 'inline; filename="lake.jpg"',
    'set-cookie': 'gatehouse_media=x',
    'access-control-allow-origin': 'https://other.test',
  })
  response.end('bytes')
}

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }

async function send(server: Listening, path: string, headers = {}, method = 'GET'): Promise<Answer> {
  const incoming = await open(server, path, headers, method)
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, text: Buffer.concat(chunks).toString() }
}

async function open(server: Listening, path: string, headers = {}, method = 'GET'): Promise<IncomingMessage> {
  const outgoing = request(server.url, { path, method, headers, agent: false })
  outgoing.end()
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  return incoming
}

const options =
  (more: Partial<WallOptions> = {}) =>
  (url: string): WallOptions => ({
    loginWall: `${url}/media/`,
    mediaUrl: MEDIA,
    gatehouse: media.url,
    deliver: 'serve',
    secret: SECRET,
    ...more,
  })

for (const { name, start } of OPERATORS) {
  suite(`a wall in ${name}`, async () => {
    const server = await start(options({ signIn: '/login' }))
    after(() => server.stop())
    const asked = seen

    test('whoever is not logged in gets nothing, and the media server is not asked', async () => {
      asked.length = 0
      for (const headers of [{}, { cookie: 'session=bad' }]) {
        const answer = await send(server, `/media/${LINK}`, headers)
        assert.equal(answer.status, 401)
        assert.equal(answer.headers['cache-control'], 'no-store')
      }
      assert.equal(asked.length, 0)
    })

    test('a browser that opens the URL as a page is sent to the login, and its way back is told', async () => {
      for (const headers of [{ 'sec-fetch-mode': 'navigate' }, { accept: 'text/html,*/*' }]) {
        const answer = await send(server, `/media/${LINK}`, headers)
        assert.equal(answer.status, 302)
        assert.equal(answer.headers.location, `/login?next=${encodeURIComponent(`/media/${LINK}`)}`)
      }
      const image = await send(server, `/media/${LINK}`, { 'sec-fetch-mode': 'no-cors', accept: 'text/html' })
      assert.equal(image.status, 401)
    })

    test('whoever is logged in gets the bytes, as they are protected at their source', async () => {
      asked.length = 0
      const answer = await send(server, `/media/${LINK}`, GOOD)
      assert.deepEqual([answer.status, answer.text], [200, 'bytes'])
      assert.equal(answer.headers['content-type'], 'image/jpeg')
      assert.equal(answer.headers['cache-control'], 'private, no-cache')
      assert.equal(answer.headers['content-security-policy'], "sandbox; default-src 'none'")
      assert.equal(answer.headers['x-content-type-options'], 'nosniff')
      assert.equal(answer.headers['content-disposition'], 'inline; filename="lake.jpg"')
      assert.equal(answer.headers['set-cookie'], undefined, 'cookies of another origin stay there')
      assert.equal(answer.headers['access-control-allow-origin'], undefined)
      assert.equal(asked[0]?.url, `${PATH}?t=abc`)
      assert.equal(asked[0]?.headers['x-gatehouse-wall'], SECRET)
    })

    test('what concerns the media goes on, what is the operator\u2019s own stays', async () => {
      asked.length = 0
      const conditions = { range: 'bytes=0-1', 'if-range': '"e"', 'if-none-match': '"e"', 'user-agent': 'Browser/1' }
      const own = { authorization: 'Bearer mine', 'x-gatehouse-wall': 'mine', appid: 'a', apikey: 'k' }
      await send(server, `/media/${LINK}`, { ...GOOD, ...conditions, ...own, 'x-forwarded-for': '203.0.113.7' })
      const { headers } = asked[0] ?? { headers: {} as IncomingHttpHeaders }
      for (const [header, value] of Object.entries(conditions)) assert.equal(headers[header], value)
      for (const header of ['cookie', 'authorization', 'appid', 'apikey']) assert.equal(headers[header], undefined)
      assert.equal(headers['x-gatehouse-wall'], SECRET)
      assert.match(headers['x-forwarded-for'] as string, /^203\.0\.113\.7, (::ffff:)?127\.0\.0\.1$/)
    })

    test('status and body of the media server come through: ranges, conditions, refusals, HEAD', async () => {
      for (const status of [206, 304, 401, 403, 404, 416, 503]) {
        answerNext = (_request, response) => void response.writeHead(status, { 'x-told': 'yes' }).end()
        const answer = await send(server, `/media/${LINK}`, GOOD)
        assert.deepEqual([answer.status, answer.headers['x-told']], [status, 'yes'])
      }
      const head = await send(server, `/media/${LINK}`, GOOD, 'HEAD')
      assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '5', ''])
    })

    test('no other URL is reached through the wall', async () => {
      asked.length = 0
      for (const url of [
        `https://evil.test${PATH}`,
        `${MEDIA}.evil.test${PATH}`,
        `${MEDIA}@evil.test${PATH}`,
        `${MEDIA}/v1/apps`,
        `${MEDIA}/apps/../v1/apps`,
        `${MEDIA}/apps/%2e%2e/v1`,
        `${MEDIA}/apps//x`,
        `${MEDIA}`,
        `http://media.example.test${PATH}`,
        `//media.example.test${PATH}`,
        PATH,
        '',
      ])
        assert.equal((await send(server, `/media/${url}`, GOOD)).status, 404, url)
      assert.equal(asked.length, 0)
    })

    test('other spellings of the same URL are understood', async () => {
      asked.length = 0
      const odd = `${PATH.replace('lake', 'f%61ther%20%C3%BC')}?Expires=1&Signature=a_b-c&Key-Pair-Id=k&Subject=s`
      const rows = [
        [LINK.replace('https://', 'https:/'), `${PATH}?t=abc`],
        [encodeURIComponent(LINK), `${PATH}?t=abc`],
        [MEDIA + odd, odd],
      ] as const
      for (const [url] of rows) assert.equal((await send(server, `/media/${url}`, GOOD)).status, 200, url)
      assert.deepEqual(
        asked.map(({ url }) => url),
        rows.map(([, target]) => target),
      )
    })

    test('a redirect inside the media server is followed here, any other is handed on', async () => {
      asked.length = 0
      const signed = `${PATH}?Expires=1&Signature=x`
      for (const location of [MEDIA + signed, signed]) {
        answerNext = (_request, response) => void response.writeHead(302, { location }).end()
        assert.deepEqual((await send(server, `/media/${LINK}`, GOOD)).text, 'bytes')
        assert.equal(asked.at(-1)?.url, signed)
        assert.equal(asked.at(-1)?.headers['x-gatehouse-wall'], SECRET)
      }
      const before = asked.length
      answerNext = (_request, response) => void response.writeHead(302, { location: 'https://evil.test/' }).end()
      const away = await send(server, `/media/${LINK}`, GOOD)
      assert.deepEqual([away.status, away.headers.location], [302, 'https://evil.test/'])
      assert.equal(asked.length, before + 1)
    })

    test('an answer that is broken off at the media server is broken off here', async () => {
      answerNext = (_request, response) => {
        response.writeHead(200, { 'content-length': 1000 })
        response.write('half', () => response.destroy())
      }
      await assert.rejects(send(server, `/media/${LINK}`, GOOD), { code: 'ECONNRESET' })
    })

    test('a viewer who leaves ends the fetching', async () => {
      const left = new Promise<void>((resolve) => {
        answerNext = (_request, response) => {
          response.writeHead(200, { 'content-length': 1000 })
          response.write('half')
          response.once('close', () => resolve())
        }
      })
      const incoming = await open(server, `/media/${LINK}`, GOOD)
      incoming.destroy()
      await left
    })

    test('a media server that breaks off makes 502, one that is silent 504, and a broken session store 500', async () => {
      answerNext = (incoming) => void incoming.socket.destroy()
      assert.equal((await send(server, `/media/${LINK}`, GOOD)).status, 502)
      const impatient = await start(options({ patience: 100 }))
      answerNext = () => {}
      assert.equal((await send(impatient, `/media/${LINK}`, GOOD)).status, 504)
      await impatient.stop()
      asked.length = 0
      assert.equal((await send(server, `/media/${LINK}`, { cookie: 'session=broken' })).status, 500)
      assert.equal(asked.length, 0)
    })

    test('what is not below the wall is the operator\u2019s own', async () => {
      for (const path of ['/', '/medias/x', '/login']) assert.equal((await send(server, path)).text, 'the app')
    })

    test('nothing but reading goes through', async () => {
      asked.length = 0
      const answer = await send(server, `/media/${LINK}`, GOOD, 'DELETE')
      assert.ok(answer.status === 405 || answer.text === 'the app')
      assert.equal(asked.length, 0)
    })
  })
}

for (const { name, start } of OPERATORS.filter((one) => !one.name.includes('mounted'))) {
  test(`a wall in ${name} may redirect, or take the URL from its query`, async () => {
    const redirecting = await start(options({ deliver: 'redirect', secret: null }))
    const answer = await send(redirecting, `/media/${LINK}`, GOOD)
    assert.deepEqual([answer.status, answer.headers.location], [302, LINK])
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal((await send(redirecting, `/media/${LINK}`)).status, 401)
    assert.equal((await send(redirecting, '/media/https://evil.test/', GOOD)).status, 404)
    await redirecting.stop()

    const below = { mediaUrl: `${MEDIA}/files`, gatehouse: `${media.url}/inner/` }
    const deeper = await start(options(below))
    assert.equal((await send(deeper, `/media/${MEDIA}/files${PATH}?t=abc`, GOOD)).text, 'bytes')
    assert.equal(seen.at(-1)?.url, `/inner${PATH}?t=abc`)
    assert.equal((await send(deeper, `/media/${LINK}`, GOOD)).status, 404)
    await deeper.stop()

    const asking = await start((url) => ({ ...options()(url), loginWall: `${url}/show?u=` }))
    for (const url of [LINK, encodeURIComponent(LINK)])
      assert.equal((await send(asking, `/show?u=${url}`, GOOD)).text, 'bytes')
    assert.notEqual((await send(asking, `/show?x=${LINK}`, GOOD)).text, 'bytes')
    await asking.stop()
  })
}

test('parts that contradict one another are refused at once', () => {
  const right = { ...options()('https://chat.example.test'), session: () => true }
  createLoginWall(right)
  for (const wrong of [
    { deliver: 'redirect' as const },
    { signIn: 'https://login.example.test/' },
    { signIn: '//login.example.test/' },
    { loginWall: '/media/' },
    { loginWall: 'https://chat.example.test' },
    { mediaUrl: 'media.example.test' },
    { mediaUrl: 'https://media.example.test/?to=' },
    { mediaUrl: 'https:///' },
  ])
    assert.throws(() => createLoginWall({ ...right, ...wrong }), TypeError)
})
