import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bearer, createClient, type Headers, targetOf } from './support/client.ts'
import { type Front, startCaddy, startNginx } from './support/front.ts'
import { startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { exchange, requestHead } from './support/raw.ts'
import { createApp, expect, keyed } from './support/tenant.ts'

/** Gatehouse behind real front servers, run with the very configurations of the documentation. */

const house = await startGatehouse({ flags: ['--trusted-proxies', '127.0.0.0/8', '--offload', 'x-accel:/protected/'] })
after(() => house.stop())
const app = await createApp(house.admin)
await app.users('ann', 'bob')
await app.conversation('c', ['ann', 'bob'])

const FILES = temporaryFolder()
const CANARY = `canary-${randomBytes(12).toString('hex')}`
const folder = join(FILES, 'apps', app.id, 'files')
const hidden = join(FILES, 'apps', app.id, 'hidden')
for (const one of [folder, hidden]) {
  mkdirSync(one, { recursive: true })
  writeFileSync(join(one, 'report.txt'), one === folder ? 'the report' : CANARY)
}
const REPORT = `/apps/${app.id}/files/report.txt`
const HIDDEN = `/apps/${app.id}/hidden/report.txt`
const words = { GATEHOUSE: `127.0.0.1:${house.port}`, FILES, BLOBS: `${join(house.data, 'blobs')}/` }
const read = [{ actions: ['read'], resource: `/apps/${app.id}/files` }]

test('asked directly, verify says 204, 401 or 403, and why', async () => {
  const { token } = await app.token(read)
  const verify = (uri: string, headers: Headers = {}) =>
    app.bare.get('/v1/verify', { 'x-original-uri': uri, ...headers })
  expect(await verify(`${REPORT}?t=${token}`), 204)
  expect(await verify(REPORT, bearer(token)), 204)
  expect(await verify(REPORT, { cookie: `gatehouse_media=${token}` }), 204)
  expect(await app.bare.get('/v1/verify', { 'x-forwarded-uri': `${REPORT}?t=${token}` }), 204)
  const rows: readonly (readonly [uri: string, headers: Headers, status: number])[] = [
    [REPORT, {}, 401],
    [`${REPORT}?t=nonsense`, {}, 401],
    [HIDDEN, bearer(token), 403],
    [`/apps/${app.id}/files/../hidden/report.txt`, bearer(token), 403],
    [`/apps/${app.id}/files/%2e%2e/hidden/report.txt`, bearer(token), 403],
  ]
  for (const [uri, headers, status] of rows) {
    const answer = await verify(uri, headers)
    if (uri.includes('..') || uri.includes('%2e')) expect(answer, 401, 403)
    else expect(answer, status)
    assert.match(String(answer.headers['x-gatehouse-reason']), /^[a-z_]+$/)
    assert.match(String(answer.headers['cache-control']), /no-store/)
  }
  expect(await app.bare.get('/v1/verify', bearer(token)), 400, 401, 403)
  const put = { 'x-forwarded-uri': REPORT, 'x-forwarded-method': 'PUT', ...bearer(token) }
  expect(await app.bare.get('/v1/verify', put), 403)
  // The method beside the URI of its own family counts; the other one is the viewer's word.
  expect(await app.bare.get('/v1/verify', { ...put, 'x-original-method': 'GET' }), 403)
  const both = { 'x-original-uri': REPORT, 'x-forwarded-uri': HIDDEN, ...bearer(token) }
  expect(await app.bare.get('/v1/verify', both), 400, 401, 403)
})

test('a media token is taken out of the cookies that a surface names, and opens what its path covers until it is revoked', async () => {
  const { path } = await app.upload(Buffer.from('in c'))
  const covered = `/apps/${app.id}/conversations/c`
  const issued = expect(await house.admin.post(`${app.base}/media-tokens`, { paths: [covered] }), 201)
  const token = issued.json<{ tokens: Record<string, string> }>().tokens[covered] ?? ''
  const asVendors = await app.bare.get(`/v2/apps/${app.id}/attachments/cookie`, bearer(token))
  const [cookie = ''] = expect(asVendors, 200).headers['set-cookie']?.[0]?.split(';') ?? []
  assert.match(cookie, /^(?!gatehouse_media=)[^=]+=./, 'under a name of its own')
  const name = cookie.slice(0, cookie.indexOf('='))
  const verify = (uri: string, headers: Headers) => app.bare.get('/v1/verify', { 'x-original-uri': uri, ...headers })
  const rows: readonly (readonly [what: string, uri: string, headers: Headers, status: number])[] = [
    ['alone', path, { cookie }, 204],
    ['among others', path, { cookie: `a=b; ${cookie}; c=d` }, 204],
    ['beside a bad one of ours', path, { cookie: `gatehouse_media=nonsense; ${cookie}` }, 204],
    ['under a name that nobody has', path, { cookie: cookie.replace(name, `x${name}`) }, 401],
    ['with another value', path, { cookie: `${name}=nonsense` }, 401],
    ['for another path', REPORT, { cookie }, 403],
    ['for writing', path, { cookie, 'x-original-method': 'PUT' }, 403],
  ]
  for (const [what, uri, headers, status] of rows) assert.equal((await verify(uri, headers)).status, status, what)
  await app.revoke({ conversation: 'c' })
  assert.equal((await verify(path, { cookie })).status, 401)
})

test('nobody but a trusted proxy may say what the request was', async (t) => {
  const alone = await startGatehouse()
  t.after(alone.kill)
  const own = await createApp(alone.admin)
  const { token } = await own.token([{ actions: ['read'], resource: `/apps/${own.id}` }])
  for (const name of ['x-original-uri', 'x-forwarded-uri']) {
    const answer = await own.bare.get('/v1/verify', { [name]: `/apps/${own.id}/x`, ...bearer(token) })
    expect(answer, 400, 401, 403)
  }
  await alone.stop()
})

test('the address of a viewer is the one that a trusted proxy tells, in either header', async () => {
  const from = ['203.0.113.7']
  const { token } = await app.token([{ actions: ['read'], resource: `/apps/${app.id}/files`, limits: { ip: from } }])
  const rows: readonly (readonly [headers: Headers, status: number])[] = [
    [{}, 403],
    [{ 'x-forwarded-for': '203.0.113.7' }, 204],
    [{ 'x-forwarded-for': '203.0.113.7, 198.51.100.1' }, 403],
    [{ forwarded: 'for=203.0.113.7;proto=https' }, 204],
    [{ forwarded: 'for="203.0.113.7:4711", for=127.0.0.9' }, 204],
    [{ forwarded: 'for=203.0.113.7, for=198.51.100.1' }, 403],
    [{ forwarded: 'for=_hidden' }, 403],
    [{ forwarded: 'for=203.0.113.7', 'x-forwarded-for': '203.0.113.7' }, 204],
    [{ forwarded: 'for=203.0.113.7', 'x-forwarded-for': '198.51.100.1' }, 403],
    [{ forwarded: 'for=198.51.100.1', 'x-forwarded-for': '203.0.113.7' }, 403],
  ]
  for (const [headers, status] of rows) {
    const answer = await app.bare.get('/v1/verify', { 'x-original-uri': REPORT, ...bearer(token), ...headers })
    assert.equal(answer.status, status, JSON.stringify(headers))
  }
})

const FRONTS: Readonly<Record<string, () => Promise<Front>>> = {
  'nginx auth_request': () => startNginx('forward-auth.conf', words),
  'Caddy forward_auth': () => startCaddy(words),
}

for (const [name, start] of Object.entries(FRONTS)) {
  test(`${name}: opens to a good credential, at once not to a revoked one`, async (t) => {
    const front = await start()
    t.after(front.stop)
    const viewer = createClient(front.url)
    const key = await app.key()
    const { token, id } = await app.token(read, { subject: 'bob' })
    const ways: readonly (readonly [string, Headers])[] = [
      [`${REPORT}?t=${token}`, {}],
      [REPORT, bearer(token)],
      [REPORT, { cookie: `gatehouse_media=${token}` }],
    ]
    for (const [target, headers] of [...ways, [REPORT, keyed(key)] as const]) {
      const answer = expect(await viewer.get(target, headers), 200)
      assert.equal(answer.text, 'the report')
      assert.equal(answer.headers['cache-control'], 'private, no-cache')
      assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    }
    expect(await viewer.get(REPORT), 401)
    expect(await viewer.get(`${REPORT}?t=nonsense`), 401)
    expect(await viewer.get(HIDDEN, bearer(token)), 403)
    expect(await viewer.get(`/apps/${app.id}/files/absent.txt`, bearer(token)), 404)
    await app.deactivate('bob')
    for (const [target, headers] of ways) expect(await viewer.get(target, headers), 401)
    await app.activate('bob')
    for (const [target, headers] of ways) expect(await viewer.get(target, headers), 200)
    await app.revoke({ token: id })
    for (const [target, headers] of ways) expect(await viewer.get(target, headers), 401)
  })

  test(`${name}: no trick opens what the credential does not cover`, async (t) => {
    const front = await start()
    t.after(front.stop)
    const port = Number(new URL(front.url).port)
    const { token } = await app.token(read)
    const base = `/apps/${app.id}`
    const tricks: readonly (readonly [string, Headers])[] = [
      [HIDDEN, { 'X-Original-URI': REPORT }],
      [HIDDEN, { 'X-Forwarded-Uri': REPORT }],
      [HIDDEN, { 'X-Original-URI': REPORT, 'X-Forwarded-Uri': REPORT }],
      [HIDDEN, { 'X-Forwarded-Method': 'OPTIONS', 'X-Original-Method': 'OPTIONS' }],
      [HIDDEN, { 'X-Original-URL': REPORT, 'X-Rewrite-URL': REPORT }],
      ...[
        '/../',
        '/%2e%2e/',
        '/..%2f',
        '/.%2e/',
        '/x/../../',
        '//../',
        '/..;/',
        '/%252e%252e/',
        '/..%5c',
        '/..\\',
        '/./../',
      ].map((dots) => [`${base}/files${dots}hidden/report.txt`, {}] as const),
      [`${base}/files/report.txt/../../hidden/report.txt`, {}],
      [`${base}/files%2f..%2fhidden/report.txt`, {}],
      [`${base}//hidden/report.txt`, {}],
      [`/${base}/hidden/report.txt`, {}],
      [`${base}/hidden/report.txt?/${base}/files/report.txt`, {}],
      [`${base}/hidden/report.txt#${REPORT}`, {}],
      [`http://gatehouse.test${HIDDEN}`, {}],
      ['/_gatehouse', {}],
      ['/protected/', {}],
    ]
    for (const [target, headers] of tricks) {
      const head = requestHead('GET', target, { ...headers, Authorization: `Bearer ${token}`, Connection: 'close' })
      const { bytes, responses } = await exchange(port, head)
      assert.ok(!bytes.includes(CANARY), `LEAK: ${target} ${JSON.stringify(headers)}`)
      assert.ok(
        responses.every(({ status }) => status < 500),
        `${target}: ${responses[0]?.status}`,
      )
    }
  })
}

test('nginx X-Accel-Redirect: the same answers as without it, and no other way to the bytes', async (t) => {
  const front = await startNginx('x-accel.conf', words)
  t.after(front.stop)
  const viewer = createClient(front.url)
  const direct = await startGatehouse()
  t.after(direct.kill)
  const bytes = randomBytes(5_000_000)
  const made = await app.upload(bytes, { name: 'grüße.bin' })
  const link = await app.link(made.id, 'bob')

  const there = await createApp(direct.admin)
  await there.conversation('c', ['ann', 'bob'])
  const twin = await there.upload(bytes, { name: 'grüße.bin' })
  const twinLink = await there.link(twin.id, 'bob')
  const NAMES = ['content-type', 'content-length', 'content-range', 'content-disposition', 'cache-control', 'etag']
  NAMES.push(
    'x-content-type-options',
    'content-security-policy',
    'referrer-policy',
    'cross-origin-resource-policy',
    'vary',
  )
  for (const headers of [{}, { range: 'bytes=10-19' }, { range: 'bytes=4000000-' }, { range: 'bytes=-5' }]) {
    const [a, b] = [await viewer.get(link, headers as Headers), await there.bare.get(twinLink, headers as Headers)]
    assert.equal(a.status, b.status)
    assert.ok(a.body.equals(b.body), JSON.stringify(headers))
    for (const name of NAMES) assert.equal(a.headers[name], b.headers[name], `${name} with ${JSON.stringify(headers)}`)
    assert.match(String(a.headers['accept-ranges']), /^bytes/)
    assert.equal(a.headers['x-accel-redirect'], undefined)
  }
  const { etag = '' } = (await viewer.get(link)).headers
  expect(await viewer.get(link, { 'if-none-match': etag }), 304)
  expect(await viewer.get(made.path), 401)
  const offered = await app.bare.get(link)
  const place = targetOf(String(offered.headers['x-accel-redirect']))
  assert.match(place, /^\/protected\//)
  expect(await viewer.get(place), 404)
  await app.deactivate('bob')
  expect(await viewer.get(link), 401)
  const log = readFileSync(join(front.folder, 'access.log'), 'utf8')
  assert.ok(log.includes(made.id) || log.includes('/apps/'))
  assert.ok(!log.includes(link.split('?t=')[1] ?? '-'), "nginx's log holds a token")
  await app.activate('bob')
})
