/**
 * CometChat's UI kit for React, unmodified, on a page of another origin. It is proprietary and is fetched for this test alone
 * (`script/cometchat-ui-kit.ts`); where it cannot be had, `npm test` says loudly that this journey was not made, and what the other tests
 * prove stands without it.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { pictureWidth, startBrowser } from './support/browser.ts'
import { png, startJourney, taken } from './support/cometchat/journey.ts'
import { type KitUser, startKitSite } from './support/cometchat/kit.ts'
import { loginOf } from './support/cometchat-http.ts'
import { formOf, type Shown, sendFiles, sendText, urlsOf } from './support/cometchat-messages.ts'

const journey = await startJourney({})
const browser = await startBrowser()
const site = await startKitSite(browser)
after(async () => {
  await browser.close()
  site.stop()
  await journey.stop()
})
const { app, rest, front } = journey
await app.settings({ allowedOrigins: [site.origin] })
await journey.people('alice', 'bob', 'carol')
await journey.group('lake', 'alice', 'bob', 'carol')
const alice = await loginOf(app, rest, 'alice')

const one = png('one.png')
const paper = { name: 'paper.pdf', type: 'application/pdf', bytes: Buffer.from('%PDF-1.4\n%%EOF\n') }
await sendText(alice, '#lake', 'who has pictures?')
await sendFiles(alice, '#lake', [one])
const form = formOf([
  ...Object.entries({ type: 'file', category: 'message', receiverType: 'group', receiver: 'lake' }),
  ['files[]', paper],
])
await alice.ok('POST', '/messages', form.body, form.headers)
await sendFiles(alice, 'bob', [png('for-bob.png')])

const bob = await site.open({ app: app.id, host: front.host })
const bobsToken = await journey.token('bob')

/** What the group holds, as somebody else reads it. */
const inGroup = (): Promise<readonly Shown[]> => alice.ok('GET', '/groups/lake/messages?per_page=30&affix=prepend')
const shows = (user: KitUser, text: string) => user.page.locator('main').getByText(text, { exact: true }).waitFor()

test('the kit logs in, and lists the conversations and the history', async () => {
  assert.equal(await bob.start(bobsToken), 'bob')
  await bob.choose('lake')
  await shows(bob, 'who has pictures?')
  await shows(bob, 'paper.pdf')
})

test('pictures are shown by the reader’s own URLs', async () => {
  const [own = ''] = await bob.pictures(1)
  const [others = ''] = (await inGroup()).flatMap(urlsOf)
  assert.equal(taken(own).clean, taken(others).clean)
  assert.notEqual(taken(own).token, null)
  assert.notEqual(taken(own).token, taken(others).token)
  await bob.choose('ALICE')
  await bob.pictures(1)
})

test('a file is saved by the button of the kit', async () => {
  await bob.choose('lake')
  assert.deepEqual(await bob.save('paper.pdf'), { name: 'paper.pdf', bytes: paper.bytes })
})

test('the composer sends pictures and texts', async () => {
  const files = [png('two.png'), png('father.png')]
  await bob.sendPictures(files)
  await bob.type('here are two')
  await shows(bob, 'here are two')
  const sent = (await inGroup()).filter(({ sender }) => sender === 'bob')
  assert.deepEqual(
    sent.flatMap(({ data }) => (data.attachments ?? []).map(({ name }) => name)),
    ['two.png', 'father.png'],
  )
  assert.equal(sent.at(-1)?.data.text, 'here are two')
  const bytes = await Promise.all(sent.flatMap(urlsOf).map(async (url) => (await journey.get(url)).body))
  assert.deepEqual(
    bytes,
    files.map((file) => file.bytes),
  )
})

test('a deactivated user’s pictures stop, and come back with the user', async () => {
  const urls = await bob.pictures(3)
  await rest.ok('DELETE', '/users', { uidsToDeactivate: ['bob'] })
  for (const url of urls) assert.equal((await journey.get(url)).status, 401)
  await bob.reload()
  for (const url of urls) assert.equal(await pictureWidth(bob.page, url), 0)
  await rest.ok('PUT', '/users', { uidsToActivate: ['bob'] })
  await bob.reload()
  assert.equal(await bob.start(bobsToken), 'bob')
  await bob.choose('lake')
  assert.deepEqual(await bob.pictures(3), urls)
})

test('the same with one pass for a whole session', async () => {
  await app.settings({ cometchatLinks: 'session' })
  const carol = await site.open({ app: app.id, host: front.host })
  assert.equal(await carol.start(await journey.token('carol')), 'carol')
  await carol.choose('lake')
  const urls = await carol.pictures(3)
  assert.deepEqual([...new Set(urls.map((url) => taken(url).token))].length, 1)
  await carol.sendPictures([png('four.png')])
  assert.deepEqual(await carol.troubles(), [])
})

test('what the kit asks beyond that is refused, and breaks nothing', async () => {
  const known = /^404 POST \/v3\.0\/(user_sessions|(groups|users)\/\w+\/conversation\/read)$/
  assert.deepEqual(await bob.troubles(), [])
  assert.deepEqual(
    [...bob.refused].filter((call) => !known.test(call) && !/^401 GET \/apps\//.test(call)),
    [],
  )
})
