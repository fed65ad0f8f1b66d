import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Caller, loginOf, restOf } from './support/cometchat-http.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createApp } from './support/tenant.ts'

const server = await startGatehouse()
after(() => server.stop())
const app = await createApp(server.admin)
const rest = await restOf(app)
for (const uid of ['ann', 'bob', 'carol', 'dave', 'erin'])
  await rest.ok('POST', '/users', { uid, name: `Name of ${uid}` })
const [ann, bob, carol, dave] = await Promise.all(['ann', 'bob', 'carol', 'dave'].map((uid) => loginOf(app, rest, uid)))
assert.ok(ann && bob && carol && dave)

/** Uids with their scope, as the list of members tells them. */
async function members(of: Caller, guid: string, query = ''): Promise<Record<string, string>> {
  const list = await of.ok('GET', `/groups/${guid}/members${query}`)
  return Object.fromEntries(list.map(({ uid, scope }: { uid: string; scope: string }) => [uid, scope]))
}

test('a server makes a group with everything known of it, and with its members', async () => {
  const sent = {
    guid: 'Full-Group_1',
    name: 'Full',
    type: 'private',
    icon: 'https://pictures.example/icon.png',
    description: 'All there is',
    metadata: { colour: 'red' },
    tags: ['one', 'two'],
    owner: 'ann',
  }
  const lists = { admins: ['bob'], moderators: ['carol'], participants: ['dave', 'NOBODY'], usersToBan: ['erin'] }
  const {
    createdAt,
    updatedAt,
    members: { data: added },
    ...shown
  } = await rest.ok('POST', '/groups', { ...sent, members: lists })
  assert.deepEqual(shown, { ...sent, membersCount: 4, conversationId: 'group_Full-Group_1' })
  assert.ok(Number.isInteger(createdAt) && Number.isInteger(updatedAt))
  assert.deepEqual(added.admins, { bob: { success: true } })
  assert.deepEqual(added.usersToBan, { erin: { success: true } })
  assert.deepEqual(added.participants.dave, { success: true })
  assert.deepEqual(
    [added.participants.NOBODY.success, added.participants.NOBODY.error.code],
    [false, 'ERR_UID_NOT_FOUND'],
  )
  assert.deepEqual(await members(rest, 'Full-Group_1'), {
    ann: 'admin',
    bob: 'admin',
    carol: 'moderator',
    dave: 'participant',
  })
  assert.equal(await rest.fails('GET', '/users/nobody'), '404 ERR_UID_NOT_FOUND', 'nobody was made on the way')
  const read = await bob.ok('GET', '/groups/Full-Group_1')
  assert.deepEqual([read.scope, read.hasJoined, typeof read.joinedAt], ['admin', true, 'number'])
  const behalf = await rest.ok('GET', '/groups/Full-Group_1', undefined, { onBehalfOf: 'carol' })
  assert.deepEqual([behalf.scope, behalf.hasJoined], ['moderator', true])
})

