import type { NewView, Views } from '@gatehouse/storage/records/port'
import type { Logger } from 'pino'
import type { Judgement } from './judgement.ts'

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

/** The access log: one line for each access or refusal, alike ones within a short time taken together. */
export type AccessLog = {
  /** Notes one outcome. Never waits, never throws. */
  note(app: string, judgement: Judgement, outcome: Outcome): void
  /** Writes what is waiting. */
  flush(): Promise<void>
  close(): Promise<void>
}

type Line = { -readonly [Name in keyof NewView]: NewView[Name] }

/** Lines waiting at most; past that the log is written at once, and further new lines are counted as lost until there is room. */
const MOST_LINES = 50_000
const WRITE_AT = 5_000
/** Lines written together at most, in the order of their resources where they are many. */
const PORTION = 2_000
const MANY = 200

/** Creates the log; it is written every `flushMilliseconds`. */
export function createAccessLog(parts: {
  views: Views
  log: Logger
  flushMilliseconds: number
  lost: (lines: number) => void
}): AccessLog {
  const { views, log, flushMilliseconds, lost } = parts
  let lines = new Map<string, Line>()
  let writing: Promise<void> | null = null

  async function write(): Promise<void> {
    while (lines.size > 0) {
      const batch = [...lines.values()]
      lines = new Map()
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
  }
  const flush = (): Promise<void> => {
    writing ??= write().finally(() => {
      writing = null
    })
    return writing
  }
  const timer = setInterval(() => void flush(), flushMilliseconds)
  timer.unref()

  return {
    flush,
    note(app, { access, token, decision }, outcome) {
      const reason = decision.allow ? 'ok' : decision.reason
      const who = token?.subjectSerial ?? token?.subject ?? token?.id ?? token?.key ?? ''
      const name = `${access.resource.path} ${reason} ${outcome.status} ${who} ${access.ip} ${outcome.method}`
      const line = lines.get(name)
      if (line !== undefined) {
        line.lastAt = access.at
        line.bytes += outcome.bytes
        if (outcome.opensView) line.count++
        return
      }
      if (lines.size >= MOST_LINES) return lost(1)
      lines.set(name, {
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
        reason,
        status: outcome.status,
        method: outcome.method,
        ip: access.ip,
        userAgent: access.userAgent?.slice(0, 256) ?? null,
        bytes: outcome.bytes,
        count: outcome.opensView ? 1 : 0,
      })
      if (lines.size === WRITE_AT) void flush()
    },
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}

function byResource(a: Line, b: Line): number {
  return a.resource < b.resource ? -1 : a.resource > b.resource ? 1 : 0
}
