import { createReserve, type Reserve } from '@gatehouse/storage/blobs/reserve'
import { lockFolder } from '@gatehouse/storage/lock'
import type { LoggedChange } from '@gatehouse/storage/records/port'
import { type Logger, pino } from 'pino'
import { type Config, listeningOn } from './config.ts'
import { seedDemo } from './demo/seed.ts'
import { makeDataFolder, type OnUpgrade, openStorage, type Storage } from './open-storage.ts'
import type { Standings } from './parts.ts'
import { createKeyMaker } from './signing/key-maker.ts'
import { keepMediaKeys } from './signing/media-keys.ts'
import { createSharedMarks, type SharedMarks } from './standing/board.ts'
import { type Cluster, joinCluster } from './standing/cluster.ts'
import { createStandings, type NodeStandings, type Peer } from './standing/standings.ts'
import { ALONE, createSharedTrust } from './standing/trust.ts'
import { checkSurfaces } from './surfaces.ts'
import { createThread } from './thread.ts'
import { startUpkeep, type Upkeep } from './upkeep.ts'
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
 * this thread keeps the order of changes and the workers serve. `onUpgrade` is told where the database has to be changed first, which may
 * take minutes.
 *
 * Raises an explained error where the data folder is served already, the port is taken, storage does not open, or a surface cannot work
 * as the server is set up.
 */
export async function serve(config: Config, onUpgrade?: OnUpgrade): Promise<Serving> {
  checkSurfaces(config)
  await makeDataFolder(config.data)
  // Before the database is opened, and perhaps changed: a server of an older version may be at work on it.
  const lock = lockFolder(config.data)
  const storage = await openStorage(config, onUpgrade).catch((error) => {
    lock.release()
    throw error
  })
  try {
    const reserve =
      config.reserveBytes === 0 ? null : createReserve({ folder: config.data, bytes: config.reserveBytes })
    if (config.demo) await seedDemo({ ...storage, now: Date.now })
    const log = pino({ level: config.logLevel, base: null }, pino.destination(2))
    const place: { upkeep: Upkeep | null } = { upkeep: null }
    const node = await startNode(config, storage, reserve, log, () => place.upkeep?.clear())
    const keyMaker = createKeyMaker()
    const keyParts = { ...storage, keyMaker, change: node.change }
    const upkeep = startUpkeep({
      ...{ ...storage, reserve, log, now: Date.now, applied: node.applied, change: node.change },
      keepKeys: (stopped) => keepMediaKeys(keyParts, { days: config.mediaKeyDays, now: Date.now, stopped }),
    })
    place.upkeep = upkeep
    const settled = listeningOn(config, node.port)
    return {
      url: settled.publicUrl,
      config: settled,
      storage,
      failed: node.failed,
      async close() {
        await node.close()
        await upkeep.stop()
        keyMaker.stop()
        await storage.close()
        lock.release()
      },
    }
  } catch (error) {
    await storage.close()
    lock.release()
    throw error
  }
}

/** Tries to get the first lease; each may take as long as the database's patience. */
const FIRST_RENEWALS = 5

/** What serves on this node. */
type Node = { readonly port: number; readonly failed: Promise<Error>; close(): Promise<void> }

/** `applied` is the last sequence that is in force on it; `change` writes the next. */
type JoinedNode = Node & { readonly applied: () => number; readonly change: Standings['change'] }

async function startNode(
  config: Config,
  storage: Storage,
  reserve: Reserve | null,
  log: Logger,
  appDeleted: () => void,
): Promise<JoinedNode> {
  const { records } = storage
  const from = await records.changes.last()
  const marks = createSharedMarks()
  const until = records.nodes === null ? null : new SharedArrayBuffer(8)
  let standings: NodeStandings | null = null
  const { promise: lost, resolve: fail } = Promise.withResolvers<Error>()
  const place: { cluster: Cluster | null } = { cluster: null }
  const keep = (applyHere: (logged: LoggedChange) => number, peers: readonly Peer[]): NodeStandings => {
    const others = { confirm: async (sequence: number) => joined(place).confirm(sequence), setBack: fail }
    const applyNoting = (logged: LoggedChange) => {
      if (logged.change.kind === 'app' && logged.change.to === 'deleted') appDeleted()
      return applyHere(logged)
    }
    const shared = records.nodes === null ? {} : { others }
    standings = createStandings({ records, applyHere: applyNoting, peers, from, reserve, now: Date.now, ...shared })
    return standings
  }
  const refresh = async () => records.nodes === null || joined(place).refresh()
  const ready = async () => {
    if (records.nodes === null || until === null) return
    place.cluster = await joinCluster({
      nodes: records.nodes,
      lease: config.leaseMilliseconds,
      applied: () => standings?.sequence ?? from,
      catchUp: async () => standings?.catchUp(),
      cuts: () => standings?.cuts() ?? {},
      until: new Float64Array(until),
      log,
    })
    // A database under load may need more than one try; one that is gone is told.
    for (let tries = 1; !(await refresh()); tries++) {
      if (tries === FIRST_RENEWALS) throw new Error('The database does not answer.')
    }
  }
  try {
    const node =
      config.workers === 1
        ? await startAlone({
            config,
            storage,
            marks,
            until,
            keep,
            refresh,
            ready,
            sequence: () => standings?.sequence ?? from,
          })
        : await startWorkers({ config, marks, records, from, until, keep, refresh, ready })
    return {
      ...node,
      applied: () => standings?.sequence ?? from,
      change: async (change, by) => {
        if (standings === null) throw new Error('the node does not keep the order of changes yet')
        return standings.change(change, by)
      },
      failed: Promise.race([node.failed, lost]),
      async close() {
        await node.close()
        await place.cluster?.leave()
      },
    }
  } catch (error) {
    await place.cluster?.leave()
    throw error
  }
}

/** Nothing asks for the cluster before the node has joined it, since nothing is served before. */
function joined({ cluster }: { readonly cluster: Cluster | null }): Cluster {
  if (cluster === null) throw new Error('this node has not joined its cluster yet')
  return cluster
}

async function startAlone(parts: {
  config: Config
  storage: Storage
  marks: SharedMarks
  until: SharedArrayBuffer | null
  keep: (applyHere: (logged: LoggedChange) => number, peers: readonly Peer[]) => NodeStandings
  refresh: () => Promise<boolean>
  ready: () => Promise<void>
  sequence: () => number
}): Promise<Node> {
  const { config, storage, marks, until, keep, refresh, ready, sequence } = parts
  const thread = await createThread({
    config,
    storage,
    marks,
    writesShared: true,
    first: true,
    sequence,
    trust: until === null ? ALONE : createSharedTrust(new Float64Array(until), refresh),
    standings: (applyHere) => keep(applyHere, []),
  })
  await ready()
  const port = await thread.listen({ port: config.port, shared: false })
  return { port, failed: new Promise(() => {}), close: () => thread.drain() }
}
