import { sweepStorage } from '@gatehouse/storage/audit'
import type { Blobs } from '@gatehouse/storage/blobs/port'
import type { Reserve } from '@gatehouse/storage/blobs/reserve'
import type { App, Page, Records } from '@gatehouse/storage/records/port'
import type { Logger } from 'pino'
import { settingsOf } from './settings.ts'

/** Work that goes on beside the requests. */
export type Upkeep = { stop(): Promise<void> }

const HOUR = 3600 * 1000
/** What an upload in progress may take; younger leftovers are not touched. */
const GRACE = HOUR
const IDEMPOTENCY_LASTS = 24 * HOUR
const PIECE = 500

/**
 * Starts the upkeep of an installation: what interrupted uploads left behind goes, as do answers kept for repeated requests after a day
 * and lines of the access log after their time. Once at the start and then every hour; one node's faults do not stop it.
 */
export function startUpkeep(parts: {
  records: Records
  blobs: Blobs
  reserve: Reserve | null
  log: Logger
  now: () => number
}): Upkeep {
  const { records, blobs, reserve, log, now } = parts
  let stopped = false
  let running: Promise<void> = Promise.resolve()

  /** Going through a large store takes longer than a stop may. */
  const untilStopped: Blobs = {
    ...blobs,
    async *list() {
      for await (const piece of blobs.list()) {
        if (stopped) return
        yield piece
      }
    },
  }

  /** Each app says how long its lines are kept. */
  async function pruneViews(): Promise<void> {
    let after: string | null = null
    do {
      const apps: Page<App> = await records.apps.list({ after, limit: 100 })
      for (const app of apps.items) {
        const { viewDays } = settingsOf(app.settings)
        if (viewDays === null) continue
        const before = now() - viewDays * 24 * HOUR
        while (!stopped && (await records.views.prune(before, PIECE, app.id)) === PIECE);
      }
      after = apps.next
    } while (after !== null && !stopped)
  }

  async function round(): Promise<void> {
    try {
      const swept = await sweepStorage({ records, blobs: untilStopped, graceMs: GRACE, now: now() })
      log.debug({ swept }, 'swept')
      await reserve?.restore()
      await records.idempotency.prune(now() - IDEMPOTENCY_LASTS)
      await pruneViews()
    } catch (error) {
      if (!stopped) log.error({ err: error }, 'upkeep failed; it is tried again in an hour')
    }
  }
  running = round()
  const timer = setInterval(() => {
    running = running.then(round)
  }, HOUR)
  timer.unref()
  return {
    async stop() {
      stopped = true
      clearInterval(timer)
      await running
    },
  }
}
