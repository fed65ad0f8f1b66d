import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startGatehouse } from './support/gatehouse.ts'
import { accountOf, createSunshineApp, type Sunshine } from './support/sunshine-http.ts'
import { createApp, openApp } from './support/tenant.ts'

/** Apps, keys, users, conversations and participants of the surface (contract, sections 2.2 to 2.4). */

const server = await startGatehouse()
after(() => server.stop())
const account = accountOf(server.admin)
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const ID = /^[0-9a-f]{24}$/
const bad = (title: string) => `400 bad_request: ${title}`
const NO_USER = '404 user_not_found: User not found'
const NO_CONVERSATION = '404 conversation_not_found: Conversation not found'

const makeUsers = (v2: Sunshine, home: string, ...ids: readonly string[]) =>
  Promise.all(ids.map(async (externalId) => (await v2.ok('POST', `${home}/users`, { externalId })).user))

test('an app is made, read, changed key by key, listed and deleted', async () => {
  const settings = { attachmentsAccess: 'private', attachmentsTokenExpirationSeconds: 60, useAnimalNames: true }
  const { app, ...others } = await account.v2.ok('POST', '/apps', {
    displayName: 'Zoo',
    settings: { ...settings, conversationRetentionSeconds: 3600, unknown: 1 },
    metadata: { plan: 'gold', seats: 3, trial: false },
  })
  assert.deepEqual(others, {})
  const { id, ...shown } = app
  const kept = { ...settings, conversationRetentionSeconds: 3600 }
  const metadata = { plan: 'gold', seats: 3, trial: false }
  assert.deepEqual(shown, { displayName: 'Zoo', settings: kept, metadata })
  assert.deepEqual((await account.v2.ok('GET', `/apps/${id}`)).app, app)
  const native = (await server.admin.get(`/v1/apps/${id}`)).json<{ settings: Record<string, unknown> }>().settings
  assert.deepEqual([native.attachmentsAccess, native.mediaTokenSeconds], ['private', 60])

  const patch = {
    settings: { useAnimalNames: null, echoPostback: true, attachmentsTokenExpirationSeconds: null },
    metadata: { seats: 4, trial: null },
  }
  const changed = (await account.v2.ok('PATCH', `/apps/${id}`, patch)).app
  assert.deepEqual(changed, {
    id,
    displayName: 'Zoo',
    settings: {
      attachmentsAccess: 'private',
      attachmentsTokenExpirationSeconds: 7200,
      conversationRetentionSeconds: 3600,
      echoPostback: true,
    },
    metadata: { plan: 'gold', seats: 4 },
  })
  const renamed = await account.v2.ok('PATCH', `/apps/${id}`, {
    displayName: 'Park',
    settings: { attachmentsAccess: null },
    metadata: null,
  })
  assert.deepEqual(
    [renamed.app.displayName, renamed.app.settings.attachmentsAccess, renamed.app.metadata],
    ['Park', 'public', {}],
  )
  const answer = await account.v2.call('DELETE', `/apps/${id}`)
  assert.deepEqual([answer.status, answer.text], [200, '{}'])
  assert.equal(await account.v2.fails('GET', `/apps/${id}`), '404 app_not_found: App not found')
})

test('an app is public and its tokens live two hours where nothing is said', async () => {
  const { app } = await account.v2.ok('POST', '/apps', { displayName: 'Plain', metadata: null })
  assert.deepEqual(app.settings, { attachmentsAccess: 'public', attachmentsTokenExpirationSeconds: 7200 })
  assert.deepEqual(app.metadata, {})
})

