/** The vendor's cookie where it belongs: in a real browser, on pages of other origins and of other sites, over TLS. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBrowserOf } from './support/browser.ts'
import { eventually } from './support/gatehouse.ts'
import { NAMES, startMediaSite } from './support/media-site.ts'

const site = await startMediaSite()
const browser = await startBrowserOf({})
after(async () => {
  await browser.close()
  await site.stop()
})
const { app, pages, one, two, sibling, outside, talk, token } = site
const HOME = `/apps/${app.id}`
const COOKIE = `${site.media}/v2/apps/${app.id}/attachments/cookie`

test.beforeEach(async () => {
  await browser.clearCookies()
  const allowedOrigins = Object.values(NAMES).map(pages.at)
  await app.settings({ mediaTokenSeconds: null, embedding: null, allowedOrigins })
})

/** The paths of the cookies that the browser holds. */
async function held(): Promise<string[]> {
  return (await browser.cookies()).map(({ path }) => path).sort()
}

/** What a page that was just opened shows of a picture. */
async function showsAnew(url: string): Promise<number> {
  const page = await pages.open(browser, NAMES.same)
  const width = await page.shows(url)
  await page.close()
  return width
}

test('on a page of the same site pictures of the conversation show with its cookie, and others do not', async () => {
  const page = await pages.open(browser, NAMES.same)
  for (const { url } of [one, two, sibling, outside]) assert.equal(await page.shows(url), 0)
  const text = await token(talk)
  assert.equal(await page.swap(COOKIE, text), 200)
  const [cookie, ...others] = await browser.cookies()
  assert.deepEqual(others, [])
  const { name, value, domain, path, httpOnly, secure, sameSite, expires } = cookie ?? assert.fail('no cookie')
  assert.deepEqual([name, value, domain, path], ['zendesk_media_token', text, 'media.house.test', talk])
  assert.deepEqual([httpOnly, secure, sameSite], [true, true, 'Lax'])
  const { exp } = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString())
  assert.ok(Math.abs(expires - exp) <= 2, `${expires} and ${exp}`)
  for (const { url } of [one, two]) assert.equal(await page.shows(url), 1)
  for (const { url } of [sibling, outside]) assert.equal(await page.shows(url), 0)
})

test('cookies of one name for an app, a conversation and a file stand beside each other', async () => {
  const page = await pages.open(browser, NAMES.same)
  assert.equal(await page.swap(COOKIE, await token(sibling.path)), 200)
  assert.equal(await page.swap(COOKIE, await token(talk), 'GET'), 200)
  assert.deepEqual(await held(), [sibling.path, talk].sort())
  for (const [{ url }, width] of [
    [one, 1],
    [sibling, 1],
    [outside, 0],
  ] as const) {
    assert.equal(await page.shows(url), width)
  }
  assert.equal(await page.swap(COOKIE, await token(HOME)), 200)
  assert.equal((await held()).length, 3)
  for (const { url } of [one, sibling, outside]) assert.equal(await page.shows(url), 1)
})

test('revocation ends what a cookie opens though the browser holds it, and a new one beside it opens again', async () => {
  const page = await pages.open(browser, NAMES.same)
  assert.equal(await page.swap(COOKIE, await token(one.path)), 200)
  assert.equal(await page.shows(one.url), 1)
  await app.revoke({ mediaTokens: true })
  assert.equal(await showsAnew(one.url), 0)
  assert.deepEqual(await held(), [one.path])
  // The browser sends the revoked one first, since its path is longer (RFC 6265, section 5.4).
  assert.equal(await page.swap(COOKIE, await token(talk)), 200)
  assert.deepEqual(await held(), [talk, one.path].sort())
  assert.equal(await showsAnew(one.url), 1)
})

test('a cookie ends with its token', async () => {
  const page = await pages.open(browser, NAMES.same)
  await app.settings({ mediaTokenSeconds: 8 })
  assert.equal(await page.swap(COOKIE, await token(talk)), 200)
  assert.equal(await page.shows(one.url), 1)
  await eventually('the end of the cookie', async () => ((await showsAnew(one.url)) === 0 ? true : undefined), 60)
  assert.deepEqual(await held(), [])
})

test('on a page of another site the cookie is kept for that site, and is not there for a third one', async () => {
  const page = await pages.open(browser, NAMES.other)
  assert.equal(await page.shows(one.url), 0)
  assert.equal(await page.swap(COOKIE, await token(talk)), 200)
  assert.equal(await page.shows(one.url), 1)
  assert.equal(await page.shows(sibling.url), 0)
  const [cookie] = await browser.cookies()
  assert.deepEqual([cookie?.sameSite, cookie?.secure, cookie?.path], ['None', true, talk])
  assert.match(cookie?.partitionKey ?? '', /^https:\/\/other\.test$/)
  const third = await pages.open(browser, NAMES.third)
  assert.equal(await third.shows(one.url), 0)
})

test('a frame of the media’s own site in a page of another one shows pictures, too', async () => {
  const frame = await pages.open(browser, NAMES.same, NAMES.other)
  assert.equal(await frame.shows(one.url), 0)
  assert.equal(await frame.swap(COOKIE, await token(talk)), 200)
  assert.equal(await frame.shows(one.url), 1)
  assert.equal(await frame.shows(sibling.url), 0)
  const [cookie] = await browser.cookies()
  assert.deepEqual([cookie?.sameSite, cookie?.partitionKey], ['None', 'https://other.test'])
  assert.equal(await showsAnew(two.url), 0)
})

test('an operator who keeps media to the own site keeps cookies there, too', async () => {
  await app.settings({ embedding: 'same-site' })
  const [far, near] = [await pages.open(browser, NAMES.other), await pages.open(browser, NAMES.same)]
  await far.swap(COOKIE, await token(talk))
  assert.deepEqual(await held(), [])
  assert.equal(await far.shows(one.url), 0)
  assert.equal(await near.swap(COOKIE, await token(talk)), 200)
  assert.equal(await near.shows(one.url), 1)
  assert.equal(await far.shows(one.url), 0)
})

test('a page of an origin that the app does not list gets no cookie', async () => {
  await app.settings({ allowedOrigins: [pages.at(NAMES.same)] })
  const page = await pages.open(browser, NAMES.other)
  assert.equal(await page.swap(COOKIE, await token(talk)), null)
  assert.deepEqual(await held(), [])
  assert.equal(await page.shows(one.url), 0)
})
