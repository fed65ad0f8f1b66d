import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { type List, targetOf } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createApp, expect, refusal, type Tenant } from './support/tenant.ts'

const house = await startGatehouse({ faketime: '+0' })
after(() => house.stop())

/** A group of three who have received one attachment. */
async function shared(settings?: Readonly<Record<string, unknown>>) {
  const app = await createApp(house.admin, settings)
  await app.users('ann', 'bob', 'eve')
  await app.conversation('c', ['ann', 'bob', 'eve'])
  const bytes = randomBytes(2000)
  const made = await app.upload(bytes, { from: 'ann' })
  const links = new Map<string, string>()
  for (const uid of ['ann', 'bob', 'eve']) links.set(uid, await app.link(made.id, uid))
  return { app, made, bytes, of: (uid: string) => links.get(uid) ?? '' }
}

async function opens(app: Tenant, expected: Readonly<Record<string, number>>, of: (uid: string) => string) {
  for (const [uid, status] of Object.entries(expected)) {
    assert.equal((await app.bare.get(of(uid))).status, status, `the link of ${uid}`)
  }
}

test('each receiver has one URL of their own, and it is the same whenever it is derived', async () => {
  const { app, made, bytes, of } = await shared()
  assert.equal(new Set(['ann', 'bob', 'eve'].map(of)).size, 3)
  for (const uid of ['ann', 'bob', 'eve']) {
    assert.equal(await app.link(made.id, uid), of(uid))
    assert.ok(of(uid).startsWith(`${made.path}?t=`), 'the path is the resource')
    assert.ok(of(uid).length - made.path.length - 3 <= 43, 'a link token has at most 43 characters')
    assert.deepEqual((await app.bare.get(of(uid))).body, bytes)
  }
  const listed = await app.links(made.id, 2)
  assert.deepEqual(
    listed.map(({ user, url }) => [user, targetOf(url)]),
    ['ann', 'bob', 'eve'].map((uid) => [uid, of(uid)]),
  )
  assert.ok(listed[0]?.url.startsWith(`${house.url}/`), 'a link is complete in itself')
  const second = await app.upload(bytes)
  const other = await app.link(second.id, 'bob')
  const crossed = `${second.path}${of('bob').slice(of('bob').indexOf('?'))}`
  assert.notEqual(other, crossed)
  assert.ok([401, 403].includes((await app.bare.get(crossed)).status), "one attachment's token opens no other")
})

test('somebody who is no receiver has no link: a stranger, and one who joins later', async () => {
  const { app, made } = await shared()
  await app.users('dan')
  refusal(await app.admin.get(`${app.base}/attachments/${made.id}/links/dan`), 404)
  refusal(await app.admin.get(`${app.base}/attachments/${made.id}/links/nobody`), 404)
  await app.conversation('c', ['ann', 'bob', 'eve', 'dan'])
  refusal(await app.admin.get(`${app.base}/attachments/${made.id}/links/dan`), 404)
  assert.equal((await app.links(made.id)).length, 3)
  const later = await app.upload(Buffer.from('later'))
  expect(await app.bare.get(await app.link(later.id, 'dan')), 200)
})

test('named recipients are the receivers, whoever the members are', async () => {
  const { app } = await shared()
  const made = await app.upload(Buffer.from('x'), { recipients: ['bob', 'zoe'] })
  assert.deepEqual(
    (await app.links(made.id)).map(({ user }) => user),
    ['bob', 'zoe'],
  )
  refusal(await app.admin.get(`${app.base}/attachments/${made.id}/links/ann`), 404)
})

test('a group of 5,000 has 5,000 links, page by page, all different', async () => {
  const app = await createApp(house.admin)
  const members = Array.from({ length: 5000 }, (_, n) => `m${String(n).padStart(4, '0')}`)
  await app.conversation('c', members)
  const made = await app.upload(Buffer.from('to all of you'))
  const links = await app.links(made.id, 1000)
  assert.deepEqual(
    links.map(({ user }) => user),
    members,
  )
  assert.equal(new Set(links.map(({ url }) => url)).size, 5000)
  for (const at of [0, 2500, 4999]) {
    expect(await app.bare.get(targetOf(links[at]?.url ?? '')), 200)
    assert.equal(targetOf(links[at]?.url ?? ''), await app.link(made.id, members[at] ?? ''))
  }
})

test('deactivating a user kills exactly their links; activating revives the same URLs', async () => {
  const { app, made, of } = await shared()
  await app.deactivate('bob')
  await opens(app, { ann: 200, bob: 401, eve: 200 }, of)
  assert.equal(refusal(await app.bare.get(of('bob')), 401), 'subject_suspended')
  await app.deactivate('ann')
  await opens(app, { ann: 401, bob: 401, eve: 200 }, of)
  await app.activate('bob')
  await opens(app, { ann: 401, bob: 200, eve: 200 }, of)
  assert.equal(await app.link(made.id, 'bob'), of('bob'))
})

