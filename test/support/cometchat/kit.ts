import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { bundleCometChatUiKit } from '../../../script/cometchat-ui-kit.ts'
import { temporaryFolder } from '../gatehouse.ts'
import type { Picked } from './calls.ts'

/** A site of another origin whose page is made of the UI kit. */
export type KitSite = {
  readonly origin: string
  /** Opens its page in a browser profile of its own. */
  readonly open: (of: { readonly app: string; readonly host: string }) => Promise<KitUser>
  readonly stop: () => void
}

/** Somebody in front of that page. */
export type KitUser = {
  readonly page: Page
  /** Begins, and answers the uid of who is logged in; raises where the kit does. */
  readonly start: (token: string) => Promise<string>
  /** Loads the page anew; the kit keeps its session. */
  readonly reload: () => Promise<void>
  /** Chooses a conversation by the name that the list shows. */
  readonly choose: (name: string) => Promise<void>
  /** Sends pictures by the composer, and waits until the list shows as many more as were sent. */
  readonly sendPictures: (files: readonly Picked[]) => Promise<void>
  readonly type: (text: string) => Promise<void>
  /** Waits until the chosen conversation shows so many pictures of the server, all with their bytes; answers their URLs. */
  readonly pictures: (count: number) => Promise<readonly string[]>
  /** Saves the file that a message has, by the kit's own button; answers its name and bytes. */
  readonly save: (name: string) => Promise<{ readonly name: string; readonly bytes: Buffer }>
  /** What the kit told its application of what went wrong. */
  readonly troubles: () => Promise<readonly string[]>
  /** Calls that did not succeed, as `404 POST /v3.0/…`, each once. */
  readonly refused: ReadonlySet<string>
}

/** Makes the page and starts the site. */
export async function startKitSite(browser: Browser): Promise<KitSite> {
  const folder = temporaryFolder()
  bundleCometChatUiKit(readFileSync(new URL('kit-page.mjs', import.meta.url), 'utf8'), folder)
  const types: Record<string, string> = { 'page.js': 'text/javascript', 'page.css': 'text/css' }
  const server = createServer(({ url = '' }, response) => {
    const type = types[url.slice(1)]
    if (type !== undefined) return response.setHeader('content-type', type).end(readFileSync(join(folder, url)))
    const head = '<!doctype html><link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css">'
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(`${head}<body><script src="/page.js"></script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
    open: async (of) => {
      const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1200, height: 1000 } })
      const page = await context.newPage()
      page.setDefaultTimeout(15_000)
      await page.goto(origin)
      return userOf(page, of)
    },
  }
}

function userOf(page: Page, { app, host }: { readonly app: string; readonly host: string }): KitUser {
  const refused = new Set<string>()
  page.on('response', (answer) => {
    const { pathname } = new URL(answer.url())
    if (answer.status() >= 400) refused.add(`${answer.status()} ${answer.request().method()} ${pathname}`)
  })
  const shown = `main img[src^="https://${host}/"]`
  const composer = page.locator('footer')
  const loaded = async (count: number) => {
    const complete = `all => all.length === ${count} && all.every((one) => one.naturalWidth > 0)`
    await page.waitForFunction(`(${complete})([...document.querySelectorAll(${JSON.stringify(shown)})])`)
    return page.locator(shown).evaluateAll((all) => all.map((one) => (one as unknown as { src: string }).src))
  }
  return {
    page,
    refused,
    start: (token) =>
      page.evaluate(
        (given) => {
          const { start } = globalThis as unknown as { start(of: unknown): Promise<string> }
          return start(given).catch((error: { code?: string }) =>
            Promise.reject(new Error(error.code ?? String(error))),
          )
        },
        { app, host, token },
      ),
    reload: async () => void (await page.reload()),
    choose: (name) => page.locator('nav').getByText(name, { exact: true }).click(),
    sendPictures: async (files) => {
      const before = await page.locator(shown).count()
      await composer.getByLabel('ATTACHMENTS').click()
      const chosen = page.waitForEvent('filechooser')
      await page.getByText('Attach Image').click()
      const picked = files.map(({ name, type, base64 }) => ({
        name,
        mimeType: type,
        buffer: Buffer.from(base64, 'base64'),
      }))
      await (await chosen).setFiles(picked)
      await composer.getByLabel('SEND', { exact: true }).click()
      await loaded(before + files.length)
    },
    type: async (text) => {
      await composer.getByRole('textbox').fill(text)
      await composer.getByLabel('SEND', { exact: true }).click()
    },
    pictures: loaded,
    save: async (name) => {
      const saved = page.waitForEvent('download')
      await page.locator('main').getByLabel(`Download ${name}`).click()
      const download = await saved
      return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) }
    },
    troubles: () => page.evaluate('window.troubles'),
  }
}
