import { setImmediate } from 'node:timers/promises'
import { sweepStorage } from '@gatehouse/storage/audit'
import type { Blobs } from '@gatehouse/storage/blobs/port'
import type { Reserve } from '@gatehouse/storage/blobs/reserve'
import type { App, Page, Records } from '@gatehouse/storage/records/port'
import type { Logger } from 'pino'
import type { Standings } from './parts.ts'
import { settingsOf } from './settings.ts'
import { unshare } from './share.ts'

/** Work that goes on beside the requests. */
export type Upkeep = {
  /** Resolves when the round that is under way is done. */
  settled(): Promise<void>
  /** Clears what deleted apps have left, after the round that is under way. */
  clear(): void
  stop(): Promise<void>
}

const HOUR = 3600 * 1000
/** What an upload in progress may take; younger leftovers are not touched. */
const GRACE = HOUR
const IDEMPOTENCY_LASTS = 24 * HOUR
/** How long a file waits to be sent. */
const HELD_LASTS = 24 * HOUR
/** How long a viewer's use is remembered; nobody goes on for longer on one that is taken. */
const USE_LASTS = 24 * HOUR
/** How long after their end tokens are still counted, and after their time changes kept: for clocks that are set back, and for people. */
const KEPT = 7 * 24 * HOUR
/** How long it can be seen what webhooks were told, and what could not be delivered to them. */
const TOLD_LASTS = 24 * HOUR
const FAILED_LASTS = 30 * 24 * HOUR
/** Making a key takes seconds of a processor, which a server that has just started has other use for. */
const KEYS_AFTER = 30_000
const PIECE = 500

/**
 * Starts the upkeep of an installation: what deleted apps have left goes, and what interrupted uploads left behind, as do files that wait for a day to be sent, answers kept for repeated requests after a day,
 * lines of the access log after their time, counts of tokens that have ended, tries at passwords, and changes that every node has applied. Once at the start and then every hour; one node's faults do not stop it.
 *
 * The standing of ended login sessions is not pruned while their app is there: a media pass names its session and has no end of its own, so that
 * row alone is what keeps it shut.
 */
export function startUpkeep(parts: {
  records: Records
  blobs: Blobs
  reserve: Reserve | null
  log: Logger
  now: () => number
  /** The last sequence of the log of changes that this node has applied. */
  applied: () => number
  /** The way to change standing. */
  change: Standings['change']
  /** Keeps the keys of media tokens; asked whether to go on before it begins something new. */
  keepKeys: (stopped: () => boolean) => Promise<void>
}): Upkeep {
  const { records, blobs, reserve, log, now, applied, change, keepKeys } = parts
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

  /** What a deleted app has left goes in portions, and after a restart from where it was. */
  async function clearApps(): Promise<void> {
    while (!stopped && (await records.apps.clear())) await setImmediate()
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
        await inPieces(() => records.views.prune(before, PIECE, app.id))
      }
      after = apps.next
    } while (after !== null && !stopped)
  }

  /**
   * The log keeps what people are shown, and what a node may still have to apply. One that slept for longer than the log reaches back finds
   * that out when it wakes, and starts anew.
   */
  async function pruneChanges(): Promise<void> {
    const everywhere = Math.min(applied(), (await records.nodes?.applied()) ?? Number.POSITIVE_INFINITY)
    await inPieces(() => records.changes.prune(now() - KEPT, everywhere, PIECE))
  }

  /** Files that were uploaded to be sent, and never were. */
  async function dropHeld(): Promise<void> {
    await inPieces(async () => {
      const held = await records.attachments.held(now() - HELD_LASTS, PIECE)
      for (const { app, id } of held) {
        const still = await records.attachments.find(app, id)
        if (still?.held) await unshare({ records, blobs, log, standings: { change } }, still, 'operator')
      }
      return held.length
    })
  }

  async function inPieces(prune: () => Promise<number>): Promise<void> {
    while (!stopped && (await prune()) >= PIECE);
  }

  async function round(): Promise<void> {
    try {
      await clearApps()
      const swept = await sweepStorage({ records, blobs: untilStopped, graceMs: GRACE, now: now() })
      log.debug({ swept }, 'swept')
      await reserve?.restore()
      await records.idempotency.prune(now() - IDEMPOTENCY_LASTS)
      await dropHeld()
      await pruneViews()
      await inPieces(() => records.uses.prune(now() - USE_LASTS, now() - KEPT, PIECE))
      await inPieces(() => records.tries.prune(now() - HOUR, PIECE))
      await pruneChanges()
      await inPieces(() => records.outbox.prune({ delivered: now() - TOLD_LASTS, failed: now() - FAILED_LASTS }, PIECE))
    } catch (error) {
      if (!stopped) log.error({ err: error }, 'upkeep failed; it is tried again in an hour')
    }
  }

  /** A stop does not wait for a key that is being made. */
  function keys(): void {
    keepKeys(() => stopped).catch((error) => {
      if (!stopped)
        log.error({ err: error }, 'the keys of media tokens could not be kept; it is tried again in an hour')
    })
  }

  running = round()
  const first = setTimeout(keys, KEYS_AFTER)
  first.unref()
  const timer = setInterval(() => {
    running = running.then(round)
    keys()
  }, HOUR)
  timer.unref()
  return {
    settled: () => running,
    clear() {
      running = running.then(clearApps).catch((error) => {
        if (!stopped) log.error({ err: error }, 'a deleted app could not be cleared; it is tried again within an hour')
      })
    },
    async stop() {
      stopped = true
      clearInterval(timer)
      clearTimeout(first)
      await running
    },
  }
}
