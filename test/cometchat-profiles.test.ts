import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Caller, loginOf } from './support/cometchat-http.ts'
import { openChat, read, sendText } from './support/cometchat-messages.ts'

/** What is known of users: what they say of themselves, what is for servers alone, and users asked for by name. */

const chat = await openChat(['ann', 'bob', 'carol'], { team: ['ann', 'bob'] })
after(() => chat.server.stop())
const { rest, app } = chat
const { ann, bob } = chat.users
const named = async (caller: Caller, query: string) =>
  (await caller.ok('GET', `/users?${query}`)).map(({ uid }: { uid: string }) => uid)

test('what servers keep under @private is shown to servers, and to no client anywhere', async () => {
  const reach = { email: 'dan@people.example', contactNumber: '0123456789' }
  const metadata = { '@private': reach, team: 'blue' }
  const made = await rest.ok('POST', '/users', { uid: 'dan', name: 'Dan', metadata })
  assert.deepEqual(made.metadata, metadata)
  const dan = await loginOf(app, rest, 'dan')
  await rest.ok('POST', '/groups/team/members', { participants: ['dan'] })
  const message = await sendText(dan, '#team', 'hi <@uid:dan>')
  await sendText(dan, 'ann', 'hi')
  const asked: readonly (readonly [caller: Caller, path: string])[] = [
    ...['/users/dan', '/users', '/users?uids=dan', '/users/dan/messages', '/users/dan/conversation'].map(
      (path) => [ann, path] as const,
    ),
    ...[
      '/groups/team/members',
      '/groups/team/messages',
      '/groups/team/conversation',
      '/conversations',
      '/messages',
    ].map((path) => [ann, path] as const),
    [ann, `/messages/${message.id}`],
    [dan, '/me'],
  ]
  for (const [caller, path] of asked) {
    const { status, answer } = await caller.call('GET', path)
    assert.equal(status, 200, path)
    assert.match(answer.text, /"dan"/, path)
    assert.doesNotMatch(answer.text, /@private|people\.example|0123456789/, path)
  }
  assert.deepEqual((await ann.ok('GET', '/users/dan')).metadata, { team: 'blue' })
  await rest.ok('POST', '/groups/team/bannedusers/dan')
  const { answer } = await rest.call('GET', '/groups/team/bannedusers')
  assert.doesNotMatch(answer.text, /@private/)
  assert.deepEqual((await rest.ok('GET', '/users/dan')).metadata, metadata)
  assert.deepEqual((await rest.ok('GET', '/users?searchKey=dan'))[0].metadata, metadata)
  assert.deepEqual((await rest.ok('PUT', '/users/dan', { name: 'Daniel' })).metadata, metadata)

  // What a client says of its user leaves all metadata alone.
  const said = { name: 'Dan', metadata: { '@private': { email: 'x@people.example' }, team: 'red' } }
  assert.deepEqual((await dan.ok('PUT', '/me', said)).metadata, { team: 'blue' })
  assert.deepEqual((await rest.ok('GET', '/users/dan')).metadata, metadata)
})

test('users say of themselves what others see, and nothing that servers give', async () => {
  await rest.ok('PUT', '/users/bob', { role: 'member', tags: ['one'], link: 'https://people.example/bob' })
  const said = { uid: 'ann', name: 'Bobby', avatar: 'https://pictures.example/bob.png', statusMessage: 'Here' }
  const session = await bob.ok('PUT', '/me', {
    ...said,
    role: 'admin',
    tags: ['two'],
    status: 'online',
    deactivatedAt: 0,
  })
  assert.equal(session.authToken, bob.authToken, 'the session goes on')
  assert.ok(session.settings.CLIENT_API_HOST)
  const { createdAt, updatedAt, ...known } = await ann.ok('GET', '/users/bob')
  const { status: _none, ...own } = known
  assert.deepEqual(own, { ...said, uid: 'bob', role: 'member', tags: ['one'], link: 'https://people.example/bob' })
  assert.ok(updatedAt >= createdAt)
  assert.equal((await ann.ok('GET', '/users/ann')).name, 'Name of ann')

  // The same call with what a login says changes nothing.
  const login = { platform: 'WEB', deviceId: 'd', appInfo: { version: '4.2.0', apiVersion: 'v3.0', userAgent: 'x' } }
  await bob.ok('PUT', '/me', login)
  assert.deepEqual(await ann.ok('GET', '/users/bob'), { ...known, createdAt, updatedAt })
})

