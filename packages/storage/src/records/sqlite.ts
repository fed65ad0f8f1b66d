import { closeSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Full, type Records, Unavailable } from './port.ts'
import type { Upgrade } from './sql/migrations/upgrade.ts'
import { openSqlRecords } from './sql/records.ts'
import type { Tables } from './sql/schema.ts'
import { openConnection } from './sqlite-connection.ts'
import { openSqliteDatabase } from './sqlite-database.ts'
import { withWriter } from './sqlite-writer.ts'

/**
 * Opens the records in a SQLite file, which is created where it does not exist, readable by its owner only. The access log
 * lies beside it in `views.db`, so that its many small writes never wait for, or hold up, those that have to be durable.
 *
 * Any number of threads and processes of one machine may have the same file open. One of an older version is changed first, which `onUpgrade`
 * is told; what that raises at the beginning keeps the file as it is.
 * Raises {@link Unavailable} where the file cannot be opened.
 */
export async function openSqliteRecords({
  file,
  onUpgrade,
}: {
  readonly file: string
  readonly onUpgrade?: ((upgrade: Upgrade) => void) | undefined
}): Promise<Records> {
  const log = { file: join(dirname(file), 'views.db'), synchronous: 'NORMAL' } as const
  for (const each of [file, log.file]) touch(each)
  try {
    const records = openSqliteDatabase<Tables>(() => openConnection(file, 'FULL'))
    return await openSqlRecords(
      records,
      withWriter(
        log,
        openSqliteDatabase(() => openConnection(log.file, log.synchronous)),
      ),
      onUpgrade,
    )
  } catch (error) {
    throw located(error, dirname(file))
  }
}

/** SQLite does not say in what file it failed. */
function located(error: unknown, folder: string): unknown {
  const sentence = (text: string) => `The database in ${folder} cannot be opened: ${text}`
  if (error instanceof Full) return new Full(sentence(error.message), { cause: error.cause })
  return error instanceof Unavailable ? new Unavailable(sentence(error.message), { cause: error.cause }) : error
}

/** Makes sure that the file is there and is nobody else's to read; SQLite gives its journal the same mode. */
function touch(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new Unavailable(`The database file cannot be opened (${code}): ${file}`, { cause })
  }
}
