import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Frame } from 'playwright-core'
import { ROOT, temporaryFolder } from './gatehouse.ts'

/** Starts the system's Chromium without a window; it plays media without being asked to, and reaches nothing but the tests. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch(OPTIONS)
}

/** Starts one that finds all names below `.test` on this machine, with preferences of its user (Chromium's file `Preferences`). */
export function startBrowserOf(preferences: object): Promise<BrowserContext> {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'Default'))
  writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify(preferences))
  const args = [...OPTIONS.args, '--host-resolver-rules=MAP *.test 127.0.0.1']
  return chromium.launchPersistentContext(folder, { ...OPTIONS, args, ignoreHTTPSErrors: true })
}

const OPTIONS = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--autoplay-policy=no-user-gesture-required',
  ],
}

/** Where a picture of the documentation lies, or null where the pictures are not to be made anew (`UPDATE_SCREENSHOT=1`). */
export function pictureFile(name: string): string | null {
  if (process.env.UPDATE_SCREENSHOT !== '1') return null
  const folder = join(ROOT, 'docs/images')
  mkdirSync(folder, { recursive: true })
  return join(folder, name)
}

/** How wide a picture comes out in a page or frame, in pixels; 0 where it is not shown. */
export function pictureWidth(page: Pick<Frame, 'evaluate'>, url: string): Promise<number> {
  return page.evaluate(async (src) => {
    type Picture = { src: string; naturalWidth: number; decode(): Promise<void> }
    const { Image } = globalThis as unknown as { Image: new () => Picture }
    const image = new Image()
    image.src = src
    await image.decode().catch(() => {})
    return image.naturalWidth
  }, url)
}
