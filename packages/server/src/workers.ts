import { Worker } from 'node:worker_threads'
import type { LoggedChange, Records } from '@gatehouse/storage/records/port'
import type { Config } from './config.ts'
import type { Figures } from './metrics.ts'
import { createBoard, type SharedMarks } from './standing/board.ts'
import type { NodeStandings, Peer } from './standing/standings.ts'
import { createThreadPeer } from './standing/threads.ts'

/** What a serving thread is started with. */
export type WorkerStart = {
  readonly config: Config
  readonly marks: SharedMarks
  readonly sequence: SharedArrayBuffer
  /** The end of trust; null where this node is alone. */
  readonly until: SharedArrayBuffer | null
  readonly first: boolean
}

/** What goes between the keeping thread and a worker beside changes of standing. */
export type WorkerMessage =
  | { readonly type: 'listen'; readonly port: number }
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'drain' }
  | { readonly type: 'ready' }
  | { readonly type: 'refresh'; readonly id: number }
  | { readonly type: 'refreshed'; readonly id: number; readonly renewed: boolean }
  /** A worker wants the figures of all; the keeping thread asks each; each tells its own; the first gets them all. */
  | { readonly type: 'figures wanted'; readonly id: number }
  | { readonly type: 'tell figures'; readonly id: number }
  | { readonly type: 'figures'; readonly id: number; readonly figures: Figures }
  | { readonly type: 'all figures'; readonly id: number; readonly all: readonly Figures[] }

/** Every worker fails alike when storage does; the first error is told. */
type Started = { readonly port: number; readonly failed: Promise<Error>; close(): Promise<void> }

/**
 * Starts the serving threads of a node on one port that the kernel shares out. This thread writes the shared standing and waits for all of
 * them before a change is answered. A worker that ends unasked ends the node: a supervisor starts it anew.
 */
export async function startWorkers(parts: {
  config: Config
  marks: SharedMarks
  records: Records
  from: number
  until: SharedArrayBuffer | null
  keep: (applyHere: (logged: LoggedChange) => number, peers: readonly Peer[]) => NodeStandings
  /** Renews the node's lease and catches up. */
  refresh: () => Promise<boolean>
  /** Called once everything is loaded, before anything listens. */
  ready: () => Promise<void>
}): Promise<Started> {
  const { config, marks, records, from, until, keep, refresh, ready } = parts
  const board = createBoard(marks)
  const sequence = new SharedArrayBuffer(8)
  const count = new Float64Array(sequence)
  count[0] = from
  let standings: NodeStandings | null = null
  const file = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
  const workers = Array.from({ length: config.workers }, (_, index) => {
    const workerData: WorkerStart = { config, marks, sequence, until, first: index === 0 }
    return new Worker(file, { workerData })
  })
  const peers = workers.map((worker) =>
    createThreadPeer(worker, (change, by) => {
      if (standings === null) return Promise.reject(new Error('a worker changed standing before it was ready'))
      return standings.change(change, by)
    }),
  )
  for await (const rows of records.changes.standing()) board.apply(rows, true)
  standings = keep((logged) => {
    board.apply(logged.rows, true)
    count[0] = logged.sequence
    return 0
  }, peers)

  passFigures(workers)
  renewWhenAsked(workers, refresh)
  let closing = false
  const failed = new Promise<Error>((resolve) => {
    for (const worker of workers) {
      worker.once('error', (error) => resolve(error as Error))
      worker.once('exit', (code) => {
        if (!closing) resolve(new Error(`a serving thread ended with code ${code}`))
      })
    }
  })
  const failure = failed.then((error) => Promise.reject(error))
  failure.catch(() => {})
  const heard = <T extends WorkerMessage['type']>(worker: Worker, type: T) =>
    new Promise<Extract<WorkerMessage, { type: T }>>((resolve) => {
      const listener = (message: WorkerMessage) => {
        if (message.type !== type) return
        worker.off('message', listener)
        resolve(message as Extract<WorkerMessage, { type: T }>)
      }
      worker.on('message', listener)
    })
  const listen = async (worker: Worker, port: number): Promise<number> => {
    const answer = heard(worker, 'listening')
    worker.postMessage({ type: 'listen', port } satisfies WorkerMessage)
    return (await Promise.race([answer, failure])).port
  }

  const close = async () => {
    closing = true
    await Promise.all(
      workers.map((worker) => {
        const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
        worker.postMessage({ type: 'drain' } satisfies WorkerMessage)
        return ended
      }),
    )
  }
  try {
    await Promise.race([Promise.all(workers.map((worker) => heard(worker, 'ready'))), failure])
    await ready()
    const [first, ...others] = workers
    if (first === undefined) throw new Error('there is no worker')
    // The first takes the port, which may be any; the others share it.
    const port = await listen(first, config.port)
    await Promise.all(others.map((worker) => listen(worker, port)))
    return { port, failed, close }
  } catch (error) {
    closing = true
    await Promise.all(workers.map((worker) => worker.terminate()))
    throw error
  }
}

/** Renews the node's lease when a worker finds it run out. */
function renewWhenAsked(workers: readonly Worker[], refresh: () => Promise<boolean>): void {
  for (const worker of workers) {
    worker.on('message', async (message: WorkerMessage) => {
      if (message.type !== 'refresh') return
      const renewed = await refresh()
      worker.postMessage({ type: 'refreshed', id: message.id, renewed } satisfies WorkerMessage)
    })
  }
}

/** Answers a worker that wants the figures of all workers. */
function passFigures(workers: readonly Worker[]): void {
  const rounds = new Map<number, { told: Figures[]; done: () => void }>()
  let next = 1
  for (const worker of workers) {
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'figures wanted') {
        const round = { told: [] as Figures[], done: () => {} }
        round.done = () =>
          worker.postMessage({ type: 'all figures', id: message.id, all: round.told } satisfies WorkerMessage)
        const id = next++
        rounds.set(id, round)
        for (const each of workers) each.postMessage({ type: 'tell figures', id } satisfies WorkerMessage)
      } else if (message.type === 'figures') {
        const round = rounds.get(message.id)
        round?.told.push(message.figures)
        if (round === undefined || round.told.length < workers.length) return
        rounds.delete(message.id)
        round.done()
      }
    })
  }
}
