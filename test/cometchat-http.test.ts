import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Headers } from './support/client.ts'
import { clientOf, createCaller, loginOf, replyOf, restOf } from './support/cometchat-http.ts'
import { ADMIN, runGatehouse, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { createApp } from './support/tenant.ts'

const server = await startGatehouse()
after(() => server.stop())
const app = await createApp(server.admin, { allowedOrigins: ['https://chat.example'] })
const other = await createApp(server.admin, { allowedOrigins: ['https://other.example'] })
const rest = await restOf(app)
await rest.ok('POST', '/users', { uid: 'ann', name: 'Ann' })
const ann = await loginOf(app, rest, 'ann')
const bare = createCaller(server.admin, '/v3', {})
const json = { 'content-type': 'application/json' }

test('app and credential are asked for one after the other, and each lack has a code of its own', async () => {
  const foreign = await restOf(other)
  const { authToken } = ann
  const grants = [{ actions: ['read'], resource: `/apps/${app.id}` }]
  const narrow = (await app.key(grants)).secret
  const rows: readonly (readonly [headers: Headers, method: string, path: string, error: string])[] = [
    [{}, 'GET', '/users', '400 AUTH_ERR_EMPTY_APPID'],
    [{ appId: '' }, 'GET', '/users', '400 AUTH_ERR_EMPTY_APPID'],
    [{ apiKey: rest.apiKey }, 'GET', '/users', '400 AUTH_ERR_EMPTY_APPID'],
    [{ appId: 'nope' }, 'GET', '/users', '401 AUTH_ERR_INVALID_APPID'],
    [{ appId: '../x' }, 'GET', '/users', '401 AUTH_ERR_INVALID_APPID'],
    [{ appId: 'nope', apiKey: rest.apiKey }, 'GET', '/users', '401 AUTH_ERR_INVALID_APPID'],
    [{ appId: app.id }, 'GET', '/users', '401 AUTH_ERR_EMPTY_APIKEY'],
    [{ appId: app.id }, 'POST', '/users', '401 AUTH_ERR_EMPTY_APIKEY'],
    [{ appId: app.id, sdk: 'javascript@4.2.0' }, 'GET', '/users', '401 AUTH_ERR_EMPTY_AUTH_TOKEN'],
    [{ appId: app.id }, 'PUT', '/me', '401 AUTH_ERR_EMPTY_AUTH_TOKEN'],
    [{ appId: app.id, apiKey: rest.apiKey }, 'PUT', '/me', '401 AUTH_ERR_EMPTY_AUTH_TOKEN'],
    [{ appId: app.id, authToken }, 'POST', '/users', '401 AUTH_ERR_EMPTY_APIKEY'],
    [{ appId: app.id, apiKey: 'nonsense' }, 'GET', '/users', '401 AUTH_ERR_APIKEY_NOT_FOUND'],
    [{ appId: app.id, apiKey: 'a.b.c' }, 'GET', '/users', '401 AUTH_ERR_APIKEY_NOT_FOUND'],
    [{ appId: app.id, apiKey: authToken }, 'GET', '/users', '401 AUTH_ERR_APIKEY_NOT_FOUND'],
    [{ appId: app.id, apiKey: foreign.apiKey }, 'GET', '/users', '401 AUTH_ERR_APIKEY_NOT_FOUND'],
    [{ appId: other.id, apiKey: rest.apiKey }, 'GET', '/users', '401 AUTH_ERR_APIKEY_NOT_FOUND'],
    [{ appId: app.id, apiKey: narrow }, 'GET', '/users', '403 AUTH_ERR_NO_ACCESS'],
    [{ appId: app.id, authToken: 'nonsense' }, 'PUT', '/me', '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND'],
    [{ appId: app.id, authToken: rest.apiKey }, 'PUT', '/me', '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND'],
    [{ appId: other.id, authToken }, 'PUT', '/me', '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND'],
    [{ appId: app.id, authToken, apiKey: rest.apiKey }, 'GET', '/users', '400 ERR_BAD_REQUEST'],
    [{ appId: app.id, authToken, authorization: 'Bearer x' }, 'GET', '/users', '400 ERR_BAD_REQUEST'],
  ]
  for (const [headers, method, path, error] of rows) {
    const caller = createCaller(server.admin, '/v3', headers)
    assert.equal(await caller.fails(method, path), error, `${method} ${path} ${JSON.stringify(headers)}`)
  }
})

test('header names are read in any case, and both versions mean the same', async () => {
  for (const headers of [
    { APPID: app.id, APIKEY: rest.apiKey },
    { appid: app.id, apikey: rest.apiKey },
  ]) {
    for (const version of ['/v3', '/v3.0'] as const) {
      const { uid } = await createCaller(server.admin, version, headers).ok('GET', '/users/ann')
      assert.equal(uid, 'ann')
    }
  }
})

test('an account-wide key works in every app that exists', async () => {
  const wide = createCaller(server.admin, '/v3', { appId: app.id, apiKey: ADMIN.secret })
  assert.equal((await wide.ok('GET', '/users/ann')).uid, 'ann')
})

test('what is unknown is told as such, in the words of the surface, whatever comes with it', async () => {
  const rows: readonly (readonly [method: string, path: string, body?: string, headers?: Headers])[] = [
    ['GET', ''],
    ['GET', '/'],
    ['GET', '/nothing'],
    ['POST', '/user_sessions', '{}', json],
    ['POST', '/me/jwt'],
    ['PATCH', '/users/ann'],
    ['GET', '/users/ann/'],
    ['GET', '/users/ann/friends'],
    ['POST', '/nothing', '{', json],
    ['POST', '/nothing', 'x', { 'content-type': 'text/odd' }],
    ['GET', '/files/upload-url/x/y'],
  ]
  for (const version of ['/v3', '/v3.0'] as const) {
    const caller = createCaller(server.admin, version, { appId: app.id, apiKey: rest.apiKey })
    for (const [method, path, body, headers] of rows) {
      assert.equal(await caller.fails(method, path, body, headers), '404 ERR_API_NOT_FOUND', `${method} ${path}`)
    }
    assert.equal(
      (await caller.call('GET', '/nothing')).error?.message,
      'The API endpoint is invalid. Please verify the API call.',
    )
  }
})

test('neighbours under the same version are not of this surface, nor is what only begins like it', async () => {
  for (const path of ['/v3/media', '/v3/media/x', '/v3/files/x', '/v31/users', '/v3.01/users', '/v3x']) {
    const answer = await server.admin.get(path)
    assert.equal(answer.status, 404)
    assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/, path)
  }
  for (const path of ['/v3.0/media/x', '/v3.0/files/x', '/v3/files/x/y']) {
    assert.equal(replyOf(await server.admin.get(path)).error?.code, 'ERR_API_NOT_FOUND', path)
  }
})

