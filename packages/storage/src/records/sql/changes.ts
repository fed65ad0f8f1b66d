import type { Selectable, Transaction } from 'kysely'
import { type Change, type Changes, Full, type LoggedChange, Unavailable } from '../port.ts'
import type { Database, Flavour } from './database.ts'
import { takeEffect } from './effects.ts'
import { eventsOf, tellAll } from './events.ts'
import { pageOf, serialCursor } from './paging.ts'
import { createRounds, type Outcome } from './rounds.ts'
import type { ChangesTable, Tables } from './schema.ts'
import { allStanding, reachesMedia, writeMarks } from './standing.ts'

/** How many standing rows are read at a time when a node starts. */
const PIECE = 5000

/** The kinds of change that `list` shows. */
const LISTED: ReadonlySet<Change['kind']> = new Set(['user', 'key', 'app', 'link-key', 'revoke'])

/** Changes written in one transaction, at most. */
const TOGETHER = 100

/** A change that somebody wants to be made. */
type Wanted = { readonly change: Change; readonly by: string; readonly at: number }

/**
 * The log of changes in SQL.
 *
 * The sequence is taken after the effect on the entities' rows: from then until the commit every other change waits, so
 * sequences increase in the order of commits, and the wait stays short however much the effect has to do. Small changes that
 * come at the same time share a transaction: of each node, no more than one of them waits for that of another.
 */
export function createChanges({ flavour, read, write }: Database<Tables>): Changes {
  const appendOne = async (wanted: Wanted): Promise<LoggedChange | null> =>
    (await write((tx) => appendAll(tx, flavour, [wanted])))[0] ?? null

  const appendTogether = createRounds<Wanted, LoggedChange | null>(async (wanted) => {
    try {
      const logged = await write((tx) => appendAll(tx, flavour, wanted))
      return logged.map((result) => ({ result }))
    } catch (error) {
      // What the database cannot do for all of them it cannot do for one.
      if (wanted.length === 1 || error instanceof Unavailable || error instanceof Full) throw error
    }
    const outcomes: Outcome<LoggedChange | null>[] = []
    for (const one of wanted) {
      outcomes.push(
        await appendOne(one).then(
          (result) => ({ result }),
          (error: unknown) => ({ error }),
        ),
      )
    }
    return outcomes
  }, TOGETHER)

  return {
    append: (change, by, at) => (isSmall(change) ? appendTogether : appendOne)({ change, by, at }),

    last: async () => {
      const row = await read.selectFrom('sequence').select('value').where('id', '=', 1).executeTakeFirst()
      return row?.value ?? 0
    },

    since: async (sequence, limit) => {
      const rows = await read
        .selectFrom('changes')
        .selectAll()
        .where('sequence', '>', sequence)
        .orderBy('sequence')
        .limit(limit)
        .execute()
      return rows.map(loggedOf)
    },

    prune: (before, applied, limit) =>
      write(async (tx) => {
        const result = await tx
          .deleteFrom('changes')
          .where('sequence', 'in', (eb) =>
            eb
              .selectFrom('changes')
              .select('sequence')
              .where('listed', '=', 0)
              .where('at', '<', before)
              .where('sequence', '<', applied)
              .orderBy('at')
              .limit(limit),
          )
          .executeTakeFirst()
        return Number(result.numDeletedRows)
      }),

    standing: () => allStanding(read, PIECE),

    list: async (app, { after, limit }) => {
      const rows = await read
        .selectFrom('changes')
        .selectAll()
        .where('app', '=', app)
        .where('listed', '=', 1)
        .where('sequence', '<', serialCursor(after, 'descending'))
        .orderBy('sequence', 'desc')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, loggedOf, (row) => row.sequence)
    },
  }
}

/** Whether a change touches few rows, and those of one user or key at most: such ones can be put in an order in which they never meet crosswise. */
function isSmall(change: Change): boolean {
  switch (change.kind) {
    case 'user':
    case 'key':
      return change.to !== 'deleted'
    case 'revoke':
      return !('app' in change.target)
    default:
      return false
  }
}

