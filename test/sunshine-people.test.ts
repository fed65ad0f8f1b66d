import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { targetOf } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { accountOf, createSunshineApp, makeUsers } from './support/sunshine-http.ts'
import { formOf, PNG } from './support/sunshine-media.ts'
import { createApp, openApp } from './support/tenant.ts'

/** Users of the surface, and how they are merged (contract, sections 2.2, 2.3 and 3.4). */

const server = await startGatehouse()
after(() => server.stop())
const account = accountOf(server.admin)
const ID = /^[0-9a-f]{24}$/
const bad = (title: string) => `400 bad_request: ${title}`
const NO_USER = '404 user_not_found: User not found'
const NO_CONVERSATION = '404 conversation_not_found: Conversation not found'

test('a user is made, found by either id, changed and deleted', async () => {
  const { id: app, home, v2 } = await createSunshineApp(server.admin)
  const sent = {
    externalId: 'ann@example.org',
    signedUpAt: '2024-02-03T04:05:06Z',
    profile: { givenName: 'Ann', surname: 'Lee', email: 'ann@example.org', unknown: 'x' },
    metadata: { vip: true },
  }
  const { user } = await v2.ok('POST', `${home}/users`, sent)
  const { id, ...shown } = user
  assert.match(id, ID)
  assert.deepEqual(shown, {
    externalId: 'ann@example.org',
    signedUpAt: '2024-02-03T04:05:06.000Z',
    profile: { givenName: 'Ann', surname: 'Lee', email: 'ann@example.org' },
    metadata: { vip: true },
    identities: [],
  })
  assert.deepEqual((await v2.ok('GET', `${home}/users/${encodeURIComponent(sent.externalId)}`)).user, user)
  assert.deepEqual((await v2.ok('GET', `${home}/users/${id}`)).user, user)
  const native = await server.admin.get(`/v1/apps/${app}/users/${encodeURIComponent(sent.externalId)}`)
  assert.equal(native.json<{ name: string }>().name, 'Ann Lee')
  const patch = { profile: { surname: null, locale: 'en-US' }, metadata: { age: 7 } }
  const changed = (await v2.ok('PATCH', `${home}/users/${id}`, patch)).user
  assert.deepEqual(changed.profile, { givenName: 'Ann', email: 'ann@example.org', locale: 'en-US' })
  assert.deepEqual([changed.metadata, changed.signedUpAt], [{ vip: true, age: 7 }, '2024-02-03T04:05:06.000Z'])
  assert.equal(await v2.fails('POST', `${home}/users`, sent), '409 conflict: User already exists')
  assert.deepEqual(await v2.ok('DELETE', `${home}/users/${id}`), {})
  assert.equal(await v2.fails('GET', `${home}/users/${id}`), NO_USER)
  assert.equal(await v2.fails('DELETE', `${home}/users/${id}`), NO_USER)
  const again = (await v2.ok('POST', `${home}/users`, { externalId: sent.externalId })).user
  assert.notEqual(again.id, id, 'whoever comes later is another')
  assert.deepEqual([again.profile, again.metadata, again.signedUpAt], [{}, {}, null])
})

test('personal information is cleared, and nothing else', async () => {
  const { id: app, home, v2 } = await createSunshineApp(server.admin)
  const profile = { givenName: 'Ann', surname: 'Lee', email: 'ann@example.org', avatarUrl: 'https://a.example/a.png' }
  const sent = { externalId: 'ann', signedUpAt: '2024-02-03T04:05:06Z', profile: { ...profile, locale: 'en-US' } }
  const { user } = await v2.ok('POST', `${home}/users`, { ...sent, metadata: { vip: true } })
  const participants = [{ userId: user.id }]
  const { conversation } = await v2.ok('POST', `${home}/conversations`, { type: 'personal', participants })
  const messages = `${home}/conversations/${conversation.id}/messages`
  const author = { type: 'user', userId: user.id }
  await v2.ok('POST', messages, { author, content: { type: 'text', text: 'hello' } })
  const cleared = { ...user, profile: { locale: 'en-US' }, metadata: {} }
  assert.deepEqual((await v2.ok('DELETE', `${home}/users/ann/personalinformation`)).user, cleared)
  assert.deepEqual((await v2.ok('GET', `${home}/users/${user.id}`)).user, cleared)
  assert.equal((await server.admin.get(`/v1/apps/${app}/users/ann`)).json<{ name: string | null }>().name, null)
  assert.equal((await v2.ok('GET', messages)).messages.length, 1)
  assert.equal(await v2.fails('DELETE', `${home}/users/eve/personalinformation`), NO_USER)
})

