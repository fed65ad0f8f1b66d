import Sqlite from 'better-sqlite3'

/** How far a commit goes: to the disk, or to the operating system (a power cut may then take the last commits along). */
export type Synchronous = 'FULL' | 'NORMAL'

/** Opens a connection to a file the way all connections are set up. Raises what SQLite raises. */
export function openConnection(file: string, synchronous: Synchronous): Sqlite.Database {
  const connection = new Sqlite(file, { timeout: 1500 })
  connection.pragma('journal_mode = WAL')
  connection.pragma(`synchronous = ${synchronous}`)
  connection.pragma('foreign_keys = ON')
  connection.pragma('cache_size = -16384')
  return connection
}