test('what is wrong with an app is told, and nothing of it is done', async () => {
  const seconds = bad("'settings.attachmentsTokenExpirationSeconds' should be an integer from 1 to 2592000")
  const rows: readonly (readonly [body: object, error: string])[] = [
    [{}, bad("should have required property 'displayName'")],
    [{ displayName: null }, bad("should have required property 'displayName'")],
    [{ displayName: '' }, bad("'displayName' should NOT be shorter than 1 characters")],
    [{ displayName: 7 }, bad("'displayName' should be string")],
    [{ displayName: 'x'.repeat(257) }, bad("'displayName' should NOT be longer than 256 characters")],
    [{ displayName: 'a\u0000b' }, bad("'displayName' should not hold control characters")],
    [
      { settings: { attachmentsAccess: 'secret' } },
      bad("'settings.attachmentsAccess' should be equal to one of the allowed values: public, private"),
    ],
    [{ settings: { attachmentsTokenExpirationSeconds: 0 } }, seconds],
    [{ settings: { attachmentsTokenExpirationSeconds: 2_592_001 } }, seconds],
    [{ settings: { attachmentsTokenExpirationSeconds: 1.5 } }, seconds],
    [{ settings: { attachmentsTokenExpirationSeconds: '60' } }, seconds],
    [{ settings: 'private' }, bad("'settings' should be object")],
    [{ settings: { useAnimalNames: 'yes' } }, bad("'useAnimalNames' should be boolean")],
    [
      { settings: { conversationRetentionSeconds: 'long' } },
      bad("'settings.conversationRetentionSeconds' should be integer"),
    ],
    [{ metadata: { deep: {} } }, bad("'metadata.deep' should be string, number or boolean")],
    [{ metadata: { long: 'x'.repeat(4096) } }, bad("'metadata' should NOT be larger than 4096 bytes")],
    [{ metadata: [] }, bad("'metadata' should be object")],
  ]
  const { home } = await createSunshineApp(server.admin)
  const before = await account.v2.ok('GET', home)
  for (const [body, error] of rows) {
    const named = 'displayName' in body || Object.keys(body).length === 0 ? body : { displayName: 'x', ...body }
    assert.equal(await account.v2.fails('POST', '/apps', named), error, JSON.stringify(body).slice(0, 80))
    if (Object.keys(body).length > 0 && !('displayName' in body && body.displayName === null)) {
      assert.equal(await account.v2.fails('PATCH', home, named), error, JSON.stringify(body).slice(0, 80))
    }
  }
  assert.deepEqual(await account.v2.ok('GET', home), before)
})

test('an app is the same under v1.1, by other names', async () => {
  const { app } = await account.old.ok('POST', '/apps', { name: 'Old', settings: { attachmentsAccess: 'private' } })
  assert.deepEqual(Object.keys(app).sort(), ['_id', 'appToken', 'metadata', 'name', 'settings'])
  const home = `/apps/${app._id}`
  assert.deepEqual((await account.old.ok('GET', home)).app, app)
  assert.equal((await account.v2.ok('GET', home)).app.displayName, 'Old')
  const changed = (await account.old.ok('PUT', home, { name: 'Older', settings: { attachmentsAccess: 'public' } })).app
  assert.deepEqual([changed.name, changed.settings.attachmentsAccess], ['Older', 'public'])
  const { apps, ...page } = await account.old.ok('GET', '/apps?limit=1&offset=1')
  assert.equal(apps.length, 1)
  assert.deepEqual([page.offset, page.limit], [1, 1])
  assert.equal(await account.old.fails('GET', '/apps?limit=0'), bad("'limit' should be an integer from 1 to 100"))
  assert.equal(await account.old.fails('POST', '/apps', {}), bad("should have required property 'name'"))
  assert.deepEqual(await account.old.ok('DELETE', home), {})
  assert.equal(await account.old.fails('GET', home), '404 app_not_found: App not found')
})

