import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Unavailable } from '@gatehouse/storage/records/port'
import { openApi } from '../../test/api.ts'
import { attachFile } from '../../test/attach.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const base = `/v1/apps/${app.id}/conversations`

test('a conversation is made and replaced by PUT; members become users', async () => {
  const made = await house.call('PUT', `${base}/team`, { type: 'group', members: ['bob', 'ann', 'bob'] })
  assert.deepEqual([made.status, made.headers.location], [201, `${base}/team`])
  assert.deepEqual([made.body.members, made.body.mergedFrom, made.body.type], [['ann', 'bob'], [], 'group'])
  assert.equal((await house.call('GET', `/v1/apps/${app.id}/users/ann`)).status, 200)
  const again = await house.call('PUT', `${base}/team`, { type: 'group', members: ['ann', 'eve'] })
  assert.deepEqual([again.status, again.body.members], [200, ['ann', 'eve']])
  assert.deepEqual((await house.call('GET', `${base}/team`)).body, again.body)
  const [first] = (await house.call('GET', `${base}/team/members?limit=1`)).body.items
  assert.deepEqual([first.user, first.role], ['ann', 'participant'])
  assert.equal(again.body.membersCount, 2)
  assert.deepEqual(
    (await house.call('GET', base)).body.items.map(({ id }: { id: string }) => id),
    ['team'],
  )
})

test('members come and go one by one', async () => {
  await house.call('PUT', `${base}/club`, { type: 'group', members: ['ann'] })
  assert.equal((await house.call('PUT', `${base}/club/members/new`)).status, 201)
  assert.equal((await house.call('PUT', `${base}/club/members/new`)).status, 200)
  assert.equal((await house.call('DELETE', `${base}/club/members/new`)).status, 204)
  assert.equal((await house.call('DELETE', `${base}/club/members/new`)).status, 404)
  assert.equal((await house.call('PUT', `${base}/nowhere/members/ann`)).status, 404)
})

test('leaving is a change of standing only where the app says so, and so is coming back', async () => {
  const { body: strict } = await house.call('POST', '/v1/apps', { name: 'S', settings: { revokeOnLeave: true } })
  const rows = [
    [app.id, false],
    [strict.id, true],
  ] as const
  for (const [id, revokes] of rows) {
    const url = `/v1/apps/${id}/conversations/leaving`
    const changes = async () => {
      const all = await house.parts.records.changes.since(0, 1000)
      return all.flatMap(({ app, change }) => {
        if (app !== id || !(change.kind === 'member' || change.kind === 'members')) return []
        const users = change.kind === 'members' ? change.users : [change.user]
        return change.conversation === 'leaving' ? users.map((user) => `${user} ${change.to}`) : []
      })
    }
    await house.call('PUT', url, { type: 'group', members: ['ann', 'bob', 'eve'] })
    assert.deepEqual(await changes(), [], 'a new conversation needs no change')
    await house.call('DELETE', `${url}/members/bob`)
    await house.call('PUT', url, { type: 'group', members: ['ann'] })
    assert.deepEqual(await changes(), revokes ? ['bob out', 'eve out'] : [])
    assert.deepEqual((await house.call('GET', url)).body.members, ['ann'])
    await house.call('PUT', `${url}/members/bob`)
    assert.deepEqual((await changes()).at(-1), revokes ? 'bob in' : undefined)
    await house.call('PATCH', `/v1/apps/${id}`, { settings: { revokeOnLeave: false } })
    await house.call('PUT', url, { type: 'group', members: ['ann', 'eve', 'new'] })
    assert.deepEqual(
      (await changes()).at(-1),
      revokes ? 'eve in' : undefined,
      'also where the app has changed its mind',
    )
  }
})

test('what leaving takes away is gone after the call was repeated, wherever the first one ended', async (t) => {
  const { body: strict } = await house.call('POST', '/v1/apps', { name: 'S', settings: { revokeOnLeave: true } })
  const url = `/v1/apps/${strict.id}/conversations/c`
  await house.call('PUT', url, { type: 'group', members: ['ann', 'bob'] })
  const failing = t.mock.method(house.parts.standings, 'change', async () => {
    throw new Unavailable('the database is gone')
  })
  assert.equal((await house.call('PUT', url, { type: 'group', members: ['ann'] })).status, 503)
  failing.mock.restore()
  const again = await house.call('PUT', url, { type: 'group', members: ['ann'] })
  assert.deepEqual([again.status, again.body.members], [200, ['ann']])
  const [last] = (await house.parts.records.changes.since(0, 1000)).slice(-1)
  assert.deepEqual(last?.change, { kind: 'members', app: strict.id, conversation: 'c', users: ['bob'], to: 'out' })
})