test("a user's id is nobody else's, whatever external ids are chosen", async () => {
  const [app, other] = [await createSunshineApp(server.admin), await createSunshineApp(server.admin)]
  const [ann] = await makeUsers(app.v2, app.home, 'ann')
  await makeUsers(app.v2, app.home, ann.id)
  assert.equal((await app.v2.ok('GET', `${app.home}/users/${ann.id}`)).user.externalId, 'ann')
  assert.equal(await other.v2.fails('GET', `${other.home}/users/${ann.id}`), NO_USER)
  assert.equal(await app.v2.fails('GET', `${app.home}/users/${ann.id.slice(0, 12)}0000000fffff`), NO_USER)
})

test('what is wrong with a user is told', async () => {
  const { home, v2 } = await createSunshineApp(server.admin)
  const rows: readonly (readonly [body: object, error: string])[] = [
    [{}, bad("should have required property 'externalId'")],
    [{ externalId: '' }, bad("'externalId' should NOT be shorter than 1 characters")],
    [{ externalId: 'a/b' }, bad("'externalId' should be 1 to 128 characters without / \\ % and control characters")],
    [{ externalId: '..' }, bad("'externalId' should be 1 to 128 characters without / \\ % and control characters")],
    [{ externalId: '\ud800' }, bad("'externalId' should not hold control characters")],
    [{ externalId: 'x', profile: 'x' }, bad("'profile' should be object")],
    [{ externalId: 'x', profile: { email: 1 } }, bad("'email' should be string")],
    [{ externalId: 'x', signedUpAt: 'soon' }, bad('\'signedUpAt\' should match format "date-time"')],
    [{ externalId: 'x', metadata: { a: [] } }, bad("'metadata.a' should be string, number or boolean")],
  ]
  for (const [body, error] of rows) assert.equal(await v2.fails('POST', `${home}/users`, body), error)
  assert.equal(await v2.fails('GET', `${home}/users/x`), NO_USER, 'nothing of a wrong one is kept')
})

test('under v1.1 users have other names, and times as they were sent', async () => {
  const { home, old, v2 } = await createSunshineApp(server.admin)
  const sent = {
    userId: 'ann',
    givenName: 'Ann',
    surname: 'Lee',
    email: 'ann@example.org',
    signedUpAt: '2024-02-03T04:05:06Z',
    properties: { vip: true },
  }
  const { appUser } = await old.ok('POST', '/appusers', sent)
  const { _id, ...shown } = appUser
  assert.deepEqual(shown, { ...sent, signedUpAt: '2024-02-03T04:05:06.000Z', conversationStarted: false, clients: [] })
  const { user } = await v2.ok('GET', `${home}/users/${_id}`)
  assert.deepEqual([user.externalId, user.profile.surname, user.metadata], ['ann', 'Lee', { vip: true }])
  assert.equal(await old.fails('POST', '/appusers', sent), '409 conflict: User already exists')
  assert.deepEqual((await old.ok('GET', '/appusers/ann')).appUser, appUser)
  await old.ok('POST', '/appusers/ann/messages', { role: 'appUser', type: 'text', text: 'hello' })
  const changes = { surname: null, email: 'a@example.org', properties: { vip: null, age: 7 } }
  const changed = (await old.ok('PUT', `/appusers/${_id}`, changes)).appUser
  const { surname: _, ...rest } = appUser
  assert.deepEqual(changed, { ...rest, email: 'a@example.org', properties: { age: 7 }, conversationStarted: true })
  assert.deepEqual((await old.ok('GET', `/appusers/${_id}`)).appUser, changed)
  assert.equal(await old.fails('GET', '/appusers/eve'), NO_USER)
  assert.equal(await old.fails('PUT', '/appusers/eve', changes), NO_USER)
  assert.deepEqual(await old.ok('DELETE', `/appusers/${_id}`), {})
  assert.equal(await old.fails('DELETE', '/appusers/ann'), NO_USER)
})

