import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { basic } from './support/client.ts'
import { clientOf, createCaller, loginOf, restOf } from './support/cometchat-http.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createApp } from './support/tenant.ts'

const server = await startGatehouse()
after(() => server.stop())
const app = await createApp(server.admin)
const rest = await restOf(app)
const now = () => Math.floor(Date.now() / 1000)
const make = (...uids: readonly string[]) =>
  Promise.all(uids.map((uid) => rest.ok('POST', '/users', { uid, name: uid.toUpperCase() })))

test('a user is made with all that is known of them, and answered in whole seconds', async () => {
  const sent = {
    uid: 'Alice-1_B',
    name: 'Alice',
    avatar: 'https://pictures.example/father.png',
    link: 'https://people.example/alice',
    role: 'teacher',
    statusMessage: 'Here I am',
    metadata: { '@private': { email: 'alice@example.org' } },
    tags: ['one', 'two', 'one'],
  }
  const made = await rest.ok('POST', '/users', { ...sent, withAuthToken: true })
  const { createdAt, updatedAt, authToken, ...shown } = made
  assert.deepEqual(shown, { ...sent, uid: 'alice-1_b', tags: ['one', 'two'], status: 'offline' })
  assert.ok(Number.isInteger(createdAt) && Math.abs(createdAt - now()) < 60 && updatedAt === createdAt)
  assert.match(authToken, /^alice-1_b_\d{10}[0-9a-f]+$/)
  assert.equal((await clientOf(app, authToken).ok('PUT', '/me')).uid, 'alice-1_b')
  const { authToken: _none, ...read } = await rest.ok('GET', '/users/ALICE-1_b')
  assert.deepEqual(read, { ...shown, createdAt, updatedAt })
  assert.equal(_none, undefined, 'only calls about tokens tell one')
  const plain = await rest.ok('POST', '/users', { uid: 'plain', name: 'Plain' })
  assert.deepEqual(Object.keys(plain).sort(), ['createdAt', 'name', 'role', 'status', 'uid', 'updatedAt'])
  assert.equal(plain.role, 'default')
})

test('what is missing, wrong or taken is told by field', async () => {
  await make('taken')
  const rows: readonly (readonly [body: object, field: string | null, sentence: string])[] = [
    [{}, 'uid', 'The uid field is required.'],
    [{ uid: '', name: 'x' }, 'uid', 'The uid field is required.'],
    [{ uid: 'a' }, 'name', 'The name field is required.'],
    [{ uid: 'a', name: ' ' }, 'name', 'The name field is required.'],
    [{ uid: 'a b', name: 'x' }, 'uid', 'The uid may only contain letters, numbers, dashes and underscores.'],
    [{ uid: 'a/b', name: 'x' }, 'uid', 'The uid may only contain letters, numbers, dashes and underscores.'],
    [{ uid: 'x'.repeat(101), name: 'x' }, 'uid', 'The uid may not be greater than 100 characters.'],
    [{ uid: 'a', name: 'x'.repeat(257) }, 'name', 'The name may not be greater than 256 characters.'],
    [{ uid: 'a', name: 'x\u0000y' }, 'name', 'The name format is invalid.'],
    [{ uid: 'a', name: '\ud800' }, 'name', 'The name format is invalid.'],
    [{ uid: 'a', name: ['x'] }, 'name', 'The name must be a string.'],
    [{ uid: 'a', name: 'x', metadata: 'text' }, 'metadata', 'The metadata must be a JSON object.'],
    [
      { uid: 'a', name: 'x', metadata: `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}` },
      'metadata',
      'The metadata is nested',
    ],
    [{ uid: 'a', name: 'x', metadata: [1] }, 'metadata', 'The metadata must be a JSON object.'],
    [{ uid: 'a', name: 'x', metadata: { x: 'x'.repeat(20_000) } }, 'metadata', 'The metadata may not be greater'],
    [
      { uid: 'a', name: 'x', tags: Array.from({ length: 26 }, (_, n) => `t${n}`) },
      'tags',
      'The tags may not have more',
    ],
    [{ uid: 'a', name: 'x', tags: [{}] }, 'tags', 'The tags must be a string.'],
    [{ uid: 'a', name: 'x', role: 'a b' }, 'role', 'The role may only contain'],
    [
      { uid: 'a', name: 'x', withAuthToken: 'perhaps' },
      'withAuthToken',
      'The with auth token field must be true or false.',
    ],
    [{ uid: 'TAKEN', name: 'x' }, null, 'The user with UID taken already exists, please choose another UID.'],
  ]
  for (const [body, field, sentence] of rows) {
    const { status, error } = await rest.call('POST', '/users', body)
    const what = JSON.stringify(body).slice(0, 60)
    if (field === null) {
      assert.deepEqual([status, error?.code, error?.message], [409, 'ERR_UID_ALREADY_EXISTS', sentence], what)
      continue
    }
    assert.deepEqual([status, error?.code, Object.keys(error?.details ?? {})], [400, 'ERR_BAD_REQUEST', [field]], what)
    assert.ok(error?.details[field]?.[0]?.startsWith(sentence), `${what}: ${error?.details[field]?.[0]}`)
  }
  assert.equal(await rest.fails('GET', '/users/a'), '404 ERR_UID_NOT_FOUND', 'nothing was made on the way')
})

