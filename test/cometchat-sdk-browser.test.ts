/**
 * The official SDK of CometChat (see cometchat-sdk.test.ts) where it belongs: in a browser, on a page of another origin, so that
 * everything passes the browser's own rules for requests between origins.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBrowser } from './support/browser.ts'
import type { Told } from './support/cometchat/calls.ts'
import { png, startJourney, taken, urlOf } from './support/cometchat/journey.ts'
import { type PageUser, startSite } from './support/cometchat/page.ts'

const journey = await startJourney({})
const browser = await startBrowser()
const site = await startSite(browser)
after(async () => {
  await browser.close()
  site.stop()
  await journey.stop()
})
const { app, rest, front } = journey
const g = { receiver: 'g', receiverType: 'group' } as const
await app.settings({ allowedOrigins: [site.origin] })
await journey.people('alice', 'bob')
await journey.group('g', 'alice', 'bob')

const of = { app: app.id, host: front.host }
const alice = await site.open({ ...of, version: '4.2.0' })
const bob = await site.open({ ...of, version: '4.1.7' })
const inGroup = async (user: PageUser) =>
  (await user.do('history', { guid: 'g', limit: 30, pages: 1 })).flat() as Told[]

test('users log in on a page of another origin, and are told why where they cannot', async () => {
  const refused = await alice.fails('login', { token: 'alice_1700000000aa' })
  assert.equal(refused.code, 'AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  assert.equal((await alice.do('login', { token: await journey.token('alice') })).uid, 'alice')
  assert.equal((await bob.do('login', { uid: 'bob', key: rest.apiKey })).uid, 'bob')
})

test('pictures that are sent are shown to their receivers, until those are deactivated', async () => {
  await alice.do('sendFiles', { ...g, files: [png('one.png')] })
  const [url = ''] = (await inGroup(bob)).map(urlOf)
  assert.equal(await bob.shows(url), 1)
  assert.equal(await bob.reads(url), 200)
  assert.equal(await bob.shows(taken(url).clean), 0)
  await rest.ok('DELETE', '/users', { uidsToDeactivate: ['bob'] })
  assert.equal(await bob.shows(`${url}#again`), 0)
  assert.equal((await bob.fails('user', { uid: 'alice' })).code, 'AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  await rest.ok('PUT', '/users', { uidsToActivate: ['bob'] })
  assert.equal(await bob.shows(url), 1)
})

test('files are uploaded to URLs of their own from there, too', async () => {
  const { failures, sent } = await alice.do('upload', { ...g, files: [png('up.png')] })
  assert.deepEqual([failures, sent?.attachments.length], [[], 1])
  assert.equal(await alice.shows(urlOf((await inGroup(alice)).at(-1))), 1)
})

test('in header mode the page exchanges its token for a URL that opens', async () => {
  await app.settings({ cometchatLinks: 'session' })
  const user = await site.open({ ...of, version: '4.1.7', headerMode: true })
  await user.do('login', { token: await journey.token('bob') })
  const [url = ''] = (await inGroup(user)).map(urlOf)
  assert.equal(taken(url).clean, url)
  const signed = (await user.do('presigned', { url })) ?? ''
  assert.notEqual(signed, url)
  assert.equal(await user.shows(signed), 1)
  assert.equal(await user.shows(`${url}?fat=${await user.do('fat')}`), 1)
})

test('a page of an origin that the app does not name gets nothing', async () => {
  await app.settings({ allowedOrigins: [] })
  const stranger = await site.open({ ...of, version: '4.2.0' })
  const { code } = await stranger.fails('login', { token: await journey.token('alice') })
  assert.equal(code, 'FAILED_TO_FETCH')
})