test('merging users merges their default conversations and hands over the others', async () => {
  const { id: app, home, old, v2 } = await createSunshineApp(server.admin)
  const [ann, bob] = await makeUsers(v2, home, 'ann', 'bob')
  const talk = async (user: string) =>
    (await v2.ok('POST', `${home}/conversations`, { type: 'personal', participants: [{ userId: user }] })).conversation
      .id
  const [home1, home2, second] = [await talk(ann.id), await talk(bob.id), await talk(bob.id)]
  const group = await v2.ok('POST', `${home}/conversations`, { type: 'sdkGroup', participants: [{ userId: bob.id }] })
  const answer = await old.call('POST', '/appusers/merge', { surviving: { _id: ann.id }, discarded: { _id: bob.id } })
  assert.deepEqual([answer.status, answer.text], [200, '{}'])
  assert.equal(await v2.fails('GET', `${home}/users/${bob.id}`), NO_USER)
  assert.equal(await v2.fails('GET', `${home}/conversations/${home2}`), NO_CONVERSATION)
  const native = await server.admin.get(`/v1/apps/${app}/conversations/${home1}`)
  assert.deepEqual(native.json<{ members: string[]; mergedFrom: string[] }>().mergedFrom, [home2])
  assert.deepEqual(native.json<{ members: string[] }>().members, ['ann'])
  const { conversations } = await v2.ok('GET', `${home}/conversations?filter[userId]=${ann.id}`)
  const found = conversations.map((one: { id: string; isDefault: boolean }) => [one.id, one.isDefault])
  assert.deepEqual(
    new Map(found),
    new Map([
      [home1, true],
      [second, false],
      [group.conversation.id, false],
    ]),
  )
  for (const id of [second, group.conversation.id]) {
    const { participants } = await v2.ok('GET', `${home}/conversations/${id}/participants`)
    assert.deepEqual(
      participants.map(({ userId }: { userId: string }) => userId),
      [ann.id],
    )
  }
  assert.equal(
    await old.fails('POST', '/appusers/merge', { surviving: { _id: ann.id }, discarded: { userId: 'ann' } }),
    bad('A user cannot be merged with itself'),
  )
  assert.equal(
    await old.fails('POST', '/appusers/merge', { surviving: { _id: ann.id } }),
    bad("should have required property 'discarded'"),
  )
  assert.equal(
    await old.fails('POST', '/appusers/merge', { surviving: { _id: ann.id }, discarded: { _id: bob.id } }),
    NO_USER,
  )
})

test('old links of a user who was merged away follow the status of the survivor (D12)', async () => {
  const { id: app, home, old, v2 } = await createSunshineApp(server.admin, { attachmentsAccess: 'private' })
  const [ann, bob, cid] = await makeUsers(v2, home, 'ann', 'bob', 'cid')
  const { conversation } = await v2.ok('POST', `${home}/conversations`, {
    ...{ type: 'personal', participants: [{ userId: bob.id }] },
  })
  const native = openApp(server.admin, app)
  const file = await native.upload(Buffer.from('for bob'), { conversation: conversation.id, access: 'private' })
  const link = await native.link(file.id, 'bob')
  const opens = async () => (await native.bare.get(link)).status
  await old.ok('POST', '/appusers/merge', { surviving: { _id: ann.id }, discarded: { _id: bob.id } })
  assert.equal(await opens(), 200)
  await old.ok('POST', '/appusers/merge', { surviving: { _id: cid.id }, discarded: { _id: ann.id } })
  await native.deactivate('cid')
  assert.equal(await opens(), 401)
  await native.activate('cid')
  assert.equal(await opens(), 200)
  assert.equal((await native.bare.get(await native.link(file.id, 'cid'))).status, 200)
  assert.deepEqual(await old.ok('DELETE', `/appusers/${cid.id}`), {})
  assert.equal(await opens(), 401)
})

