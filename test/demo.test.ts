import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Page } from 'playwright-core'
import { pictureFile, startBrowser } from './support/browser.ts'
import { bearer, type List, targetOf } from './support/client.ts'
import { startGatehouse, temporaryFolder } from './support/gatehouse.ts'

const house = await startGatehouse({ flags: ['--demo', 'true'] })
const browser = await startBrowser()
after(async () => {
  await browser.close()
  await house.stop()
})

/** The page, loaded, with the photo in both frames. Anything that the browser complains about fails the test, but for refusals. */
async function opened(): Promise<{ page: Page; complaints: () => readonly string[] }> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 980 } })
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text())
  })
  await page.goto(house.url)
  for (const user of ['bob', 'carol']) await seesPhoto(page, user)
  return { page, complaints: () => complaints }
}

/** What is used of the browser's own types; those of the DOM are not loaded here. */
type Picture = { readonly naturalWidth: number; decode(): Promise<void> }
type Player = {
  readonly readyState: number
  readonly duration: number
  currentTime: number
  addEventListener(event: string, listener: (value: unknown) => void): void
}

const card = (user: string) => `.card[data-user=${user}]`

async function seesPhoto(page: Page, user: string): Promise<void> {
  const image = page.locator(`${card(user)} .frame img`)
  await image.waitFor()
  assert.ok(await image.evaluate((element: Picture) => element.decode().then(() => element.naturalWidth > 0)))
}

/** Marks what one receiver's frame shows, to tell later whether it is still the same element. */
const mark = (page: Page, user: string) =>
  page.locator(`${card(user)} .frame > *`).evaluate((element) => element.setAttribute('data-marked', ''))

test('deactivating one receiver takes the photo from that one only, and activating gives it back at the same URL', async () => {
  const { page, complaints } = await opened()
  const address = page.locator(`${card('bob')} .address a`)
  const url = (await address.getAttribute('href')) ?? ''
  await mark(page, 'carol')

  await page.getByRole('button', { name: 'Deactivate Bob' }).click()
  const refused = page.locator(`${card('bob')} .refused`)
  await refused.waitFor()
  assert.match(await refused.innerText(), /Refused with 401\s+subject_suspended/)
  assert.equal(await page.locator(`${card('bob')} .frame img`).count(), 0)
  assert.equal(await page.locator(`${card('carol')} .frame img[data-marked]`).count(), 1, "Carol's was not touched")
  assert.equal((await house.admin.as({}).get(targetOf(url))).status, 401)

  await page.locator('#verdict.no').waitFor()
  assert.match(await page.locator('#verdict').innerText(), /subject_suspended/)
  assert.equal(await page.locator('#steps .fail .what').innerText(), 'user')
  assert.match(await page.locator('#result').innerText(), /^Bob is deactivated\. In force on the one node/)
  const line = page.locator('#log tr', { hasText: 'subject_suspended' }).first()
  await line.waitFor()
  assert.match(await line.innerText(), /Bob\s+lake\.jpg\s+401 subject_suspended/)
  const picture = pictureFile('demo.png')
  if (picture !== null) await page.screenshot({ path: picture })

  await page.getByRole('button', { name: 'Reactivate Bob' }).click()
  await seesPhoto(page, 'bob')
  assert.equal(await address.getAttribute('href'), url)
  assert.equal((await house.admin.as({}).get(targetOf(url))).status, 200)
  assert.deepEqual(complaints(), [])
  await page.close()
})

test('the page notices what is done elsewhere', async () => {
  const { page, complaints } = await opened()
  await house.admin.post('/v1/apps/demo/users/carol/deactivate')
  await page.locator(`${card('carol')} .refused`).waitFor()
  await house.admin.post('/v1/apps/demo/users/carol/activate')
  await seesPhoto(page, 'carol')

  const before = await page.locator(`${card('carol')} .address a`).getAttribute('href')
  await house.admin.post('/v1/apps/demo/revocations', { user: 'carol' })
  await page.locator(`${card('carol')} .address a:not([href="${before}"])`).waitFor()
  await seesPhoto(page, 'carol')
  assert.equal((await house.admin.as({}).get(targetOf(before ?? ''))).status, 401, 'the link from before is void')
  assert.deepEqual(complaints(), [])
  await page.close()
})

