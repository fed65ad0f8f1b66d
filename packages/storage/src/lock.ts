import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'

/** A data folder that this process alone serves. */
export type FolderLock = { release(): void }

/** Somebody else serves this data folder already. */
export class Locked extends Error {
  override readonly name = 'Locked'
}

/**
 * Takes a data folder for this process: two servers over one folder would each keep a standing of their own, and what one revokes
 * the other would let in. The lock is one of the operating system's, so that it ends with the process however that ends.
 *
 * Raises {@link Locked} where another process has it, and an explained error, with the `code` of the system, where the folder cannot be written.
 */
export function lockFolder(folder: string): FolderLock {
  const file = join(folder, 'serving.lock')
  try {
    closeSync(openSync(file, 'a', 0o600))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const sentence = `The data folder ${folder} cannot be written (${code}); name another folder with --data.`
    throw Object.assign(new Error(sentence, { cause }), { code })
  }
  const connection = new Sqlite(file, { timeout: 0 })
  try {
    connection.pragma('locking_mode = EXCLUSIVE')
    connection.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    connection.close()
    if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY')) {
      throw new Locked(
        `Another Gatehouse is serving the data folder ${folder}; stop it, or name another folder with --data.`,
      )
    }
    throw error
  }
  return { release: () => connection.close() }
}