test('users who are merged keep what the survivor has, and what is missing of the other, up to 4096 bytes of metadata', async () => {
  const { home, old, v2 } = await createSunshineApp(server.admin)
  const make = async (externalId: string, profile: object, metadata: object) =>
    (await v2.ok('POST', `${home}/users`, { externalId, profile, metadata })).user.id
  const into = await make('ann', { givenName: 'Ann', locale: 'de' }, { plan: 3, long: 'x'.repeat(3000) })
  const other = { plan: 1, vip: true, longer: 'y'.repeat(3000) }
  const from = await make('anonymous', { givenName: 'Nobody', email: 'ann@example.com' }, other)
  await old.ok('POST', '/appusers/merge', { surviving: { _id: into }, discarded: { _id: from } })
  const { user } = await v2.ok('GET', `${home}/users/ann`)
  const { givenName, email, locale } = user.profile
  assert.deepEqual([givenName, email, locale], ['Ann', 'ann@example.com', 'de'])
  assert.deepEqual(user.metadata, { plan: 3, long: 'x'.repeat(3000), vip: true })
  assert.notEqual((await v2.ok('POST', `${home}/users`, { externalId: 'anonymous' })).user.id, from)
})

test('deleting a survivor takes along files for messages sent under the other name, but not of whoever has it by then', async () => {
  const { home, old, v2 } = await createSunshineApp(server.admin)
  const [ann, bob, eve] = await makeUsers(v2, home, 'ann', 'bob', 'eve')
  const participants = [ann, bob, eve].map(({ id: userId }) => ({ userId }))
  const { conversation } = await v2.ok('POST', `${home}/conversations`, { type: 'sdkGroup', participants })
  const send = async (userExternalId: string) => {
    const { headers, body } = formOf([{ name: 'source', value: PNG, type: 'image/png', filename: 'a.png' }])
    const query = `access=public&for=message&conversationId=${conversation.id}`
    const { attachment } = await v2.ok('POST', `${home}/attachments?${query}`, body, headers)
    const content = { type: 'image', mediaUrl: attachment.mediaUrl }
    await v2.ok('POST', `${home}/conversations/${conversation.id}/messages`, {
      ...{ author: { type: 'user', userExternalId }, content },
    })
    return targetOf(attachment.mediaUrl)
  }
  const files = [await send('ann'), await send('bob'), await send('eve')]
  const there = () => Promise.all(files.map(async (file) => (await server.admin.as({}).get(file)).status))
  await old.ok('POST', '/appusers/merge', { surviving: { _id: ann.id }, discarded: { _id: bob.id } })
  assert.deepEqual(await there(), [200, 200, 200])
  await old.ok('POST', '/appusers/merge', { surviving: { _id: ann.id }, discarded: { _id: eve.id } })
  await makeUsers(v2, home, 'eve')
  await v2.ok('DELETE', `${home}/users/${ann.id}`)
  assert.deepEqual(
    (await there()).map((status) => status === 200),
    [false, false, true],
  )
})

test('a user without a default conversation gets one by merging', async () => {
  const { home, old, v2 } = await createSunshineApp(server.admin)
  const [ann, bob] = await makeUsers(v2, home, 'ann', 'bob')
  const made = await v2.ok('POST', `${home}/conversations`, { type: 'personal', participants: [{ userId: bob.id }] })
  await old.ok('POST', `${home}/appusers/merge`, { surviving: { userId: 'ann' }, discarded: { userId: 'bob' } })
  const { conversations } = await v2.ok('GET', `${home}/conversations?filter[userId]=${ann.id}`)
  assert.equal(conversations.length, 1)
  assert.equal(conversations[0].isDefault, true)
  assert.notEqual(conversations[0].id, made.conversation.id)
})

test('what was made natively is there, too', async () => {
  const native = await createApp(server.admin)
  await native.conversation('direct', ['ann', 'bob'])
  await native.conversation('team', ['ann', 'bob', 'carol'])
  const home = `/apps/${native.id}`
  const { conversations } = await account.v2.ok('GET', `${home}/conversations?filter[userExternalId]=ann`)
  const found = conversations.map((one: { id: string; type: string }) => [one.id, one.type])
  assert.deepEqual(
    new Map(found),
    new Map([
      ['direct', 'personal'],
      ['team', 'sdkGroup'],
    ]),
  )
  assert.equal((await account.v2.ok('GET', `${home}/users/ann`)).user.externalId, 'ann')
  assert.deepEqual(await account.v2.ok('DELETE', `${home}/users/ann`), {})
  assert.equal((await openApp(server.admin, native.id).admin.get(`${native.base}/conversations/direct`)).status, 200)
  assert.equal((await account.v2.ok('GET', home)).app.settings.attachmentsAccess, 'private')
})
