import { existsSync, statSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Config } from '@gatehouse/server/config'
import { DATABASE_FILE, openBlobs, openRecords } from '@gatehouse/server/open-storage'
import type { Client } from '../client.ts'
import { Failure } from '../failure.ts'
import { refuseUpgrade } from '../upgrade-note.ts'
import { VERSION } from '../version.ts'
import { configurationFindings } from './configuration.ts'
import { error, type Finding, messageOf, warning } from './finding.ts'
import { blobFindings, recordFindings } from './installation.ts'
import { machineFindings } from './machine.ts'
import { unreadableKeyFindings } from './master-key.ts'
import { publishedKeyFindings } from './media-keys.ts'
import { runningFindings } from './running.ts'

/** Everything that is found, errors first. */
export async function examine(
  config: Config,
  parts: {
    readonly argv: readonly string[]
    readonly env: Readonly<Record<string, string | undefined>>
    readonly client: Client
  },
): Promise<readonly Finding[]> {
  const now = Date.now()
  const findings = [
    ...configurationFindings(config, { cores: availableParallelism(), memoryBytes: totalmem() }),
    ...(await machineFindings(config, { ...parts, now })),
    ...(await databaseFindings(config, now)),
    ...(await storeFindings(config)),
    ...(await runningFindings(parts.client, VERSION)),
    ...(await publishedKeyFindings(config, parts.client.url)),
  ]
  const order = ['error', 'warning', 'hint']
  return findings.toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level))
}

/** Opens the database as a start would, but changes none of an older version; one in the data folder only where it exists. */
async function databaseFindings(config: Config, now: number): Promise<readonly Finding[]> {
  if (config.databaseUrl === null && !existsSync(join(config.data, DATABASE_FILE))) {
    return isFolder(config.data) ? unreadableKeyFindings(config) : []
  }
  try {
    const records = await openRecords(config, refuseUpgrade)
    try {
      await records.ping()
      return await recordFindings(config, records, now)
    } finally {
      await records.close()
    }
  } catch (cause) {
    if (cause instanceof Failure) return [warning(cause.code, cause.message, cause.cure ?? '')]
    const cure = 'Check GATEHOUSE_DATABASE_URL and that the database runs; without it, the data folder and its owner.'
    return [error('database_failing', `The database does not work: ${messageOf(cause)}.`, cure)]
  }
}

/** What is wrong with a data folder that is none is told by itself. */
function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}

async function storeFindings(config: Config): Promise<readonly Finding[]> {
  if (config.blobsUrl === null && !isFolder(config.data)) return []
  try {
    const blobs = await openBlobs(config)
    try {
      return await blobFindings(blobs)
    } finally {
      await blobs.close()
    }
  } catch (cause) {
    const cure = 'Check GATEHOUSE_BLOBS_URL; without it, the data folder and its owner.'
    return [error('blobs_failing', `The file store cannot be opened: ${messageOf(cause)}.`, cure)]
  }
}
