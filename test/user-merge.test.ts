import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { bearer, type List, type Problem, targetOf } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { logIn } from './support/login.ts'
import { presigned } from './support/media-scene.ts'
import { requestHead, startSlowDownload } from './support/raw.ts'
import { createApp, expect, type RevocationView, refusal, type Tenant } from './support/tenant.ts'

/** Users who are merged into others, at the real server with two threads. */

const house = await startGatehouse({ flags: ['--workers', '2'] })
after(() => house.stop())

type Merged = { readonly id: string; readonly mergedFrom: readonly string[]; readonly revocation: RevocationView }

const BYTES = randomBytes(3000)
const status = async (app: Tenant, target: string) => (await app.bare.get(target)).status
const merge = async (app: Tenant, from: string, into: string) =>
  expect(await app.admin.post(`${app.base}/users/${into}/merge`, { from }), 200).json<Merged>()

/** The group `c` of ann, bob and eve, what ann shared there, and what opens it for bob. */
async function scene(bytes = BYTES, settings: Readonly<Record<string, unknown>> = {}) {
  const app = await createApp(house.admin, settings)
  await app.conversation('c', ['ann', 'bob', 'eve'])
  await app.users('robert')
  const file = await app.upload(bytes, { from: 'ann' })
  const link = await app.link(file.id, 'bob')
  const login = await logIn(app, 'bob')
  const pass = await login.pass()
  const signed = await presigned(app, file, pass)
  const grants = [{ actions: ['read'], resource: file.path }]
  const { token } = await app.token(grants, { subject: 'bob' })
  return { app, file, link, login, pass, signed, token }
}

test('what a user held before being merged goes on, and stands as the survivor does', async () => {
  const { app, file, link, login, pass, signed, token } = await scene()
  const byLogin = async () =>
    (await app.bare.send('PUT', '/v3.0/me', { headers: { appid: app.id, authtoken: login.authToken }, body: {} }))
      .status
  const byPass = `${file.path}?fat=${pass}`
  const opens = async () => [
    await status(app, link),
    await status(app, signed),
    await status(app, byPass),
    await byLogin(),
  ]
  const merged = await merge(app, 'bob', 'robert')
  assert.deepEqual([merged.id, merged.mergedFrom], ['robert', ['bob']])
  assert.deepEqual(Object.keys(merged.revocation), ['sequence', 'nodes', 'milliseconds', 'cut'])
  refusal(await house.admin.get(`${app.base}/users/bob`), 404)
  assert.deepEqual(await opens(), [200, 200, 302, 200])
  const own = await app.link(file.id, 'robert')
  assert.equal(await status(app, own), 200)
  refusal(await house.admin.get(`${app.base}/attachments/${file.id}/links/bob`), 404)

  await app.deactivate('robert')
  assert.deepEqual(await opens(), [401, 401, 401, 401])
  assert.equal(await status(app, own), 401)
  await app.activate('robert')
  assert.deepEqual(await opens(), [200, 200, 302, 200])
  refusal(await app.bare.get(file.path, bearer(token)), 401)

  expect(await house.admin.delete(`${app.base}/users/robert`), 204)
  assert.deepEqual(await opens(), [401, 401, 401, 401])
})

test('who is merged twice stands as the last survivor does, and as nobody on the way', async () => {
  const { app, link } = await scene()
  await app.users('rob')
  await app.deactivate('bob')
  assert.equal(await status(app, link), 401)
  await merge(app, 'bob', 'robert')
  assert.equal(await status(app, link), 200, 'active as the survivor is')
  assert.deepEqual((await merge(app, 'robert', 'rob')).mergedFrom, ['robert', 'bob'])
  assert.equal(await status(app, link), 200)
  await app.revoke({ user: 'rob' })
  assert.equal(await status(app, link), 401)
})

test('whoever comes later under the name of one who was merged is nobody’s heir, nor is the survivor theirs', async () => {
  const { app, file, link, token } = await scene()
  await merge(app, 'bob', 'robert')
  await app.users('bob')
  refusal(await house.admin.get(`${app.base}/attachments/${file.id}/links/bob`), 404)
  refusal(await app.bare.get(file.path, bearer(token)), 401)
  await app.deactivate('bob')
  assert.equal(await status(app, link), 200)
  await app.activate('bob')
  await app.deactivate('robert')
  await app.conversation('d', ['ann', 'bob'])
  const next = await app.upload(BYTES, { conversation: 'd' })
  assert.deepEqual([await status(app, await app.link(next.id, 'bob')), await status(app, link)], [200, 401])
})

