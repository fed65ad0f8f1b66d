import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openChat, picture, type Shown, sendFiles, sendText, textBody, to } from './support/cometchat-messages.ts'

/** What the client package reads from answers, and waits for in vain, or hands on as null, where it is not there. */

const chat = await openChat(['ann', 'bob', 'carol', 'dave'], { team: ['ann', 'bob'] })
after(() => chat.server.stop())
const { rest, app, server } = chat
const { ann, bob } = chat.users
const LISTS = ['admins', 'moderators', 'participants', 'usersToBan']
const ids = (messages: readonly Shown[]) => messages.map(({ id }) => id)

test('people send what clients know; anything else would reach an application as null', async () => {
  for (const category of ['message', 'custom', 'interactive']) {
    const data = { text: 'hi', customData: { a: 1 }, interactiveData: { b: 2 } }
    const sent = await ann.ok('POST', '/messages', { ...to('#team'), category, type: 'text', data })
    assert.equal(sent.category, category)
  }
  assert.equal((await ann.ok('POST', '/messages', { ...textBody('bob', 'x'), category: '' })).category, 'message')
  for (const caller of [ann, rest]) {
    for (const category of ['agentic', 'card', 'action', 'call', 'foo', 'Message', 7]) {
      const { status, error } = await caller.call('POST', '/messages', { ...textBody('#team', 'x'), category })
      assert.deepEqual([status, error?.code, Object.keys(error?.details ?? {})], [400, 'ERR_BAD_REQUEST', ['category']])
    }
  }
  for (const odd of [{ hasOwnProperty: 1 }, { metadata: { a: [{ hasOwnProperty: 'x' }] } }]) {
    const { status, error } = await ann.call('POST', '/messages', {
      ...textBody('#team', 'x'),
      data: { text: 'x', ...odd },
    })
    assert.deepEqual([status, Object.keys(error?.details ?? {})], [400, ['data']], JSON.stringify(odd))
    const { id } = await sendText(ann, '#team', 'x')
    assert.equal(await ann.fails('PUT', `/messages/${id}`, { data: { text: 'x', ...odd } }), '400 ERR_BAD_REQUEST')
  }
  const group = { guid: 'odd', name: 'O', type: 'public', metadata: { a: { hasOwnProperty: 1 } } }
  assert.equal(await ann.fails('POST', '/groups', group), '400 ERR_BAD_REQUEST', 'it stands in messages, too')
  const data = { attachments: 'none', mentions: [null], hasOwnProperty: 1, note: 'n' }
  const native = { conversation: 'team', from: 'ann', text: 'from elsewhere', category: 'agentic', type: 'tool', data }
  const made = await server.admin.post(`${app.base}/messages`, native)
  assert.equal(made.status, 201, made.text)
  const shown = (await bob.ok('GET', '/groups/team/messages')).at(-1)
  const { entities: _who, ...told } = shown.data
  assert.deepEqual([shown.category, shown.type, told], ['custom', 'tool', { note: 'n', text: 'from elsewhere' }])
})

test('who makes a group hears what came of everybody named, and of nobody, in all four lists', async () => {
  const group = { name: 'G', type: 'public' }
  const some = { participants: ['bob', 'nobody'], usersToBan: ['carol'] }
  const made = await ann.ok('POST', '/groups', { ...group, guid: 'some', members: some })
  assert.deepEqual(Object.keys(made.members.data).sort(), LISTS)
  assert.deepEqual(made.members.data.participants.bob, { success: true })
  assert.equal(made.members.data.participants.nobody.error.code, 'ERR_UID_NOT_FOUND')
  assert.deepEqual([made.members.data.usersToBan, made.membersCount], [{ carol: { success: true } }, 2])
  for (const [guid, more] of [
    ['none', {}],
    ['list', { members: [] }],
    ['empty', { members: {} }],
  ] as const) {
    const { members } = await ann.ok('POST', '/groups', { ...group, guid, ...more })
    assert.deepEqual(members, { data: { admins: {}, moderators: {}, participants: {}, usersToBan: {} } }, guid)
  }
  assert.equal((await rest.ok('POST', '/groups', { ...group, guid: 'plain' })).members, undefined)
  const served = await rest.ok('POST', '/groups', { ...group, guid: 'served', members: { admins: ['bob'] } })
  assert.deepEqual(served.members.data.admins, { bob: { success: true } })
  assert.equal(await ann.fails('POST', '/groups', { ...group, guid: 'x', members: ['bob'] }), '400 ERR_BAD_REQUEST')
})