test('what is missing, wrong or taken in a group is told', async () => {
  await rest.ok('POST', '/groups', { guid: 'taken', name: 'Taken', type: 'public' })
  const rows: readonly (readonly [body: object, error: string, field?: string])[] = [
    [{ name: 'x', type: 'public' }, '400 ERR_BAD_REQUEST', 'guid'],
    [{ guid: 'a b', name: 'x', type: 'public' }, '400 ERR_BAD_REQUEST', 'guid'],
    [{ guid: 'new', type: 'public' }, '400 ERR_BAD_REQUEST', 'name'],
    [{ guid: 'new', name: 'x' }, '400 ERR_BAD_REQUEST', 'type'],
    [{ guid: 'new', name: 'x', type: 'secret' }, '400 ERR_BAD_REQUEST', 'type'],
    [{ guid: 'new', name: 'x', type: 'password' }, '400 ERR_BAD_REQUEST', 'password'],
    [{ guid: 'new', name: 'x', type: 'password', password: '' }, '400 ERR_BAD_REQUEST', 'password'],
    [{ guid: 'new', name: 'x', type: 'public', members: ['ann'] }, '400 ERR_BAD_REQUEST', 'members'],
    [{ guid: 'new', name: 'x', type: 'public', members: { admins: { ann: 1 } } }, '400 ERR_BAD_REQUEST', 'admins'],
    [{ guid: 'new', name: 'x', type: 'public', owner: 'nobody' }, '404 ERR_UID_NOT_FOUND'],
    [{ guid: 'taken', name: 'x', type: 'public' }, '409 ERR_GUID_ALREADY_EXISTS'],
  ]
  for (const [body, expected, field] of rows) {
    const { status, error } = await rest.call('POST', '/groups', body)
    assert.equal(`${status} ${error?.code}`, expected, JSON.stringify(body))
    if (field !== undefined) assert.deepEqual(Object.keys(error?.details ?? {}), [field], JSON.stringify(body))
  }
  assert.equal(await rest.fails('GET', '/groups/new'), '404 ERR_GUID_NOT_FOUND', 'nothing was made on the way')
  await server.admin.put(`${app.base}/conversations/pair`, { type: 'direct', members: ['ann', 'bob'] })
  assert.equal(await rest.fails('GET', '/groups/pair'), '404 ERR_GUID_NOT_FOUND', 'two people are no group')
})

test('a client makes a group, owns it, changes it and deletes it; others may not', async () => {
  const blank = { icon: '', description: '', password: '', tags: '', metadata: '', membersCount: 7, hasJoined: false }
  const made = await ann.ok('POST', '/groups', { ...blank, guid: 'anns', name: 'Of Ann', type: 'public', owner: 'bob' })
  assert.equal(made.tags, undefined)
  assert.deepEqual([made.owner, made.scope, made.hasJoined, made.membersCount], ['ann', 'admin', true, 1])
  await bob.ok('POST', '/groups/anns/members')
  for (const [method, body] of [
    ['PUT', { name: 'Of Bob' }],
    ['DELETE', undefined],
  ] as const) {
    assert.equal(await bob.fails(method, '/groups/anns', body), '403 ERR_PERMISSION_DENIED')
    assert.equal(await carol.fails(method, '/groups/anns', body), '403 ERR_GROUP_NOT_JOINED')
  }
  const changed = await ann.ok('PUT', '/groups/anns', {
    name: 'Still of Ann',
    type: 'private',
    description: 'x',
    owner: 'bob',
  })
  assert.deepEqual(
    [changed.name, changed.type, changed.description, changed.owner],
    ['Still of Ann', 'private', 'x', 'ann'],
  )
  const given = await rest.ok('PUT', '/groups/anns', { owner: 'bob', unset: ['description'], tags: ['t'] })
  assert.deepEqual([given.owner, given.description, given.tags, given.name], ['bob', undefined, ['t'], 'Still of Ann'])
  assert.equal(await ann.fails('DELETE', '/groups/anns'), '403 ERR_PERMISSION_DENIED', 'an admin, but not the owner')
  assert.equal((await bob.ok('DELETE', '/groups/anns')).success, true)
  for (const method of ['GET', 'PUT', 'DELETE']) {
    assert.equal(await rest.fails(method, '/groups/anns'), '404 ERR_GUID_NOT_FOUND', method)
  }
  assert.equal((await rest.ok('DELETE', '/groups/taken')).message, 'Group with taken has been deleted successfully.')
})

