/** The journey of the vendor's main client, 12.5.0, unmodified: apps, keys, people, uploads, media tokens (contract, 9, steps 1 to 8). */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, test } from 'node:test'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose'
import { ADMIN } from './support/gatehouse.ts'
import { refused } from './support/sunshine/client.ts'
import { closed, fileOf, opens, pathOf, picture, startJourney } from './support/sunshine/journey.ts'

const journey = await startJourney({ attachmentsAccess: 'private', attachmentsTokenExpirationSeconds: 60 })
after(() => journey.stop())
const { house, app, account, key, business, as, bare } = journey
await journey.user('ann')
const talk = await journey.conversation('ann')
const KEY = '[A-Za-z0-9_-]{24}'
const HOME = `/apps/${app}`

/** A JWT of the app's key as servers make it, with other parts where they are given. */
const keyJwt = (of: { scope?: string; kid?: string; secret?: string } = {}) =>
  new SignJWT({ scope: of.scope ?? 'app' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: of.kid ?? key.id })
    .setIssuedAt()
    .sign(new TextEncoder().encode(of.secret ?? key.secret))

test('an app keeps its settings, a change leaves the others alone, and one without a name is refused', async () => {
  const given = { attachmentsAccess: 'private', attachmentsTokenExpirationSeconds: 60 }
  const made = (await account.apps.getApp(app)).app
  assert.equal(made.displayName, 'Journey')
  assert.deepEqual({ ...made.settings, ...given }, { ...made.settings })
  const changed = await account.apps.updateApp(app, {
    displayName: 'Renamed',
    settings: { attachmentsAccess: 'public' },
  })
  assert.equal(changed.app.displayName, 'Renamed')
  assert.equal(changed.app.settings.attachmentsAccess, 'public')
  assert.equal(changed.app.settings.attachmentsTokenExpirationSeconds, 60)
  await account.apps.updateApp(app, { settings: { attachmentsAccess: 'private' } })
  assert.equal((await business.apps.getApp(app)).app.settings.attachmentsAccess, 'private')
  const [title] = await refused(account.apps.createApp({ settings: given }), 400, 'bad_request')
  assert.match(title ?? '', /displayName/)
  for (const settings of [{ attachmentsAccess: 'secret' }, { attachmentsTokenExpirationSeconds: 0 }])
    await refused(account.apps.updateApp(app, { settings }), 400, 'bad_request')
})

test('a new app has what the vendor says: public attachments, and tokens for two hours', async () => {
  const made = await account.apps.createApp({ displayName: 'Plain', metadata: { team: 'blue' } })
  assert.deepEqual(made.app.metadata, { team: 'blue' })
  assert.equal(made.app.settings.attachmentsAccess, 'public')
  const { tokens } = await account.attachments.generateMediaJsonWebToken(made.app.id, {
    paths: [`/apps/${made.app.id}`],
  })
  const { iat = 0, exp = 0 } = claimsOf(Object.values(tokens)[0] ?? '')
  assert.equal(exp - iat, 7200)
  assert.equal(await account.apps.deleteApp(made.app.id), '{}')
  await refused(account.apps.getApp(made.app.id), 404, 'app_not_found')
})

test('apps are listed page by page', async () => {
  const more = await Promise.all([1, 2].map((at) => account.apps.createApp({ displayName: `App ${at}` })))
  const seen: string[] = []
  for (let after: string | undefined; ; ) {
    const page: Record<string, string | number> = after === undefined ? { size: 1 } : { after }
    const { apps, meta } = await account.apps.listApps({ page })
    seen.push(...apps.map(({ id }) => id))
    if (!meta.hasMore) break
    after = meta.afterCursor
    assert.ok(after)
  }
  assert.equal(new Set(seen).size, seen.length)
  for (const id of [app, ...more.map((made) => made.app.id)]) assert.ok(seen.includes(id))
  await refused(business.apps.listApps(), 403, 'forbidden')
})

