import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { pictureFile, startBrowser } from './support/browser.ts'
import { startGatehouse } from './support/gatehouse.ts'

/** The panel of path cookies on the demonstration's page. */

const house = await startGatehouse({ flags: ['--demo', 'true'] })
const browser = await startBrowser()
after(async () => {
  await browser.close()
  await house.stop()
})

const OPEN = ['photo', 'audio', 'video'] as const
/** The photo in the other conversation is the last. */
const tile = (page: Page, kind: (typeof OPEN)[number] | 'sibling') =>
  page.locator('.tile').nth([...OPEN, 'sibling' as const].indexOf(kind))

const press = (page: Page, name: string) => page.getByRole('button', { name }).press('Enter')

type Picture = { readonly naturalWidth: number; decode(): Promise<void> }
type Player = { readonly readyState: number; addEventListener(event: string, listener: () => void): void }

/** The page, and what it asked for below `/apps/`. Anything that the browser complains about fails the test, but for refusals. */
async function opened(colorScheme: 'light' | 'dark' = 'light', width = 1200) {
  const context = await browser.newContext({ viewport: { width, height: 1000 }, colorScheme })
  const page = await context.newPage()
  const complaints: string[] = []
  const urls: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text())
  })
  page.on('request', (request) => urls.push(request.url()))
  await page.goto(house.url)
  await tile(page, 'sibling').waitFor()
  return { page, context, complaints, urls }
}

async function showsAll(page: Page): Promise<void> {
  const image = tile(page, 'photo').locator('img')
  await image.waitFor()
  assert.ok(await image.evaluate((element: Picture) => element.decode().then(() => element.naturalWidth > 0)))
  for (const kind of ['audio', 'video'] as const) {
    const state = await tile(page, kind)
      .locator(kind)
      .evaluate(async (player: Player) => {
        if (player.readyState < 2) await new Promise<void>((resolve) => player.addEventListener('loadeddata', resolve))
        return player.readyState
      })
    assert.ok(state >= 2, kind)
  }
}

async function refusesAll(page: Page): Promise<void> {
  for (const kind of OPEN) {
    await tile(page, kind).locator('.refused').waitFor()
    assert.equal(await tile(page, kind).locator('img, audio, video').count(), 0, kind)
  }
}

const verdicts = (page: Page) => page.locator('#cookie-why .verdict').allInnerTexts()

test('a token is swapped for the cookie, files open by their plain paths, and the next load fails after a revocation', async () => {
  const { page, context, complaints, urls } = await opened()
  await press(page, 'Load the files')
  await refusesAll(page)
  assert.match(await tile(page, 'photo').innerText(), /Refused with 401\s+credential_missing/)

  const before = urls.length
  await press(page, 'Swap a token for the cookie')
  await showsAll(page)
  const [cookie, ...more] = await context.cookies()
  const path = '/apps/demo/conversations/holiday'
  assert.deepEqual([cookie?.name, cookie?.path, cookie?.httpOnly, more.length], ['gatehouse_media', path, true, 0])
  const media = urls.slice(before).filter((url) => new URL(url).pathname.startsWith(path))
  assert.ok(media.length >= 3)
  for (const url of urls.slice(before)) assert.ok(!url.includes(cookie?.value ?? '?') && !url.includes('eyJ'), url)
  for (const url of media) assert.equal(new URL(url).search, '', 'media are asked for by their plain paths')

  await tile(page, 'sibling').locator('.refused').waitFor()
  assert.match(await tile(page, 'sibling').innerText(), /Refused with 401\s+credential_missing/)
  await page.locator('#cookie-why .why').nth(1).waitFor()
  assert.deepEqual(await verdicts(page), [
    'In the conversation: it opens the file.',
    'In another conversation, were it shown there: refused, resource_not_granted',
  ])
  assert.match(await page.locator('#cookie-claims').innerText(), /"path":"\/apps\/demo\/conversations\/holiday"/)
  const picture = pictureFile('demo-cookie.png')
  if (picture !== null) await page.locator('#cookie').screenshot({ path: picture })

  await press(page, 'Revoke the token')
  await refusesAll(page)
  assert.match(await page.locator('#cookie-result').innerText(), /^The token is revoked\. In force on the one node/)
  assert.match(await tile(page, 'video').innerText(), /Refused with 401\s+token_revoked/)
  const first = page.locator('#cookie-why .verdict').first()
  await first.filter({ hasText: /refused, token_revoked$/ }).waitFor()
  assert.equal((await context.cookies()).length, 1, 'the browser holds the cookie all the same')
  await page.locator('#log tr', { hasText: 'token_revoked' }).first().waitFor()

  await press(page, 'Swap a token for the cookie')
  await showsAll(page)
  assert.deepEqual(complaints, [])
  await context.close()
})

test('a cookie from before the page was loaded opens, and what is revoked elsewhere is noticed', async () => {
  const { page, context, complaints } = await opened('dark', 390)
  await press(page, 'Swap a token for the cookie')
  await showsAll(page)
  await page.reload()
  await tile(page, 'photo').locator('.answer', { hasText: 'Not asked for yet' }).waitFor()
  await press(page, 'Load the files')
  await showsAll(page)
  const wide = await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')
  assert.equal(wide, false, 'nothing sticks out of a narrow window')
  await house.admin.post('/v1/apps/demo/revocations', { mediaTokens: true })
  await refusesAll(page)
  await press(page, 'Swap a token for the cookie')
  await showsAll(page)
  await page.reload()
  await tile(page, 'photo').waitFor()
  await press(page, 'Revoke the token')
  await refusesAll(page)
  assert.match(await page.locator('#cookie-result').innerText(), /^All media tokens of the app are revoked\./)
  assert.deepEqual(complaints, [])
  await context.close()
})