test('deleting a user is final, and one created later under the same id inherits nothing', async () => {
  const { app, made, of } = await shared()
  expect(await app.admin.delete(`${app.base}/users/bob`), 204)
  await opens(app, { ann: 200, bob: 401, eve: 200 }, of)
  await app.users('bob')
  await app.conversation('c', ['ann', 'bob', 'eve'])
  await opens(app, { bob: 401 }, of)
  refusal(await app.admin.get(`${app.base}/attachments/${made.id}/links/bob`), 404)
})

test('revoking a user, a conversation or a path voids the links made so far', async () => {
  for (const target of ['user', 'conversation', 'resource'] as const) {
    const { app, made, of } = await shared()
    const value = { user: 'bob', conversation: 'c', resource: made.path }[target]
    await app.revoke({ [target]: value })
    await opens(app, target === 'user' ? { ann: 200, bob: 401, eve: 200 } : { ann: 401, bob: 401, eve: 401 }, of)
  }
})

test('linkSeconds counts from the sharing, changes no text, and can be taken back', async () => {
  const { app, made, of } = await shared()
  await app.settings({ linkSeconds: 600 })
  await opens(app, { bob: 200 }, of)
  assert.equal(await app.link(made.id, 'bob'), of('bob'))
  house.setClock('+601')
  assert.equal(refusal(await app.bare.get(of('bob')), 401), 'link_expired')
  const fresh = await app.upload(Buffer.from('fresh'))
  expect(await app.bare.get(await app.link(fresh.id, 'bob')), 200)
  await app.settings({ linkSeconds: null })
  await opens(app, { bob: 200 }, of)
  house.setClock('+0')
})

test('leaving takes access away only where revokeOnLeave says so, and coming back gives it back', async () => {
  const kept = await shared()
  expect(await kept.app.admin.delete(`${kept.app.base}/conversations/c/members/bob`), 200, 204)
  await opens(kept.app, { ann: 200, bob: 200, eve: 200 }, kept.of)

  const strict = await shared({ revokeOnLeave: true })
  const member = `${strict.app.base}/conversations/c/members/bob`
  expect(await strict.app.admin.delete(member), 200, 204)
  await opens(strict.app, { ann: 200, bob: 403, eve: 200 }, strict.of)
  assert.equal(refusal(await strict.app.bare.get(strict.of('bob')), 403), 'not_a_member')
  expect(await strict.app.admin.put(member), 200, 201, 204)
  await opens(strict.app, { bob: 200 }, strict.of)
  await strict.app.conversation('c', ['ann', 'eve'])
  await opens(strict.app, { ann: 200, bob: 403, eve: 200 }, strict.of)
})

test('leaving a conversation takes away what was shared in those merged into it', async () => {
  const { app, of } = await shared({ revokeOnLeave: true })
  await app.conversation('d', ['ann', 'bob', 'eve'])
  expect(await app.admin.post(`${app.base}/conversations/d/merge`, { from: 'c' }), 200)
  const member = `${app.base}/conversations/d/members/bob`
  expect(await app.admin.delete(member), 204)
  await opens(app, { ann: 200, bob: 403, eve: 200 }, of)
  expect(await app.admin.put(member), 201)
  await opens(app, { bob: 200 }, of)
})

test("a user's message list holds that user's own URLs, and merging conversations breaks none", async () => {
  const { app, made, of } = await shared()
  const message = { conversation: 'c', from: 'ann', text: 'look', attachments: [made.id] }
  expect(await app.admin.post(`${app.base}/messages`, message), 201)
  type Message = { id: string; text: string; attachments: { id: string; url: string }[] }
  const seen = async (conversation: string, uid: string) => {
    const answer = await app.admin.get(`${app.base}/conversations/${conversation}/messages?for=${uid}`)
    return expect(answer, 200).json<List<Message>>().items
  }
  for (const uid of ['bob', 'eve']) {
    const [first] = await seen('c', uid)
    assert.match(first?.id ?? '', /^\d+$/)
    assert.equal(targetOf(first?.attachments[0]?.url ?? ''), of(uid))
  }
  await app.conversation('d', ['ann', 'dan'])
  const merged = await app.admin.post(`${app.base}/conversations/d/merge`, { from: 'c' })
  assert.deepEqual(expect(merged, 200).json<{ mergedFrom: string[] }>().mergedFrom, ['c'])
  await opens(app, { ann: 200, bob: 200, eve: 200 }, of)
  assert.equal((await seen('d', 'bob')).length, 1)
})
