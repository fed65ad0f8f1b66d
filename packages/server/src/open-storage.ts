import { join } from 'node:path'
import { openBlobs as openBlobsAt } from '@gatehouse/storage/blobs/open'
import type { Blobs } from '@gatehouse/storage/blobs/port'
import { makeFolder } from '@gatehouse/storage/folder'
import type { Records } from '@gatehouse/storage/records/port'
import type { Upgrade } from '@gatehouse/storage/records/sql/migrations/upgrade'
import type { Config } from './config.ts'
import type { Vault } from './parts.ts'
import { grantKeyOpens } from './signing/grant-keys.ts'
import { findMasterKey, readMasterKey } from './signing/master-key.ts'
import { createVault } from './signing/vault.ts'

/** What a start of the server, and a command that works without one, opens first. */
export type Storage = {
  readonly records: Records
  readonly blobs: Blobs
  readonly vault: Vault
  close(): Promise<void>
}

/** Is told of the changes to a database that an older version has left. What it raises at their beginning keeps the database as it is. */
export type OnUpgrade = (upgrade: Upgrade) => void

/** Where SQLite keeps everything but the access log, below the data folder. */
export const DATABASE_FILE = 'gatehouse.db'

const CURE =
  'Give the one that this database was made with, in GATEHOUSE_MASTER_KEY or as master.key in the data folder; look in your backups.'

/**
 * Opens records, blobs and vault as the configuration says: PostgreSQL or SQLite, S3 or the data folder. Makes the data folder
 * (0700) and the master key in it where they are not there. Raises what the adapters raise, with nothing left open.
 *
 * A database that holds something sealed already MUST get the master key that it was sealed with: raises an explained error where that
 * is gone, or another one, before anything is made or sealed.
 */
export async function openStorage(config: Config, onUpgrade?: OnUpgrade): Promise<Storage> {
  await makeDataFolder(config.data)
  // What is no key at all is told before a database is made.
  await readMasterKey(config.masterKey, config.data)
  const records = await openRecords(config, onUpgrade)
  try {
    const vault = await openVault(config, records)
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

async function openVault({ masterKey, data }: Config, records: Records): Promise<Vault> {
  // The database is asked first: another start may make both a key and what it seals in between.
  const sealed = await holdsSealed(records)
  if (sealed && (await readMasterKey(masterKey, data)) === null) {
    throw new Error(`The master key is gone: the database holds sealed secrets, ${data} no master.key. ${CURE}`)
  }
  const vault = createVault(await findMasterKey(masterKey, data))
  if ((await grantKeyOpens(records, vault)) === false) {
    throw new Error(`The master key is not the one that this database was made with. ${CURE}`)
  }
  return vault
}

/** Whether any master key has been used on the database. */
async function holdsSealed(records: Records): Promise<boolean> {
  // Any key will do to ask whether there is something to open.
  if ((await grantKeyOpens(records, createVault(new Uint8Array(32)))) !== null) return true
  const one = { after: null, limit: 1 }
  return (await records.apps.list(one)).items.length > 0 || (await records.keys.list(null, one)).items.length > 0
}

/** Makes the data folder (0700) where it is not there. Raises an explained error, with the `code` of the system, where it cannot be made. */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder, 0o700)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown'
    throw Object.assign(
      new Error(`The data folder ${folder} cannot be made (${code}); name another folder with --data.`, { cause }),
      { code },
    )
  }
}

/** Opens the records alone. The adapter that is not used is not loaded. */
export async function openRecords(config: Config, onUpgrade?: OnUpgrade): Promise<Records> {
  if (config.databaseUrl !== null) {
    const { openPostgresRecords } = await import('@gatehouse/storage/records/postgres')
    return openPostgresRecords({ url: config.databaseUrl, onUpgrade })
  }
  const { openSqliteRecords } = await import('@gatehouse/storage/records/sqlite')
  return openSqliteRecords({ file: join(config.data, DATABASE_FILE), onUpgrade })
}

/** Opens the blobs alone. */
export async function openBlobs(config: Config): Promise<Blobs> {
  return openBlobsAt(config.blobsUrl ?? { folder: config.data, heldBackBytes: config.reserveBytes })
}