/** What a small change locks before it takes the sequence. */
function lockedBy(change: Change): string {
  if (change.kind === 'user') return `user ${change.app}/${change.user}`
  if (change.kind === 'key') return `key ${change.key}`
  if (change.kind !== 'revoke') return ''
  const { target } = change
  if ('user' in target) return `user ${change.app}/${target.user}`
  if ('subject' in target) return `user ${change.app}/${target.subject}`
  return 'key' in target ? `key ${target.key}` : ''
}

/** Appends changes in one transaction; null stands for those that had no effect. */
async function appendAll(
  tx: Transaction<Tables>,
  flavour: Flavour,
  wanted: readonly Wanted[],
): Promise<readonly (LoggedChange | null)[]> {
  // Every node takes locks in the same order. The order of arrival stays, among those of one entity.
  const ordered = wanted
    .map((one, place) => ({ ...one, place, lock: lockedBy(one.change) }))
    .sort((a, b) => (a.lock < b.lock ? -1 : a.lock > b.lock ? 1 : 0))
  const taken = []
  for (const one of ordered) {
    const effect = await takeEffect(tx, flavour, one.change, one.at)
    if (effect !== null) taken.push({ ...one, effect })
  }
  const result: (LoggedChange | null)[] = wanted.map(() => null)
  if (taken.length === 0) return result
  // No media token that was issued before such a change has a later second, even by a clock that runs ahead of this one.
  const now = taken.reduce(
    (latest, { at, effect }) => (effect.marks.some(reachesMedia) ? Math.max(latest, Math.floor(at / 1000)) : latest),
    0,
  )
  const { value, second } = await tx
    .updateTable('sequence')
    .set((eb) => ({
      value: eb('value', '+', taken.length),
      second: eb.case().when('second', '<', now).then(now).else(eb.ref('second')).end(),
    }))
    .where('id', '=', 1)
    .returning(['value', 'second'])
    .executeTakeFirstOrThrow()
  const numbered = taken.map((one, index) => ({ ...one, sequence: value - taken.length + 1 + index }))
  const rows = await writeMarks(
    tx,
    numbered.flatMap(({ change, effect, sequence }) =>
      effect.marks.map((mark) => ({ app: change.app, mark, sequence, second })),
    ),
  )
  let first = 0
  const logged = numbered.map(({ change, by, at, effect, sequence, place }) => {
    const own = rows.slice(first, first + effect.marks.length)
    first += effect.marks.length
    const entry = { sequence, app: change.app, change: logEntry(change), by, at, rows: own, paths: effect.paths }
    result[place] = entry
    return entry
  })
  await tx
    .insertInto('changes')
    .values(
      logged.map(({ sequence, app, change, by, at, rows: own, paths }) => ({
        sequence,
        app,
        listed: LISTED.has(change.kind) ? 1 : 0,
        change: encode(change),
        actor: by,
        at,
        rows: JSON.stringify(own),
        paths: JSON.stringify(paths),
      })),
    )
    .execute()
  await tellAll(tx, flavour, logged.flatMap(eventsOf))
  return result
}

/** A change as the log has it: the private half of a media key is kept in its own row alone. */
function logEntry(change: Change): Change {
  return change.kind === 'media-key' && change.to === 'next' ? { ...change, sealed: null } : change
}

/** JSON of a change; the one that holds bytes has them in base64. */
function encode(change: Change): string {
  if (change.kind !== 'link-key') return JSON.stringify(change)
  return JSON.stringify({ ...change, linkKey: Buffer.from(change.linkKey).toString('base64') })
}

function decode(json: string): Change {
  const change = JSON.parse(json)
  if (change.kind !== 'link-key') return change
  return { ...change, linkKey: new Uint8Array(Buffer.from(change.linkKey, 'base64')) }
}

function loggedOf(row: Selectable<ChangesTable>): LoggedChange {
  return {
    sequence: row.sequence,
    app: row.app,
    change: decode(row.change),
    by: row.actor,
    at: row.at,
    rows: JSON.parse(row.rows),
    paths: JSON.parse(row.paths),
  }
}
