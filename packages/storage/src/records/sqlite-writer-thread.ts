import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { openConnection } from './sqlite-connection.ts'
import type { Result, Statement, WriterStart } from './sqlite-writer.ts'

/** How long a transaction waits for the write lock of other threads and processes, in milliseconds. */
const PATIENCE = 1800

/** Runs one statement after the other, and answers each in its turn; null ends the thread. */
function run(port: MessagePort, { file, synchronous }: WriterStart): void {
  const connection = openConnection(file, synchronous)
  connection.pragma(`busy_timeout = ${PATIENCE}`)
  const execute = ({ sql, parameters }: Statement): Result => {
    try {
      // A full disk makes SQLite roll back by itself.
      if (sql === 'rollback' && !connection.inTransaction) return { rows: [], changes: 0 }
      const statement = connection.prepare(sql)
      if (statement.reader) return { rows: statement.all(parameters), changes: 0 }
      return { rows: [], changes: statement.run(parameters).changes }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      return { message: error instanceof Error ? error.message : String(error), code }
    }
  }
  port.on('message', (statement: Statement | null) => {
    if (statement !== null) return port.postMessage(execute(statement))
    connection.close()
    port.close()
  })
}

if (parentPort === null) throw new Error('sqlite-writer-thread.ts runs as a worker thread')
run(parentPort, workerData as WriterStart)