test('a user is changed, parts are taken away, and the rest stays', async () => {
  await rest.ok('POST', '/users', { uid: 'carl', name: 'Carl', avatar: 'https://a', link: 'https://l', tags: ['t'] })
  await rest.ok('PUT', '/users/carl', { metadata: '{"as":"text"}', role: 'guest' })
  const changed = await rest.ok('PUT', '/users/CARL', { name: 'Charles', unset: ['avatar', 'role'], authToken: 'x' })
  const { createdAt: _made, updatedAt: _changed, ...shown } = changed
  assert.deepEqual(shown, {
    uid: 'carl',
    name: 'Charles',
    link: 'https://l',
    role: 'default',
    status: 'offline',
    metadata: { as: 'text' },
    tags: ['t'],
  })
  const bare = await rest.ok('PUT', '/users/carl', { unset: ['tags', 'metadata', 'link', 'unknown'] })
  assert.deepEqual([bare.tags, bare.metadata, bare.link, bare.name], [undefined, undefined, undefined, 'Charles'])
  assert.equal(await rest.fails('PUT', '/users/nobody', { name: 'x' }), '404 ERR_UID_NOT_FOUND')
  assert.equal(await rest.fails('PUT', '/users/carl', { name: '' }), '400 ERR_BAD_REQUEST')
  assert.equal(await rest.fails('PUT', '/users/carl', { unset: 7 }), '400 ERR_BAD_REQUEST')
})

test('tokens that people copy along with our own URLs are never kept', async () => {
  const media = `${server.url}/apps/${app.id}/0123456789abcdefghijklmn/me.png`
  const stolen = { avatar: `${media}?fat=stolen`, metadata: { deep: [`see ${media}?t=stolen#x`] } }
  const made = await rest.ok('POST', '/users', { uid: 'copy', name: 'Copy', ...stolen })
  assert.deepEqual([made.avatar, made.metadata], [media, { deep: [`see ${media}`] }])
  const changed = await rest.ok('PUT', '/users/copy', {
    avatar: `${media}?fat=again`,
    link: 'https://a.example/?t=kept',
  })
  assert.deepEqual([changed.avatar, changed.link], [media, 'https://a.example/?t=kept'])
  const group = await rest.ok('POST', '/groups', {
    guid: 'copy',
    name: 'G',
    type: 'public',
    icon: `${media}?fat=stolen`,
  })
  assert.equal(group.icon, media)
})

