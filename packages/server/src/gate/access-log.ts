import { resourceOf } from '@gatehouse/core/resource'
import type { NewView, Views } from '@gatehouse/storage/records/port'
import type { Logger } from 'pino'
import type { Judgement } from './judgement.ts'
import { createThrottle, networkOf } from './throttle.ts'

/** What the log needs besides the judgement. */
export type Outcome = {
  readonly status: number
  readonly method: string
  readonly bytes: number
  /** The attachment's id, where there is one. */
  readonly attachment: string | null
  /** False for what continues a view (a further range, a revalidation): it adds bytes to the line but counts as none. */
  readonly opensView: boolean
}

/**
 * The access log: one line for each access or refusal, alike ones within a short time taken together. Who is refused at very many
 * different paths where there is nothing gets lines at the app alone, so that nobody without a right can fill the disk.
 */
export type AccessLog = {
  /** Notes one outcome. Never waits, never throws. */
  note(app: string, judgement: Judgement, outcome: Outcome): void
  /** Writes what is waiting. */
  flush(): Promise<void>
  close(): Promise<void>
}

type Line = { -readonly [Name in keyof NewView]: NewView[Name] }

/** Who came with a credential: a serial number or a name, whichever the credential has. */
type Who = string | number

/** Lines waiting at most; past that the log is written at once, and further new lines are counted as lost until there is room. */
const MOST_LINES = 50_000
const WRITE_AT = 5_000
/** Lines written together at most, in the order of their resources where they are many. */
const PORTION = 2_000
const MANY = 200
/** Lines that one address may cause in a minute by refusals where there is no attachment. */
const NOWHERE_PER_MINUTE = 120
/** How many times as long as few lines many wait, so that more alike ones meet and fewer are written. */
const MANY_WAIT = 4
/** How often what one address did beyond that is written, in milliseconds. */
const SUMMARY_EVERY = 60_000

/** Creates the log; it is written every `flushMilliseconds`, or every fourth time where there is much to write. */
export function createAccessLog(parts: {
  views: Views
  log: Logger
  flushMilliseconds: number
  lost: (lines: number) => void
}): AccessLog {
  const { views, log, flushMilliseconds, lost } = parts
  /** What waits to be written, in the order in which it came. */
  let waiting: Line[] = []
  /** The first line that waits for each path, where most repetitions find theirs, and all others by everything that tells them apart. */
  const firsts = new Map<string, { readonly line: Line; readonly who: Who }>()
  const others = new Map<string, Line>()
  let summaries = new Map<string, Line>()
  let writing: Promise<void> | null = null
  const nowhere = createThrottle(NOWHERE_PER_MINUTE)

  async function write(): Promise<void> {
    const batch = waiting
    waiting = []
    firsts.clear()
    others.clear()
    for (let start = 0; start < batch.length; start += PORTION) {
      const portion = batch.slice(start, start + PORTION)
      // Neighbours in an index are written for the price of one; few lines stay in the order in which they came.
      if (portion.length >= MANY) portion.sort(byResource)
      try {
        await views.append(portion)
      } catch (error) {
        const unwritten = batch.length - start
        lost(unwritten)
        log.error({ err: error, lines: unwritten }, 'the access log could not be written')
        return
      }
    }
  }
  const writeLines = (): Promise<void> => {
    writing ??= write().finally(() => {
      writing = null
      // Where more has come meanwhile than may wait, it does not wait for its turn.
      if (waiting.length >= WRITE_AT) void writeLines()
    })
    return writing
  }
  const takeSummaries = (): void => {
    waiting.push(...summaries.values())
    summaries = new Map()
  }
  const flush = async (): Promise<void> => {
    takeSummaries()
    // What is being written already has not taken up what came since.
    while (waiting.length > 0 || writing !== null) await writeLines()
  }
  let waited = 0
  const timers = [
    setInterval(() => {
      waited++
      if (waiting.length >= MANY && waited < MANY_WAIT) return
      waited = 0
      void writeLines()
    }, flushMilliseconds),
    setInterval(takeSummaries, SUMMARY_EVERY),
  ]
  for (const timer of timers) timer.unref()

  /** Whether this refusal is one too many of its address. Counts it where it is not. */
  function isTooMuch({ access, decision }: Judgement, { attachment }: Outcome): boolean {
    if (decision.allow || attachment !== null) return false
    if (nowhere.wait(access.ip, access.at) > 0) return true
    nowhere.failed(access.ip, access.at)
    return false
  }

  return {
    flush,
    note(app, judgement, outcome) {
      const { access, token, decision } = judgement
      const { path } = access.resource
      const reason = decision.allow ? 'ok' : decision.reason
      const who = token?.subjectSerial ?? token?.subject ?? token?.id ?? token?.key ?? ''
      const first = firsts.get(path)
      if (first !== undefined && first.who === who && isAlike(first.line, access.ip, reason, outcome)) {
        return add(first.line, access.at, outcome)
      }
      const what = `${reason} ${outcome.status} ${who} ${outcome.method}`
      const name = `${path} ${access.ip} ${what}`
      const line = first === undefined ? undefined : others.get(name)
      if (line !== undefined) return add(line, access.at, outcome)
      if (isTooMuch(judgement, outcome)) {
        const short = `${app} ${networkOf(access.ip)} ${what}`
        const summary = summaries.get(short)
        if (summary !== undefined) return add(summary, access.at, outcome)
        if (summaries.size >= MOST_LINES) return lost(1)
        summaries.set(short, { ...lineOf(app, judgement, outcome), resource: resourceOf('apps', app).path })
        return
      }
      if (waiting.length >= MOST_LINES) return lost(1)
      const fresh = lineOf(app, judgement, outcome)
      waiting.push(fresh)
      if (first === undefined) firsts.set(path, { line: fresh, who })
      else others.set(name, fresh)
      if (waiting.length === WRITE_AT) void writeLines()
    },
    async close() {
      for (const timer of timers) clearInterval(timer)
      await flush()
    },
  }
}

function lineOf(app: string, { access, token, decision }: Judgement, outcome: Outcome): Line {
  return {
    app,
    at: access.at,
    lastAt: access.at,
    action: access.action,
    resource: access.resource.path,
    attachment: outcome.attachment,
    user: token?.subject ?? null,
    userSerial: token?.subjectSerial ?? null,
    credential: token?.kind ?? null,
    key: token?.key ?? null,
    allowed: decision.allow,
    reason: decision.allow ? 'ok' : decision.reason,
    status: outcome.status,
    method: outcome.method,
    ip: access.ip,
    userAgent: access.userAgent?.slice(0, 256) ?? null,
    bytes: outcome.bytes,
    count: outcome.opensView ? 1 : 0,
  }
}

/** Whether an outcome is told by a line, as far as path and user do not say it already. */
function isAlike(line: Line, ip: string | null, reason: string, { status, method }: Outcome): boolean {
  return line.ip === ip && line.reason === reason && line.status === status && line.method === method
}

function add(line: Line, at: number, { bytes, opensView }: Outcome): void {
  line.lastAt = at
  line.bytes += bytes
  if (opensView) line.count++
}

function byResource(a: Line, b: Line): number {
  return a.resource < b.resource ? -1 : a.resource > b.resource ? 1 : 0
}
