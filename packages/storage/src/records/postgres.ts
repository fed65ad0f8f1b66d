import type { Records } from './port.ts'
import { openPostgresDatabase } from './postgres-database.ts'
import { createPostgresNodes } from './postgres-nodes.ts'
import type { Upgrade } from './sql/migrations/upgrade.ts'
import { openSqlRecords } from './sql/records.ts'
import type { NodesTable, Tables, ViewTables } from './sql/schema.ts'

/** A lease is renewed and asked about however much else waits for the database. */
const CONNECTIONS_OF_NODES = 2

/**
 * Opens the records in a PostgreSQL database (15 or later), named by a URL as libpq knows it. Any number of nodes may have it open.
 *
 * `connections` is the most that this process holds at a time, beside three for its part among the {@link Nodes}.
 * One of an older version is changed first, which `onUpgrade` is told; what that raises at the beginning keeps the database as it is.
 * Raises {@link Unavailable} where the server does not answer.
 */
export async function openPostgresRecords({
  url,
  connections = 10,
  onUpgrade,
}: {
  readonly url: string
  readonly connections?: number
  readonly onUpgrade?: ((upgrade: Upgrade) => void) | undefined
}): Promise<Records> {
  const database = openPostgresDatabase<Tables & ViewTables>({ url, connections })
  const records = await openSqlRecords(
    { ...database, read: database.read.$pickTables<keyof Tables>(), write: database.write },
    { ...database, read: database.read.$pickTables<keyof ViewTables>(), close: async () => {} },
    onUpgrade,
  )
  const leases = openPostgresDatabase<{ nodes: NodesTable }>({ url, connections: CONNECTIONS_OF_NODES })
  return {
    ...records,
    nodes: createPostgresNodes(url, leases.read),
    async close() {
      await Promise.all([records.close(), leases.close()])
    },
  }
}