test('bans come in pages, and end', async () => {
  await rest.ok('POST', '/groups', { guid: 'doors', name: 'D', type: 'public', owner: 'ann' })
  await ann.ok('PUT', '/groups/doors/members', { usersToBan: ['bob', 'carol', 'dave'] })
  const page = async (query: string) => {
    const { data, meta } = await ann.call('GET', `/groups/doors/bannedusers${query}`)
    return [data.map(({ uid }: { uid: string }) => uid), meta.pagination]
  }
  const pages = { total: 3, per_page: 2, total_pages: 2 }
  assert.deepEqual(await page('?per_page=2'), [['bob', 'carol'], { ...pages, count: 2, current_page: 1 }])
  assert.deepEqual(await page('?per_page=2&page=2'), [['dave'], { ...pages, count: 1, current_page: 2 }])
  assert.deepEqual(await page('?per_page=2&page=3'), [[], { ...pages, count: 0, current_page: 3 }])
  assert.deepEqual((await page('?searchKey=NAME%20OF%20D'))[0], ['dave'])
  assert.deepEqual((await page('?searchKey=aro'))[0], ['carol'])
  assert.equal(await ann.fails('GET', '/groups/doors/bannedusers?per_page=0'), '400 ERR_BAD_REQUEST')
})

test('the owner of a group makes another member its owner', async () => {
  await ann.ok('POST', '/groups', {
    guid: 'own',
    name: 'O',
    type: 'public',
    members: { participants: ['bob', 'carol'] },
  })
  const rows: readonly (readonly [of: typeof ann | typeof rest, guid: string, body: object, error: string])[] = [
    [bob, 'own', { owner: 'bob' }, '403 ERR_PERMISSION_DENIED'],
    [chat.users.dave, 'own', { owner: 'dave' }, '403 ERR_GROUP_NOT_JOINED'],
    [ann, 'own', { owner: 'dave' }, '403 ERR_NOT_A_MEMBER'],
    [ann, 'own', { owner: 'nobody' }, '404 ERR_UID_NOT_FOUND'],
    [ann, 'own', {}, '400 ERR_BAD_REQUEST'],
    [ann, 'own', { owner: ['bob'] }, '400 ERR_BAD_REQUEST'],
    [ann, 'nowhere', { owner: 'bob' }, '404 ERR_GUID_NOT_FOUND'],
    [rest, 'own', { owner: 'dave' }, '403 ERR_NOT_A_MEMBER'],
  ]
  for (const [of, guid, body, error] of rows) {
    assert.equal(await of.fails('PATCH', `/groups/${guid}/owner`, body), error, `${guid} ${JSON.stringify(body)}`)
  }
  assert.equal((await ann.ok('GET', '/groups/own')).owner, 'ann')
  assert.equal(await ann.fails('DELETE', '/groups/own/members'), '403 ERR_OWNER_EXIT_FORBIDDEN')
  const { success, message } = await ann.ok('PATCH', '/groups/own/owner', { owner: 'bob' })
  assert.deepEqual([success, typeof message], [true, 'string'])
  const { owner, scope } = await bob.ok('GET', '/groups/own')
  assert.deepEqual([owner, scope], ['bob', 'admin'])
  assert.equal(await ann.fails('DELETE', '/groups/own'), '403 ERR_PERMISSION_DENIED', 'an admin now')
  await ann.ok('DELETE', '/groups/own/members')
  await rest.ok('PATCH', '/groups/own/owner', { owner: 'carol' })
  await chat.users.carol.ok('DELETE', '/groups/own')
})

test('nobody has anything unread, and nobody knows what was changed', async () => {
  await sendText(ann, 'bob', 'hi')
  for (const path of ['/messages', '/users/ann/messages', '/groups/team/messages']) {
    const { status, data, meta } = await bob.call('GET', `${path}?hideMessagesFromBlockedUsers=0&unread=1&count=1`)
    assert.deepEqual([status, data, meta.pagination.total], [200, [], 0], path)
    assert.ok((await bob.ok('GET', `${path}?count=0`)).length > 0, path)
    assert.deepEqual(await bob.ok('GET', `${path}?affix=append&onlyUpdates=1&updatedAt=1`), [], path)
    assert.ok((await bob.ok('GET', `${path}?affix=append&updatedAt=1`)).length > 0, path)
    assert.deepEqual(await bob.ok('GET', `${path}?affix=append&updatedAt=99999999999`), [], path)
  }
  const { data, meta } = await bob.call('GET', '/conversations?unread=true&per_page=30')
  assert.deepEqual([data, meta.pagination.total], [[], 0])
  assert.ok((await bob.ok('GET', '/conversations')).length > 0)
  assert.equal(await bob.fails('GET', '/users/nobody/messages?count=1'), '404 ERR_UID_NOT_FOUND')
  assert.equal(await chat.users.dave.fails('GET', '/groups/team/messages?count=1'), '403 ERR_GROUP_NOT_JOINED')
})

