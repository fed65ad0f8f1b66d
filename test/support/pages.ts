import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { BrowserContext, Frame, Page } from 'playwright-core'
import { pictureWidth } from './browser.ts'
import { makeCertificate } from './certificate.ts'
import { ROOT } from './gatehouse.ts'

/** Pages over TLS that show media: an empty one at every name below `.test`, with the SDK's opener beside it. */
export type Pages = {
  /** The origin of pages at a name. */
  readonly at: (name: string) => string
  /** Opens the page of a name; with `inside`, in a frame of the page of that other name. */
  readonly open: (context: BrowserContext, name: string, inside?: string) => Promise<MediaPage>
  readonly stop: () => Promise<void>
}

/** What a page does with media. */
export type MediaPage = {
  /** Swaps a media token for a cookie, as an operator's script does. Answers the status, or null where the browser keeps it from the page. */
  readonly swap: (url: string, token: string, method?: 'GET' | 'POST') => Promise<number | null>
  /**
   * Puts a picture into the page; answers its width, or 0 where it does not load. What a page has shown it shows again without asking: MUST
   * be called on a new one then.
   */
  readonly shows: (url: string) => Promise<number>
  /** What the SDK's opener makes of media URLs, with one opener for the page. */
  readonly opened: (url: string) => Promise<string>
  /** Sets the opener up; both functions run here, as the operator's server does. */
  readonly setUp: (parts: {
    readonly cookieUrl: string
    readonly mediaToken: () => Promise<string>
    readonly grantToken: () => Promise<{ readonly token: string; readonly expiresAt: string }>
  }) => Promise<void>
  readonly close: () => Promise<void>
}

/** Starts the server of the pages. Browsers MUST ignore errors of certificates. */
export async function startPages(): Promise<Pages> {
  const { keyFile, text } = makeCertificate('DNS:*.test')
  const opener = stripTypeScriptTypes(readFileSync(join(ROOT, 'packages/sdk/src/media-opener.ts'), 'utf8'))
  const server = createServer({ key: readFileSync(keyFile), cert: text }, ({ url }, response) => {
    if (url === '/media-opener.js') return response.setHeader('content-type', 'text/javascript').end(opener)
    response.setHeader('content-type', 'text/html; charset=utf-8').end('<!doctype html><title>Pictures</title>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = (name: string) => `https://${name}:${(server.address() as AddressInfo).port}`
  return {
    at,
    open: (context, name, inside) => openPage(context, at(name), inside === undefined ? null : at(inside)),
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function openPage(context: BrowserContext, origin: string, outer: string | null): Promise<MediaPage> {
  const page = await context.newPage()
  await page.goto(`${outer ?? origin}/`)
  const here = outer === null ? page.mainFrame() : await frameIn(page, origin)
  return {
    swap: (url, token, method = 'POST') =>
      here.evaluate(
        ([to, bearer, how]) =>
          fetch(to, { method: how, headers: { authorization: `Bearer ${bearer}` }, credentials: 'include' }).then(
            ({ status }) => status,
            () => null,
          ),
        [url, token, method] as const,
      ),
    shows: (url) => pictureWidth(here, url),
    setUp: async ({ cookieUrl, mediaToken, grantToken }) => {
      await page.exposeFunction('mediaToken', mediaToken)
      await page.exposeFunction('grantToken', grantToken)
      const parts = `{ cookieUrl: '${cookieUrl}', mediaToken, grantToken }`
      const module = `import { createMediaOpener } from '/media-opener.js'; window.mediaOpener = createMediaOpener(${parts})`
      await here.addScriptTag({ type: 'module', content: module })
      await here.waitForFunction('window.mediaOpener')
    },
    opened: (url) =>
      here.evaluate((one) => {
        const { mediaOpener } = globalThis as unknown as { mediaOpener: { open(url: string): Promise<string> } }
        return mediaOpener.open(one)
      }, url),
    close: () => page.close(),
  }
}

async function frameIn(page: Page, origin: string): Promise<Frame> {
  await page.setContent(`<!doctype html><iframe src="${origin}/"></iframe>`)
  return page.frames().find((frame) => frame.url().startsWith(origin)) ?? assert.fail('no frame')
}
