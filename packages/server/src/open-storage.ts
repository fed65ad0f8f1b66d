import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openBlobs as openBlobsAt } from '@gatehouse/storage/blobs/open'
import type { Blobs } from '@gatehouse/storage/blobs/port'
import type { Records } from '@gatehouse/storage/records/port'
import type { Config } from './config.ts'
import type { Vault } from './parts.ts'
import { findMasterKey } from './signing/master-key.ts'
import { createVault } from './signing/vault.ts'

/** What a start of the server, and a command that works without one, opens first. */
export type Storage = {
  readonly records: Records
  readonly blobs: Blobs
  readonly vault: Vault
  close(): Promise<void>
}

/** Where SQLite keeps everything but the access log, below the data folder. */
export const DATABASE_FILE = 'gatehouse.db'

/**
 * Opens records, blobs and vault as the configuration says: PostgreSQL or SQLite, S3 or the data folder. Makes the data folder
 * (0700) and the master key in it where they are not there. Raises what the adapters raise, with nothing left open.
 */
export async function openStorage(config: Config): Promise<Storage> {
  await mkdir(config.data, { recursive: true, mode: 0o700 })
  const vault = createVault(await findMasterKey(config.masterKey, config.data))
  const records = await openRecords(config)
  try {
    const blobs = await openBlobs(config)
    return {
      records,
      blobs,
      vault,
      async close() {
        await blobs.close()
        await records.close()
      },
    }
  } catch (error) {
    await records.close()
    throw error
  }
}

/** Opens the records alone. The adapter that is not used is not loaded. */
export async function openRecords(config: Config): Promise<Records> {
  if (config.databaseUrl !== null) {
    const { openPostgresRecords } = await import('@gatehouse/storage/records/postgres')
    return openPostgresRecords({ url: config.databaseUrl })
  }
  const { openSqliteRecords } = await import('@gatehouse/storage/records/sqlite')
  return openSqliteRecords({ file: join(config.data, DATABASE_FILE) })
}

/** Opens the blobs alone. */
export async function openBlobs(config: Config): Promise<Blobs> {
  return openBlobsAt(config.blobsUrl ?? { folder: config.data, heldBackBytes: config.reserveBytes })
}
