import { Worker } from 'node:worker_threads'
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import { Unavailable } from './port.ts'
import type { Database } from './sql/database.ts'
import type { Synchronous } from './sqlite-connection.ts'
import { createLane, kyselyOf, translate } from './sqlite-database.ts'

/** After so many transactions a process counts as one that writes a lot. */
const MANY = 20

/** What the thread is started with. */
export type WriterStart = { readonly file: string; readonly synchronous: Synchronous }

/** A statement for the thread. Answers come in the order of statements. */
export type Statement = { readonly sql: string; readonly parameters: readonly unknown[] }

/** What came of it: rows, the number of changed ones, or the error (which loses its class between threads). */
export type Result =
  | { readonly rows: readonly unknown[]; readonly changes: number }
  | { readonly message: string; readonly code: string }

type Waiting = { readonly resolve: (result: Result) => void; readonly reject: (error: Error) => void }

/**
 * The same database, with a thread of its own to write in once this process has written a lot: neither inserting into many
 * indices nor syncing the journal holds the event loop then. Processes that write little start no thread, and where the
 * thread fails this thread writes again.
 */
export function withWriter<T>(start: WriterStart, database: Database<T>): Database<T> {
  let writes = 0
  let thread: { readonly write: Database<T>['write']; readonly close: () => Promise<void> } | null = null
  return {
    ...database,
    write: (work) => {
      if (++writes === MANY) {
        thread = openWriter<T>(start, () => {
          thread = null
        })
      }
      return (thread ?? database).write(work)
    },
    close: async () => {
      writes = MANY
      await thread?.close()
      await database.close()
    },
  }
}

function openWriter<T>(start: WriterStart, failed: () => void) {
  const program = import.meta.url.endsWith('.ts') ? './sqlite-writer-thread.ts' : './sqlite-writer-thread.js'
  const worker = new Worker(new URL(program, import.meta.url), { workerData: start })
  const waiting: Waiting[] = []
  let open = true
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const end = (error: Error) => {
    open = false
    failed()
    for (const { reject } of waiting.splice(0)) reject(error)
  }
  worker.unref()
  worker.on('message', (result: Result) => {
    waiting.shift()?.resolve(result)
    if (waiting.length === 0) worker.unref()
  })
  worker.on('error', (error) => end(new Unavailable('The thread that writes has failed', { cause: error })))
  worker.on('exit', () => end(new Unavailable('The thread that writes has ended')))

  const run = async ({ sql, parameters }: Statement): Promise<QueryResult<never>> => {
    const result = await new Promise<Result>((resolve, reject) => {
      if (!open) return reject(new Unavailable('The database is closed'))
      waiting.push({ resolve, reject })
      // Nobody's process ends over a statement that is under way.
      worker.ref()
      worker.postMessage({ sql, parameters } satisfies Statement)
    })
    if ('message' in result) throw translate(Object.assign(new Error(result.message), { code: result.code }))
    return { rows: result.rows as never[], numAffectedRows: BigInt(result.changes) }
  }
  const lane = createLane()
  const connection: DatabaseConnection = {
    executeQuery: (query: CompiledQuery) => run(query),
    streamQuery: () => {
      throw new Error('Results are read in pages')
    },
  }
  const say = (sql: string) => async () => void (await run({ sql, parameters: [] }))
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => {
      await lane.acquire()
      return connection
    },
    releaseConnection: async () => lane.release(),
    beginTransaction: say('begin immediate'),
    commitTransaction: say('commit'),
    rollbackTransaction: say('rollback'),
    destroy: async () => {},
  }
  const write = kyselyOf<T>(driver)
  return {
    write: <R>(work: Parameters<Database<T>['write']>[0]) => write.transaction().execute(work) as Promise<R>,
    async close() {
      if (!open) return
      await lane.acquire()
      worker.ref()
      worker.postMessage(null)
      await ended
      lane.release()
    },
  }
}
