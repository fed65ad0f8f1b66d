import type { Selectable } from 'kysely'
import type { Asked } from './database.ts'
import type { Tables } from './schema.ts'
import { isAny, piece, plain, rowsOf } from './statement.ts'

/** The tables whose rows are named by app and id. */
type NamedTable = 'users' | 'attachments' | 'conversations'

/**
 * Columns (`*`: all) of those rows of an app that have these ids, in no order. Every id is looked up in the index for itself: PostgreSQL would
 * otherwise read the whole app where a table has grown since it last took statistics.
 */
export async function rowsNamed<T extends NamedTable, C extends keyof Tables[T] & string>(
  asked: Asked,
  table: T,
  columns: readonly C[] | '*',
  app: string,
  ids: readonly string[],
): Promise<readonly Pick<Selectable<Tables[T]>, C & keyof Selectable<Tables[T]>>[]> {
  const some = plain(`select ${columns === '*' ? '*' : columns.join()} from ${table}`)
  const rows =
    asked.flavour === 'sqlite'
      ? piece`${some} where app = ${app} and ${isAny(asked.flavour, 'id', ids)}`
      : piece`select found.* from unnest(${ids}::text[]) as wanted (name),
          lateral (${some} where app = ${app} and id = wanted.name collate "C" limit 1) as found`
  return rowsOf(asked, rows)
}
