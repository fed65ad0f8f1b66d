import assert from 'node:assert/strict'
import { createPublicKey, createVerify, type JsonWebKey } from 'node:crypto'
import { after, test } from 'node:test'
import { type Answer, bearer, type Client, type Problem } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createApp, keyed, type Tenant } from './support/tenant.ts'

const house = await startGatehouse()
after(() => house.stop())
const app = await createApp(house.admin, { mediaTokenSeconds: 600 })
const other = await createApp(house.admin)
for (const id of ['c', 'cx', 'd']) await app.conversation(id, ['ann', 'bob'])
await other.conversation('c', ['ann'])
const home = `/apps/${app.id}`
const talk = `${home}/conversations/c`
const file = await app.upload(Buffer.from('in c'), { name: 'a b&c.txt' })
const sibling = await app.upload(Buffer.from('in cx'), { conversation: 'cx' })
const outside = await app.upload(Buffer.from('outside'), { conversation: null })
const open = await app.upload(Buffer.from('for all'), { access: 'public' })
const foreign = await other.upload(Buffer.from('theirs'))

type Tokens = { tokens: Record<string, string> }
const ask = (tenant: Tenant, paths: unknown, client = tenant.admin) =>
  client.post(`${tenant.base}/media-tokens`, { paths: paths as string[] })
const issue = async (...paths: string[]) => (await ask(app, paths)).json<Tokens>().tokens
const token = async (path: string) => (await issue(path))[path] ?? ''
const cookie = (...tokens: string[]) => ({ cookie: tokens.map((each) => `gatehouse_media=${each}`).join('; ') })
const claimsOf = (text: string) => JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString())
const statusOf = async (client: Client, path: string, headers = {}) => (await client.get(path, headers)).status