test('a key of the app opens the app by Basic and by a JWT, and nothing else does', async () => {
  assert.match(key.id, /^app_/)
  assert.ok((await account.keys.listAppKeys(app)).keys.some(({ id }) => id === key.id))
  assert.equal((await account.keys.getAppKey(app, key.id)).key.id, key.id)
  assert.equal((await as({ token: await keyJwt() }).users.getUser(app, 'ann')).user.externalId, 'ann')
  const unsigned = [{ alg: 'none', typ: 'JWT', kid: key.id }, { scope: 'app' }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const wrong = [
    { token: `${unsigned}.` },
    { token: await keyJwt({ secret: 'x'.repeat(64) }) },
    { token: await keyJwt({ kid: 'app_nobody' }) },
    { id: key.id, secret: `${key.secret}x` },
    null,
  ]
  for (const credential of wrong) await refused(as(credential).users.getUser(app, 'ann'), 401, 'unauthorized')
  for (const scope of ['account', 'appUser'])
    await refused(as({ token: await keyJwt({ scope }) }).users.getUser(app, 'ann'), 403, 'forbidden')
  await refused(business.keys.createAppKey(app, { displayName: 'more' }), 403, 'forbidden')
  const { id } = (await account.keys.createAppKey(app, { displayName: 'short' })).key
  assert.equal(await account.keys.deleteAppKey(app, id), '{}')
  await refused(account.keys.getAppKey(app, id), 404, 'not_found')
})

test('users and conversations are made and read, twice the same user is a conflict', async () => {
  const { user } = await business.users.createUser(app, { externalId: 'bea', profile: { givenName: 'Bea' } })
  assert.deepEqual([user.externalId, user.profile.givenName], ['bea', 'Bea'])
  for (const name of [user.id, 'bea']) assert.equal((await business.users.getUser(app, name)).user.id, user.id)
  await refused(business.users.createUser(app, { externalId: 'bea' }), 409, 'conflict')
  await refused(business.users.getUser(app, 'nobody'), 404, 'user_not_found')
  const changed = await business.users.updateUser(app, 'bea', { profile: { givenName: 'Beatrix' } })
  assert.equal(changed.user.profile.givenName, 'Beatrix')
  const made = await business.conversations.createConversation(app, {
    type: 'sdkGroup',
    participants: [{ userExternalId: 'ann' }, { userId: user.id }],
    displayName: 'Both',
  })
  const { id, type, displayName } = made.conversation
  assert.deepEqual([type, displayName], ['sdkGroup', 'Both'])
  assert.equal((await business.conversations.getConversation(app, id)).conversation.id, id)
  const { conversations } = await business.conversations.listConversations(app, { userExternalId: 'ann' })
  assert.ok(conversations.some((one) => one.id === id) && conversations.some((one) => one.id === talk))
  const { participants } = await business.participants.listParticipants(app, id)
  assert.deepEqual(participants.map((one) => one.userExternalId).sort(), ['ann', 'bea'])
  assert.equal(await business.participants.leaveConversation(app, id, { userExternalId: 'bea' }), '{}')
  const joined = await business.participants.joinConversation(app, id, { userExternalId: 'bea' })
  assert.equal(joined.participant.userId, user.id)
  await refused(business.conversations.getConversation(app, 'nowhere'), 404, 'conversation_not_found')
})

test('a private upload lies below its conversation, under its own name, and opens to nobody', async () => {
  const url = await journey.picture('spongebob.png', { conversationId: talk })
  assert.match(pathOf(url), new RegExp(`^${HOME}/conversations/${talk}/${KEY}/spongebob\\.png$`))
  closed(await journey.get(url), 401)
})

test('uploads: public ones open, files without a name get one, and what is not allowed is refused', async () => {
  const upload = (access: string, source: Buffer | ReturnType<typeof fileOf>, more = {}) =>
    business.attachments.uploadAttachment(app, access, source, more).then(({ attachment }) => attachment)
  const open = await upload('public', fileOf('a b.png', picture('open')))
  assert.match(pathOf(open.mediaUrl), new RegExp(`^${HOME}/${KEY}/a%20b\\.png$`))
  assert.equal(open.mediaType, 'image/png')
  opens(await journey.get(open.mediaUrl), picture('open'))
  const nameless = await upload('private', picture('nameless'))
  assert.match(pathOf(nameless.mediaUrl), new RegExp(`^${HOME}/${KEY}/${KEY}\\.png$`))
  assert.equal(nameless.mediaType, 'image/png')
  closed(await journey.get(nameless.mediaUrl), 401)
  const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(1022)])
  for (const source of [Buffer.from('hello'), fileOf('run.exe', exe), fileOf('run.png', exe)])
    await refused(upload('private', source), 415, 'unsupported_media_type')
  await refused(upload('bogus', picture('x')), 400, 'bad_request')
  await refused(upload('private', picture('x'), { conversationId: 'nowhere' }), 404, 'conversation_not_found')
  const large = Buffer.concat([picture('large'), Buffer.alloc(51 * 1024 * 1024)])
  await refused(upload('private', fileOf('large.png', large)), 413, 'payload_too_large')
})

