import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { startGatehouse } from './support/gatehouse.ts'
import { requestHead, startSlowDownload } from './support/raw.ts'
import { createApp, expect, type Tenant } from './support/tenant.ts'

const house = await startGatehouse({ flags: ['--workers', '2'] })
after(() => house.stop())

const LARGE = randomBytes(50_000_000)
const SMALL = randomBytes(1000)

const status = async (app: Tenant, target: string) => (await app.bare.get(target)).status

/** An app whose group `c` ann, bob and eve are in, with a file of ann's. */
async function group(settings: Readonly<Record<string, unknown>> = {}, bytes = SMALL) {
  const app = await createApp(house.admin, settings)
  await app.users('ann', 'bob', 'eve', 'late')
  await app.conversation('c', ['ann', 'bob', 'eve'])
  const file = await app.upload(bytes, { from: 'ann' })
  return { app, file, url: `${app.base}/conversations/c` }
}

test('a ban takes links away where leaving does, and lifting it gives none back until the user is in again', async () => {
  for (const revokeOnLeave of [true, false]) {
    const { app, file, url } = await group({ revokeOnLeave })
    const [anns, bobs] = [await app.link(file.id, 'ann'), await app.link(file.id, 'bob')]
    assert.equal(await status(app, bobs), 200)
    expect(await app.admin.put(`${url}/bans/bob`), 204)
    const out = revokeOnLeave ? 403 : 200
    assert.deepEqual([await status(app, bobs), await status(app, anns)], [out, 200])
    expect(await app.admin.put(`${url}/members/bob`), 409)
    expect(await app.admin.delete(`${url}/bans/bob`), 204)
    assert.equal(await status(app, bobs), out)
    expect(await app.admin.put(`${url}/members/bob`), 201)
    assert.equal(await status(app, bobs), 200)
  }
})

test('a deleted conversation refuses every link at once and cuts what is under way; others go on', async () => {
  const { app, file, url } = await group({}, LARGE)
  await app.conversation('other', ['ann', 'bob'])
  const spared = await app.upload(LARGE, { conversation: 'other' })
  const [link, other] = [await app.link(file.id, 'bob'), await app.link(spared.id, 'bob')]
  const { token } = await app.token([{ actions: ['read'], resource: `/apps/${app.id}/conversations/c` }])
  const start = (target: string) => startSlowDownload(house.port, requestHead('GET', target))
  const running = await Promise.all([start(link), start(`${file.path}?t=${token}`), start(other)])
  for (const { response } of running) assert.equal(response.status, 200)
  expect(await app.admin.delete(url), 204)
  const ends = await Promise.all(running.map((one) => one.finish()))
  assert.deepEqual(
    ends.map(({ whole }) => whole),
    [false, false, true],
  )
  assert.deepEqual([await status(app, link), await status(app, other)], [401, 200])

  await app.conversation('c', ['ann', 'bob'])
  const next = await app.upload(SMALL)
  assert.equal(await status(app, `${next.path}?t=${token}`), 401, 'a later conversation of the same id is another one')
  assert.equal(await status(app, await app.link(next.id, 'bob')), 200)
})

test('attachments of a deleted message are refused to everybody, its sender among them', async () => {
  const { app, file } = await group()
  const links = await Promise.all(['ann', 'bob', 'eve'].map((uid) => app.link(file.id, uid)))
  const draft = { conversation: 'c', from: 'ann', attachments: [file.id] }
  const message = expect(await app.admin.post(`${app.base}/messages`, draft), 201).json<{ id: string }>()
  for (const link of links) assert.equal(await status(app, link), 200)
  expect(await app.admin.delete(`${app.base}/messages/${message.id}?attachments=true&mark=true`), 204)
  // Who held a link may know that there was something.
  for (const link of links) assert.equal(await status(app, link), 404)
  assert.equal(await status(app, file.path), 401)
})

test('who comes later receives what was shared before exactly where the app says so', async () => {
  const { app, file, url } = await group()
  expect(await app.admin.put(`${url}/members/late`), 201)
  const link = () => app.admin.get(`${app.base}/attachments/${file.id}/links/late`)
  assert.equal((await link()).status, 404)
  await app.settings({ historyForNewMembers: true })
  assert.equal(await status(app, await app.link(file.id, 'late')), 200)
  assert.deepEqual(
    (await app.links(file.id)).map(({ user }) => user),
    ['ann', 'bob', 'eve', 'late'],
  )
  await app.settings({ historyForNewMembers: false })
  assert.equal((await link()).status, 404)
})

test('a group of 20,000 is sent to, and each member has a link', async () => {
  const { app } = await group()
  const crowd = Array.from({ length: 20_000 }, (_, n) => `member-${n}`)
  await app.conversation('crowd', crowd)
  const file = await app.upload(SMALL, { conversation: 'crowd', from: 'member-7' })
  const draft = { conversation: 'crowd', from: 'member-7', attachments: [file.id] }
  expect(await app.admin.post(`${app.base}/messages`, draft), 201)
  assert.equal(await status(app, await app.link(file.id, 'member-19999')), 200)
  assert.equal((await app.links(file.id)).length, crowd.length)
})
