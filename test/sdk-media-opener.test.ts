/** The SDK's opener in a real browser: it shows pictures by a cookie, and by a grant token where the browser keeps cookies out. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBrowserOf } from './support/browser.ts'
import { png } from './support/cometchat/journey.ts'
import { NAMES, startMediaSite } from './support/media-site.ts'
import type { MediaPage } from './support/pages.ts'

const site = await startMediaSite()
after(() => site.stop())
const { app, pages, one, two, talk, token } = site
const forAll = await app.upload(png('open.png').bytes, { name: 'open.png', type: 'image/png', access: 'public' })

/** Sets the SDK's opener up in a page, and counts what it asks the operator's server for. */
async function withOpener(page: MediaPage) {
  const asked = { media: 0, grant: 0 }
  await page.setUp({
    cookieUrl: `${site.media}/v1/cookie`,
    mediaToken: () => {
      asked.media += 1
      return token(talk)
    },
    grantToken: () => {
      asked.grant += 1
      return app.token([{ actions: ['read'], resource: talk }])
    },
  })
  return asked
}

const NO_COOKIES = { profile: { default_content_setting_values: { cookies: 2 } } }

for (const [name, preferences, from, kept] of [
  ['keeps all cookies', {}, NAMES.same, true],
  ['keeps all cookies, on a page of another site', {}, NAMES.other, true],
  [
    'blocks third-party cookies, and so keeps one for each site',
    { profile: { cookie_controls_mode: 1 } },
    NAMES.other,
    true,
  ],
  ['blocks cookies', NO_COOKIES, NAMES.same, false],
  ['blocks cookies, on a page of another site', NO_COOKIES, NAMES.other, false],
] as const) {
  test(`pictures show in a browser that ${name}`, async (t) => {
    const browser = await startBrowserOf(preferences)
    t.after(() => browser.close())
    const page = await pages.open(browser, from)
    const asked = await withOpener(page)
    // That it opens tells nothing of cookies.
    assert.equal(await page.opened(forAll.url), forAll.url)
    for (const { url } of [one, two]) {
      const opened = await page.opened(url)
      assert.equal(opened.startsWith(`${url}?t=`), !kept, opened)
      assert.equal(await page.shows(opened), 1)
    }
    const bare = await pages.open(browser, from)
    assert.equal(await bare.shows(one.url), kept ? 1 : 0)
    assert.deepEqual(asked, { media: 1, grant: kept ? 0 : 1 })
  })
}