test('merging brings the members along; what is merged away stays as it is', async () => {
  await house.call('PUT', `${base}/old`, { type: 'group', members: ['zoe'] })
  const merged = await house.call('POST', `${base}/team/merge`, { from: 'old' })
  assert.deepEqual([merged.status, merged.body.mergedFrom], [200, ['old']])
  assert.ok(merged.body.members.includes('zoe'))
  for (const from of ['old', 'team']) {
    assert.equal((await house.call('POST', `${base}/team/merge`, { from })).status, 409, from)
  }
  assert.equal((await house.call('POST', `${base}/team/merge`, { from: 'nowhere' })).status, 404)
  assert.equal((await house.call('PUT', `${base}/old`, { type: 'group', members: [] })).status, 409)
  assert.equal((await house.call('PUT', `${base}/old/members/ann`)).status, 409)
})

test('100,000 members pass in one call', async () => {
  const members = Array.from({ length: 100_000 }, (_, n) => `member-${String(n).padStart(6, '0')}`)
  const made = await house.call('PUT', `${base}/stadium`, { type: 'group', members })
  assert.equal(made.status, 201)
  assert.deepEqual(made.body.members, members)
})

test('a direct conversation has at most two, and each wrong member is named', async () => {
  const three = await house.call('PUT', `${base}/d`, { type: 'direct', members: ['a', 'b', 'c'] })
  assert.deepEqual([three.status, three.body.errors[0].path], [400, '/members'])
  const wrong = await house.call('PUT', `${base}/d`, { type: 'band', members: ['a/b', 'ok', '..'] })
  assert.deepEqual(
    wrong.body.errors.map(({ path }: { path: string }) => path),
    ['/type', '/members/0', '/members/2'],
  )
})

test('details are kept, replaced one by one, and its password is never shown', async () => {
  const details = { name: 'Ö', owner: 'ann', joining: 'password', profile: { icon: 'x' }, tags: ['a'] }
  const made = await house.call('PUT', `${base}/described`, {
    type: 'group',
    members: ['ann'],
    ...details,
    password: 'secret',
  })
  assert.equal(made.status, 201, made.text)
  for (const [name, value] of Object.entries(details)) assert.deepEqual(made.body[name], value, name)
  assert.doesNotMatch(made.text, /scrypt|secret/)
  const hash = (await house.parts.records.conversations.find(app.id, 'described'))?.passwordHash
  assert.match(hash ?? '', /^scrypt\./)

  await house.call('PUT', `${base}/described`, { type: 'group', members: ['ann', 'bob'] })
  const changed = await house.call('PATCH', `${base}/described`, { name: null, metadata: { x: [1] }, password: null })
  assert.deepEqual(
    [changed.status, changed.body.name, changed.body.metadata, changed.body.owner, changed.body.membersCount],
    [200, null, { x: [1] }, 'ann', 2],
  )
  assert.equal((await house.parts.records.conversations.find(app.id, 'described'))?.passwordHash, null)
  assert.equal((await house.call('PATCH', `${base}/nowhere`, { name: 'x' })).status, 404)
  assert.equal((await house.call('PATCH', `${base}/described`, { type: 'direct' })).status, 400)
})

test('a deleted conversation takes messages, attachments and bytes along', async () => {
  await house.call('PUT', `${base}/gone`, { type: 'group', members: ['ann', 'bob'] })
  await house.call('PUT', `${base}/joined-gone`, { type: 'group', members: ['eve'] })
  const file = await attachFile(house.parts, app.id, 'gone')
  const merged = await attachFile(house.parts, app.id, 'joined-gone')
  await house.call('POST', `${base}/gone/merge`, { from: 'joined-gone' })
  const message = await house.call('POST', `/v1/apps/${app.id}/messages`, { conversation: 'gone', text: 'x' })
  assert.equal((await house.call('DELETE', `${base}/joined-gone`)).status, 409)
  assert.equal((await house.call('DELETE', `${base}/gone`)).status, 204)
  assert.equal((await house.call('DELETE', `${base}/gone`)).status, 404)
  for (const id of ['gone', 'joined-gone']) assert.equal((await house.call('GET', `${base}/${id}`)).status, 404, id)
  assert.equal((await house.call('GET', `/v1/apps/${app.id}/messages/${message.body.id}`)).status, 404)
  for (const one of [file, merged]) {
    assert.equal((await house.call('GET', `/v1/apps/${app.id}/attachments/${one.id}`)).status, 404)
    assert.equal(await house.parts.blobs.stat(one.blob), null)
  }
  const fresh = await house.call('PUT', `${base}/gone`, { type: 'group', members: [] })
  assert.deepEqual([fresh.status, fresh.body.members], [201, []])
})
