import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBrowser } from './support/browser.ts'
import { startGatehouse } from './support/gatehouse.ts'

/** The pages of the server in a real browser, under the policies that they send. */

/** The reference is large, and drawn by script. */
const PATIENCE = 120_000

const house = await startGatehouse({ flags: ['--demo', 'true'] })
const browser = await startBrowser()
after(async () => {
  await browser.close()
  await house.stop()
})

/** A page, with what the browser complains about; a policy that forbids what the page needs is such a complaint. */
async function opened(path: string) {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/.test(message.text())) complaints.push(message.text())
  })
  await page.goto(`${house.url}${path}`)
  return { page, complaints }
}

test('the reference draws itself under its policy, and may call the server that its document names', async () => {
  const { page, complaints } = await opened('/docs')
  await page.locator('.opblock', { hasText: '/livez' }).first().waitFor({ timeout: PATIENCE })
  const status = await page.evaluate(async () => {
    const { servers } = (await (await fetch('/openapi.json')).json()) as { servers: [{ url: string }] }
    return (await fetch(`${servers[0].url}/livez`)).status
  })
  assert.equal(status, 200)
  assert.deepEqual(complaints, [])
  await page.close()
})

test('the reference is drawn for a phone, and in the colours that its reader prefers', async () => {
  for (const [colorScheme, background] of [
    ['light', 'rgb(250, 250, 250)'],
    ['dark', 'rgb(28, 32, 34)'],
  ] as const) {
    const context = await browser.newContext({ colorScheme, isMobile: true, viewport: { width: 390, height: 800 } })
    const page = await context.newPage()
    await page.route('**/*.js', (route) => route.abort())
    const behind = "getComputedStyle(document.querySelector('body')).backgroundColor"
    await page.goto(`${house.url}/docs`)
    assert.equal(await page.evaluate(behind), background, 'before the script has run')
    await page.unroute('**/*.js')
    await page.reload()
    await page.locator('.opblock').first().waitFor({ timeout: PATIENCE })
    assert.equal(await page.evaluate(behind), background)
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390)
    await context.close()
  }
})

test('the page of errors shows the code that a problem points at, styled by what its policy allows', async () => {
  const { page, complaints } = await opened('/docs/errors#signature_invalid')
  const row = page.locator('#signature_invalid')
  assert.ok(await row.isVisible())
  assert.equal(await row.evaluate((element) => String(element.matches(':target'))), 'true')
  const styles = (element: unknown) => String(Reflect.get(globalThis, 'getComputedStyle')(element).backgroundColor)
  assert.equal(await row.evaluate(styles), 'rgb(255, 255, 221)')
  assert.equal(await page.locator('#file_too_large td code').last().textContent(), 'maxUploadBytes')
  await page.setViewportSize({ width: 390, height: 700 })
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390, 'it fits a phone')
  assert.deepEqual(complaints, [])
  await page.close()
})

test('markup in what somebody asked for stands on the page as text', async () => {
  const name = '<img src=x onerror=document.title=1>'
  const path = `/apps/demo/conversations/holiday/${'a'.repeat(24)}/${encodeURIComponent(name)}`
  assert.equal((await fetch(house.url + path)).status, 401)
  const { page } = await opened('/')
  const cell = page.locator('#log td', { hasText: name }).first()
  await cell.waitFor()
  assert.equal(await cell.evaluate((element) => element.childElementCount), 0)
  assert.notEqual(await page.title(), '1')
  await page.close()
})

test("on a phone a reason stands in one line of the demonstration's log", async () => {
  const path = `/apps/demo/conversations/holiday/${'a'.repeat(24)}/none.pdf`
  assert.equal((await fetch(house.url + path)).status, 401)
  const { page } = await opened('/')
  await page.setViewportSize({ width: 390, height: 800 })
  const reason = page.locator('#log td span', { hasText: 'credential_missing' }).first()
  await reason.waitFor()
  assert.equal(await reason.evaluate((element) => element.getClientRects().length), 1)
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 390)
  await page.close()
})

test('no page lets another one put it into a frame', async () => {
  for (const path of ['/', '/docs', '/docs/errors']) {
    const page = await browser.newPage()
    const refused = page.waitForEvent('console', (message) => /frame/.test(message.text()))
    await page.setContent(`<iframe src="${house.url}${path}"></iframe>`)
    assert.match((await refused).text(), /frame-ancestors|X-Frame-Options/, path)
    await page.close()
  }
})
