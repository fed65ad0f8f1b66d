import Sqlite from 'better-sqlite3'
import type { Records } from './port.ts'
import { openSqlRecords } from './sql/records.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

/**
 * Opens records that are gone when they are closed: the same SQL over a SQLite database in memory (decision 0003).
 * For tests and for trying things out.
 */
export async function openMemoryRecords(): Promise<Records> {
  return openSqlRecords(openSqliteDatabase(open, { single: true }), openSqliteDatabase(open, { single: true }))
}

function open(): Sqlite.Database {
  const connection = new Sqlite(':memory:')
  connection.pragma('foreign_keys = ON')
  return connection
}