test('a filter that names nothing that there is finds nothing', async () => {
  await rest.ok('POST', '/groups', { guid: 'few', name: 'F', type: 'public', owner: 'ann' })
  for (const path of [
    '/groups/few/members?scopes=nope',
    '/groups?types=nope',
    '/users?role=nope',
    '/users?tags=nope',
  ]) {
    const { data, meta } = await rest.call('GET', path)
    assert.deepEqual([data, meta.pagination.total], [[], 0], path)
  }
  assert.equal((await rest.ok('GET', '/groups/few/members?scopes=nope,admin')).length, 1)
  await rest.ok('POST', '/users', { uid: 'host', name: 'H', role: 'host' })
  const found = async (query: string) => (await ann.ok('GET', `/users?${query}`)).map(({ uid }: { uid: string }) => uid)
  assert.deepEqual(await found('roles=default'), ['ann', 'bob', 'carol', 'dave'])
  assert.deepEqual(await found('roles=host'), ['host'])
  assert.deepEqual(await found('roles=default,host&per_page=2&page=3'), ['host'])
})

test('descriptions and status lines may have several lines', async () => {
  const lines = 'One\r\n\tTwo\n'
  const made = await ann.ok('POST', '/groups', { guid: 'lines', name: 'L', type: 'public', description: lines })
  assert.equal(made.description, lines)
  assert.equal((await rest.ok('PUT', '/users/dave', { statusMessage: lines })).statusMessage, lines)
  for (const body of [{ icon: lines }, { name: lines }]) {
    assert.equal(await ann.fails('PUT', '/groups/lines', body), '400 ERR_BAD_REQUEST', JSON.stringify(body))
  }
  for (const description of ['a\u0000b', 'a\u001bb', 'a\u0085b', '\ud800']) {
    const { error } = await ann.call('PUT', '/groups/lines', { description })
    assert.deepEqual(Object.keys(error?.details ?? {}), ['description'], JSON.stringify(description))
  }
})

test('messages are found by their tags, and by having files', async () => {
  const tagged = await ann.ok('POST', '/messages', { ...textBody('carol', 'x'), tags: ['a b', 'c'] })
  const other = await ann.ok('POST', '/messages', { ...textBody('carol', 'y'), tags: ['d'] })
  await sendText(ann, 'carol', 'no tag')
  const file = await sendFiles(ann, 'carol', [picture('p.png')])
  const rows: readonly (readonly [query: string, found: readonly Shown[]])[] = [
    ['tags=a%20b', [tagged]],
    ['tags=c,d', [tagged, other]],
    ['tags=nope', []],
    ['hasAttachments=1', [file]],
    ['attachmentTypes=image', [file]],
    ['attachmentTypes=video', []],
    ['hasAttachments=1&types=text', [...(await ann.ok('GET', '/users/carol/messages?types=text'))]],
  ]
  for (const [query, found] of rows) {
    assert.deepEqual(ids(await ann.ok('GET', `/users/carol/messages?${query}`)), ids(found), query)
  }
})

test('a conversation is found by its guid in lower case, in which clients ask, by members alone', async () => {
  for (const guid of ['Lake-View', 'lake-viewers']) {
    await ann.ok('POST', '/groups', { guid, name: 'lake-view', type: 'public' })
  }
  for (const guid of ['lake-view', 'Lake-View', 'LAKE-VIEW']) {
    assert.equal((await ann.ok('GET', `/groups/${guid}/conversation`)).conversationId, 'group_Lake-View', guid)
  }
  assert.equal(await bob.fails('GET', '/groups/lake-view/conversation'), '404 ERR_GUID_NOT_FOUND')
  assert.equal(await bob.fails('GET', '/groups/Lake-View/conversation'), '403 ERR_GROUP_NOT_JOINED')
  await rest.ok('POST', '/groups', { guid: 'lake-view', name: 'Of others', type: 'public' })
  assert.equal((await ann.ok('GET', '/groups/lake-view/conversation')).conversationId, 'group_Lake-View', 'her own')
  assert.equal(await ann.fails('GET', '/groups/lake%00/conversation'), '404 ERR_GUID_NOT_FOUND')
})