test('joining: freely, with the password, or not at all', async () => {
  for (const [guid, type] of [
    ['free', 'public'],
    ['locked', 'password'],
    ['closed', 'private'],
  ] as const) {
    await rest.ok('POST', '/groups', { guid, name: guid, type, password: 'Sesame', owner: 'ann' })
  }
  const joined = await bob.ok('POST', '/groups/free/members', {})
  assert.deepEqual([joined.category, joined.type, joined.data.action], ['action', 'groupMember', 'joined'])
  assert.deepEqual([joined.conversationId, joined.sender, joined.receiver], ['group_free', 'bob', 'free'])
  const { by, for: group, on } = joined.data.entities
  assert.deepEqual([by.entityType, group.entityType, on.entityType], ['user', 'group', 'user'])
  assert.deepEqual([by.entity.uid, group.entity.guid, group.entity.hasJoined], ['bob', 'free', true])
  assert.deepEqual([group.entity.scope, group.entity.membersCount], ['participant', 2])
  assert.equal(await bob.fails('POST', '/groups/free/members'), '409 ERR_ALREADY_JOINED')

  const rows: readonly (readonly [guid: string, body: object | undefined, error: string])[] = [
    ['locked', undefined, '403 ERR_PERMISSION_DENIED'],
    ['locked', { password: 'sesame' }, '403 ERR_PERMISSION_DENIED'],
    ['locked', { password: 7 }, '403 ERR_PERMISSION_DENIED'],
    ['closed', { password: 'Sesame' }, '403 ERR_PERMISSION_DENIED'],
    ['nothing', {}, '404 ERR_GUID_NOT_FOUND'],
  ]
  for (const [guid, body, error] of rows) {
    assert.equal(await bob.fails('POST', `/groups/${guid}/members`, body), error, `${guid} ${JSON.stringify(body)}`)
  }
  await bob.ok('POST', '/groups/locked/members', { password: 'Sesame' })
  await rest.ok('POST', '/groups/free/members', undefined, { onBehalfOf: 'carol' })
  assert.deepEqual(Object.keys(await members(rest, 'free')), ['ann', 'bob', 'carol'])
  assert.equal(await bob.fails('GET', '/groups/closed'), '403 ERR_GROUP_NOT_JOINED')
  assert.equal((await bob.ok('GET', '/groups/free')).hasJoined, true)
  assert.equal((await dave.ok('GET', '/groups/locked')).hasJoined, false)

  const listed = async (of: Caller, query: string, headers = {}) =>
    (await of.ok('GET', `/groups${query}`, undefined, headers)).map(({ guid }: { guid: string }) => guid)
  assert.deepEqual(await listed(bob, '?per_page=30&page=1'), ['Full-Group_1', 'free', 'locked'])
  assert.deepEqual(await listed(carol, '?types=private'), ['Full-Group_1'], 'a private one that she is in')
  assert.deepEqual(await listed(dave, '?hasJoined=1'), ['Full-Group_1'])
  assert.deepEqual(await listed(bob, '?hasJoined=1'), ['Full-Group_1', 'free', 'locked'])
  assert.deepEqual(await listed(rest, ''), ['Full-Group_1', 'closed', 'free', 'locked'])
  assert.deepEqual(await listed(rest, '?hasJoined=true', { onBehalfOf: 'dave' }), ['Full-Group_1'])
  assert.deepEqual(await listed(rest, '?searchKey=CLOS'), ['closed'])
  assert.deepEqual(await listed(rest, '?tags=two'), ['Full-Group_1'])
  assert.deepEqual(await listed(rest, '?types=password,public'), ['free', 'locked'])
  const { meta, data } = await rest.call('GET', '/groups?perPage=3&page=2')
  assert.deepEqual([data.length, meta.pagination.total, meta.pagination.total_pages], [1, 4, 2])
})

test('the password of a group cannot be guessed at will', async () => {
  await rest.ok('POST', '/groups', { guid: 'guessed', name: 'Guessed', type: 'password', password: 'Sesame' })
  const tries = Array.from({ length: 40 }, () => dave.call('POST', '/groups/guessed/members', { password: 'no' }))
  const replies = await Promise.all(tries)
  const codes = new Set(replies.map(({ status, error }) => `${status} ${error?.code}`))
  assert.deepEqual([...codes].sort(), ['403 ERR_PERMISSION_DENIED', '429 ERR_TOO_MANY_REQUESTS'])
  const slowed = replies.filter(({ status }) => status === 429)
  assert.ok(slowed.every(({ answer }) => Number(answer.headers['retry-after']) > 0))
})

