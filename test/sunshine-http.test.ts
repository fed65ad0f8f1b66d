import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { basic, bearer, form, type Headers } from './support/client.ts'
import { ADMIN, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { accountOf, createSunshineApp, keyJwt, sunshineOf } from './support/sunshine-http.ts'
import { createApp, expect, openApp, refusal } from './support/tenant.ts'
import { base64url, offlineToken, readClaims } from './support/tokens.ts'

/** Who may call the surface, and how it refuses (contract, sections 3.1 and 5). */

const server = await startGatehouse({ faketime: '+0' })
after(() => server.stop())
const account = accountOf(server.admin)
const app = await createSunshineApp(server.admin)
const other = await createSunshineApp(server.admin)
const native = openApp(server.admin, app.id)
const with_ = (headers: Headers, version: 'v2' | 'v1.1' = 'v2') => sunshineOf(server.admin.as(headers), version)
const now = () => Math.floor(Date.now() / 1000)
const UNAUTHORIZED = '401 unauthorized: Authorization is required'
const FORBIDDEN = '403 forbidden: The credential does not reach this call.'

test('a key is shown as id and secret, or signs a JWT with a scope that fits it', async () => {
  const admin = { id: ADMIN.id, secret: ADMIN.secret }
  const scope = (claims: object) => bearer(keyJwt(app.key, { ...claims }))
  const other_ = (header: object) => bearer(offlineToken(app.key, { scope: 'app' }, { ...header }))
  const unsigned = `${base64url(JSON.stringify({ alg: 'none', typ: 'JWT', kid: app.key.id }))}.${base64url('{"scope":"app"}')}.`
  const rows: readonly (readonly [what: string, headers: Headers, error: string | null])[] = [
    ['id and secret', basic(app.key.id, app.key.secret), null],
    ['a JWT', scope({ scope: 'app' }), null],
    ['a JWT with times', scope({ scope: 'app', iat: now(), exp: now() + 60 }), null],
    ['an account-wide key', basic(admin.id, admin.secret), null],
    ['a JWT of an account-wide key', bearer(keyJwt(admin, { scope: 'account' })), null],
    ['nothing', {}, UNAUTHORIZED],
    ['a wrong secret', basic(app.key.id, other.key.secret), UNAUTHORIZED],
    ['no secret', basic(app.key.id, ''), UNAUTHORIZED],
    ['an unknown key', basic('app_unknown', app.key.secret), UNAUTHORIZED],
    ['the bare secret', bearer(app.key.secret), UNAUTHORIZED],
    ['nonsense', bearer('a.b.c'), UNAUTHORIZED],
    ['another scheme', { authorization: 'Digest x' }, UNAUTHORIZED],
    ['unsigned', bearer(unsigned), UNAUTHORIZED],
    ['alg in other letters', other_({ alg: 'hs256' }), UNAUTHORIZED],
    ['another algorithm', other_({ alg: 'HS512' }), UNAUTHORIZED],
    ['no kid', other_({ kid: undefined }), UNAUTHORIZED],
    ["another key's kid", other_({ kid: other.key.id }), UNAUTHORIZED],
    ['no scope', scope({}), UNAUTHORIZED],
    ['a scope that there is not', scope({ scope: 'integration' }), UNAUTHORIZED],
    ['a scope that is no text', scope({ scope: ['app'] }), UNAUTHORIZED],
    ['the scope of a user', scope({ scope: 'appUser', userId: 'ann' }), FORBIDDEN],
    ['a scope beyond the key', scope({ scope: 'account' }), FORBIDDEN],
    ['a scope that names no app', bearer(keyJwt(admin, { scope: 'app' })), FORBIDDEN],
    ['at its end', scope({ scope: 'app', exp: now() - 1 }), UNAUTHORIZED],
    ['not begun', scope({ scope: 'app', iat: now() + 3600 }), UNAUTHORIZED],
    ['not begun by nbf', scope({ scope: 'app', nbf: now() + 3600 }), UNAUTHORIZED],
    ['an end that is no time', scope({ scope: 'app', exp: 'never' }), UNAUTHORIZED],
    ['a grant token of the key', bearer(offlineToken(app.key, readClaims(app.home))), UNAUTHORIZED],
    ['a grant token with a scope', scope({ ...readClaims(app.home), scope: 'app' }), UNAUTHORIZED],
    ['a token for rooms with a scope', scope({ scope: 'app', apikey: app.key.id }), UNAUTHORIZED],
    ['a key in the query alone', {}, UNAUTHORIZED],
  ]
  for (const [what, headers, error] of rows) {
    const path = what.includes('query') ? `${app.home}?t=${keyJwt(app.key, { scope: 'app' })}` : app.home
    if (error === null) assert.equal((await with_(headers).ok('GET', path)).app.id, app.id, what)
    else assert.equal(await with_(headers).fails('GET', path), error, what)
  }
})

test('a JWT of a key opens nothing but the surface, and ends with its key and its time', async () => {
  const { key } = await account.v2.ok('POST', `${app.home}/keys`, { displayName: 'short' })
  const token = keyJwt(key, { scope: 'app', exp: now() + 100 })
  await with_(bearer(token)).ok('GET', app.home)
  assert.equal(refusal(await native.bare.get(native.base, bearer(token)), 401), 'claims_invalid')
  assert.equal(refusal(await native.bare.get('/v1/cookie', bearer(token)), 401), 'claims_invalid')
  const file = await native.upload(Buffer.from('x'), { conversation: null })
  for (const headers of [bearer(token), { cookie: `zendesk_media_token=${token}` }]) {
    refusal(await native.bare.get(file.path, headers), 401)
  }
  server.setClock('+101')
  assert.equal(await with_(bearer(token)).fails('GET', app.home), UNAUTHORIZED)
  server.setClock('+0')
  const fresh = keyJwt(key, { scope: 'app' })
  await with_(bearer(fresh)).ok('GET', app.home)
  await account.v2.ok('DELETE', `${app.home}/keys/${key.id}`)
  for (const headers of [bearer(fresh), basic(key.id, key.secret)]) {
    assert.equal(await with_(headers).fails('GET', app.home), UNAUTHORIZED)
  }
})

test('a media token is no credential here', async () => {
  const answer = expect(await server.admin.post(`${native.base}/media-tokens`, { paths: [app.home] }), 201)
  const media = answer.json<{ tokens: Record<string, string> }>().tokens[app.home] ?? ''
  assert.equal(await with_(bearer(media)).fails('GET', app.home), UNAUTHORIZED)
})

test('who may not know of an app learns nothing, and who may is told', async () => {
  const gone = await createSunshineApp(server.admin)
  await account.v2.ok('DELETE', gone.home)
  for (const home of ['/apps/unknown', other.home, gone.home]) {
    assert.equal(await app.v2.fails('GET', home), FORBIDDEN, home)
    assert.equal(await app.v2.fails('POST', `${home}/users`, { externalId: 'x' }), FORBIDDEN, home)
  }
  for (const home of ['/apps/unknown', gone.home]) {
    assert.equal(await account.v2.fails('GET', home), '404 app_not_found: App not found', home)
    assert.equal(await account.old.fails('GET', home), '404 app_not_found: App not found', home)
    assert.equal(await account.v2.fails('DELETE', home), '404 app_not_found: App not found', home)
  }
  assert.equal(await gone.v2.fails('GET', gone.home), UNAUTHORIZED)
  for (const [method, path] of [
    ['POST', '/apps'],
    ['GET', '/apps'],
    ['DELETE', app.home],
    ['GET', `${app.home}/keys`],
    ['POST', `${app.home}/keys`],
    ['DELETE', `${app.home}/keys/${app.key.id}`],
  ] as const) {
    assert.equal(await app.v2.fails(method, path), FORBIDDEN, `${method} ${path}`)
  }
})

test('keys hold no more than their grants', async () => {
  const narrow = await native.key([{ actions: ['read', 'write', 'manage'], resource: `${app.home}/conversations/c` }])
  await native.conversation('c', ['ann', 'bob'])
  const few = with_(basic(narrow.id, narrow.secret))
  assert.equal((await few.ok('GET', `${app.home}/conversations/c`)).conversation.id, 'c')
  assert.equal(await few.fails('GET', `${app.home}/users/ann`), FORBIDDEN)
  assert.equal(await few.fails('GET', app.home), FORBIDDEN)
  const signed = with_(bearer(keyJwt(narrow, { scope: 'app' })))
  assert.equal(await signed.fails('GET', app.home), FORBIDDEN)
})

test('under v1.1 the app may be left out: it is that of the key', async () => {
  await app.old.ok('POST', '/appusers', { userId: 'short' })
  assert.equal((await app.v2.ok('GET', `${app.home}/users/short`)).user.externalId, 'short')
  const signed = with_(bearer(keyJwt(app.key, { scope: 'app', iat: now() })), 'v1.1')
  await signed.ok('POST', '/appusers', { userId: 'shorter' })
  await signed.ok('POST', `${app.home}/appusers`, { userId: 'long' })
  assert.equal(
    await account.old.fails('POST', '/appusers', { userId: 'x' }),
    '403 forbidden: This key is of no app: name one in the path, or set a default app',
  )
  for (const headers of [{}, basic(app.key.id, 'wrong'), basic('unknown', 'x'), bearer('a.b.c')]) {
    assert.equal(await with_(headers, 'v1.1').fails('POST', '/appusers', { userId: 'x' }), UNAUTHORIZED)
  }
})

test('where no app is named, a key of all apps works in the default one', async () => {
  const data = temporaryFolder()
  const alone = await startGatehouse({ data })
  const only = await createSunshineApp(alone.admin)
  await accountOf(alone.admin).old.ok('POST', '/appusers', { userId: 'in-the-only-app' })
  assert.equal((await only.v2.ok('GET', `${only.home}/users/in-the-only-app`)).user.externalId, 'in-the-only-app')
  const second = await createSunshineApp(alone.admin)
  assert.match(
    await accountOf(alone.admin).old.fails('POST', '/appusers', { userId: 'x' }),
    /^403 forbidden: .*default app$/,
  )
  await alone.stop()

  const told = await startGatehouse({ data, flags: ['--default-app', second.id] })
  after(() => told.stop())
  await accountOf(told.admin).old.ok('POST', '/appusers', { userId: 'in-the-second' })
  const { v2 } = accountOf(told.admin)
  assert.equal((await v2.ok('GET', `${second.home}/users/in-the-second`)).user.externalId, 'in-the-second')
  const stranger = sunshineOf(told.admin.as(basic('unknown', 'x')), 'v1.1')
  assert.equal(await stranger.fails('POST', '/appusers', { userId: 'x' }), UNAUTHORIZED)
})

test('errors have the shape of the version, whatever goes wrong', async () => {
  const json = { 'content-type': 'application/json' }
  const file = { name: 'x.txt', type: 'text/plain', bytes: Buffer.from('x') }
  const sent = form([], file)
  const deep = `{"externalId":"x","metadata":${'{"a":'.repeat(100)}1${'}'.repeat(101)}`
  const rows: readonly (readonly [method: string, path: string, body: unknown, headers: Headers, error: RegExp])[] = [
    ['GET', '/apps/a/nothing', undefined, {}, /^404 not_found: Resource not found$/],
    ['PUT', `${app.home}/users/ann`, {}, {}, /^404 not_found: Resource not found$/],
    ['OPTIONS', app.home, undefined, { origin: 'https://a.example' }, /^404 not_found: Resource not found$/],
    ['POST', `${app.home}/users`, '[object FormData]', { 'content-type': 'text/plain' }, /^400 bad_request: /],
    ['POST', `${app.home}/users`, '{', json, /^400 bad_request: /],
    ['POST', `${app.home}/users`, '[]', json, /^400 bad_request: The body should be a JSON object$/],
    ['POST', `${app.home}/users`, '"x"', json, /^400 bad_request: The body should be a JSON object$/],
    ['POST', `${app.home}/users`, '{"__proto__":{"externalId":"x"}}', json, /^400 bad_request: /],
    ['POST', `${app.home}/users`, deep, json, /^400 bad_request: The body is nested too deeply$/],
    ['POST', `${app.home}/users`, `"${'x'.repeat(110_000)}"`, json, /^413 payload_too_large: /],
    ['POST', `${app.home}/users`, sent.body, sent.headers, /^400 bad_request: should have required/],
    ['POST', `${app.home}/users`, '{}', { ...json, 'content-encoding': 'gzip' }, /^400 bad_request: /],
    ['GET', `${app.home}/users/%ff`, undefined, {}, /^400 bad_request: /],
    ['GET', `${app.home}/users/${'x'.repeat(5000)}`, undefined, {}, /^4(00 bad_request|04 user_not_found|14 .*): /],
    ['GET', `${app.home}/users/%00`, undefined, {}, /^404 user_not_found: User not found$/],
    ['GET', `${app.home}/users/a%2Fb`, undefined, {}, /^404 user_not_found: User not found$/],
  ]
  for (const [method, path, body, headers, error] of rows) {
    assert.match(await app.v2.fails(method, path, body, headers), error, `${method} ${path.slice(0, 60)}`)
  }
  assert.match(await app.old.fails('GET', '/nothing'), /^404 not_found: Resource not found$/)
  assert.match(await app.old.fails('POST', '/appusers', '{', json), /^400 bad_request: /)
  assert.match(
    await app.old.fails('POST', '/appusers', {}),
    /^400 bad_request: should have required property 'userId'$/,
  )
})

test('no page of another origin may read what a key opens', async () => {
  await native.settings({ allowedOrigins: ['https://chat.example'] })
  const { headers } = await app.v2.call('GET', app.home, undefined, { origin: 'https://chat.example' })
  assert.deepEqual(
    Object.keys(headers).filter((name) => name.startsWith('access-control')),
    [],
  )
})

test('other paths of the same version are of others, and the surface can be left out', async () => {
  assert.equal(refusal(await server.admin.get('/v2/applications'), 404), 'route_not_found')
  assert.equal(refusal(await server.admin.get('/v2/appsx'), 404), 'route_not_found')
  const without = await startGatehouse({ flags: ['--surfaces', 'cometchat'] })
  try {
    assert.equal(refusal(await without.admin.get('/v2/apps'), 404), 'route_not_found')
    // Its clients' cookie is read with the surface alone; our own always.
    const there = await createApp(without.admin)
    await there.conversation('c', ['ann'])
    const file = await there.upload(Buffer.from('in c'))
    const path = `/apps/${there.id}/conversations/c`
    const { tokens } = (await without.admin.post(`${there.base}/media-tokens`, { paths: [path] })).json<{
      tokens: Record<string, string>
    }>()
    const withCookie = (name: string) => without.admin.as({ cookie: `${name}=${tokens[path]}` }).get(file.path)
    assert.equal((await withCookie('gatehouse_media')).status, 200)
    assert.equal(refusal(await withCookie('zendesk_media_token'), 401), 'credential_missing')
  } finally {
    await without.stop()
  }
})

test('a body without content is as good as none, whatever its type', async () => {
  const { externalId } = (await app.v2.ok('POST', `${app.home}/users`, { externalId: 'gone' })).user
  const json = { 'content-type': 'application/json' }
  assert.equal((await app.v2.call('GET', `${app.home}/users/${externalId}`, undefined, json)).status, 200)
  const answer = await app.old.call('DELETE', `/appusers/${externalId}`, undefined, json)
  assert.deepEqual([answer.status, answer.text], [200, '{}'])
})

test('an address that keeps guessing is told to wait', async () => {
  const strict = await startGatehouse({ flags: ['--bad-tokens-per-minute', '3'] })
  try {
    const guess = sunshineOf(strict.admin.as(basic('app_unknown', 'wrong')), 'v2')
    const seen: string[] = []
    while (seen.length < 20 && seen.at(-1)?.startsWith('429') !== true) seen.push(await guess.fails('GET', '/apps/any'))
    assert.equal(seen[0], UNAUTHORIZED)
    assert.match(seen.at(-1) ?? '', /^429 too_many_requests: /)
    const { headers } = await guess.call('GET', '/apps/any')
    assert.ok(Number(headers['retry-after']) > 0)
  } finally {
    await strict.stop()
  }
})
