/**
 * The official SDK of CometChat (see cometchat-sdk.test.ts) in groups that people leave and join, with forwarded, uploaded and deleted
 * files, and behind a login wall.
 */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { nodeLoginWall } from '@gatehouse/sdk/login-wall-node'
import { createWebhookVerifier } from '@gatehouse/sdk/webhook'
import { createClient } from './support/client.ts'
import type { Told } from './support/cometchat/calls.ts'
import { png, startJourney, taken, urlOf, urlsOf } from './support/cometchat/journey.ts'
import type { SdkProcess } from './support/cometchat/user.ts'
import { expect, refusal } from './support/tenant.ts'
import { startReceiver } from './support/webhook-receiver.ts'

/** What a webhook is told of a message, as far as it is looked at here. */
type Sent = { readonly id: string; readonly data: { readonly url: string } }

const journey = await startJourney({}, { faketime: '+0' })
after(() => journey.stop())
const { app, rest, get, front, house } = journey
const g = { receiver: 'g', receiverType: 'group' } as const

await journey.people('alice', 'bob', 'carol', 'erin')
await rest.ok('POST', '/groups', {
  ...{ guid: 'g', name: 'G', type: 'public', owner: 'alice' },
  members: { admins: ['alice'], participants: ['bob', 'carol'] },
})
const [alice, bob, carol, erin] = await Promise.all([
  journey.enter('alice'),
  journey.enter('bob'),
  journey.enter('carol', '4.1.7'),
  journey.enter('erin'),
])

const inGroup = async (user: SdkProcess) =>
  (await user.do('history', { guid: 'g', limit: 30, pages: 1 })).flat() as Told[]
const last = async (user: SdkProcess) => (await inGroup(user)).at(-1) as Told

test('who is kicked loses access, and has it again when added back', async () => {
  await alice.do('sendFiles', { ...g, files: [png('first.png')] })
  const url = urlOf(await last(carol))
  const ofBob = urlOf(await last(bob))
  expect(await get(url), 200)
  await alice.do('kick', { guid: 'g', uid: 'carol' })
  refusal(await get(url), 403)
  expect(await get(ofBob), 200)
  assert.equal((await carol.fails('history', { guid: 'g', limit: 9, pages: 1 })).code, 'ERR_GROUP_NOT_JOINED')
  await alice.do('add', { guid: 'g', uid: 'carol' })
  expect(await get(url), 200)
  assert.equal(urlOf((await inGroup(carol)).find(({ attachments }) => attachments.length > 0) as Told), url)
})

test('who leaves loses access, and has it again after joining', async () => {
  const url = urlOf((await inGroup(carol)).find(({ attachments }) => attachments.length > 0) as Told)
  await carol.do('leave', { guid: 'g' })
  refusal(await get(url), 403)
  await carol.do('join', { guid: 'g' })
  expect(await get(url), 200)
})

test('who joins late is shown what comes from then on, and opens nothing older', async () => {
  const [older] = (await inGroup(alice)).filter(({ attachments }) => attachments.length > 0)
  await erin.do('join', { guid: 'g' })
  await alice.do('sendFiles', { ...g, files: [png('second.png')] })
  const ofErin = (await inGroup(erin)).flatMap(({ attachments }) => attachments)
  assert.deepEqual(
    ofErin.map(({ name }) => name),
    ['second.png'],
  )
  const { token } = taken(ofErin[0]?.url ?? '')
  expect(await get(ofErin[0]?.url ?? ''), 200)
  refusal(await get(`${taken(urlOf(older)).clean}?fat=${token}`), 401)
})

test('a forwarded file is a new one for its new receivers, without a trace of who forwarded it', async () => {
  const mine = urlOf(await last(bob))
  await bob.do('sendUrl', { receiver: 'carol', receiverType: 'user', url: mine, name: 'second.png' })
  const [message] = (await carol.do('history', { uid: 'bob', limit: 9, pages: 1 })).flat() as Told[]
  const { clean, token } = taken(urlOf(message))
  assert.notEqual(clean, taken(mine).clean)
  assert.ok(token !== null && token !== taken(mine).token)
  assert.equal(message?.whole.includes(taken(mine).token ?? mine), false)
  assert.deepEqual(expect(await get(urlOf(message)), 200).body, png('second.png').bytes)
  const stolen = taken(urlOf(message)).clean
  const refused = await erin.fails('sendUrl', { receiver: 'bob', receiverType: 'user', url: stolen, name: 'x.png' })
  assert.equal(refused.code, 'ERR_PERMISSION_DENIED')
})

test('a reply belongs to its thread', async () => {
  const parent = await last(alice)
  const reply = await bob.do('sendFiles', { ...g, files: [png('reply.png')], parent: parent.id })
  assert.equal(reply.parent, parent.id)
  const thread = (await carol.do('history', { guid: 'g', parent: parent.id, limit: 9, pages: 1 })).flat() as Told[]
  assert.deepEqual(
    thread.map(({ id }) => id),
    [reply.id],
  )
  expect(await get(urlOf(thread[0])), 200)
})