test('adding members answers all four lists, and takes rank', async () => {
  await rest.ok('POST', '/groups', { guid: 'adding', name: 'Adding', type: 'private', owner: 'ann' })
  const empty = { admins: {}, moderators: {}, participants: {}, usersToBan: {} }
  assert.deepEqual(await ann.ok('PUT', '/groups/adding/members', { participants: ['bob'] }), {
    ...empty,
    participants: { bob: { success: true } },
  })
  assert.deepEqual(await rest.ok('POST', '/groups/adding/members', { moderators: ['carol'] }), {
    ...empty,
    moderators: { carol: { success: true } },
  })
  const again = await rest.ok('POST', '/groups/adding/members', { participants: ['bob'] })
  assert.equal(again.participants.bob.error.code, 'ERR_ALREADY_JOINED')
  assert.deepEqual(await rest.ok('POST', '/groups/adding/members', {}), empty)
  const rows: readonly (readonly [of: Caller, body: object, error: string])[] = [
    [bob, { participants: ['dave'] }, '403 ERR_PERMISSION_DENIED'],
    [dave, { participants: ['dave'] }, '403 ERR_GROUP_NOT_JOINED'],
    [carol, { admins: ['dave'] }, '403 ERR_PERMISSION_DENIED'],
    [carol, { moderators: ['dave'] }, '403 ERR_PERMISSION_DENIED'],
  ]
  for (const [of, body, error] of rows) assert.equal(await of.fails('PUT', '/groups/adding/members', body), error)
  await carol.ok('PUT', '/groups/adding/members', { participants: ['dave'] })
  assert.deepEqual(await members(bob, 'adding'), {
    ann: 'admin',
    bob: 'participant',
    carol: 'moderator',
    dave: 'participant',
  })
  assert.deepEqual(await members(bob, 'adding', '?scopes=admin,moderator'), { ann: 'admin', carol: 'moderator' })
  assert.deepEqual(await members(bob, 'adding', '?searchKey=dav'), { dave: 'participant' })
  const { data, meta } = await bob.call('GET', '/groups/adding/members?per_page=3&page=2')
  assert.deepEqual([data.length, meta.pagination.total, meta.pagination.total_pages], [1, 4, 2])
  assert.equal(data[0].name, 'Name of dave')
  const outsider = await loginOf(app, rest, 'erin')
  assert.equal(await outsider.fails('GET', '/groups/adding/members'), '403 ERR_GROUP_NOT_JOINED')
})

test('scopes are changed by admins, below the owner', async () => {
  await rest.ok('POST', '/groups', {
    guid: 'ranks',
    name: 'Ranks',
    type: 'public',
    owner: 'ann',
    members: { admins: ['bob'], moderators: ['carol'], participants: ['dave'] },
  })
  const rows: readonly (readonly [of: Caller, uid: string, body: object, error: string])[] = [
    [carol, 'dave', { scope: 'moderator' }, '403 ERR_PERMISSION_DENIED'],
    [bob, 'ann', { scope: 'participant' }, '403 ERR_PERMISSION_DENIED'],
    [bob, 'bob', { scope: 'participant' }, '403 ERR_PERMISSION_DENIED'],
    [bob, 'dave', { scope: 'king' }, '400 ERR_BAD_REQUEST'],
    [bob, 'dave', {}, '400 ERR_BAD_REQUEST'],
    [bob, 'erin', { scope: 'moderator' }, '403 ERR_NOT_A_MEMBER'],
    [bob, 'nobody', { scope: 'moderator' }, '404 ERR_UID_NOT_FOUND'],
    [rest, 'erin', { scope: 'moderator' }, '403 ERR_NOT_A_MEMBER'],
  ]
  for (const [of, uid, body, error] of rows) {
    assert.equal(await of.fails('PUT', `/groups/ranks/members/${uid}`, body), error, `${uid} ${JSON.stringify(body)}`)
  }
  await bob.ok('PUT', '/groups/ranks/members/dave', { scope: 'moderator' })
  await rest.ok('PUT', '/groups/ranks/members/carol', { scope: 'participant' })
  assert.deepEqual(await members(rest, 'ranks'), {
    ann: 'admin',
    bob: 'admin',
    carol: 'participant',
    dave: 'moderator',
  })
})