test('a request answers a token for each path, verified by the published key, for as long as the app says', async () => {
  const paths = [home, talk, file.path, outside.path]
  const { status, headers, ...answer } = await ask(app, [...paths, talk])
  assert.equal(status, 201)
  assert.equal(headers['cache-control'], 'no-store')
  const { tokens } = answer.json<Tokens>()
  assert.deepEqual(Object.keys(tokens), paths)
  const { keys } = (await app.bare.get('/.well-known/jwks.json')).json<{ keys: (JsonWebKey & { kid: string })[] }>()
  for (const [path, text] of Object.entries(tokens)) {
    const { iat, exp, ...rest } = claimsOf(text)
    assert.deepEqual(rest, { path })
    assert.equal(exp - iat, 600)
    const [head = '', body = '', signature = ''] = text.split('.')
    const { kid, alg, typ } = JSON.parse(Buffer.from(head, 'base64url').toString())
    assert.deepEqual([alg, typ], ['RS512', 'JWT'])
    const key = keys.find((each) => each.kid === kid)
    assert.ok(key, 'the key is published')
    const verify = createVerify('RSA-SHA512').update(`${head}.${body}`)
    assert.ok(verify.verify(createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url')))
  }
  // As long as the one in the vendor's documentation.
  assert.equal(tokens[home]?.length, 881)
})

test('the path is taken encoded or plain, answered as it was asked, and signed in its canonical form', async () => {
  const plain = decodeURIComponent(file.path)
  assert.notEqual(plain, file.path)
  const tokens = await issue(plain, file.path.replace('%20', '%2'.concat('0')))
  assert.deepEqual(Object.keys(tokens).sort(), [plain, file.path].sort())
  for (const text of Object.values(tokens)) assert.equal(claimsOf(text).path, file.path)
})

test('paths that are nothing, of others, or widen are refused, and nothing is issued', async () => {
  const key = file.path.split('/')[5] ?? ''
  const malformed = [
    ...['', '/', '/apps', '/apps/', `${home}/`, `${home}/conversations`, `${home}/conversations/`, `${talk}/`],
    ...[`${talk}/${key}`, `${home}/${key}`, `${file.path}/x`, `${home}/short/a.png`, `${home}/streams/s`],
    ...[`${talk}/../cx`, `${talk}/./${key}/a`, `${home}/conversations/..`, `/${home}`, `${home}//conversations/c`],
    ...[`${home}%2fconversations/c`, `${home}/conversations/%2e%2e`, `${talk}/%2e%2e/cx`, `${home}/conversations/c%00`],
    ...[`${talk}?x=1`, `${talk}#x`, `${talk}\\..`, `${talk}\r\nSet-Cookie: a=b`, `${talk}\n`, `https://x.test${talk}`],
    ...[`${home}/conversations/%2541`, `${home}/conversations/%ff`, 'apps/x', `${home}/conversations/e\u0301`],
  ]
  for (const path of malformed) {
    const answer = await ask(app, [talk, path])
    assert.equal(answer.status, 400, JSON.stringify(path))
    assert.equal(answer.json<Problem>().code, 'validation_failed')
    assert.doesNotMatch(answer.text, /"tokens"|eyJ/)
  }
  const rows: [paths: unknown, status: number, code: string][] = [
    [[], 400, 'validation_failed'],
    ['x', 400, 'validation_failed'],
    [[1], 400, 'validation_failed'],
    [[null], 400, 'validation_failed'],
    [Array.from({ length: 51 }, () => talk), 400, 'validation_failed'],
    [[talk, `/apps/${other.id}`], 403, 'grant_exceeded'],
    [[foreign.path], 403, 'grant_exceeded'],
    [['/apps/nowhere'], 403, 'grant_exceeded'],
    [[`${home}/conversations/nothing`], 404, 'not_found'],
    [[`${talk}/${'k'.repeat(24)}/a.png`], 404, 'not_found'],
    [[sibling.path.replace('/cx/', '/c/')], 404, 'not_found'],
  ]
  for (const [paths, status, code] of rows) {
    const answer = await ask(app, paths)
    assert.deepEqual([answer.status, answer.json<Problem>().code], [status, code], JSON.stringify(paths))
  }
  const blame = (await ask(app, [talk, '/x', home, '/y'])).json<Problem>()
  assert.deepEqual(
    blame.errors?.map((each) => each.path),
    ['/paths/1', '/paths/3'],
  )
  assert.equal((await ask(app, ['x'.repeat(200_000)])).status, 413)
})

test('only who may issue in the app gets tokens, and nobody for longer than their own', async () => {
  const rows: [actions: string[], resource: string, status: number][] = [
    [['issue'], home, 201],
    [['manage', 'issue'], home, 201],
    [['read'], home, 403],
    [['manage'], home, 403],
    [['write'], home, 403],
    [['issue'], talk, 403],
  ]
  for (const [actions, resource, status] of rows) {
    const key = await app.key([{ actions, resource }])
    assert.equal((await ask(app, [talk], app.bare.as(keyed(key)))).status, status, `${actions} at ${resource}`)
  }
  assert.equal((await ask(app, [talk], app.bare.as(keyed(await other.key())))).status, 403)
  assert.equal((await ask(app, [talk], app.bare)).status, 401)
  const short = (await app.token([{ actions: ['issue', 'read'], resource: home }], { seconds: 60 })).token
  const answer = await ask(app, [talk], app.bare.as(bearer(short)))
  const { iat, exp } = claimsOf(answer.json<Tokens>().tokens[talk] ?? '')
  assert.ok(exp - iat <= 60)
})

test('bearer and cookie open what lies below the path, a query nothing; refusals tell no file from none', async () => {
  const mine = await token(talk)
  const all = await token(home)
  for (const [path, status] of [
    [file.path, 200],
    [open.path, 200],
    [sibling.path, 403],
    [outside.path, 403],
    [foreign.path, 403],
    [`${talk}/${'k'.repeat(24)}/a.png`, 404],
    [`${home}/conversations/cx/${'k'.repeat(24)}/a.png`, 403],
    [talk, 404],
    [`${file.path}/x`, 403],
  ] as const) {
    assert.equal(await statusOf(app.bare, path, bearer(mine)), status, `bearer at ${path}`)
    assert.equal(await statusOf(app.bare, path, cookie(mine)), status, `cookie at ${path}`)
    // URLs are shared, logged and kept: one with this token would open a whole conversation to whoever reads it.
    assert.equal(await statusOf(app.bare, `${path}?t=${mine}`), path === open.path ? 200 : 403, `query at ${path}`)
    assert.equal(await statusOf(app.bare, path, { cookie: `zendesk_media_token=${mine}` }), status)
  }
  for (const each of [file, sibling, outside]) assert.equal(await statusOf(app.bare, each.path, cookie(all)), 200)
  const whole = await app.bare.get(file.path, cookie(mine))
  assert.equal(whole.text, 'in c')
  assert.match(whole.headers['cache-control'] ?? '', /private, no-cache/)
  const part = await app.bare.get(file.path, { ...cookie(mine), range: 'bytes=1-2' })
  assert.deepEqual([part.status, part.text], [206, 'n '])
  const head = await app.bare.head(file.path, cookie(mine))
  assert.deepEqual([head.status, head.headers['content-length']], [200, '4'])
  const again = await app.bare.get(file.path, { ...cookie(mine), 'if-none-match': whole.headers.etag ?? '' })
  assert.equal(again.status, 304)
})

test('several cookies of one name are each tried; a good one that does not cover is told before a bad one', async () => {
  const [mine, far] = [await token(talk), await token(sibling.path)]
  const bad = `${mine.slice(0, -4)}AAAA`
  const rows: [tokens: string[], status: number][] = [
    [[bad, mine], 200],
    [[far, bad, mine], 200],
    [[bad], 401],
    [[bad, far], 403],
    [[far, bad], 403],
    [['x', far], 403],
    [[...Array.from({ length: 15 }, () => bad), mine], 200],
    [[...Array.from({ length: 16 }, () => bad), mine], 401],
  ]
  for (const [tokens, status] of rows) assert.equal(await statusOf(app.bare, file.path, cookie(...tokens)), status)
  // An explicit credential decides by itself.
  assert.equal(await statusOf(app.bare, file.path, { ...cookie(mine), ...bearer(far) }), 403)
  assert.equal(await statusOf(app.bare, file.path, { ...cookie(far), ...bearer(mine) }), 200)
  assert.equal(await statusOf(app.bare, `${file.path}?t=${mine}`, bearer(mine)), 400)
})

test('the ten conversations merged last come along, the newest first; older ones are opened by the app', async () => {
  const tenant = await createApp(house.admin)
  await tenant.conversation('main', ['ann'])
  const files = []
  for (let n = 0; n < 12; n++) {
    await tenant.conversation(`m${n}`, ['ann'])
    files.push(await tenant.upload(Buffer.from(`m${n}`), { conversation: `m${n}` }))
    assert.equal((await tenant.admin.post(`${tenant.base}/conversations/main/merge`, { from: `m${n}` })).status, 200)
  }
  const path = (id: string) => `/apps/${tenant.id}/conversations/${id}`
  const { tokens } = (await ask(tenant, [path('main')])).json<Tokens>()
  const newest = Array.from({ length: 10 }, (_, n) => path(`m${11 - n}`))
  assert.deepEqual(Object.keys(tokens), [path('main'), ...newest])
  for (const [n, each] of files.entries()) {
    const opened = []
    for (const [at, text] of Object.entries(tokens)) {
      if ((await statusOf(tenant.bare, each.path, cookie(text))) === 200) opened.push(at)
    }
    assert.deepEqual(opened, n < 2 ? [] : [path(`m${n}`)], `m${n}`)
  }
  assert.equal((await ask(tenant, [path('m3')])).status, 404)
  assert.deepEqual(Object.keys((await ask(tenant, [files[0]?.path])).json<Tokens>().tokens), [files[0]?.path])
  const everything = (await ask(tenant, [`/apps/${tenant.id}`])).json<Tokens>().tokens[`/apps/${tenant.id}`] ?? ''
  assert.equal(await statusOf(tenant.bare, files[0]?.path ?? '', cookie(everything)), 200)
})

const swap = (client: Client, text: string, headers = {}, method = 'GET') =>
  client.send(method, '/v1/cookie', { headers: { ...bearer(text), ...headers } })
const setCookie = ({ headers }: Answer) => headers['set-cookie']?.[0]?.split('; ') ?? null

test('the cookie has the path of the token, ends with it, and is for this host alone', async () => {
  for (const method of ['GET', 'POST']) {
    for (const path of [home, talk, file.path]) {
      const text = await token(path)
      const answer = await swap(app.bare, text, {}, method)
      assert.deepEqual([answer.status, answer.text], [200, '{}'])
      assert.equal(answer.headers['cache-control'], 'no-store')
      const [pair, ...attributes] = setCookie(answer) ?? []
      assert.equal(pair, `gatehouse_media=${text}`)
      const { exp } = claimsOf(text)
      const age = Number(/^Max-Age=(\d+)$/.exec(attributes.find((each) => each.startsWith('Max-Age')) ?? '')?.[1])
      assert.ok(age <= 600 && age >= 590)
      assert.deepEqual(
        attributes.filter((each) => !each.startsWith('Max-Age')),
        [`Path=${path}`, `Expires=${new Date(exp * 1000).toUTCString()}`, 'HttpOnly', 'SameSite=Lax'],
      )
    }
  }
})

test('where media have their URLs below a path, so has the cookie', async () => {
  const behind = await startGatehouse({ flags: ['--media-url', 'https://media.test/files/'] })
  const tenant = await createApp(behind.admin)
  const path = `/apps/${tenant.id}`
  const text = (await ask(tenant, [path])).json<Tokens>().tokens[path] ?? ''
  assert.deepEqual(claimsOf(text).path, path)
  assert.equal(setCookie(await swap(tenant.bare, text))?.[1], `Path=/files${path}`)
  await behind.stop()
})

test('nothing but a media token that is good now gets a cookie', async () => {
  const good = await token(talk)
  const grant = (await app.token([{ actions: ['read'], resource: home }])).token
  const rows: [string, Record<string, string>, number][] = [
    ['nothing', {}, 401],
    ['a forged one', bearer(`${good.slice(0, -4)}AAAA`), 401],
    ['a grant token', bearer(grant), 403],
    ['a key', keyed(await app.key()), 403],
    ['the cookie itself', cookie(good), 401],
  ]
  for (const [why, headers, status] of rows) {
    for (const method of ['GET', 'POST']) {
      const answer = await app.bare.send(method, '/v1/cookie', { headers })
      assert.deepEqual([answer.status, setCookie(answer)], [status, null], why)
    }
  }
  assert.equal((await app.bare.get(`/v1/cookie?t=${good}`)).status >= 400, true)
  await app.revoke({ token: good })
  const revoked = await swap(app.bare, good)
  assert.deepEqual([revoked.status, setCookie(revoked)], [401, null])
})

test('pages of other origins swap and show only where the app lists them, and across sites the cookie says so', async () => {
  const tenant = await createApp(house.admin, { allowedOrigins: ['https://desk.test', 'http://127.0.0.1:1'] })
  const path = `/apps/${tenant.id}`
  const text = (await ask(tenant, [path])).json<Tokens>().tokens[path] ?? ''
  const rows: [headers: Record<string, string>, attributes: string[] | null][] = [
    [
      { origin: 'https://desk.test', 'sec-fetch-site': 'cross-site' },
      ['HttpOnly', 'Secure', 'SameSite=None', 'Partitioned'],
    ],
    [{ origin: 'https://desk.test' }, ['HttpOnly', 'Secure', 'SameSite=None', 'Partitioned']],
    [{ origin: 'https://desk.test', 'sec-fetch-site': 'same-site' }, ['HttpOnly', 'SameSite=Lax']],
    // A frame of our own site in a window of another: as foreign to browsers as that window.
    [
      { origin: 'https://desk.test', 'sec-fetch-site': 'same-site', 'sec-fetch-storage-access': 'none' },
      ['HttpOnly', 'Secure', 'SameSite=None', 'Partitioned'],
    ],
    [{ origin: 'http://127.0.0.1:1' }, ['HttpOnly', 'SameSite=Lax']],
    [{ origin: house.url }, ['HttpOnly', 'SameSite=Lax']],
    [{ origin: 'https://evil.test' }, null],
    [{ origin: 'https://desk.test.evil.test' }, null],
    [{ origin: 'null' }, null],
  ]
  for (const [headers, attributes] of rows) {
    const answer = await swap(tenant.bare, text, headers)
    assert.equal(answer.status, attributes === null ? 403 : 200, JSON.stringify(headers))
    assert.deepEqual(setCookie(answer)?.slice(4) ?? null, attributes, JSON.stringify(headers))
    const listed = attributes !== null && headers.origin !== house.url
    assert.equal(answer.headers['access-control-allow-origin'], listed ? headers.origin : undefined)
    assert.equal(answer.headers['access-control-allow-credentials'], listed ? 'true' : undefined)
    const before = await tenant.bare.send('OPTIONS', '/v1/cookie', {
      headers: {
        ...headers,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    })
    assert.equal(before.status, listed ? 204 : 403)
    assert.equal(before.headers['access-control-allow-origin'], listed ? headers.origin : undefined)
    if (listed) assert.match(before.headers['access-control-allow-headers'] ?? '', /authorization/)
  }
  const own = await swap(tenant.bare, text, { 'sec-fetch-site': 'same-origin', 'sec-fetch-storage-access': 'none' })
  assert.deepEqual(setCookie(own)?.slice(4), ['HttpOnly', 'Secure', 'SameSite=None', 'Partitioned'])
  await tenant.settings({ embedding: 'same-site' })
  const narrow = await swap(tenant.bare, text, { origin: 'https://desk.test', 'sec-fetch-site': 'cross-site' })
  assert.deepEqual(setCookie(narrow)?.slice(4), ['HttpOnly', 'SameSite=Lax'])
})

test('revoking reaches tokens that are out, and what is issued right afterwards is good', async () => {
  const itself = 'the token itself'
  const targets: [Record<string, unknown>, boolean][] = [
    [{ token: itself }, true],
    [{ token: itself }, true],
    [{ conversation: 'd' }, true],
    [{ resource: `${home}/conversations/d` }, true],
    [{ mediaTokens: true }, true],
    [{ resource: home }, true],
    [{ user: 'ann' }, false],
    [{ resource: talk }, false],
  ]
  const inD = await app.upload(Buffer.from('in d'), { conversation: 'd' })
  for (const [target, reaches] of targets) {
    const text = await token(`${home}/conversations/d`)
    const link = await app.link(inD.id, 'bob')
    assert.equal(await statusOf(app.bare, inD.path, cookie(text)), 200)
    await app.revoke(target.token === itself ? { token: text } : target)
    assert.equal(await statusOf(app.bare, inD.path, cookie(text)), reaches ? 401 : 200, JSON.stringify(target))
    // At once: the second in which something was revoked is waited out.
    assert.equal(await statusOf(app.bare, inD.path, cookie(await token(`${home}/conversations/d`))), 200)
    if ('mediaTokens' in target) assert.equal(await statusOf(app.bare, link), 200)
  }
})

test('keys rotate by command and break nothing; one that is retired voids what it has signed', async () => {
  type Keys = { items: { id: string; state: string }[] }
  const text = await token(talk)
  const kid = (each: string) => JSON.parse(Buffer.from(each.split('.')[0] ?? '', 'base64url').toString()).kid
  const rotated = await house.admin.post('/v1/media-keys/rotate')
  assert.equal(rotated.status, 200)
  const { items } = rotated.json<Keys>()
  assert.equal(items.find(({ id }) => id === kid(text))?.state, 'retiring')
  const young = await token(talk)
  assert.notEqual(kid(young), kid(text))
  const published = (await app.bare.get('/.well-known/jwks.json')).json<{ keys: { kid: string }[] }>().keys
  for (const each of [text, young]) {
    assert.equal(await statusOf(app.bare, file.path, cookie(each)), 200)
    assert.ok(published.some((key) => key.kid === kid(each)))
  }
  assert.equal((await app.bare.as(keyed(await app.key())).post('/v1/media-keys/rotate')).status, 403)
  const retired = await house.admin.post(`/v1/media-keys/${kid(text)}/retire`)
  assert.equal(retired.status, 200)
  assert.equal(await statusOf(app.bare, file.path, cookie(text)), 401)
  assert.equal(await statusOf(app.bare, file.path, cookie(young)), 200)
  assert.doesNotMatch((await app.bare.get('/.well-known/jwks.json')).text, new RegExp(kid(text)))
  assert.equal((await house.admin.post(`/v1/media-keys/${kid(text)}/retire`)).status, 409)
  assert.equal((await house.admin.post('/v1/media-keys/nothing/retire')).status, 404)
  assert.equal((await house.admin.post(`/v1/media-keys/${kid(young)}/retire`)).status, 200)
  assert.equal(await statusOf(app.bare, file.path, cookie(young)), 401)
  assert.equal(await statusOf(app.bare, file.path, cookie(await token(talk))), 200)
})

test('the inspector says of a media token what it is, which key signed it, and what stands in its way', async () => {
  const text = await token(talk)
  type Inspected = { kind: string; key: { id: string; state: string }; decision: { allow: boolean; reason: string } }
  const inspect = async (url: string) =>
    (await app.admin.post('/v1/tokens/inspect', { token: text, url: `${house.url}${url}` })).json<Inspected>()
  const here = await inspect(file.path)
  assert.deepEqual([here.kind, here.key.state, here.decision.allow], ['media', 'active', true])
  assert.equal((await inspect(sibling.path)).decision.reason, 'resource_not_granted')
  await app.revoke({ token: text })
  assert.equal((await inspect(file.path)).decision.reason, 'token_revoked')
})
