import { closeSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type Records, Unavailable } from './port.ts'
import { openSqlRecords } from './sql/records.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

/**
 * Opens the records in a SQLite file, which is created where it does not exist, readable by its owner only. The access log
 * lies beside it in `views.db`, so that its many small writes never wait for, or hold up, those that have to be durable.
 *
 * Any number of threads and processes of one machine may have the same file open.
 * Raises {@link Unavailable} where the file cannot be opened.
 */
export async function openSqliteRecords({ file }: { readonly file: string }): Promise<Records> {
  const views = join(dirname(file), 'views.db')
  for (const each of [file, views]) touch(each)
  const records = openSqliteDatabase(() => open(file, 'FULL'))
  return openSqlRecords(
    records,
    openSqliteDatabase(() => open(views, 'NORMAL')),
  )
}

/** Makes sure that the file is there and is nobody else's to read; SQLite gives its journal the same mode. */
function touch(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600))
  } catch (error) {
    throw new Unavailable(`The database file cannot be opened: ${file}`, { cause: error })
  }
}

function open(file: string, synchronous: 'FULL' | 'NORMAL'): Sqlite.Database {
  const connection = new Sqlite(file, { timeout: 1500 })
  connection.pragma('journal_mode = WAL')
  connection.pragma(`synchronous = ${synchronous}`)
  connection.pragma('foreign_keys = ON')
  connection.pragma('cache_size = -16384')
  return connection
}