test('a deleted user is gone with their sessions, and the uid is free for another', async () => {
  await make('dora')
  const dora = await loginOf(app, rest, 'dora')
  const gone = await rest.ok('DELETE', '/users/dora', { permanent: true })
  assert.deepEqual(gone, { success: true, message: 'User with dora has been deleted successfully.' })
  const missing = await rest.call('GET', '/users/dora')
  assert.deepEqual([missing.status, missing.error?.code], [404, 'ERR_UID_NOT_FOUND'])
  assert.equal(
    missing.error?.message,
    'The UID dora does not exist, please make sure you have created a user with UID dora.',
  )
  assert.equal(await rest.fails('DELETE', '/users/dora'), '404 ERR_UID_NOT_FOUND')
  assert.equal(await dora.fails('GET', '/me'), '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  await make('dora')
  assert.equal(await dora.fails('GET', '/me'), '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND', 'it is another user')
})

test('users are listed by page, by what is known of them, and by whether they are active', async () => {
  const place = await createApp(server.admin)
  const own = await restOf(place)
  for (let n = 0; n < 7; n++) {
    await own.ok('POST', '/users', {
      uid: `user${n}`,
      name: n === 3 ? 'Special 100%' : `Name ${n}`,
      ...(n < 2 && { role: 'vip' }),
      ...(n === 6 && { role: 'guest' }),
      ...(n > 4 && { tags: ['late', `n${n}`] }),
    })
  }
  await own.ok('DELETE', '/users', { uidsToDeactivate: ['user6'] })
  const listed = async (query: string) => {
    const { status, data, meta } = await own.call('GET', `/users?${query}`)
    assert.equal(status, 200, query)
    return { uids: data.map(({ uid }: { uid: string }) => uid.slice(4)).join(''), ...meta.pagination }
  }
  assert.deepEqual(await listed('perPage=2&page=2'), {
    uids: '23',
    total: 6,
    count: 2,
    per_page: 2,
    current_page: 2,
    total_pages: 3,
  })
  const rows: readonly (readonly [query: string, uids: string, total: number])[] = [
    ['', '012345', 6],
    ['page=9', '', 6],
    ['withDeactivated=true', '0123456', 7],
    ['onlyDeactivated=1', '6', 1],
    ['withDeactivated=false', '012345', 6],
    ['searchKey=SPECIAL', '3', 1],
    ['searchKey=user4', '4', 1],
    ['searchKey=100%25', '3', 1],
    ['searchKey=_', '', 0],
    ['role=vip', '01', 2],
    ['roles[]=vip&roles[]=guest&withDeactivated=1', '016', 3],
    ['tags=late', '5', 1],
    ['tags=n5,n6&withDeactivated=1', '56', 2],
    ['per_page=3&page=2&sdk=whatever', '345', 6],
  ]
  for (const [query, uids, total] of rows) {
    const found = await listed(query)
    assert.deepEqual([found.uids, found.total], [uids, total], query)
  }
  const client = await loginOf(place, own, 'user0')
  const seen = await client.call('GET', '/users?per_page=3&page=1&withDeactivated=1&onlyDeactivated=1')
  assert.deepEqual([seen.data.length, seen.meta.pagination.total, seen.meta.pagination.total_pages], [3, 6, 2])
  assert.equal(await client.fails('GET', '/users/user6'), '404 ERR_UID_NOT_FOUND')
  assert.ok((await own.ok('GET', '/users/user6')).deactivatedAt > 0, 'servers see those who are deactivated')
  assert.equal((await client.ok('GET', '/users/user5')).uid, 'user5')
})

test('deactivating tells for each uid what came of it, ends nothing, and activating gives everything back', async () => {
  await make('eve', 'finn', 'gil')
  const eve = await loginOf(app, rest, 'eve')
  assert.deepEqual(await rest.ok('DELETE', '/users', { uidsToDeactivate: ['EVE', 'nobody', 'finn'] }), {
    deactivatedUids: ['EVE', 'finn'],
    notFound: ['nobody'],
  })
  assert.deepEqual(await rest.ok('DELETE', '/users', { uidsToDeactivate: ['eve'] }), {
    alreadyDeactivatedUids: ['eve'],
  })
  for (const [method, path] of [
    ['GET', '/me'],
    ['PUT', '/me'],
    ['GET', '/users'],
    ['GET', '/groups'],
    ['DELETE', '/me'],
    ['GET', '/settings'],
  ] as const) {
    assert.equal(await eve.fails(method, path), '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND', `${method} ${path}`)
  }
  const refused = await rest.call('POST', '/users/eve/auth_tokens')
  assert.deepEqual([refused.status, refused.error?.code], [404, 'ERR_UID_NOT_FOUND'])
  assert.equal(await rest.fails('GET', '/groups', undefined, { onBehalfOf: 'eve' }), '404 ERR_UID_NOT_FOUND')
  assert.equal(await rest.fails('GET', '/groups', undefined, { onBehalfOf: 'nobody' }), '404 ERR_UID_NOT_FOUND')
  assert.deepEqual(await rest.ok('PUT', '/users', { uidsToActivate: ['eve', 'gil', 'nobody'] }), {
    reactivatedUids: ['eve'],
    nonDeactivatedUids: ['gil'],
    notFound: ['nobody'],
  })
  assert.equal((await eve.ok('PUT', '/me')).authToken, eve.authToken, 'the same token')
  const many = Array.from({ length: 26 }, (_, n) => `u${n}`)
  for (const [method, body] of [
    ['DELETE', undefined],
    ['DELETE', {}],
    ['DELETE', { uidsToDeactivate: [] }],
    ['DELETE', { uidsToDeactivate: many }],
    ['DELETE', { uidsToDeactivate: [5, {}] }],
    ['PUT', { uidsToActivate: many }],
    ['PUT', { uidsToDeactivate: ['eve'] }],
  ] as const) {
    assert.equal(await rest.fails(method, '/users', body), '400 ERR_BAD_REQUEST', JSON.stringify(body))
  }
  const { error } = await rest.call('PUT', '/users', {})
  assert.equal(error?.details.uidsToActivate?.[0], 'The uids to activate field is required.')
})

test('login answers the session that the client keeps, with what it builds its addresses from', async () => {
  await make('hal')
  const hal = await loginOf(app, rest, 'hal')
  const body = { platform: 'WEB', deviceId: 'x', appInfo: { version: '4.2.0', apiVersion: 'v3.0', userAgent: 'x' } }
  const session = await hal.ok('PUT', '/me', body)
  assert.deepEqual([session.uid, session.name, session.role, session.status], ['hal', 'HAL', 'default', 'available'])
  assert.equal(session.authToken, hal.authToken)
  const host = server.url.replace('http://', '')
  const { settings } = session
  for (const name of ['CLIENT_API_HOST', 'ADMIN_API_HOST', 'CHAT_HOST', 'MAIN_DOMAIN', 'EXTENSION_DOMAIN']) {
    assert.equal(settings[name], host, name)
  }
  assert.deepEqual(
    [settings.CHAT_API_VERSION, settings.MODE, settings.APP_VERSION, settings.ANALYTICS_PING_DISABLED],
    ['v3.0', 'DEFAULT', 4, true],
  )
  assert.deepEqual([settings['file.size.max'], settings['file.count.max'], settings.extensions], [104857600, 10, []])
  assert.ok(
    ['CHAT_WSS_PORT', 'WS_API_VERSION', 'REGION', 'settingsHash', 'settingsHashReceivedAt'].every((n) => n in settings),
  )
  assert.ok(!('fat' in session) && !('SECURED_MEDIA_HOST' in settings), 'each URL brings its own token')
  assert.deepEqual(
    { ...(await hal.ok('GET', '/settings')), settingsHashReceivedAt: 0 },
    { ...settings, settingsHashReceivedAt: 0 },
  )
  assert.equal((await rest.ok('GET', '/settings')).CLIENT_API_HOST, host)
  assert.equal((await hal.ok('GET', '/me')).uid, 'hal')

  await app.settings({ cometchatLinks: 'session', maxUploadBytes: 5000 })
  const again = await hal.ok('PUT', '/me', body)
  assert.match(again.fat, /^[A-Za-z0-9_-]{20,64}$/)
  assert.equal(again.settings.SECURED_MEDIA_HOST, host)
  assert.equal(again.settings['file.size.max'], 5000)
  assert.equal((await hal.ok('GET', '/me')).fat, again.fat, 'the same for the whole session')
  const other = await loginOf(app, rest, 'hal')
  assert.notEqual((await other.ok('PUT', '/me')).fat, again.fat, 'another session, another pass')
  assert.equal(await clientOf(app, again.fat).fails('GET', '/me'), '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  assert.equal(
    await createCaller(app.bare, '/v3', { appId: app.id, apiKey: again.fat }).fails('GET', '/users'),
    '401 AUTH_ERR_APIKEY_NOT_FOUND',
  )
  await app.settings({ cometchatLinks: null, maxUploadBytes: null })
})

test('logout ends this session and no other', async () => {
  await make('ida')
  const [one, two] = [await loginOf(app, rest, 'ida'), await loginOf(app, rest, 'ida')]
  const answer = await one.ok('DELETE', '/me')
  assert.ok(answer.success === true && typeof answer.message === 'string')
  assert.equal(await one.fails('GET', '/me'), '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  assert.equal((await two.ok('GET', '/me')).uid, 'ida')
})

test('auth tokens are made, listed without being told, looked up and ended', async () => {
  await make('joe', 'kim')
  const made = await rest.ok('POST', '/users/JOE/auth_tokens', { platform: 'WEB', force: true })
  assert.deepEqual(Object.keys(made).sort(), ['authToken', 'createdAt', 'uid'])
  assert.deepEqual([made.uid, typeof made.createdAt], ['joe', 'number'])
  const second = await loginOf(app, rest, 'joe')
  const path = '/users/joe/auth_tokens'
  const { data: listed, answer } = await rest.call('GET', path)
  assert.equal(listed.length, 2)
  assert.ok(!answer.text.includes(made.authToken) && !answer.text.includes(second.authToken))
  const read = await rest.ok('GET', `${path}/${made.authToken}`)
  assert.deepEqual([read.uid, read.authToken, read.createdAt], ['joe', made.authToken, made.createdAt])
  assert.equal((await rest.ok('PUT', `${path}/${made.authToken}`, { platform: 'X' })).authToken, made.authToken)
  for (const wrong of [`/users/kim/auth_tokens/${made.authToken}`, `${path}/nonsense`]) {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      assert.equal(await rest.fails(method, wrong), '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND', `${method} ${wrong}`)
    }
  }
  assert.equal((await rest.ok('DELETE', `${path}/${made.authToken}`)).success, true)
  assert.equal(await clientOf(app, made.authToken).fails('GET', '/me'), '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  assert.equal((await second.ok('GET', '/me')).uid, 'joe')
  const [{ id }] = await rest.ok('GET', path)
  assert.equal((await rest.ok('GET', `${path}/${id}`)).uid, 'joe', 'what a list shows is enough to end it')
  assert.equal((await rest.ok('DELETE', path)).success, true)
  assert.equal(await second.fails('GET', '/me'), '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  assert.equal((await rest.ok('DELETE', path)).success, true, 'none to end is no error')
  assert.deepEqual(await rest.ok('GET', path), [])
  assert.equal(await rest.fails('POST', '/users/nobody/auth_tokens'), '404 ERR_UID_NOT_FOUND')
  assert.equal(await rest.fails('GET', '/users/nobody/auth_tokens'), '404 ERR_UID_NOT_FOUND')
})

test('the newest hundred tokens of a user are kept', async () => {
  await make('lea')
  const tokens: string[] = []
  for (let n = 0; n < 102; n++) tokens.push((await rest.ok('POST', '/users/lea/auth_tokens')).authToken)
  const works = async (n: number) => (await clientOf(app, tokens.at(n) ?? '').call('GET', '/me')).status
  assert.deepEqual(await Promise.all([0, 1, 2, 101].map(works)), [401, 401, 200, 200])
  assert.equal((await rest.ok('GET', '/users/lea/auth_tokens')).length, 100)
})

test('API keys are made in two scopes, shown whole once, changed and ended', async () => {
  const made = await rest.ok('POST', '/apikeys', { name: 'Login server', scope: 'authOnly' })
  assert.ok(made.apiKey.length > 20)
  assert.deepEqual([made.name, made.scope, typeof made.createdAt], ['Login server', 'authOnly', 'number'])
  const auth = createCaller(app.bare, '/v3', { appId: app.id, apiKey: made.apiKey })
  await auth.ok('POST', '/users', { uid: 'mia', name: 'Mia', withAuthToken: true })
  assert.equal((await auth.ok('POST', '/users/mia/auth_tokens')).uid, 'mia')
  for (const [method, path, body] of [
    ['GET', '/users'],
    ['GET', '/users/mia'],
    ['PUT', '/users/mia', { name: 'x' }],
    ['DELETE', '/users/mia'],
    ['DELETE', '/users', { uidsToDeactivate: ['mia'] }],
    ['GET', '/users/mia/auth_tokens'],
    ['DELETE', '/users/mia/auth_tokens'],
    ['POST', '/groups', { guid: 'x', name: 'x', type: 'public' }],
    ['GET', '/groups'],
    ['GET', '/apikeys'],
    ['POST', '/apikeys', { name: 'x', scope: 'fullAccess' }],
  ] as const) {
    assert.equal(await auth.fails(method, path, body), '403 AUTH_ERR_NO_ACCESS', `${method} ${path}`)
  }
  const native = app.bare.as(basic(made.id, made.apiKey))
  const begun = await native.post(`${app.base}/users/mia/logins`)
  assert.equal(begun.status, 201, 'the same by the native API')
  assert.equal((await clientOf(app, begun.json<{ token: string }>().token).ok('GET', '/me')).uid, 'mia')
  for (const path of ['/users/mia', '/users/mia/logins', '/attachments']) {
    assert.equal((await native.get(app.base + path)).status, 403, path)
  }
  for (const [path, body] of [
    ['/tokens', { subject: 'mia', grants: [{ actions: ['read'], resource: `/apps/${app.id}` }] }],
    ['/media-tokens', { paths: [`/apps/${app.id}`] }],
    ['/keys', { name: 'x' }],
  ] as const) {
    assert.equal((await native.post(app.base + path, body)).status, 403, path)
  }
  const { data: listed, answer } = await rest.call('GET', '/apikeys')
  assert.ok(!answer.text.includes(made.apiKey) && !answer.text.includes(rest.apiKey))
  assert.deepEqual(listed.map(({ scope }: { scope: string }) => scope).sort(), ['authOnly', 'fullAccess'])
  const shown = await rest.ok('GET', `/apikeys/${made.apiKey}`)
  assert.ok(shown.name === 'Login server' && !JSON.stringify(shown).includes(made.apiKey))

  const wider = await rest.ok('PUT', `/apikeys/${made.apiKey}`, { name: 'Backend', scope: 'fullAccess' })
  assert.deepEqual([wider.name, wider.scope], ['Backend', 'fullAccess'])
  await auth.ok('GET', '/users')
  await rest.ok('PUT', `/apikeys/${shown.id}`, { scope: 'authOnly' })
  assert.equal(await auth.fails('GET', '/users'), '403 AUTH_ERR_NO_ACCESS', 'in force at once')

  for (const [body, field] of [
    [{ scope: 'authOnly' }, 'name'],
    [{ name: 'x' }, 'scope'],
    [{ name: 'x', scope: 'all' }, 'scope'],
  ] as const) {
    assert.deepEqual(Object.keys((await rest.call('POST', '/apikeys', body)).error?.details ?? {}), [field])
  }
  assert.equal((await rest.ok('DELETE', `/apikeys/${made.apiKey}`)).success, true)
  assert.equal(await auth.fails('POST', '/users/mia/auth_tokens'), '401 AUTH_ERR_APIKEY_NOT_FOUND')
  for (const method of ['GET', 'PUT', 'DELETE']) {
    assert.equal(await rest.fails(method, `/apikeys/${made.apiKey}`), '401 AUTH_ERR_APIKEY_NOT_FOUND')
  }
})
