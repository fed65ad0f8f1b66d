import { createReserve, type Reserve } from '@gatehouse/storage/blobs/reserve'
import { lockFolder } from '@gatehouse/storage/lock'
import { pino } from 'pino'
import { type Config, listeningOn } from './config.ts'
import { seedDemo } from './demo/seed.ts'
import { openStorage, type Storage } from './open-storage.ts'
import { createSharedMarks } from './standing/board.ts'
import { createStandings, type NodeStandings } from './standing/standings.ts'
import { createThread } from './thread.ts'
import { startUpkeep } from './upkeep.ts'
import { startWorkers } from './workers.ts'

/** A server that accepts connections. */
export type Serving = {
  /** How it is reached. */
  readonly url: string
  /** The configuration with the port that was taken. */
  readonly config: Config
  readonly storage: Storage
  /** Drains and closes everything. */
  close(): Promise<void>
  /** Settles when the server ends by a fault of its own; never otherwise. */
  readonly failed: Promise<Error>
}

/**
 * Starts the server and answers once it accepts connections. With one worker everything runs on this thread; with several,
 * this thread keeps the order of changes and the workers serve.
 *
 * Raises an explained error where the data folder is served already, the port is taken, or storage does not open.
 */
export async function serve(config: Config): Promise<Serving> {
  const storage = await openStorage(config)
  try {
    const lock = lockFolder(config.data)
    const reserve =
      config.reserveBytes === 0 ? null : createReserve({ folder: config.data, bytes: config.reserveBytes })
    if (config.demo) await seedDemo({ ...storage, now: Date.now })
    const node = await (config.workers === 1 ? serveAlone : serveWithWorkers)(config, storage, reserve)
    const log = pino({ level: config.logLevel, base: null }, pino.destination(2))
    const upkeep = startUpkeep({ ...storage, reserve, log, now: Date.now })
    const settled = listeningOn(config, node.port)
    return {
      url: settled.publicUrl,
      config: settled,
      storage,
      failed: node.failed,
      async close() {
        await node.close()
        await upkeep.stop()
        await storage.close()
        lock.release()
      },
    }
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** What serves on this node. */
type Node = { readonly port: number; readonly failed: Promise<Error>; close(): Promise<void> }

async function serveAlone(config: Config, storage: Storage, reserve: Reserve | null): Promise<Node> {
  const { records } = storage
  const from = await records.changes.last()
  let standings: NodeStandings | null = null
  const thread = await createThread({
    config,
    storage,
    marks: createSharedMarks(),
    writesShared: true,
    first: true,
    sequence: () => standings?.sequence ?? from,
    standings: (applyHere) => {
      standings = createStandings({ records, applyHere, peers: [], from, reserve, now: Date.now })
      return standings
    },
  })
  const port = await thread.listen({ port: config.port, shared: false })
  return { port, failed: new Promise(() => {}), close: () => thread.drain() }
}

async function serveWithWorkers(config: Config, storage: Storage, reserve: Reserve | null): Promise<Node> {
  const { records } = storage
  const from = await records.changes.last()
  const marks = createSharedMarks()
  return startWorkers({
    config,
    marks,
    records,
    from,
    standings: (applyHere, peers) => createStandings({ records, applyHere, peers, from, reserve, now: Date.now }),
  })
}