test('a media token is issued for each path, with exactly its claims, and anybody can verify it', async () => {
  const url = await journey.picture('three.png', { conversationId: talk })
  const paths = [HOME, `${HOME}/conversations/${talk}`, pathOf(url)]
  const tokens = await journey.tokens(...paths)
  assert.deepEqual(Object.keys(tokens).sort(), [...paths].sort())
  const keys = createLocalJWKSet((await bare.get('/.well-known/jwks.json')).json<JSONWebKeySet>())
  for (const [path, token] of Object.entries(tokens)) {
    const { alg, typ, kid, ...rest } = decodeProtectedHeader(token)
    assert.deepEqual([alg, typ, rest], ['RS512', 'JWT', {}])
    assert.match(kid ?? '', /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/)
    const { payload } = await jwtVerify(token, keys, { algorithms: ['RS512'] })
    assert.deepEqual(Object.keys(payload), ['path', 'exp', 'iat'])
    assert.equal(payload.path, path)
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 60)
  }
})

test('no media token is issued for what cannot be asked for', async () => {
  const issue = (paths: unknown, client = business) => client.attachments.generateMediaJsonWebToken(app, { paths })
  const other = (await account.apps.createApp({ displayName: 'Other' })).app.id
  for (const client of [business, account]) await refused(issue([`/apps/${other}`], client), 403, 'forbidden')
  const malformed = [[], 'x', [1], ['/'], [`${HOME}/`], [`${HOME}/conversations`], [`${HOME}/conversations/..`]]
  const hostile = [`${HOME}/a%2Fb`, `${HOME}?x=1`, `${HOME}#x`, `${HOME}/conversations/${talk}/../x`, `${HOME};Path=/`]
  for (const paths of [...malformed, ...hostile.map((path) => [path])]) await refused(issue(paths), 400, 'bad_request')
  const two = await refused(issue([HOME, '/x', '/y']), 400, 'bad_request')
  assert.equal(two.length, 2)
  await refused(issue([`${HOME}/conversations/nowhere`]), 404, 'conversation_not_found')
  await refused(issue([`${HOME}/${'A'.repeat(24)}/a.png`]), 404, 'not_found')
  await refused(issue(Array.from({ length: 51 }, (_, at) => `${HOME}/conversations/c${at}`)), 400, 'bad_request')
})

test('a key that may write only uploads files and issues no media tokens', async () => {
  const grants = [{ actions: ['write'], resource: HOME }]
  const made = await house.admin.post(`/v1/apps/${app}/keys`, { name: 'writer', grants })
  const writer = as(made.json<{ id: string; secret: string }>())
  const { attachment } = await writer.attachments.uploadAttachment(app, 'private', picture('written'))
  closed(await journey.get(attachment.mediaUrl), 401)
  await refused(writer.attachments.generateMediaJsonWebToken(app, { paths: [HOME] }), 403, 'forbidden')
})

test('a media token is no credential of the API, and a key is none of the cookie', async () => {
  const token = (await journey.tokens(HOME))[HOME] ?? ''
  await refused(as({ token }).users.getUser(app, 'ann'), 401, 'unauthorized')
  await refused(as({ token }).attachments.generateMediaJsonWebToken(app, { paths: [HOME] }), 401, 'unauthorized')
  const [head = '', body = ''] = token.split('.')
  const forged = createHmac('sha256', ADMIN.secret).update(`${head}.${body}`).digest('base64url')
  await refused(as({ token: `${head}.${body}.${forged}` }).attachments.setCookieWithHttpInfo(app), 401, 'unauthorized')
})

function claimsOf(token: string): { iat?: number; exp?: number } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}
