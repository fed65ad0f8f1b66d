import { parentPort, workerData } from 'node:worker_threads'
import type { LoggedChange } from '@gatehouse/storage/records/port'
import type { Registry } from 'prom-client'
import { type Exposition, exposeAll, type Figures } from './metrics.ts'
import { openStorage } from './open-storage.ts'
import { createThreadStandings } from './standing/threads.ts'
import { ALONE, createSharedTrust } from './standing/trust.ts'
import { createThread } from './thread.ts'
import type { WorkerMessage, WorkerStart } from './workers.ts'

/** Tells this thread's figures whenever they are asked for, and answers a function that asks for those of all threads. */
function createFigures(port: NonNullable<typeof parentPort>): (own: Registry) => Exposition {
  const waiting = new Map<number, (all: readonly Figures[]) => void>()
  let next = 1
  return (own) => {
    port.on('message', async (message: WorkerMessage) => {
      if (message.type === 'tell figures') {
        const figures = (await own.getMetricsAsJSON()) as Figures
        port.postMessage({ type: 'figures', id: message.id, figures } satisfies WorkerMessage)
      } else if (message.type === 'all figures') {
        waiting.get(message.id)?.(message.all)
        waiting.delete(message.id)
      }
    })
    return exposeAll(
      () =>
        new Promise((resolve) => {
          const id = next++
          waiting.set(id, resolve)
          port.postMessage({ type: 'figures wanted', id } satisfies WorkerMessage)
        }),
    )
  }
}

/** Asks the keeping thread to renew the node's lease. */
function createRefresh(port: NonNullable<typeof parentPort>): () => Promise<boolean> {
  const waiting = new Map<number, (renewed: boolean) => void>()
  let next = 1
  port.on('message', (message: WorkerMessage) => {
    if (message.type !== 'refreshed') return
    waiting.get(message.id)?.(message.renewed)
    waiting.delete(message.id)
  })
  return () =>
    new Promise((resolve) => {
      const id = next++
      waiting.set(id, resolve)
      port.postMessage({ type: 'refresh', id } satisfies WorkerMessage)
    })
}

/** A serving thread. Changes that arrive while it loads the present standing wait until that is done. */
async function run(
  port: NonNullable<typeof parentPort>,
  { config, marks, sequence, until, first }: WorkerStart,
): Promise<void> {
  const storage = await openStorage(config)
  const count = new Float64Array(sequence)
  let loaded = false
  const early: LoggedChange[] = []
  const thread = await createThread({
    config,
    storage,
    marks,
    writesShared: false,
    first,
    sequence: () => count[0] ?? 0,
    trust: until === null ? ALONE : createSharedTrust(new Float64Array(until), createRefresh(port)),
    exposition: createFigures(port),
    standings: (apply) =>
      createThreadStandings(port, (logged) => {
        if (!loaded) early.push(logged)
        return apply(logged)
      }),
  })
  // The snapshot may have been read before a change that came while it was; applying those once more leaves the newest.
  for (const logged of early) thread.apply(logged)
  loaded = true
  port.on('message', (message: WorkerMessage) => {
    if (message.type === 'listen') {
      thread.listen({ port: message.port, shared: true }).then(
        (taken) => port.postMessage({ type: 'listening', port: taken } satisfies WorkerMessage),
        (error: unknown) => {
          throw error
        },
      )
    } else if (message.type === 'drain') {
      void thread
        .drain()
        .then(() => storage.close())
        .then(() => port.close())
    }
  })
  port.postMessage({ type: 'ready' } satisfies WorkerMessage)
}

if (parentPort === null) throw new Error('worker.ts runs as a worker thread')
await run(parentPort, workerData as WorkerStart)