test('kicked, left and banned: out at once, and only those who are banned stay out', async () => {
  await rest.ok('POST', '/groups', {
    guid: 'doors',
    name: 'Doors',
    type: 'public',
    owner: 'ann',
    members: { moderators: ['bob'], participants: ['carol', 'dave'] },
  })
  const kick = await bob.ok('DELETE', '/groups/doors/members/carol')
  assert.deepEqual(kick, { success: true, message: 'The member with carol has been kicked from the Group with doors.' })
  assert.equal(await bob.fails('DELETE', '/groups/doors/members/carol'), '403 ERR_NOT_A_MEMBER')
  assert.equal(await bob.fails('DELETE', '/groups/doors/members/ann'), '403 ERR_PERMISSION_DENIED')
  assert.equal(await dave.fails('DELETE', '/groups/doors/members/bob'), '403 ERR_PERMISSION_DENIED')
  assert.equal(await carol.fails('DELETE', '/groups/doors/members/dave'), '403 ERR_GROUP_NOT_JOINED')
  assert.equal(await rest.fails('DELETE', '/groups/doors/members/nobody'), '404 ERR_UID_NOT_FOUND')
  await carol.ok('POST', '/groups/doors/members')

  assert.equal((await carol.ok('DELETE', '/groups/doors/members')).success, true)
  assert.equal(await carol.fails('DELETE', '/groups/doors/members'), '403 ERR_GROUP_NOT_JOINED')
  assert.equal(await rest.fails('DELETE', '/groups/doors/members'), '400 ERR_BAD_REQUEST')
  await rest.ok('DELETE', '/groups/doors/members', undefined, { onBehalfOf: 'dave' })
  assert.deepEqual(Object.keys(await members(rest, 'doors')), ['ann', 'bob'])

  await carol.ok('POST', '/groups/doors/members')
  const typed = { 'content-type': 'application/json' }
  assert.equal((await bob.ok('POST', '/groups/doors/bannedusers/carol', '', typed)).success, true, 'an empty body')
  assert.equal((await rest.ok('POST', '/groups/doors/bannedusers/dave')).success, true, 'a member or not')
  assert.equal(await carol.fails('POST', '/groups/doors/members'), '403 ERR_PERMISSION_DENIED')
  const added = await ann.ok('PUT', '/groups/doors/members', { participants: ['carol'] })
  assert.equal(added.participants.carol.error.code, 'ERR_PERMISSION_DENIED')
  const banned = await bob.ok('GET', '/groups/doors/bannedusers')
  assert.deepEqual(
    banned.map(({ uid }: { uid: string }) => uid),
    ['carol', 'dave'],
  )
  for (const [of, method, uid, error] of [
    [dave, 'POST', 'bob', '403 ERR_GROUP_NOT_JOINED'],
    [bob, 'POST', 'ann', '403 ERR_PERMISSION_DENIED'],
    [rest, 'POST', 'nobody', '404 ERR_UID_NOT_FOUND'],
    [rest, 'DELETE', 'erin', '403 ERR_NOT_A_MEMBER'],
  ] as const) {
    assert.equal(await of.fails(method, `/groups/doors/bannedusers/${uid}`), error, `${method} ${uid}`)
  }
  await ann.ok('DELETE', '/groups/doors/bannedusers/carol')
  assert.deepEqual(Object.keys(await members(rest, 'doors')), ['ann', 'bob'], 'no member by that')
  await carol.ok('POST', '/groups/doors/members')
  assert.deepEqual(Object.keys(await members(rest, 'doors')), ['ann', 'bob', 'carol'])
})

test('lists of people to ban respect rank as bans one by one do; a server bans anybody', async () => {
  await rest.ok('POST', '/groups', {
    guid: 'lists',
    name: 'Lists',
    type: 'public',
    owner: 'ann',
    members: { admins: ['erin'], moderators: ['bob', 'carol'], participants: ['dave'] },
  })
  const { usersToBan } = await bob.ok('PUT', '/groups/lists/members', {
    usersToBan: ['ann', 'erin', 'carol', 'bob', 'dave'],
  })
  for (const above of ['ann', 'erin', 'carol', 'bob']) {
    assert.deepEqual([usersToBan[above].success, usersToBan[above].error.code], [false, 'ERR_PERMISSION_DENIED'], above)
  }
  assert.deepEqual(usersToBan.dave, { success: true })
  assert.deepEqual(Object.keys(await members(rest, 'lists')), ['ann', 'bob', 'carol', 'erin'])

  const made = await ann.ok('POST', '/groups', {
    guid: 'self',
    name: 'Self',
    type: 'public',
    members: { usersToBan: ['ann', 'bob'] },
  })
  const { usersToBan: named } = made.members.data
  assert.deepEqual([named.ann.success, named.bob.success], [false, true])
  const added = await rest.ok('PUT', '/groups/lists/members', { usersToBan: ['ann'] })
  assert.deepEqual(added.usersToBan, { ann: { success: true } })
})

