import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { type CometChatSdkVersion, cometChatSdkFile } from '../../../script/cometchat-sdk.ts'
import { pictureWidth } from '../browser.ts'
import type { SdkProcess } from './user.ts'

/** A site of another origin whose pages load the SDK. */
export type Site = {
  readonly origin: string
  /** Opens its page in a browser profile of its own, with the SDK initialised. */
  readonly open: (of: {
    readonly version: CometChatSdkVersion
    readonly app: string
    readonly host: string
    readonly headerMode?: boolean
  }) => Promise<PageUser>
  readonly stop: () => void
}

/** A user with the SDK in a browser. */
export type PageUser = Omit<SdkProcess, 'stop'> & {
  /** Shows a picture; answers its width, or 0 where it does not load. */
  readonly shows: (url: string) => Promise<number>
  /** What a script of the page reads at a URL: the status, or null where the browser keeps it from it. */
  readonly reads: (url: string) => Promise<number | null>
}

/** Starts the site. Its certificate is not looked at, since the front's is its own. */
export async function startSite(browser: Browser): Promise<Site> {
  const calls = stripTypeScriptTypes(readFileSync(new URL('calls.ts', import.meta.url), 'utf8'))
  const server = createServer((request, response) => {
    const version = /^\/sdk-(4\.[\d.]+)\.js$/.exec(request.url ?? '')?.[1]
    if (version !== undefined)
      return response
        .setHeader('content-type', 'text/javascript')
        .end(readFileSync(cometChatSdkFile(version as CometChatSdkVersion)))
    if (request.url === '/calls.js') return response.setHeader('content-type', 'text/javascript').end(calls)
    const [, wanted = ''] = (request.url ?? '').split('?')
    const module = "import { createCalls } from '/calls.js'; window.calls = createCalls(CometChat)"
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(`<!doctype html><script src="/sdk-${wanted}.js"></script><script type="module">${module}</script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    stop: () => void server.close(),
    open: async ({ version, app, host, headerMode = false }) => {
      const context = await browser.newContext({ ignoreHTTPSErrors: true })
      const page = await context.newPage()
      await page.goto(`${origin}/?${version}`)
      await page.waitForFunction('window.calls')
      const ask = (name: string, of: unknown) =>
        page.evaluate(
          async ([called, given]) => {
            const { calls: all } = globalThis as unknown as { calls: Record<string, (of: unknown) => Promise<unknown>> }
            try {
              return { value: await all[called]?.(given) }
            } catch (error) {
              const { code, message } = error as { code?: string; message?: string }
              return { error: { code: code ?? null, message: message ?? String(error) } }
            }
          },
          [name, of] as const,
        )
      const user: PageUser = {
        do: async (name, ...of) => {
          const { value, error } = await ask(name, of[0] ?? {})
          assert.equal(error, undefined, `${name}: ${error?.code} ${error?.message}`)
          return value as never
        },
        fails: async (name, ...of) => {
          const { value, error } = await ask(name, of[0] ?? {})
          assert.ok(error, `${name} should have been refused: ${JSON.stringify(value)}`)
          return error
        },
        shows: (url) => pictureWidth(page, url),
        reads: (url) =>
          page.evaluate(
            (src) =>
              fetch(src).then(
                ({ status }) => status,
                () => null,
              ),
            url,
          ),
      }
      await user.do('init', { app, host, headerMode })
      return user
    },
  }
}