test('files are uploaded to URLs of their own and then sent, while the ticket holds', async () => {
  const { failures, sent } = await alice.do('upload', { ...g, files: [png('up-1.png'), png('up-2.png')] })
  assert.deepEqual(failures, [])
  assert.deepEqual(
    sent?.attachments.map(({ name }) => name),
    ['up-1.png', 'up-2.png'],
  )
  const received = await last(bob)
  for (const [at, name] of ['up-1.png', 'up-2.png'].entries())
    assert.deepEqual(expect(await get(urlsOf(received)[at] ?? ''), 200).body, png(name).bytes)
})

test('what a sender edits and deletes is edited and gone for everybody', async () => {
  const text = await alice.do('sendText', { ...g, text: 'helo' })
  const edited = await alice.do('edit', { ...g, id: text.id, text: 'hello' })
  assert.deepEqual([edited.text, edited.edited], ['hello', true])
  await alice.do('sendFiles', { ...g, files: [png('gone.png')] })
  const message = await last(bob)
  const url = urlOf(message)
  expect(await get(url), 200)
  assert.equal((await bob.fails('delete', { id: message.id })).code, 'ERR_MESSAGE_NO_ACCESS')
  assert.equal((await alice.do('delete', { id: message.id })).deleted, true)
  assert.ok([401, 403, 404].includes((await get(url)).status))
  const [after] = (await inGroup(bob)).filter(({ id }) => id === message.id)
  assert.deepEqual(after?.attachments ?? [], [])
})

test('a webhook is told of what is sent, and fetches the media with its key', async () => {
  const receiver = await startReceiver()
  const body = { url: receiver.url, events: ['message_sent'] }
  const { secret } = expect(await app.admin.post(`${app.base}/webhooks`, body), 201).json<{ secret: string }>()
  const { id } = await alice.do('sendFiles', { ...g, files: [png('told.png')] })
  const told = await receiver.wait('the message', () => true)
  receiver.close()
  const verified = createWebhookVerifier({ secrets: [secret] })(told.headers, told.text)
  assert.ok(verified.valid)
  const { trigger, data, appId } = verified.event as { trigger: string; data: { message: Sent }; appId: string }
  assert.deepEqual([trigger, appId, data.message.id], ['message_sent', app.id, id])
  const { url } = data.message.data
  assert.equal(taken(url).clean, url)
  refusal(await get(url), 401)
  const keyed = expect(await get(url, { appId: app.id, apiKey: rest.apiKey }), 200).json<{ data: { url: string } }>()
  assert.deepEqual(expect(await get(keyed.data.url), 200).body, png('told.png').bytes)
  const { apiKey } = await rest.ok('POST', '/apikeys', { name: 'narrow', scope: 'authOnly' })
  refusal(await get(url, { appId: app.id, apiKey }), 403)
})

test('behind a login wall the same URLs open for who is logged in at the operator', async () => {
  const url = urlOf((await inGroup(bob)).filter(({ attachments }) => attachments.length === 1).at(-1) as Told)
  const server = createServer(async (request, response) => void (await wall(request, response)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const operator = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const secret = 'a-word-between-two-servers-0123456789'
  const wall = nodeLoginWall({
    ...{ loginWall: `${operator}/media/`, mediaUrl: front.url, gatehouse: app.bare.url, secret, deliver: 'serve' },
    session: ({ headers }: IncomingMessage) => headers.cookie === 'session=good',
  })
  await app.settings({ loginWall: `${operator}/media/`, loginWallSecret: secret })
  const walled = urlOf((await inGroup(bob)).filter(({ attachments }) => attachments.length === 1).at(-1) as Told)
  assert.equal(walled, `${operator}/media/${url}`)
  refusal(await get(url), 403)
  const through = createClient(operator)
  const target = walled.slice(operator.length)
  assert.equal((await through.get(target)).status, 401)
  const seen = await through.get(target, { cookie: 'session=good' })
  assert.deepEqual([seen.status, seen.headers['content-type']], [200, 'image/png'])
  await bob.do('sendUrl', { receiver: 'carol', receiverType: 'user', url: walled, name: 'again.png' })
  const [again] = ((await carol.do('history', { uid: 'bob', limit: 9, pages: 1 })).flat() as Told[]).slice(-1)
  assert.ok(
    urlOf(again).startsWith(`${operator}/media/${front.url}/apps/`),
    'forwarded without its wall, shown with it',
  )
  await app.settings({ loginWall: null, loginWallSecret: null })
  expect(await get(url), 200)
  server.closeAllConnections()
  server.close()
})

test('an upload that comes after its ticket has ended is refused as what it is', async () => {
  front.before((method, target) => {
    if (method === 'POST' && target.endsWith('/files/uploads')) house.setClock('+901')
  })
  const { failures, sent } = await alice.do('upload', { ...g, files: [png('late.png')] })
  assert.deepEqual([failures.map(({ code }) => code), sent], [['ERR_PRESIGNED_URL_EXPIRED'], null])
  front.before(() => {})
  house.setClock('+0')
})

test('logging out ends the login token', async () => {
  const token = await journey.token('erin')
  const again = await journey.sdk('4.2.0')
  await again.do('login', { token })
  await again.do('logout')
  assert.equal((await again.fails('login', { token })).code, 'AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  assert.equal((await erin.do('history', { guid: 'g', limit: 1, pages: 1 })).length, 1)
})
