import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openApi } from '../../test/api.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const base = `/v1/apps/${app.id}/conversations`

async function team(id: string, ...members: string[]) {
  await house.call('PUT', `${base}/${id}`, { type: 'group', members })
  return `${base}/${id}`
}

async function roles(url: string): Promise<Record<string, string>> {
  const { body } = await house.call('GET', `${url}/members`)
  return Object.fromEntries(body.items.map(({ user, role }: { user: string; role: string }) => [user, role]))
}

test('members come with a role, one by one or many at once, and keep it', async () => {
  const url = await team('roles', 'ann')
  assert.equal((await house.call('PUT', `${url}/members/bob`, { role: 'admin' })).status, 201)
  const members = [{ user: 'cid', role: 'moderator' }, { user: 'bob', role: 'participant' }, { user: 'dora' }]
  const arrived = await house.call('POST', `${url}/members`, { members })
  assert.deepEqual([arrived.status, arrived.body], [200, { joined: ['cid', 'dora'], present: ['bob'], banned: [] }])
  assert.deepEqual(await roles(url), { ann: 'participant', bob: 'admin', cid: 'moderator', dora: 'participant' })
  assert.equal((await house.call('PUT', `${url}/members/bob`)).status, 200)
  assert.equal((await roles(url)).bob, 'admin')
  assert.equal((await house.call('PUT', `${url}/members/bob`, { role: 'participant' })).status, 200)
  assert.equal((await roles(url)).bob, 'participant')
  assert.equal((await house.call('GET', url)).body.membersCount, 4)
})

test('what cannot be a member is told', async () => {
  const url = await team('wrong')
  const rows = [
    ['POST', `${base}/nowhere/members`, { members: [{ user: 'ann' }] }, 404],
    ['POST', `${url}/members`, { members: [] }, 400],
    ['POST', `${url}/members`, { members: [{ user: 'a/b' }] }, 400],
    ['POST', `${url}/members`, { members: [{ user: 'ann', role: 'king' }] }, 400],
    ['PUT', `${url}/members/ann`, { role: 'king' }, 400],
    ['PUT', `${base}/nowhere/bans/ann`, undefined, 404],
    ['PUT', `${url}/bans/nobody`, undefined, 404],
    ['DELETE', `${url}/bans/ann`, undefined, 404],
    ['GET', `${base}/nowhere/bans`, undefined, 404],
  ] as const
  for (const [method, path, body, status] of rows) {
    assert.equal((await house.call(method, path, body)).status, status, `${method} ${path} ${JSON.stringify(body)}`)
  }
})

test('a banned user is out and stays out, by whichever way, until the ban is lifted', async () => {
  const url = await team('strict', 'ann', 'bob')
  assert.equal((await house.call('PUT', `${url}/bans/bob`)).status, 204)
  assert.equal((await house.call('PUT', `${url}/bans/bob`)).status, 204)
  assert.deepEqual(Object.keys(await roles(url)), ['ann'])
  const [ban] = (await house.call('GET', `${url}/bans`)).body.items
  assert.deepEqual([ban.user, ban.by], ['bob', 'test-key'])

  assert.equal((await house.call('PUT', `${url}/members/bob`)).status, 409)
  const many = await house.call('POST', `${url}/members`, { members: [{ user: 'bob' }, { user: 'cid' }] })
  assert.deepEqual(many.body, { joined: ['cid'], present: [], banned: ['bob'] })
  const put = await house.call('PUT', url, { type: 'group', members: ['ann', 'bob'] })
  assert.deepEqual(put.body.members, ['ann'])
  await team('old', 'bob', 'eve')
  assert.deepEqual((await house.call('POST', `${url}/merge`, { from: 'old' })).body.members, ['ann', 'eve'])

  assert.equal((await house.call('DELETE', `${url}/bans/bob`)).status, 204)
  assert.deepEqual((await house.call('GET', `${url}/bans`)).body.items, [])
  assert.equal((await roles(url)).bob, undefined, 'lifting a ban makes nobody a member')
  assert.equal((await house.call('PUT', `${url}/members/bob`)).status, 201)
})

test('a ban takes access along exactly where leaving does', async () => {
  const { body: strict } = await house.call('POST', '/v1/apps', { name: 'S', settings: { revokeOnLeave: true } })
  for (const [id, revokes] of [
    [app.id, false],
    [strict.id, true],
  ] as const) {
    const url = `/v1/apps/${id}/conversations/banning`
    await house.call('PUT', url, { type: 'group', members: ['ann', 'bob'] })
    await house.call('PUT', `${url}/bans/bob`)
    const bob = (await house.parts.records.users.find(id, 'bob')) ?? assert.fail()
    const cut = () => house.parts.records.conversations.cutOff(id, 'banning', [bob])
    assert.equal((await cut()).length, revokes ? 1 : 0)
    await house.call('DELETE', `${url}/bans/bob`)
    await house.call('PUT', `${url}/members/bob`)
    assert.deepEqual(await cut(), [], 'coming back gives access back')
  }
})