test('who is put out loses what was shared there, and has it again when they are back', async () => {
  const place = await createApp(server.admin)
  const own = await restOf(place)
  for (const uid of ['ann', 'bob']) await own.ok('POST', '/users', { uid, name: uid })
  const bobs = await loginOf(place, own, 'bob')
  await own.ok('POST', '/groups', {
    guid: 'g',
    name: 'G',
    type: 'public',
    owner: 'ann',
    members: { participants: ['bob'] },
  })
  const { id } = await place.upload(Buffer.from('shared'), { conversation: 'g', from: 'ann' })
  const [link, anns] = [await place.link(id, 'bob'), await place.link(id, 'ann')]
  const status = async (path: string) => (await place.bare.get(path)).status
  const outs: readonly (() => Promise<unknown>)[] = [
    () => own.ok('DELETE', '/groups/g/members/bob'),
    () => bobs.ok('DELETE', '/groups/g/members'),
    () => own.ok('POST', '/groups/g/bannedusers/bob'),
  ]
  for (const [n, out] of outs.entries()) {
    assert.deepEqual([await status(link), await status(anns)], [200, 200], `before ${n}`)
    await out()
    assert.deepEqual([await status(link), await status(anns)], [403, 200], `after ${n}`)
    if (n === 2) await own.ok('DELETE', '/groups/g/bannedusers/bob')
    if (n === 0) await own.ok('POST', '/groups/g/members', { participants: ['bob'] })
    else await bobs.ok('POST', '/groups/g/members')
  }
  assert.equal(await status(link), 200)
  await place.settings({ revokeOnLeave: false })
  await own.ok('DELETE', '/groups/g/members/bob')
  assert.equal(await status(link), 200, 'an app that says so lets those who leave keep what they received')
  await own.ok('POST', '/groups/g/members', { participants: ['bob'] })
  await own.ok('DELETE', '/users', { uidsToDeactivate: ['bob'] })
  assert.equal(await status(link), 401)
  await own.ok('PUT', '/users', { uidsToActivate: ['bob'] })
  assert.equal(await status(link), 200)
  assert.deepEqual(await members(own, 'g'), { ann: 'admin', bob: 'participant' }, 'and is back in the groups')
  await own.ok('DELETE', '/groups/g')
  assert.notEqual(await status(link), 200)
})

test('a group of another app is none', async () => {
  const elsewhere = await restOf(await createApp(server.admin))
  assert.equal(await elsewhere.fails('GET', '/groups/doors'), '404 ERR_GUID_NOT_FOUND')
  assert.equal(await elsewhere.fails('DELETE', '/groups/doors/members/bob'), '404 ERR_GUID_NOT_FOUND')
  assert.deepEqual(await elsewhere.ok('GET', '/groups'), [])
  assert.deepEqual(await elsewhere.ok('GET', '/users'), [])
})

test('a group of ten thousand is made natively, and told page by page', async () => {
  const place = await createApp(server.admin)
  const own = await restOf(place)
  const uids = Array.from({ length: 10_000 }, (_, n) => `u${String(n).padStart(5, '0')}`)
  await server.admin.put(`${place.base}/conversations/big`, { type: 'group', members: uids })
  const { data, meta } = await own.call('GET', '/groups/big/members?perPage=1000&page=10')
  assert.deepEqual([data.length, data[999].uid, meta.pagination.total_pages], [1000, 'u09999', 10])
  assert.equal((await own.ok('GET', '/groups/big')).membersCount, 10_000)
})
