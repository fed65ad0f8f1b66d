import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { StandingRow } from '../port.ts'
import type { StandingTable, Tables } from './schema.ts'

/** What a change does to one standing row. What is left out stays as it is. */
export type Mark = {
  readonly scope: StandingRow['scope']
  readonly target: string
  readonly serial: number | null
  readonly suspended?: boolean
  readonly revoked?: boolean
  /** Everything issued at a sequence below this is void; `now` is the sequence of the change itself. Never goes down. */
  readonly before?: number | 'now'
}

/** Scopes whose `before` voids media tokens, which know a second in place of a sequence. */
const MEDIA_SCOPES: readonly StandingRow['scope'][] = ['app', 'conversation', 'resource', 'media']

/** Whether a mark voids media tokens. */
export function reachesMedia({ scope, before }: Mark): boolean {
  return before !== undefined && MEDIA_SCOPES.includes(scope)
}

/** Writes a mark as part of the change with this sequence, and answers the row as it is then. */
export async function writeMark(
  tx: Transaction<Tables>,
  app: string | null,
  mark: Mark,
  { sequence, second }: { readonly sequence: number; readonly second: number },
): Promise<StandingRow> {
  const { scope, target, suspended, revoked } = mark
  // A caller cannot void what will be issued later than this change.
  const before = mark.before === 'now' ? sequence : Math.min(mark.before ?? 0, sequence)
  const row = await tx
    .insertInto('standing')
    .values({
      scope,
      target,
      serial: mark.serial ?? 0,
      app,
      suspended: suspended === true ? 1 : 0,
      revoked: revoked === true ? 1 : 0,
      void_before: before,
      second: reachesMedia(mark) ? second : 0,
      sequence,
    })
    .onConflict((conflict) =>
      conflict.columns(['scope', 'target', 'serial']).doUpdateSet((eb) => ({
        ...(suspended === undefined ? {} : { suspended: eb.ref('excluded.suspended') }),
        ...(revoked === undefined ? {} : { revoked: eb.ref('excluded.revoked') }),
        void_before: sql<number>`case when excluded.void_before > standing.void_before
          then excluded.void_before else standing.void_before end`,
        second: sql<number>`case when excluded.second > standing.second
          then excluded.second else standing.second end`,
        sequence: eb.ref('excluded.sequence'),
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
  return standingOf(row)
}

/** Every row, in pieces. Rows that change meanwhile come in either state; their sequence tells. */
export async function* allStanding(read: Kysely<Tables>, piece: number): AsyncGenerator<readonly StandingRow[]> {
  for (let after = 0; ; ) {
    const rows = await read
      .selectFrom('standing')
      .selectAll()
      .where('position', '>', after)
      .orderBy('position')
      .limit(piece)
      .execute()
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows.map(standingOf)
    after = last.position
  }
}

function standingOf(row: Selectable<StandingTable>): StandingRow {
  return {
    scope: row.scope as StandingRow['scope'],
    target: row.target,
    serial: row.serial === 0 ? null : row.serial,
    suspended: row.suspended === 1,
    revoked: row.revoked === 1,
    before: row.void_before,
    ...(row.second > 0 && { second: row.second }),
    sequence: row.sequence,
  }
}
