import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { loginOf, restOf } from './support/cometchat-http.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createApp } from './support/tenant.ts'

const server = await startGatehouse()
after(() => server.stop())
const app = await createApp(server.admin)
const rest = await restOf(app)
await rest.ok('POST', '/users', { uid: 'bob', name: 'Bob' })

const rolesOf = (list: readonly { uid: string; scope: string }[]) =>
  Object.fromEntries(list.map(({ uid, scope }) => [uid, scope]))

test('whoever comes under the uid of somebody who is gone inherits neither groups nor messages', async () => {
  await rest.ok('POST', '/users', { uid: 'heir', name: 'The first' })
  const first = await loginOf(app, rest, 'heir')
  await first.ok('POST', '/groups', {
    guid: 'estate',
    name: 'Estate',
    type: 'public',
    members: { participants: ['bob'] },
  })
  const said = { type: 'text', receiver: 'estate', receiverType: 'group', data: { text: 'mine' } }
  const { id } = await first.ok('POST', '/messages', said)
  await rest.ok('DELETE', '/users/heir')
  await rest.ok('POST', '/users', { uid: 'heir', name: 'The second' })
  const second = await loginOf(app, rest, 'heir')
  await second.ok('POST', '/groups/estate/members')
  assert.deepEqual(rolesOf(await rest.ok('GET', '/groups/estate/members')), { bob: 'participant', heir: 'participant' })
  assert.equal((await second.ok('GET', '/groups/estate')).owner, '')
  assert.equal(await second.fails('DELETE', '/groups/estate'), '403 ERR_PERMISSION_DENIED')

  await app.settings({ historyForNewMembers: true })
  assert.equal((await second.ok('GET', `/messages/${id}`)).data.text, 'mine')
  assert.equal(
    await second.fails('PUT', `/messages/${id}`, { data: { text: 'not mine' } }),
    '403 ERR_MESSAGE_NO_ACCESS',
  )
  assert.equal(await second.fails('DELETE', `/messages/${id}`), '403 ERR_MESSAGE_NO_ACCESS')
  await app.settings({ historyForNewMembers: false })
  const own = await second.ok('POST', '/messages', said)
  await second.ok('PUT', `/messages/${own.id}`, { data: { text: 'changed' } })
})

test('what a server gave to somebody who was never a member is nobody’s once they are gone', async () => {
  await rest.ok('POST', '/users', { uid: 'patron', name: 'The first' })
  await rest.ok('POST', '/groups', { guid: 'gift', name: 'Gift', type: 'public', owner: 'bob' })
  await rest.ok('PUT', '/groups/gift', { owner: 'patron' })
  assert.equal((await rest.ok('GET', '/groups/gift')).owner, 'patron')
  await rest.ok('DELETE', '/users/patron')
  assert.equal((await rest.ok('GET', '/groups/gift')).owner, '')
  await rest.ok('POST', '/users', { uid: 'patron', name: 'The second' })
  const second = await loginOf(app, rest, 'patron')
  await second.ok('POST', '/groups/gift/members')
  for (const [method, body] of [
    ['PUT', { name: 'Mine' }],
    ['DELETE', undefined],
  ] as const) {
    assert.equal(await second.fails(method, '/groups/gift', body), '403 ERR_PERMISSION_DENIED')
  }
})

test('whoever is deleted while a group is handed over to them leaves it to nobody', async () => {
  await rest.ok('POST', '/groups', { guid: 'throne', name: 'Throne', type: 'public', owner: 'bob' })
  for (let round = 0; round < 20; round++) {
    await rest.ok('POST', '/users', { uid: 'prince', name: 'The first' })
    await rest.ok('PUT', '/groups/throne/members', { participants: ['prince'] })
    await Promise.all([
      ...Array.from({ length: 8 }, () => rest.call('PATCH', '/groups/throne/owner', { owner: 'prince' })),
      rest.ok('DELETE', '/users/prince'),
    ])
    assert.notEqual((await rest.ok('GET', '/groups/throne')).owner, 'prince')
  }
})