test('app keys are shown once, listed without secrets, and at most ten', async () => {
  const { home, key } = await createSunshineApp(server.admin)
  assert.match(key.id, /^app_[0-9a-f]{24}$/)
  assert.deepEqual(await account.v2.ok('GET', `${home}/keys/${key.id}`), { key: { id: key.id, displayName: 'suite' } })
  for (let n = 1; n < 10; n++) await account.v2.ok('POST', `${home}/keys`, { displayName: `${n}` })
  assert.equal(await account.v2.fails('POST', `${home}/keys`, { displayName: 'x' }), bad('An app has at most 10 keys'))
  const { keys } = await account.v2.ok('GET', `${home}/keys`)
  assert.equal(keys.length, 10)
  for (const shown of keys) assert.deepEqual(Object.keys(shown).sort(), ['displayName', 'id'])
  assert.deepEqual(await account.v2.ok('DELETE', `${home}/keys/${key.id}`), {})
  const gone = '404 not_found: Resource not found'
  assert.equal(await account.v2.fails('DELETE', `${home}/keys/${key.id}`), gone)
  assert.equal(await account.v2.fails('GET', `${home}/keys/${key.id}`), gone)
  const other = await createSunshineApp(server.admin)
  assert.equal(await account.v2.fails('DELETE', `${home}/keys/${other.key.id}`), gone)
  await other.v2.ok('GET', other.home)
  assert.equal(await account.v2.fails('POST', `${home}/keys`, {}), bad("should have required property 'displayName'"))
})

test('lists come in pages, forwards and backwards, and cursors fit no other list', async () => {
  const { home, v2 } = await createSunshineApp(server.admin)
  const names = ['a', 'b', 'c', 'd', 'e']
  await makeUsers(v2, home, ...names)
  const participants = names.map((userExternalId) => ({ userExternalId }))
  const { conversation } = await v2.ok('POST', `${home}/conversations`, { type: 'sdkGroup', participants })
  const path = `${home}/conversations/${conversation.id}/participants`
  type Page = {
    participants: { userExternalId: string }[]
    meta: { hasMore: boolean; afterCursor?: string; beforeCursor?: string }
    links: { prev?: string; next?: string }
  }
  const read = (query: string): Promise<Page> => v2.ok('GET', `${path}${query}`)
  const of = (page: Page) => page.participants.map(({ userExternalId }) => userExternalId).join('')
  const first = await read('?page%5Bsize%5D=2')
  assert.deepEqual(
    [of(first), first.meta.hasMore, first.meta.beforeCursor, first.links.prev],
    ['ab', true, undefined, undefined],
  )
  const second = await read(`?page[size]=2&page[after]=${first.meta.afterCursor}`)
  assert.deepEqual([of(second), second.meta.hasMore], ['cd', true])
  const link = new URL(second.links.next ?? '')
  assert.ok(link.href.startsWith(server.url) && link.pathname === `/v2${path}`, link.href)
  const third = await read(link.search)
  assert.deepEqual(
    [of(third), third.meta.hasMore, third.meta.afterCursor, third.links.next],
    ['e', false, undefined, undefined],
  )
  const back = await read(`?page[size]=3&page[before]=${third.meta.beforeCursor}`)
  assert.deepEqual([of(back), back.meta.hasMore], ['bcd', true])
  const start = await read(new URL(back.links.prev ?? '').search)
  assert.deepEqual([of(start), start.meta.hasMore], ['a', false])
  assert.equal(of(await read('')), 'abcde')
  const cursor = first.meta.afterCursor
  for (const query of [
    '?page[size]=0',
    '?page[size]=101',
    '?page[size]=x',
    '?page[size]=-1',
    '?page[after]=x',
    `?page[after]=${cursor}A`,
    `?page[after]=${cursor}&page[before]=${cursor}`,
  ]) {
    assert.equal(await v2.fails('GET', path + query), bad('Invalid page query parameters'), query)
  }
  assert.equal(
    await v2.fails('GET', `${home}/conversations?filter[userExternalId]=a&page[after]=${cursor}`),
    bad('Invalid page query parameters'),
  )
})

test('apps are listed in pages, for the account alone', async () => {
  const { apps: all } = await account.v2.ok('GET', '/apps?page[size]=100')
  const seen: string[] = []
  for (let query = '?page[size]=2'; ; ) {
    const { apps, links } = await account.v2.ok('GET', `/apps${query}`)
    assert.ok(apps.length <= 2)
    seen.push(...apps.map(({ id }: { id: string }) => id))
    if (links.next === undefined) break
    query = new URL(links.next).search
  }
  assert.deepEqual(
    seen,
    all.map(({ id }: { id: string }) => id),
  )
})

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