test('what users say of themselves is read as what servers say, and loses the tokens of our own URLs', async () => {
  const rows: readonly (readonly [body: object, field: string])[] = [
    [{ name: ' ' }, 'name'],
    [{ name: 'x'.repeat(257) }, 'name'],
    [{ name: ['x'] }, 'name'],
    [{ name: 'a\u0000b' }, 'name'],
    [{ avatar: {} }, 'avatar'],
    [{ avatar: `https://x.example/${'x'.repeat(2048)}` }, 'avatar'],
  ]
  const before = await ann.ok('GET', '/users/ann')
  for (const [body, field] of rows) {
    const { status, error } = await ann.call('PUT', '/me', body)
    assert.deepEqual([status, error?.code, Object.keys(error?.details ?? {})], [400, 'ERR_BAD_REQUEST', [field]], field)
  }
  assert.deepEqual(await ann.ok('GET', '/users/ann'), before)
  const clean = `${chat.server.url}/apps/${app.id}/x/y.png`
  assert.equal((await ann.ok('PUT', '/me', { avatar: `${clean}?fat=SECRET` })).avatar, clean)
})

test('nobody comes back by what they, or servers, say of them as they are deleted', async () => {
  for (let round = 0; round < 6; round++) {
    await rest.ok('POST', '/users', { uid: 'erin', name: 'Erin' })
    const erin = await loginOf(app, rest, 'erin')
    const said = Array.from({ length: 4 }, () => erin.call('PUT', '/me', { name: 'Late' }))
    const removed = rest.call('DELETE', '/users/erin')
    const served = Array.from({ length: 4 }, () => rest.call('PUT', '/users/erin', { name: 'Late' }))
    assert.equal((await removed).status, 200)
    for (const { status, answer } of await Promise.all([...said, ...served])) {
      assert.ok([200, 401, 404].includes(status), answer.text)
    }
    assert.equal(await rest.fails('GET', '/users/erin'), '404 ERR_UID_NOT_FOUND')
  }
})

test('users are asked for by name, each once, as they were named, page by page', async () => {
  await rest.ok('POST', '/users', { uid: 'gone', name: 'Gone' })
  await rest.ok('DELETE', '/users', { uidsToDeactivate: ['gone'] })
  assert.deepEqual(await named(ann, 'uids=carol,bob'), ['carol', 'bob'])
  assert.deepEqual(await named(ann, 'uids[]=carol&uids[]=CAROL&uids[]=nobody&uids[]=gone'), ['carol'])
  assert.deepEqual(await named(ann, 'uids=nobody'), [])
  assert.deepEqual(await named(rest, 'uids=gone,bob'), ['bob'])
  assert.deepEqual(await named(rest, 'uids=gone,bob&withDeactivated=1'), ['gone', 'bob'])
  assert.deepEqual(await named(rest, 'uids=gone,bob&onlyDeactivated=1'), ['gone'])
  assert.deepEqual(await named(ann, 'uids=carol,bob,ann&per_page=2&page=2'), ['ann'])
  const { meta } = await ann.call('GET', '/users?uids=carol,bob,ann&per_page=2&page=2')
  const pages = { total: 3, count: 1, per_page: 2, current_page: 2, total_pages: 2 }
  assert.deepEqual(meta.pagination, pages)
})

test('mentions are told by the text and by nobody else, as their users are now', async () => {
  const forged = { bob: { uid: 'bob', name: 'The boss' }, nobody: null }
  const body = { type: 'text', receiver: 'team', receiverType: 'group', data: { text: 'see', mentions: forged } }
  const plain = await ann.ok('POST', '/messages', body)
  assert.equal(plain.data.mentions, undefined)
  const sent = await ann.ok('POST', '/messages', {
    ...body,
    data: { text: '<@uid:bob> and <@uid:nobody> and <@uid:bob>, <@uid:> <@all:all>', mentions: forged },
  })
  assert.deepEqual(Object.keys(sent.data.mentions), ['bob', 'nobody'])
  assert.deepEqual(sent.data.mentions.nobody.uid, 'nobody')
  await bob.ok('PUT', '/me', { name: 'Robert' })
  const [listed] = (await bob.ok('GET', '/groups/team/messages?per_page=1')).slice(-1)
  assert.equal(listed.data.mentions.bob.name, 'Robert')
  assert.deepEqual(listed, await read(bob, sent), 'a list and a single message are alike')
  await ann.ok('PUT', `/messages/${sent.id}`, { data: { text: 'nobody', mentions: forged } })
  assert.equal((await bob.ok('GET', `/messages/${sent.id}`)).data.mentions, undefined)
  const odd = await sendText(ann, '#team', '<@uid:gone> <@uid:hasOwnProperty> <@uid:__proto__>')
  const shown = (odd.data as { mentions?: object }).mentions
  assert.deepEqual(shown, { gone: { uid: 'gone', name: 'gone', role: 'default', status: 'offline' } }, 'deactivated')
  const many = await sendText(ann, '#team', Array.from({ length: 60 }, (_, n) => `<@uid:u${n}>`).join(' '))
  assert.equal(Object.keys((many.data as { mentions?: object }).mentions ?? {}).length, 25)
})
