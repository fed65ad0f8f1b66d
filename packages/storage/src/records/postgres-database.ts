import { setTimeout } from 'node:timers/promises'
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import { Full, Missing, Unavailable } from './port.ts'
import { askingIn, type Database, UPGRADE_PATIENCE } from './sql/database.ts'

/** How long the server may keep us waiting, for a connection and a first answer or for any further answer, in milliseconds. */
const PATIENCE = 1800

/**
 * How every connection is set. The server gives up a statement a little earlier than we do, so that nothing goes on working
 * for nobody. Every list has an index in its order; without bitmap scans the planner takes it even while a table that grew
 * a moment ago has no statistics yet.
 */
const session = (patience: number) => `
  set statement_timeout = ${patience - 100};
  set idle_in_transaction_session_timeout = 10000;
  set enable_bitmapscan = off;
  set jit = off`

/** How often a transaction is tried again after it lost against another one. */
const TRIES = 5

/** Transactions that lost: serialization failure, deadlock, and a row gone that was still there when it was looked up. */
const LOST = new Set(['40001', '40P01', '23503'])

/**
 * A {@link Database} over a pool of connections to PostgreSQL. A server that is gone or hangs raises {@link Unavailable}
 * within two seconds: whatever was asked, the connection that did not answer is thrown away. `patience`: how long an answer may take, in
 * milliseconds.
 */
export function openPostgresDatabase<T>({
  url,
  connections,
  patience = PATIENCE,
}: {
  readonly url: string
  readonly connections: number
  readonly patience?: number
}): Database<T> {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: PATIENCE,
    idleTimeoutMillis: 30_000,
    onConnect: async (client) => {
      await client.query({ text: session(patience), query_timeout: PATIENCE } as pg.QueryConfig)
    },
    types: { getTypeParser: parserOf },
    application_name: 'gatehouse',
  })
  // A connection that breaks while nobody uses it is replaced when the next one is needed.
  pool.on('error', () => {})
  // One that breaks between two statements of a transaction has nobody else to tell; the next statement fails of it.
  pool.on('connect', (client) => void client.on('error', () => {}))
  const db = new Kysely<T>({ dialect: new PostgresDialect({ pool: patient(pool, patience) }) })
  return {
    ...askingIn('postgres', db),
    read: db,
    write: async (work) => {
      for (let tried = 1; ; tried++) {
        try {
          return await db.transaction().execute(work)
        } catch (error) {
          if (tried === TRIES || !(error instanceof Error) || !LOST.has(codeOf(error.cause))) throw error
        }
        await setTimeout(Math.random() * 10 * tried)
      }
    },
    upgrade: async (work) => {
      const waiting = openPostgresDatabase<T>({ url, connections: 1, patience: UPGRADE_PATIENCE })
      try {
        return await waiting.write(work)
      } finally {
        await waiting.close()
      }
    },
    close: async () => {
      // A server that hangs is not waited for.
      if (!pool.ending) await Promise.race([pool.end(), setTimeout(PATIENCE, undefined, { ref: false })])
    },
  }
}

/** 64-bit integers become numbers: nothing here is counted beyond 2^53. */
function parserOf(type: number, format?: 'text' | 'binary') {
  return type === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(type, format as 'text')
}

/** The pool as Kysely wants it, with a limit on every wait, and the port's errors. */
function patient(pool: pg.Pool, patience: number): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const asked = performance.now()
      const client = await pool.connect().catch((error: unknown) => {
        throw translate(error)
      })
      return patientClient(client, asked, patience)
    },
  }
}

function patientClient(client: pg.PoolClient, asked: number, patience: number): PostgresPoolClient {
  let since = asked
  let broken: unknown = null
  const query = async <R>(text: string, parameters: readonly unknown[]) => {
    if (broken !== null) throw broken
    try {
      const left = Math.max(100, patience - (performance.now() - since))
      const config = { text, values: [...parameters], query_timeout: left }
      return await client.query<R & pg.QueryResultRow>(config)
    } catch (error) {
      const translated = translate(error)
      // An error that the server did not send means that the connection cannot be used any more.
      if (!(error instanceof pg.DatabaseError)) broken = translated
      throw translated
    } finally {
      since = performance.now()
    }
  }
  return {
    // The other form of `query`, with a cursor, is for streaming, which nothing here does.
    query: query as unknown as PostgresPoolClient['query'],
    release: (discard) => client.release(broken !== null || discard === true),
  }
}

function codeOf(error: unknown): string {
  return error instanceof pg.DatabaseError ? (error.code ?? '') : ''
}

/** Classes and codes that say that the server cannot do its work, not that the statement is wrong. */
const OUT_OF_ORDER = /^(08|28|3D000|25006|40001|40P01|53|55P03|57014|57P|58|XX)/

/** The port's error for an error of pg; see https://www.postgresql.org/docs/current/errcodes-appendix.html. */
function translate(error: unknown): unknown {
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  if (code === '53100') return new Full(text, { cause: error })
  if (code === '23503') return new Missing('app', { cause: error })
  if (OUT_OF_ORDER.test(code)) return new Unavailable(text, { cause: error })
  const ofThisProgram = error instanceof pg.DatabaseError || error instanceof TypeError || error instanceof RangeError
  return ofThisProgram ? error : new Unavailable(text, { cause: error })
}
