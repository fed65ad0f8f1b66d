/**
 * The official SDK of CometChat (see cometchat-sdk.test.ts) in the other style of links: clean URLs, to which the SDK itself adds the
 * token of the user's session, or which it exchanges for pre-signed ones.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Told } from './support/cometchat/calls.ts'
import { png, startJourney, taken, urlOf, urlsOf } from './support/cometchat/journey.ts'
import { clientOf } from './support/cometchat-http.ts'
import { expect, refusal } from './support/tenant.ts'

const journey = await startJourney({ tokenizedMedia: false, cometchatLinks: 'session' })
after(() => journey.stop())
const { app, rest, get, front } = journey
const g = { receiver: 'g', receiverType: 'group' } as const

await journey.people('alice', 'bob', 'carol', 'dave')
await journey.group('g', 'alice', 'bob', 'carol')
const tokens = { alice: '', bob: '', carol: '', dave: '' }
for (const uid of ['alice', 'bob', 'carol', 'dave'] as const) tokens[uid] = await journey.token(uid)

/** What a login answers; the same for the same token, whoever asks. */
const sessionOf = (uid: keyof typeof tokens) => clientOf(app, tokens[uid]).ok('PUT', '/me', {})
const fatOf = async (uid: keyof typeof tokens): Promise<string> => (await sessionOf(uid)).fat

const [alice, bob, carol] = await Promise.all([journey.sdk('4.2.0'), journey.sdk('4.2.0'), journey.sdk('4.1.7', true)])
await alice.do('login', { token: tokens.alice })
await bob.do('login', { token: tokens.bob })
await carol.do('login', { token: tokens.carol })

const inGroup = async (user: typeof alice) =>
  (await user.do('history', { guid: 'g', limit: 30, pages: 1 })).flat() as Told[]

/** Where a redirect leads. */
async function followed(url: string): Promise<string> {
  const answer = expect(await get(url), 302)
  assert.match(answer.headers['cache-control'] ?? '', /no-store/)
  const { location = '' } = answer.headers
  assert.match(location, /\?Expires=\d+&Signature=[\w-]+&Key-Pair-Id=[\w-]+&Subject=[\w-]+$/)
  return location
}

test('the SDK adds the token of its own session to clean URLs, and it leads to the bytes', async () => {
  await alice.do('sendFiles', { ...g, files: [png('old.png')] })
  await app.settings({ tokenizedMedia: true })
  await alice.do('sendFiles', { ...g, files: [png('one.png')] })
  const [old = '', url = ''] = (await inGroup(bob)).flatMap(urlsOf)
  const fat = await fatOf('bob')
  assert.match(fat, /^[\w-]{1,64}$/)
  assert.equal(taken(url).token, fat)
  assert.deepEqual(expect(await get(await followed(url)), 200).body, png('one.png').bytes)
  expect(await get(old), 200)
  assert.notEqual(await fatOf('carol'), fat)
  const [same = ''] = (await inGroup(bob)).flatMap(urlsOf).slice(1)
  assert.equal(same, url)
})

test('a name that would keep the SDK from adding the token is spelled so that it does not', async () => {
  const { bytes } = png('father')
  const made = await app.upload(bytes, { name: 'father.png', type: 'image/png', conversation: 'g', from: 'alice' })
  const message = { conversation: 'g', from: 'alice', attachments: [made.id] }
  expect(await app.admin.post(`${app.base}/messages`, message), 201)
  const url = urlOf((await inGroup(bob)).at(-1))
  assert.equal(url, `${front.url}${made.path.replace('father', 'f%61ther')}?fat=${await fatOf('bob')}`)
  assert.deepEqual(expect(await get(await followed(url)), 200).body, bytes)
})

test('the token of a session is read-only, and of use to its receivers only', async () => {
  const { clean } = taken((await inGroup(bob)).flatMap(urlsOf)[1] ?? '')
  refusal(await get(`${clean}?fat=${await fatOf('dave')}`), 403)
  refusal(await get(`${clean}?fat=${tokens.bob}`), 401)
  const asToken = clientOf(app, await fatOf('bob'))
  assert.equal(await asToken.fails('PUT', '/me', {}), '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
})

test('in header mode URLs stay clean, and are exchanged for ones that open for some minutes', async () => {
  const url = (await inGroup(carol)).flatMap(urlsOf)[1] ?? ''
  assert.equal(taken(url).clean, url)
  assert.equal(await carol.do('fat'), await fatOf('carol'))
  const signed = (await carol.do('presigned', { url })) ?? ''
  assert.equal(signed.split('?')[0], url)
  assert.deepEqual(expect(await get(signed), 200).body, png('one.png').bytes)

  const ofBob = (await inGroup(bob)).flatMap(urlsOf)[1] ?? ''
  await rest.ok('DELETE', '/users', { uidsToDeactivate: ['carol'] })
  refusal(await get(signed), 401)
  assert.match((await carol.fails('presigned', { url })).message, /HTTP 401/)
  expect(await get(ofBob), 302)
  await rest.ok('PUT', '/users', { uidsToActivate: ['carol'] })
  expect(await get(signed), 200)
  assert.equal(((await carol.do('presigned', { url })) ?? '').split('?')[0], url)
})

test('nobody can pull a token out of a reader by naming the media host', async () => {
  const evil = { ...g, url: `https://evil.test/${front.host}/x.png`, name: 'x.png' }
  const refused = await alice.fails('sendUrl', evil)
  assert.equal(refused.code, 'ERR_BAD_REQUEST')
  const caption = `look at https://evil.test/${front.host}/x and ${front.host}`
  await alice.do('sendFiles', { ...g, files: [png('bait.png')], caption })
  const message = (await inGroup(bob)).at(-1)
  const fat = await fatOf('bob')
  assert.equal(message?.caption?.replaceAll('\u200b', ''), caption)
  assert.equal(message?.caption?.includes(fat), false)
  const own = urlOf(message)
  assert.equal(taken(own).token, fat)
  const elsewhere = message?.whole.replaceAll(own, '') ?? fat
  assert.equal(elsewhere.includes(fat), false, elsewhere)
})

test('logging out ends the token of the session, and of that session only', async () => {
  const second = await journey.token('bob')
  const { fat } = await clientOf(app, second).ok('PUT', '/me', {})
  const { clean } = taken((await inGroup(bob)).flatMap(urlsOf)[1] ?? '')
  const first = `${clean}?fat=${await fatOf('bob')}`
  const signed = await followed(first)
  await bob.do('logout')
  refusal(await get(first), 401)
  refusal(await get(signed), 401)
  expect(await get(`${clean}?fat=${fat}`), 302)
})
