import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startGatehouse } from './support/gatehouse.ts'
import { createSunshineApp, makeUsers } from './support/sunshine-http.ts'

/** Conversations and participants of the surface, and its pages (contract, section 2.3). */

const server = await startGatehouse()
after(() => server.stop())
const ID = /^[0-9a-f]{24}$/
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const bad = (title: string) => `400 bad_request: ${title}`
const NO_USER = '404 user_not_found: User not found'
const NO_CONVERSATION = '404 conversation_not_found: Conversation not found'

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

test('a conversation was last updated when the last message came, and else when it began', async () => {
  const { home, v2 } = await createSunshineApp(server.admin)
  await makeUsers(v2, home, 'ann', 'bob')
  const body = { type: 'sdkGroup', participants: [{ userExternalId: 'ann' }], displayName: 'Help' }
  const { id, createdAt, lastUpdatedAt } = (await v2.ok('POST', `${home}/conversations`, body)).conversation
  assert.equal(lastUpdatedAt, createdAt)
  const path = `${home}/conversations/${id}`
  const times = async (user: string) => {
    const { conversation } = await v2.ok('GET', path)
    const { conversations } = await v2.ok('GET', `${home}/conversations?filter[userExternalId]=${user}`)
    return [conversation, ...conversations].map((one: { lastUpdatedAt: string }) => one.lastUpdatedAt)
  }
  await v2.ok('PATCH', path, { displayName: 'Desk' })
  assert.deepEqual(await times('ann'), [createdAt, createdAt])
  const message = { author: { type: 'business' }, content: { type: 'text', text: 'hello' } }
  const { received } = (await v2.ok('POST', `${path}/messages`, message)).messages[0]
  await v2.ok('POST', `${path}/join`, { userExternalId: 'bob' })
  for (const user of ['ann', 'bob']) assert.deepEqual(await times(user), [received, received], user)
  assert.equal((await v2.ok('PATCH', path, { displayName: 'Help' })).conversation.lastUpdatedAt, received)
  await v2.ok('DELETE', `${path}/messages`)
  assert.deepEqual(await times('bob'), [createdAt, createdAt])
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
