import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import type { NodeMessage, Nodes } from './nodes.ts'
import type { NodesTable } from './sql/schema.ts'

const CHANNEL = 'gatehouse'
const TRY_AGAIN = 500

/** Nodes over PostgreSQL: leases in a table, messages by LISTEN and NOTIFY over a connection of their own. */
export function createPostgresNodes(url: string, db: Kysely<{ nodes: NodesTable }>): Nodes {
  const until = (lease: number) => sql<number>`${now} + ${lease}`
  const put = async (node: string, applied: number, lease: number, message?: NodeMessage) => {
    // Two of one node may overtake each other on different connections: what it has applied never becomes less.
    const most = sql<number>`greatest(nodes.applied, excluded.applied)`
    const row = db
      .insertInto('nodes')
      .values({ node, applied, lease_until: until(lease) })
      .onConflict((conflict) => conflict.column('node').doUpdateSet({ applied: most, lease_until: until(lease) }))
    await (message === undefined ? row.execute() : sql`with renewed as (${row}) select ${word(message)}`.execute(db))
  }
  return {
    async join(node, applied, lease) {
      // Rows of nodes that died are of no use to anybody after a day.
      await db.deleteFrom('nodes').where('lease_until', '<', sql<number>`${now} - 86400000`).execute()
      await put(node, applied, lease)
    },
    renew: put,
    async others(node) {
      return db
        .selectFrom('nodes')
        .select(['node', 'applied'])
        .where('node', '<>', node)
        .where('lease_until', '>', now)
        .execute()
    },
    async applied() {
      const { least } = await db
        .selectFrom('nodes')
        .select((eb) => eb.fn.min<string | number | null>('applied').as('least'))
        .where('lease_until', '>', now)
        .executeTakeFirstOrThrow()
      return least === null ? null : Number(least)
    },
    async leave(node) {
      await db.deleteFrom('nodes').where('node', '=', node).execute()
    },
    async tell(message) {
      await sql`select ${word(message)}`.execute(db)
    },
    hear: (listener) => listen(url, listener),
  }
}

/** Tells all nodes, once the transaction is committed. */
const word = (message: NodeMessage) => sql`pg_notify(${CHANNEL}, ${JSON.stringify(message)})`

/** The database's clock in milliseconds, as it stands while the statement runs. */
const now = sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`

function listen(url: string, listener: (message: NodeMessage) => void): { close(): Promise<void> } {
  let closed = false
  let client: pg.Client | null = null
  let retry: NodeJS.Timeout | undefined

  function again(): void {
    if (closed || retry !== undefined) return
    client?.end().catch(() => {})
    client = null
    retry = setTimeout(() => {
      retry = undefined
      void connect()
    }, TRY_AGAIN)
    retry.unref()
  }

  async function connect(): Promise<void> {
    const fresh = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 2000,
      keepAlive: true,
      application_name: 'gatehouse listener',
    })
    client = fresh
    fresh.on('error', again)
    fresh.on('end', again)
    fresh.on('notification', ({ payload }) => {
      const message = payload === undefined ? null : read(payload)
      if (message !== null) listener(message)
    })
    try {
      await fresh.connect()
      await fresh.query(`listen ${CHANNEL}`)
    } catch {
      again()
    }
  }

  void connect()
  return {
    async close() {
      closed = true
      clearTimeout(retry)
      // A server that hangs is not waited for.
      const waited = new Promise<void>((resolve) => setTimeout(resolve, 500).unref())
      await Promise.race([client?.end().catch(() => {}), waited])
    },
  }
}

function read(payload: string): NodeMessage | null {
  try {
    return JSON.parse(payload) as NodeMessage
  } catch {
    return null
  }
}