test('the first personal conversation of a user is the default one, and stays', async () => {
  const { home, v2 } = await createSunshineApp(server.admin)
  const [ann] = await makeUsers(v2, home, 'ann')
  const make = async (body: object) => (await v2.ok('POST', `${home}/conversations`, body)).conversation
  const first = await make({
    type: 'personal',
    participants: [{ userId: ann.id }],
    displayName: 'Help',
    metadata: { a: 1 },
  })
  const { id, createdAt, lastUpdatedAt, ...shown } = first
  assert.deepEqual(shown, { type: 'personal', isDefault: true, displayName: 'Help', metadata: { a: 1 } })
  assert.match(id, ID)
  for (const time of [createdAt, lastUpdatedAt]) assert.match(time, ISO)
  const second = await make({
    type: 'personal',
    participants: [{ userExternalId: 'ann' }],
    displayName: null,
    metadata: null,
    description: 'More',
    iconUrl: 'https://pictures.example/x.png',
  })
  assert.deepEqual(
    [second.isDefault, second.displayName, second.description, second.iconUrl],
    [false, null, 'More', 'https://pictures.example/x.png'],
  )
  assert.deepEqual((await v2.ok('GET', `${home}/conversations/${id}`)).conversation, first)
  for (const filter of [`filter%5BuserId%5D=${ann.id}`, 'filter[userExternalId]=ann']) {
    const { conversations, meta } = await v2.ok('GET', `${home}/conversations?${filter}`)
    const found = conversations.map((one: { id: string; isDefault: boolean }) => [one.id, one.isDefault])
    assert.deepEqual(
      new Map(found),
      new Map([
        [id, true],
        [second.id, false],
      ]),
    )
    assert.deepEqual(meta, { hasMore: false })
  }
  const changed = await v2.ok('PATCH', `${home}/conversations/${id}`, {
    displayName: null,
    metadata: { a: null, b: 2 },
  })
  assert.deepEqual([changed.conversation.displayName, changed.conversation.metadata], [null, { b: 2 }])
  assert.equal(
    await v2.fails('DELETE', `${home}/conversations/${id}`),
    bad(`Conversation ${id} cannot be deleted because it is the default.`),
  )
  assert.deepEqual(await v2.ok('DELETE', `${home}/conversations/${second.id}`), {})
  assert.equal(await v2.fails('GET', `${home}/conversations/${second.id}`), NO_CONVERSATION)
  assert.deepEqual(await v2.ok('DELETE', `${home}/users/ann`), {})
  assert.equal(await v2.fails('GET', `${home}/conversations/${id}`), NO_CONVERSATION, 'it goes with its user')
})

test('what is wrong with a conversation is told', async () => {
  const { home, v2 } = await createSunshineApp(server.admin)
  await makeUsers(v2, home, 'ann', 'bob')
  const [ann, bob] = [{ userExternalId: 'ann' }, { userExternalId: 'bob' }]
  const rows: readonly (readonly [body: object, error: string])[] = [
    [{}, bad("should have required property 'type'")],
    [{ type: 'room' }, bad("'type' should be equal to one of the allowed values: personal, sdkGroup")],
    [{ type: 'personal' }, bad("should have required property 'participants'")],
    [{ type: 'personal', participants: [] }, bad("'participants' should have exactly 1 item")],
    [{ type: 'personal', participants: [ann, bob] }, bad("'participants' should have exactly 1 item")],
    [{ type: 'personal', participants: {} }, bad("'participants' should be array")],
    [{ type: 'personal', participants: ['ann'] }, bad("'0' should be object")],
    [{ type: 'personal', participants: [{}] }, bad("should have required property 'userId'")],
    [{ type: 'personal', participants: [{ userExternalId: 'eve' }] }, NO_USER],
    [{ type: 'sdkGroup', participants: [{ userId: 'eve' }] }, NO_USER],
    [
      { type: 'sdkGroup', participants: Array.from({ length: 11 }, () => ann) },
      bad("'participants' should NOT have more than 10 items"),
    ],
    [
      { type: 'sdkGroup', participants: [ann], metadata: { a: {} } },
      bad("'metadata.a' should be string, number or boolean"),
    ],
  ]
  for (const [body, error] of rows) assert.equal(await v2.fails('POST', `${home}/conversations`, body), error)
  const filter = bad('should have required filter userId or userExternalId')
  assert.equal(await v2.fails('GET', `${home}/conversations`), filter)
  assert.equal(await v2.fails('GET', `${home}/conversations?filter[userId]=eve`), NO_USER)
  assert.deepEqual((await v2.ok('GET', `${home}/conversations?filter[userExternalId]=ann`)).conversations, [])
  for (const [method, rest] of [
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['GET', '/participants'],
    ['POST', '/join'],
  ] as const) {
    assert.equal(
      await v2.fails(method, `${home}/conversations/unknown${rest}`, method === 'GET' ? undefined : {}),
      NO_CONVERSATION,
    )
  }
  const foreign = await createSunshineApp(server.admin)
  const group = (await foreign.v2.ok('POST', `${foreign.home}/conversations`, { type: 'sdkGroup' })).conversation
  assert.equal(await v2.fails('GET', `${home}/conversations/${group.id}`), NO_CONVERSATION)
})