test('bodies come in every form that clients send, and others are told what is wrong', async () => {
  const typed = { 'content-type': 'application/json' }
  assert.equal((await ann.call('GET', '/me', undefined, typed)).status, 200, 'GET with a type and no body')
  assert.equal((await rest.call('GET', '/users/ann', undefined, typed)).status, 200)
  await rest.ok('POST', '/users', { uid: 'gone', name: 'Gone' })
  assert.equal((await rest.call('DELETE', '/users/gone', undefined, typed)).status, 200, 'DELETE without a body')
  await rest.ok('POST', '/users', { uid: 'gone', name: 'Gone' })
  assert.equal((await rest.call('DELETE', '/users/gone', { permanent: true })).status, 200, 'DELETE with a body')
  assert.equal((await rest.call('POST', '/users/ann/auth_tokens', '', { 'content-type': 'text/plain' })).status, 200)
  assert.equal((await rest.call('POST', '/users/ann/auth_tokens', '', { 'content-length': '0' })).status, 200)
  const rows: readonly (readonly [body: string | Buffer, headers: Headers, error: string])[] = [
    ['{', json, '400 ERR_BAD_REQUEST'],
    ['[]', json, '400 ERR_BAD_REQUEST'],
    ['"text"', json, '400 ERR_BAD_REQUEST'],
    ['5', json, '400 ERR_BAD_REQUEST'],
    ['null', json, '400 ERR_BAD_REQUEST'],
    ['{"uid":"x","__proto__":{}}', json, '400 ERR_BAD_REQUEST'],
    [Buffer.from([0x22, 0xff, 0x22]), json, '400 ERR_BAD_REQUEST'],
    ['uid=x', { 'content-type': 'application/x-www-form-urlencoded' }, '400 ERR_BAD_REQUEST'],
    ['uid=x', { 'content-type': 'text/plain' }, '400 ERR_BAD_REQUEST'],
    ['{}', { ...json, 'content-encoding': 'gzip' }, '400 ERR_BAD_REQUEST'],
    [`{"uid":"${'x'.repeat(1_100_000)}"}`, json, '413 ERR_FILE_SIZE_EXCEEDED'],
    [`{"metadata":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, json, '400 ERR_BAD_REQUEST'],
  ]
  for (const [body, headers, error] of rows) {
    assert.equal(await rest.fails('POST', '/users', body, headers), error, String(body).slice(0, 40))
  }
})

test('paths and queries that cannot be read are no fault of the server', async () => {
  const rows: readonly (readonly [path: string, error: string])[] = [
    ['/users/%zz', '400 ERR_BAD_REQUEST'],
    ['/users/%00', '404 ERR_UID_NOT_FOUND'],
    ['/users/%2e%2e', '404 ERR_UID_NOT_FOUND'],
    ['/users/%F0%9F%98%80', '404 ERR_UID_NOT_FOUND'],
    [`/users/${'x'.repeat(1000)}`, '404 ERR_UID_NOT_FOUND'],
    [`/users/${'x'.repeat(4000)}`, '404 ERR_API_NOT_FOUND'],
    ['/groups/%00', '404 ERR_GUID_NOT_FOUND'],
    ['/groups/a%2Fb', '404 ERR_GUID_NOT_FOUND'],
    ['/users?perPage=0', '400 ERR_BAD_REQUEST'],
    ['/users?perPage=1001', '400 ERR_BAD_REQUEST'],
    ['/users?per_page=x', '400 ERR_BAD_REQUEST'],
    ['/users?page=0', '400 ERR_BAD_REQUEST'],
    ['/users?page=-1', '400 ERR_BAD_REQUEST'],
    ['/users?page=99999999999999999999', '400 ERR_BAD_REQUEST'],
    ['/users?page=1000001', '400 ERR_BAD_REQUEST'],
    ['/users?searchKey=%00', '400 ERR_BAD_REQUEST'],
    ['/groups?perPage=1001', '400 ERR_BAD_REQUEST'],
  ]
  for (const [path, error] of rows) assert.equal(await rest.fails('GET', path), error, path.slice(0, 40))
  for (const path of ['/users?nonsense=1&searchKey=%zz', '/users?page=1000000&perPage=1000', '/users?perPage=&page=']) {
    await rest.ok('GET', path)
  }
  for (const path of ['/users?searchKey=%25', "/users?searchKey=';--", '/users?tags=a,b&roles[]=x&roles[]=y']) {
    assert.deepEqual(await rest.ok('GET', path), [], path)
  }
})

test('pages of listed origins may call, and read answers and errors of their own app alone', async () => {
  const origin = (name: string) => ({ origin: `https://${name}.example` })
  const preflight = (headers: Headers, path = '/v3.0/me') =>
    server.admin.as({}).send('OPTIONS', path, {
      headers: {
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'appid,authtoken',
        ...headers,
      },
    })
  for (const name of ['chat', 'other']) {
    const answer = await preflight(origin(name))
    assert.equal(answer.status, 204, name)
    assert.equal(answer.headers['access-control-allow-origin'], `https://${name}.example`)
    assert.equal(answer.headers['access-control-allow-credentials'], undefined)
    assert.match(String(answer.headers.vary), /Origin/)
    const methods = String(answer.headers['access-control-allow-methods']).split(', ')
    assert.deepEqual(methods, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
    const headers = String(answer.headers['access-control-allow-headers']).split(', ')
    assert.deepEqual(headers, [
      'appid',
      'authtoken',
      'apikey',
      'onbehalfof',
      'resource',
      'sdk',
      'content-type',
      'accept',
    ])
  }
  assert.equal((await preflight(origin('chat'), '/v3/nothing/at/all')).status, 204)
  for (const headers of [{}, origin('evil'), { origin: 'null' }]) {
    const answer = await preflight(headers)
    assert.equal(answer.status, 403)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  }
  assert.equal((await preflight(origin('chat'), '/v3/media/x')).headers['access-control-allow-origin'], undefined)

  const allowed = (reply: Awaited<ReturnType<typeof ann.call>>) => reply.answer.headers['access-control-allow-origin']
  assert.equal(allowed(await ann.call('GET', '/me', undefined, origin('chat'))), 'https://chat.example')
  for (const [path, body] of [
    ['/nothing', undefined],
    ['/me?x=%zz', undefined],
    ['/users/%zz', undefined],
    ['/groups', '{'],
  ] as const) {
    const method = body === undefined ? 'GET' : 'POST'
    const reply = await ann.call(method, path, body, { ...origin('chat'), ...json })
    assert.equal(allowed(reply), 'https://chat.example', path)
    assert.match(String(reply.answer.headers.vary), /Origin/)
  }
  const dead = clientOf(app, 'nonsense')
  assert.equal(allowed(await dead.call('GET', '/me', undefined, origin('chat'))), 'https://chat.example')
  assert.equal(allowed(await ann.call('GET', '/me', undefined, origin('other'))), undefined)
  assert.equal(allowed(await bare.call('GET', '/me', undefined, origin('chat'))), undefined, 'no app is named')
  await app.settings({ allowedOrigins: ['https://new.example'] })
  assert.equal((await preflight(origin('new'))).status, 204, 'a new origin counts at once')
  assert.equal(allowed(await ann.call('GET', '/me', undefined, origin('chat'))), undefined)
})

test('one address that guesses is slowed down, and told so', async () => {
  const strict = await startGatehouse({ flags: ['--bad-tokens-per-minute', '5'] })
  const place = await createApp(strict.admin)
  const guess = createCaller(strict.admin, '/v3', { appId: place.id, apiKey: 'guess' })
  const seen = []
  for (let n = 0; n < 8; n++) seen.push(await guess.call('GET', '/users', undefined))
  await strict.stop()
  const last = seen.at(-1)
  assert.equal(`${last?.status} ${last?.error?.code}`, '429 ERR_TOO_MANY_REQUESTS')
  assert.ok(Number(last?.answer.headers['retry-after']) > 0)
})

test('the surface can be left out, and does not start where its clients could not fetch media', async () => {
  const none = await startGatehouse({ flags: ['--surfaces', 'none'] })
  const answer = await none.admin.get('/v3/users')
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/)
  await none.stop()
  for (const flags of [
    ['--public-url', 'https://fat.example'],
    ['--media-url', 'https://media.fathers.example'],
    ['--public-url', 'https://fat.example', '--workers', '2'],
    ['--surfaces', 'nothing'],
  ]) {
    const command = runGatehouse(['serve', '--port', '0', '--data', temporaryFolder(), ...flags])
    const { code } = await command.exited
    assert.equal(code, 1, flags.join(' '))
    assert.match(command.stderr(), /"fat"|There is no surface nothing/)
    assert.doesNotMatch(command.stdout(), /ready/)
  }
  const without = await startGatehouse({ flags: ['--public-url', 'https://fat.example', '--surfaces', 'none'] }).catch(
    (error: unknown) => error,
  )
  assert.ok(!(without instanceof Error), 'without the surface any name will do')
  await (without as Awaited<ReturnType<typeof startGatehouse>>).kill()
})

test('a path that is spelt otherwise is no fault of the server', async () => {
  const { authToken } = ann
  for (const path of ['/v3%2e0/me', '/%763.0/me', '/v%33/me', '/v3.0/m%65', '/v3%2E0/groups/none/members']) {
    const refused = await server.admin.as({}).send('GET', path)
    assert.ok(refused.status >= 400 && refused.status < 500, `${path}: ${refused.text}`)
    const { status, text } = await server.admin.as({ appId: app.id, authToken }).send('POST', path, {
      headers: { 'content-type': 'application/json' },
      body: '{',
    })
    assert.ok(status >= 400 && status < 500, `${path}: ${text}`)
  }
})
