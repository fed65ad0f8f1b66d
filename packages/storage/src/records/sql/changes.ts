import type { Selectable } from 'kysely'
import type { Change, Changes, LoggedChange, StandingRow } from '../port.ts'
import type { Database } from './database.ts'
import { takeEffect } from './effects.ts'
import { eventsOf, tellAll } from './events.ts'
import { pageOf, serialCursor } from './paging.ts'
import type { ChangesTable, Tables } from './schema.ts'
import { allStanding, reachesMedia, writeMark } from './standing.ts'

/** How many standing rows are read at a time when a node starts. */
const PIECE = 5000

/** The kinds of change that `list` shows. */
const LISTED: ReadonlySet<Change['kind']> = new Set(['user', 'key', 'app', 'link-key', 'revoke'])

/**
 * The log of changes in SQL.
 *
 * The sequence is taken after the effect on the entities' rows: from then until the commit every other change waits, so
 * sequences increase in the order of commits, and the wait stays short however much the effect has to do.
 */
export function createChanges({ flavour, read, write }: Database<Tables>): Changes {
  return {
    append: (change, by, at) =>
      write(async (tx) => {
        const effect = await takeEffect(tx, flavour, change, at)
        if (effect === null) return null
        // No media token that was issued before this change has a later second, even by a clock that runs ahead of this one.
        const now = effect.marks.some(reachesMedia) ? Math.floor(at / 1000) : 0
        const { value: sequence, second } = await tx
          .updateTable('sequence')
          .set((eb) => ({
            value: eb('value', '+', 1),
            second: eb.case().when('second', '<', now).then(now).else(eb.ref('second')).end(),
          }))
          .where('id', '=', 1)
          .returning(['value', 'second'])
          .executeTakeFirstOrThrow()
        const rows: StandingRow[] = []
        for (const mark of effect.marks) rows.push(await writeMark(tx, change.app, mark, { sequence, second }))
        const logged = { sequence, app: change.app, change: logEntry(change), by, at, rows, paths: effect.paths }
        await tx
          .insertInto('changes')
          .values({
            sequence,
            app: change.app,
            listed: LISTED.has(change.kind) ? 1 : 0,
            change: encode(logged.change),
            actor: by,
            at,
            rows: JSON.stringify(rows),
            paths: JSON.stringify(effect.paths),
          })
          .execute()
        await tellAll(tx, flavour, eventsOf(logged))
        return logged
      }),

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
