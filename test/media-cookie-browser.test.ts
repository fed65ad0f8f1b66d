import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { startBrowser } from './support/browser.ts'
import { ROOT, startGatehouse } from './support/gatehouse.ts'
import { createApp, type Tenant } from './support/tenant.ts'

/** The cookie of a media token as a browser keeps and sends it: pages of other origins, several cookies, revocation, and the end. */

const house = await startGatehouse({ faketime: '+0' })
const browser = await startBrowser()
const servers: Server[] = []
after(async () => {
  await browser.close()
  for (const server of servers) server.close()
  await house.stop()
})

/** A page with nothing on it, at an origin of its own. */
async function origin(host: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Desk</title>')
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

const sameSite = await origin('127.0.0.1')
const otherSite = await origin('localhost')
const stranger = await origin('127.0.0.1')
const app = await createApp(house.admin, { allowedOrigins: [sameSite, otherSite], mediaTokenSeconds: 600 })
for (const id of ['c', 'cx']) await app.conversation(id, ['ann'])
const photo = readFileSync(join(ROOT, 'packages/server/assets/demo/lake.jpg'))
const share = (conversation: string | null) =>
  app.upload(photo, { name: 'lake.jpg', type: 'image/jpeg', conversation, from: 'ann' })
const [file, second, sibling, outside] = [await share('c'), await share('c'), await share('cx'), await share(null)]
const talk = `/apps/${app.id}/conversations/c`

async function token(path: string, tenant: Tenant = app): Promise<string> {
  const answer = await tenant.admin.post(`${tenant.base}/media-tokens`, { paths: [path] })
  assert.equal(answer.status, 201, answer.text)
  return answer.json<{ tokens: Record<string, string> }>().tokens[path] ?? ''
}

/** What is used of the browser's own types; those of the DOM are not loaded here. */
type Swapped = { readonly status: number }

/** Swaps a token from a page; null where the page is not let read the answer. */
const swap = (page: Page, text: string): Promise<Swapped | null> =>
  page.evaluate(
    ([url, bearer]) =>
      fetch(`${url}/v1/cookie`, { headers: { authorization: `Bearer ${bearer}` }, credentials: 'include' }).then(
        ({ status }) => ({ status }),
        () => null,
      ),
    [house.url, text] as const,
  )

/** Whether the page can show a picture by its plain URL. */
const shows = (page: Page, path: string): Promise<boolean> =>
  page.evaluate((url) => {
    const { Image } = globalThis as unknown as {
      Image: new () => { src: string; onload: () => void; onerror: () => void; naturalWidth: number }
    }
    return new Promise<boolean>((resolve) => {
      const image = new Image()
      image.onload = () => resolve(image.naturalWidth > 0)
      image.onerror = () => resolve(false)
      image.src = url
    })
  }, `${house.url}${path}`)

const cookies = async (context: BrowserContext) =>
  (await context.cookies()).filter(({ name }) => name === 'gatehouse_media')

/** A page of this origin in a browser that holds no cookie yet. */
async function open(at: string): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(at)
  return { page, context }
}

for (const [where, at] of [
  ['another origin of the same site', sameSite],
  ['another site', otherSite],
] as const) {
  test(`a page of ${where} swaps a token, and pictures of that conversation alone are shown`, async () => {
    const { page, context } = await open(at)
    assert.equal(await shows(page, file.path), false, 'not before')
    assert.deepEqual(await swap(page, await token(talk)), { status: 200 })
    const [cookie, ...more] = await cookies(context)
    assert.equal(more.length, 0)
    assert.deepEqual([cookie?.path, cookie?.httpOnly, cookie?.domain], [talk, true, '127.0.0.1'])
    const across = at === otherSite
    assert.deepEqual([cookie?.sameSite, cookie?.secure], across ? ['None', true] : ['Lax', false])
    for (const [path, wanted] of [
      [file.path, true],
      [second.path, true],
      [sibling.path, false],
      [outside.path, false],
    ] as const) {
      assert.equal(await shows(page, path), wanted, path)
    }
    await context.close()
  })
}

test('a page of an origin that the app does not list gets no cookie', async () => {
  const { page, context } = await open(stranger)
  assert.equal(await swap(page, await token(talk)), null)
  assert.equal((await cookies(context)).length, 0)
  assert.equal(await shows(page, file.path), false)
  await context.close()
})

test('several cookies of one name stand beside each other, each for its own path', async () => {
  const { page, context } = await open(sameSite)
  for (const path of [file.path, `/apps/${app.id}/conversations/cx`]) await swap(page, await token(path))
  assert.equal((await cookies(context)).length, 2)
  assert.deepEqual(
    [await shows(page, file.path), await shows(page, second.path), await shows(page, sibling.path)],
    [true, false, true],
  )
  await swap(page, await token(`/apps/${app.id}`))
  assert.equal((await cookies(context)).length, 3)
  for (const each of [file, second, sibling, outside]) assert.equal(await shows(page, each.path), true)
  // The cookie with the longer path is sent first and is void now; the one of the app opens the file all the same.
  const narrow = (await cookies(context)).find(({ path }) => path === file.path)
  await app.revoke({ token: narrow?.value ?? '' })
  assert.equal(await shows(page, `${file.path}?again`), true)
  await context.close()
})

test('after a revocation the next load fails, though the browser still holds the cookie', async () => {
  const { page, context } = await open(sameSite)
  await swap(page, await token(talk))
  assert.equal(await shows(page, file.path), true)
  await app.revoke({ conversation: 'c' })
  assert.equal((await cookies(context)).length, 1)
  // A document keeps the pictures that it shows; the next one has to ask for them.
  await page.goto(sameSite)
  assert.equal(await shows(page, file.path), false, 'what was shown before has to be asked for again')
  assert.equal(await shows(page, second.path), false)
  assert.deepEqual(await swap(page, await token(talk)), { status: 200 })
  assert.equal(await shows(page, file.path), true)
  await context.close()
})

test('at its end the token opens nothing any more, whatever clock the browser goes by', async () => {
  const { page, context } = await open(sameSite)
  await swap(page, await token(talk))
  const [cookie] = await cookies(context)
  assert.ok(Math.abs((cookie?.expires ?? 0) - Date.now() / 1000 - 600) < 60)
  house.setClock('+590')
  assert.equal(await shows(page, file.path), true)
  house.setClock('+601')
  await page.goto(sameSite)
  assert.equal((await cookies(context)).length, 1)
  assert.equal(await shows(page, file.path), false)
  assert.equal(await shows(page, second.path), false)
  await context.close()
})