test('PDF, audio and video come through the same gate', async () => {
  const { page, complaints } = await opened()
  const ranges: string[] = []
  page.on('response', (response) => {
    if (response.url().includes('/flight.mp4')) ranges.push(response.headers()['content-range'] ?? '')
  })

  await page.getByRole('tab', { name: 'Photo' }).press('ArrowRight')
  await page.locator(`${card('bob')} .frame iframe`).waitFor()
  assert.match(await page.locator(`${card('bob')} .answer`).innerText(), /200 application\/pdf/)

  for (const [tab, element] of [
    ['Audio', 'audio'],
    ['Video', 'video'],
  ] as const) {
    await page.getByRole('tab', { name: tab }).click()
    const media = page.locator(`${card('bob')} .frame ${element}`)
    await media.waitFor()
    const end = await media.evaluate(async (player: Player) => {
      if (player.readyState < 2) await new Promise((resolve) => player.addEventListener('loadeddata', resolve))
      const sought = new Promise((resolve) => player.addEventListener('seeked', resolve))
      player.currentTime = player.duration - 1
      await sought
      return { state: player.readyState, at: player.currentTime, duration: player.duration }
    })
    assert.ok(end.state >= 2 && end.duration > 4 && end.at === end.duration - 1, `${tab}: ${JSON.stringify(end)}`)
  }
  assert.ok(ranges.length > 0)
  for (const range of ranges) assert.match(range, /^bytes \d+-\d+\/\d+$/, 'the player asks for ranges and gets them')

  assert.deepEqual(complaints(), [])
  await page.getByRole('button', { name: 'Deactivate Bob' }).click()
  await page.locator(`${card('bob')} .refused`).waitFor()
  assert.equal(await page.locator(`${card('bob')} video`).count(), 0)
  await page.getByRole('button', { name: 'Reactivate Bob' }).click()
  await page.locator(`${card('bob')} video`).waitFor()
  // What was still loading when Bob was deactivated has been cut, which the browser may tell.
  assert.deepEqual(
    complaints().filter((text) => !text.includes('net::ERR_')),
    [],
  )
  await page.close()
})

test('the token of the page ends at the demonstration, and soon', async () => {
  const answer = await house.admin.as({}).get('/demo/state')
  const { token, expiresAt } = answer.json<{ token: string; expiresAt: string }>()
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.ok(Date.parse(expiresAt) - Date.now() <= 15 * 60 * 1000)
  const page = house.admin.as(bearer(token))
  assert.equal((await page.get('/v1/apps/demo/users')).status, 200)
  assert.equal((await page.get('/v1/apps')).status, 403)
  assert.equal((await page.post('/v1/apps', { name: 'another' })).status, 403)
})

test('without --demo there is neither the page nor the app', async (t) => {
  const plain = await startGatehouse()
  t.after(() => plain.stop())
  for (const path of ['/', '/demo/state', '/demo/page.js']) {
    assert.equal((await plain.admin.get(path)).status, 404, path)
  }
  assert.deepEqual((await plain.admin.get('/v1/apps')).json<List<unknown>>().items, [])
})

test('a second start keeps what is there', async () => {
  const data = temporaryFolder()
  const shared = async () => {
    const once = await startGatehouse({ flags: ['--demo', 'true'], data })
    const answer = await once.admin.get('/v1/apps/demo/conversations/holiday/messages?for=bob')
    await once.stop()
    return answer
      .json<List<{ attachments: readonly { path: string; url: string }[] }>>()
      .items.map(({ attachments }) => attachments.map(({ path, url }) => [path, new URL(url).searchParams.get('t')]))
  }
  const first = await shared()
  assert.deepEqual(
    first.map(({ length }) => length),
    [4],
  )
  assert.deepEqual(await shared(), first)
})
