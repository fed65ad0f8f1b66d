import type { Apps } from '@gatehouse/storage/records/port'
import { settingsOf } from './settings.ts'

/** Knows the origins that any app allows, for preflights that name no app. */
export type Origins = { allowed(origin: string): Promise<boolean> }

/** How long the list is taken for right, in milliseconds: for origins in it, and for those that are not. */
const LASTS = { listed: 60_000, missing: 100 }

/**
 * Creates the list. Whether an answer itself may be read is for its app to say, so that an origin may stand here for a while after its app has
 * taken it out.
 */
export function createOrigins(apps: Apps, now: () => number): Origins {
  let known: { readonly origins: ReadonlySet<string>; readonly at: number } = { origins: new Set(), at: 0 }
  let reading: Promise<void> | null = null

  async function read(): Promise<void> {
    const origins = new Set<string>()
    const at = now()
    for (let after: string | null = null; ; ) {
      const page = await apps.list({ after, limit: 1000 })
      for (const { settings } of page.items) {
        for (const origin of settingsOf(settings).allowedOrigins) origins.add(origin)
      }
      if (page.next === null) break
      after = page.next
    }
    known = { origins, at }
  }

  return {
    async allowed(origin) {
      const lasts = known.origins.has(origin) ? LASTS.listed : LASTS.missing
      if (Math.abs(now() - known.at) > lasts) {
        reading ??= read().finally(() => {
          reading = null
        })
        await reading
      }
      return known.origins.has(origin)
    },
  }
}
