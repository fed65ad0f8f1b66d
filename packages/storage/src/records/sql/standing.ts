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

/** A mark with what it is written as part of: the app, sequence and second of its change. */
export type DatedMark = {
  readonly app: string | null
  readonly mark: Mark
  readonly sequence: number
  readonly second: number
}

/** Rows of one statement. */
const TOGETHER = 100

/** Writes marks, in the order of their sequences, and answers the rows as each leaves them. Few statements, where they are of one form. */
export async function writeMarks(
  tx: Transaction<Tables>,
  marks: readonly DatedMark[],
): Promise<readonly StandingRow[]> {
  const written: StandingRow[] = []
  for (const some of alike(marks)) written.push(...(await writeAlike(tx, some)))
  return written
}

/** Cuts marks into runs that one statement can write: which say the same kind of thing, each of another row. */
function* alike(marks: readonly DatedMark[]): Generator<readonly [DatedMark, ...DatedMark[]]> {
  let some: DatedMark[] = []
  let names = new Set<string>()
  let form = ''
  for (const dated of marks) {
    const { mark } = dated
    const its = `${mark.suspended !== undefined} ${mark.revoked !== undefined}`
    const name = nameOf(mark)
    const [first, ...more] = some
    if (first !== undefined && (its !== form || names.has(name) || some.length === TOGETHER)) {
      yield [first, ...more]
      some = []
      names = new Set()
    }
    form = its
    names.add(name)
    some.push(dated)
  }
  const [first, ...more] = some
  if (first !== undefined) yield [first, ...more]
}

const nameOf = ({ scope, target, serial }: Pick<StandingRow, 'scope' | 'target' | 'serial'>) =>
  `${scope} ${serial ?? 0} ${target}`

async function writeAlike(
  tx: Transaction<Tables>,
  marks: readonly [DatedMark, ...DatedMark[]],
): Promise<readonly StandingRow[]> {
  const [{ mark: form }] = marks
  const rows = await tx
    .insertInto('standing')
    .values(
      marks.map(({ app, mark, sequence, second }) => ({
        scope: mark.scope,
        target: mark.target,
        serial: mark.serial ?? 0,
        app,
        suspended: mark.suspended === true ? 1 : 0,
        revoked: mark.revoked === true ? 1 : 0,
        // A caller cannot void what will be issued later than this change.
        void_before: mark.before === 'now' ? sequence : Math.min(mark.before ?? 0, sequence),
        second: reachesMedia(mark) ? second : 0,
        sequence,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['scope', 'target', 'serial']).doUpdateSet((eb) => ({
        ...(form.suspended === undefined ? {} : { suspended: eb.ref('excluded.suspended') }),
        ...(form.revoked === undefined ? {} : { revoked: eb.ref('excluded.revoked') }),
        void_before: sql<number>`case when excluded.void_before > standing.void_before
          then excluded.void_before else standing.void_before end`,
        second: sql<number>`case when excluded.second > standing.second
          then excluded.second else standing.second end`,
        sequence: eb.ref('excluded.sequence'),
      })),
    )
    .returningAll()
    .execute()
  const byName = new Map(rows.map(standingOf).map((row) => [nameOf(row), row]))
  return marks.map(({ mark }) => {
    const row = byName.get(nameOf(mark))
    if (row === undefined) throw new Error(`no standing was written of ${mark.scope} ${mark.target}`)
    return row
  })
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