test('deactivating the survivor cuts what runs under the right of one who was merged', async () => {
  const { app, link } = await scene(randomBytes(50_000_000))
  await merge(app, 'bob', 'robert')
  const running = await startSlowDownload(house.port, requestHead('GET', link))
  assert.equal(running.response.status, 200)
  assert.equal((await app.deactivate('robert')).cut, 1)
  assert.equal((await running.finish()).whole, false)
})

test('leaving takes away what was received under both names, and a cut under one of them holds after merging', async () => {
  const { app, file, link } = await scene(BYTES, { revokeOnLeave: true })
  await merge(app, 'bob', 'robert')
  const own = await app.link(file.id, 'robert')
  expect(await house.admin.delete(`${app.base}/conversations/c/members/robert`), 204)
  assert.deepEqual([await status(app, link), await status(app, own)], [403, 403])
  await merge(app, 'robert', 'eve')
  assert.deepEqual([await status(app, link), await status(app, own)], [200, 200], 'eve is a member')
  await app.users('zoe')
  expect(await house.admin.delete(`${app.base}/conversations/c/members/eve`), 204)
  await merge(app, 'eve', 'zoe')
  assert.deepEqual([await status(app, link), await status(app, own)], [403, 403])
})

test('what is kept of two is kept of one: their own first', async () => {
  const app = await createApp(house.admin)
  const put = async (uid: string, details: object) =>
    expect(await app.admin.put(`${app.base}/users/${uid}`, details), 201)
  await put('bob', {
    ...{ name: 'Bob', role: 'guest', tags: ['b', 'x'] },
    ...{ profile: { picture: 'bob.png', line: 'hello' }, metadata: { plan: 1, seats: 2 } },
  })
  await put('robert', { name: 'Robert', tags: ['a', 'x'], profile: { picture: 'robert.png' }, metadata: { plan: 3 } })
  await merge(app, 'bob', 'robert')
  const found = (await app.admin.get(`${app.base}/users/robert`)).json<Record<string, unknown>>()
  const { name, role, tags, profile, metadata } = found
  assert.deepEqual([name, role, tags], ['Robert', 'guest', ['a', 'x', 'b']])
  assert.deepEqual(
    [profile, metadata],
    [
      { picture: 'robert.png', line: 'hello' },
      { plan: 3, seats: 2 },
    ],
  )
})

test('conversations, and what was received there, are the survivor’s', async () => {
  const app = await createApp(house.admin)
  await app.users('robert', 'eve')
  await app.conversation('c', ['bob', 'eve'])
  const file = await app.upload(BYTES, { from: 'eve' })
  const link = await app.link(file.id, 'bob')
  await merge(app, 'bob', 'robert')
  const { members } = (await app.admin.get(`${app.base}/conversations/c`)).json<{ members: string[] }>()
  assert.deepEqual(members, ['eve', 'robert'])
  const { items } = (await app.admin.get(`${app.base}/attachments/${file.id}/links`)).json<
    List<{ user: string; url: string }>
  >()
  assert.deepEqual(
    items.map(({ user }) => user),
    ['eve', 'robert'],
  )
  for (const { url } of items) assert.equal(await status(app, targetOf(url)), 200)
  assert.equal(await status(app, link), 200)
})

test('who may merge, whom, and with whom', async () => {
  const { app } = await scene()
  const other = await createApp(house.admin)
  await other.users('zoe')
  const rows = [
    ['robert', { from: 'nobody' }, 404],
    ['nobody', { from: 'bob' }, 404],
    ['robert', { from: 'zoe' }, 404],
    ['robert', { from: 'robert' }, 409],
    ['robert', {}, 400],
    ['robert', { from: 'a/b' }, 400],
  ] as const
  for (const [into, body, expected] of rows) {
    refusal(await app.admin.post(`${app.base}/users/${into}/merge`, body), expected)
  }
  const unknown = await app.admin.post(`${app.base}/users/robert/merge`, { from: 'nobody' })
  assert.match(unknown.json<Problem>().detail ?? '', /`from`/, 'says which of the two is not there')
  const resource = `/apps/${app.id}/users/robert`
  const { token } = await app.token([{ actions: ['manage'], resource }])
  refusal(await app.bare.as(bearer(token)).post(`${app.base}/users/robert/merge`, { from: 'bob' }), 403)
  await merge(app, 'bob', 'robert')
})