test('participants join and leave groups', async () => {
  const { home, v2 } = await createSunshineApp(server.admin)
  const [ann, bob] = await makeUsers(v2, home, 'ann', 'bob')
  const { conversation } = await v2.ok('POST', `${home}/conversations`, {
    type: 'sdkGroup',
    participants: [{ userId: ann.id }],
  })
  assert.deepEqual([conversation.type, conversation.isDefault], ['sdkGroup', false])
  const place = `${home}/conversations/${conversation.id}`
  const { participant } = await v2.ok('POST', `${place}/join`, { userExternalId: 'bob' })
  const { id, ...shown } = participant
  assert.match(id, ID)
  assert.deepEqual(shown, { userId: bob.id, userExternalId: 'bob', unreadCount: 0, clientAssociations: [] })
  assert.equal(
    (await v2.ok('POST', `${place}/join`, { userId: bob.id })).participant.id,
    id,
    'joining twice is joining',
  )
  const list = async () => (await v2.ok('GET', `${place}/participants`)).participants
  assert.deepEqual(
    (await list()).map(({ userId }: { userId: string }) => userId),
    [ann.id, bob.id],
  )
  assert.deepEqual((await list())[1], participant)
  assert.deepEqual(await v2.ok('POST', `${place}/leave`, { participantId: id }), {})
  const none = '404 not_found: Participant not found'
  assert.equal(await v2.fails('POST', `${place}/leave`, { participantId: id }), none)
  assert.equal(await v2.fails('POST', `${place}/leave`, { participantId: bob.id }), none)
  assert.equal(await v2.fails('POST', `${place}/leave`, { userId: bob.id }), none)
  assert.equal(await v2.fails('POST', `${place}/leave`, {}), bad("should have required property 'userId'"))
  assert.equal(await v2.fails('POST', `${place}/join`, {}), bad("should have required property 'userId'"))
  assert.equal(await v2.fails('POST', `${place}/join`, { userId: 'eve' }), NO_USER)
  assert.deepEqual(await v2.ok('POST', `${place}/leave`, { userExternalId: 'ann' }), {})
  assert.deepEqual(await list(), [])
  const own = await v2.ok('POST', `${home}/conversations`, { type: 'personal', participants: [{ userId: ann.id }] })
  for (const act of ['join', 'leave']) {
    assert.equal(
      await v2.fails('POST', `${home}/conversations/${own.conversation.id}/${act}`, { userId: ann.id }),
      bad(`Participants ${act} conversations of type sdkGroup only`),
    )
  }
})

test('who is banned natively does not join', async () => {
  const { id: app, home, v2 } = await createSunshineApp(server.admin)
  await makeUsers(v2, home, 'ann')
  const { conversation } = await v2.ok('POST', `${home}/conversations`, { type: 'sdkGroup' })
  await server.admin.put(`/v1/apps/${app}/conversations/${conversation.id}/bans/ann`)
  assert.equal(
    await v2.fails('POST', `${home}/conversations/${conversation.id}/join`, { userExternalId: 'ann' }),
    '403 forbidden: This user is banned from the conversation',
  )
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
