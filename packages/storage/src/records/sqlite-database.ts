import { setTimeout } from 'node:timers/promises'
import type Sqlite from 'better-sqlite3'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { Full, Missing, Unavailable } from './port.ts'
import { type Database, UPGRADE_PATIENCE } from './sql/database.ts'

/** How long a transaction may wait for the write lock that other threads and processes hold, in milliseconds. */
const PATIENCE = 1800

/** The least time left for that, however long the transaction has waited for others of its own thread. */
const LEAST = 20

/** Prepared statements kept per connection. */
const PREPARED = 500

/** How long statements may hold the event loop before everything else has its turn, in milliseconds. */
const HELD = 10

/**
 * A {@link Database} over SQLite connections that `open` makes: one to read and one to write, so that a transaction that
 * has much to do holds up no reader. `single` uses one for both (a database in memory belongs to its connection).
 */
export function openSqliteDatabase<T>(
  open: () => Sqlite.Database,
  { single = false }: { readonly single?: boolean } = {},
): Database<T> {
  const writer = translated(open)
  const reader = single ? writer : translated(open)
  if (!single) reader.pragma('query_only = ON')
  // Waiting inside SQLite would hold the event loop, and with it a transaction of this very thread.
  writer.pragma('busy_timeout = 0')

  const exclusive = createLane()
  const pause = createPause()
  const readers = single ? exclusive : null
  const statements = createStatements(reader, pause)
  const writing = {
    connection: writer,
    statements: single ? statements : createStatements(writer, pause),
    lane: exclusive,
    pause,
  }
  const read = kyselyOf<T>(createDriver({ ...writing, connection: reader, statements, lane: readers }))
  const write = kyselyOf<T>(createDriver(writing))
  const upgrade = kyselyOf<T>(createDriver({ ...writing, patience: UPGRADE_PATIENCE }))
  return {
    flavour: 'sqlite',
    ask: async <R>(text: string, values: readonly unknown[]) => {
      // The lane comes first: who waits in it has not had a turn yet. Nothing is awaited that need not be.
      if (readers !== null) await readers.acquire()
      try {
        const waiting = pause.before()
        if (waiting !== undefined) await waiting
        return statements(text, values).rows as readonly R[]
      } finally {
        readers?.release()
      }
    },
    read,
    write: (work) => write.transaction().execute(work),
    upgrade: (work) => upgrade.transaction().execute(work),
    close: async () => {
      if (!writer.open) return
      await exclusive.acquire()
      reader.close()
      writer.close()
      exclusive.release()
    },
  }
}

/** The query builder on a driver of SQLite. */
export function kyselyOf<T>(driver: Driver): Kysely<T> {
  return new Kysely<T>({
    dialect: {
      createAdapter: () => new LaneAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
}

/** Tells Kysely not to queue what asks for the connection: the lane does, and it has to see when each one asked. */
class LaneAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

/** One at a time, in the order of asking. */
export type Lane = { acquire(): Promise<void>; release(): void }

/** Creates an empty lane. */
export function createLane(): Lane {
  const waiting: (() => void)[] = []
  let busy = false
  return {
    acquire: async () => {
      if (busy) await new Promise<void>((resolve) => waiting.push(resolve))
      busy = true
    },
    release: () => {
      const next = waiting.shift()
      if (next === undefined) busy = false
      else next()
    },
  }
}

/** What keeps statements from holding the event loop. */
type Pause = {
  /** Comes before a statement: what has to be waited for, if anything has. */
  before(): Promise<void> | undefined
  /** Comes after one: while there is time left in this turn of the event loop, whoever waits goes on. */
  after(): void
}

/**
 * Creates the pause between pieces of work. SQLite answers at once, so whoever asks for one thing after another never waits, and would keep
 * everybody else of the thread waiting for as long as that goes on. Who has to wait goes on in the order of asking; while somebody waits, who
 * asks for the next thing waits behind them.
 */
function createPause(): Pause {
  let began: number | null = null
  const waiting: (() => void)[] = []
  const goOn = () => waiting.shift()?.()
  const turn = () => {
    began = null
    if (waiting.length === 0) return
    begin()
    goOn()
  }
  const begin = () => {
    began = performance.now()
    setImmediate(turn)
  }
  const isOver = () => began !== null && performance.now() - began >= HELD
  return {
    before() {
      if (waiting.length > 0 || isOver()) return new Promise((resolve) => waiting.push(resolve))
      if (began === null) begin()
      return undefined
    },
    after() {
      if (waiting.length > 0 && !isOver()) goOn()
    },
  }
}

/** Runs statements on a connection, each prepared once, with the port's errors. */
type Statements = (
  sql: string,
  parameters: readonly unknown[],
) => { readonly rows: unknown[]; readonly changes: number }

function createStatements(connection: Sqlite.Database, pause: Pause): Statements {
  const prepared = new Map<string, Sqlite.Statement>()
  const prepare = (text: string) => {
    const known = prepared.get(text)
    if (known !== undefined) return known
    if (prepared.size >= PREPARED) prepared.clear()
    const statement = connection.prepare(text)
    prepared.set(text, statement)
    return statement
  }
  return (sql, parameters) =>
    translated(() => {
      try {
        const statement = prepare(sql)
        if (statement.reader) return { rows: statement.all(parameters), changes: 0 }
        return { rows: [], changes: statement.run(parameters).changes }
      } finally {
        pause.after()
      }
    })
}

function createDriver({
  connection,
  statements,
  lane,
  pause,
  patience = PATIENCE,
}: {
  readonly connection: Sqlite.Database
  readonly statements: Statements
  readonly lane: Lane | null
  readonly pause: Pause
  readonly patience?: number
}): Driver {
  let deadline = 0
  const only: DatabaseConnection = {
    executeQuery: async <R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> => {
      const { rows, changes } = statements(sql, parameters)
      return { numAffectedRows: BigInt(changes), rows: rows as R[] }
    },
    streamQuery: () => {
      throw new Error('Results are read in pages')
    },
  }

  return {
    init: async () => {},
    acquireConnection: async () => {
      const asked = performance.now()
      await lane?.acquire()
      await pause.before()
      deadline = Math.max(asked + patience, performance.now() + LEAST)
      return only
    },
    releaseConnection: async () => lane?.release(),
    beginTransaction: () => begin(connection, deadline),
    commitTransaction: async () => translated(() => void connection.exec('commit')),
    rollbackTransaction: async () => {
      // A full disk makes SQLite roll back by itself.
      if (connection.inTransaction) translated(() => void connection.exec('rollback'))
    },
    destroy: async () => {},
  }
}

/** Takes the write lock at once, so that no transaction fails halfway for want of it. */
async function begin(connection: Sqlite.Database, deadline: number): Promise<void> {
  for (;;) {
    try {
      connection.exec('begin immediate')
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw translate(error)
    }
    await setTimeout(1 + Math.random() * 4)
  }
}

function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_BUSY')
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function translated<R>(work: () => R): R {
  try {
    return work()
  } catch (error) {
    throw translate(error)
  }
}

/** The port's error for an error of SQLite; see https://sqlite.org/rescode.html. */
export function translate(error: unknown): unknown {
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  if (code.startsWith('SQLITE_FULL')) return new Full(text, { cause: error })
  if (code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return new Missing('app', { cause: error })
  if (/^SQLITE_(BUSY|LOCKED|IOERR|CANTOPEN|CORRUPT|NOTADB|READONLY|PROTOCOL|NOMEM)/.test(code)) {
    return new Unavailable(text, { cause: error })
  }
  return error instanceof TypeError && text.includes('not open') ? new Unavailable(text, { cause: error }) : error
}
