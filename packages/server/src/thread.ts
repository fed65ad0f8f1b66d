import type { AddressInfo } from 'node:net'
import { createNodePrimitives } from '@gatehouse/core/node-primitives'
import type { LoggedChange } from '@gatehouse/storage/records/port'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { createApi } from './api.ts'
import { createCatalogue } from './catalogue.ts'
import { type Config, listeningOn } from './config.ts'
import type { Delivery } from './deliver/deliver.ts'
import { createHotBlobs } from './deliver/hot-blobs.ts'
import { mountDemo } from './demo/page.ts'
import { createExchange } from './exchange.ts'
import { createAccessLog } from './gate/access-log.ts'
import { createApiJudge, createSurfaceJudge } from './gate/api-judge.ts'
import { createClientAddress } from './gate/client-address.ts'
import { createForwardAuth } from './gate/forward-auth.ts'
import { createGate } from './gate/gate.ts'
import { createInspector } from './gate/inspect.ts'
import { createKnownKeys } from './gate/known-keys.ts'
import { createKnownLogins } from './gate/known-logins.ts'
import { createThrottle } from './gate/throttle.ts'
import { createVerifier } from './gate/verify.ts'
import { createKeyedVerifier } from './gate/verify-keyed.ts'
import { createListener, type Listener } from './http-server.ts'
import { inspectFor } from './inspection.ts'
import { createMedia } from './media.ts'
import { createMetrics, type Exposition, exposeOwn } from './metrics.ts'
import type { Storage } from './open-storage.ts'
import { createOutgoing } from './outgoing/outgoing.ts'
import type { Parts, Standings } from './parts.ts'
import { createPasswords } from './password.ts'
import { createReceives } from './receivers.ts'
import { openGrantKeys } from './signing/grant-keys.ts'
import { createIssuer } from './signing/issuer.ts'
import { createKeyMaker } from './signing/key-maker.ts'
import { createLinkKeys, createLinks } from './signing/links.ts'
import { createMediaKeyring } from './signing/media-keys.ts'
import { createMediaIssuer } from './signing/media-tokens.ts'
import { applyChange } from './standing/apply.ts'
import { type Board, createBoard, type SharedMarks } from './standing/board.ts'
import { createOpenResponses } from './standing/open-responses.ts'
import type { Trust } from './standing/trust.ts'
import { bodiesOf } from './surface.ts'
import { createSurfaces } from './surfaces.ts'
import { createTenants } from './tenants.ts'
import { VERSION } from './version.ts'
import { createDispatcher } from './webhooks/dispatcher.ts'
import { createNativeBody } from './webhooks/native-body.ts'

/** One thread that serves: everything between the listening socket and storage. */
export type ServingThread = {
  readonly parts: Parts
  /** Brings this thread up to a change; answers how many open responses it cut. */
  apply(logged: LoggedChange): number
  /** Starts listening; answers the port. */
  listen(options: { port: number; shared: boolean }): Promise<number>
  /** Stops: not ready, no new connections, open requests get `drainSeconds`, then everything is closed. */
  drain(): Promise<void>
}

/** What a serving thread is made of. `standings` is asked for once the thread can apply changes. */
export type ThreadParts = {
  readonly config: Config
  readonly storage: Storage
  readonly marks: SharedMarks
  /** Whether this thread writes the shared memory of its node. */
  readonly writesShared: boolean
  /** Whether it is the first of its process. */
  readonly first: boolean
  readonly standings: (apply: (logged: LoggedChange) => number) => Standings
  /** The last sequence that the thread has when it starts; kept up to date by what it applies. */
  readonly sequence: () => number
  readonly trust: Trust
  /** What `/metrics` tells; without it the figures of this thread alone. */
  readonly exposition?: (own: Registry) => Exposition
}

/** How long a stopping server still takes connections, so that a balancer can notice that it is not ready. */
const NOTICE_MILLISECONDS = 1000

/** Puts one serving thread together. All wiring of the server is here. */
export async function createThread(given: ThreadParts): Promise<ServingThread> {
  const { storage, marks, writesShared, sequence } = given
  const { records, blobs, vault } = storage
  let config = given.config
  const now = () => Date.now()
  const log = pino({ level: config.logLevel, base: null }, pino.destination(2))
  const primitives = createNodePrimitives()
  const metrics = createMetrics(new Registry(), given.first)

  const board: Board = createBoard(marks)
  const openResponses = createOpenResponses()
  const tenants = createTenants(records)
  const catalogue = createCatalogue(records, tenants)
  const keys = createKnownKeys(records, vault, config.adminKey)
  const logins = createKnownLogins(records.logins)
  const hot = createHotBlobs(blobs, Math.floor(config.cacheBytes / config.workers))
  const memories = {
    board,
    openResponses,
    forgetApp: tenants.forget,
    forgetKeys: keys.forget,
    forgetLogins: logins.forget,
    forgetMediaKeys: () => mediaKeys.forget(),
    forgetPath: catalogue.forget,
    forgetAllPaths: catalogue.forgetAll,
  }
  const apply = (logged: LoggedChange) => applyChange(logged, memories, writesShared)
  const plain = given.standings(apply)
  const standings: Standings = {
    async change(change, by) {
      const changed = await plain.change(change, by)
      if (changed !== null) metrics.changed(changed.revocation.milliseconds, changed.revocation.cut)
      return changed
    },
  }
  const keyMaker = createKeyMaker()
  const mediaKeys = createMediaKeyring({ records, vault, keyMaker, change: standings.change })
  for await (const rows of records.changes.standing()) board.apply(rows, writesShared)

  const grantKeys = await openGrantKeys(records, vault)
  await mediaKeys.all()
  const linkKeys = createLinkKeys(vault)
  const address = createClientAddress(config.trustedProxies)
  const throttle = createThrottle(config.badTokensPerMinute)
  const keyed = createKeyedVerifier({ keys, linkKeys, primitives })
  const verifier = createVerifier({
    ...{ keys, logins, grantKeys, mediaKeys, keyed, primitives, sequence },
    mediaSequence: board.mediaSequence,
  })
  const receives = createReceives(records)
  const gate = createGate({
    verifier,
    board,
    uses: records.uses,
    receives,
    throttle,
    trust: given.trust,
    now,
  })
  const accessLog = createAccessLog({
    views: records.views,
    log,
    flushMilliseconds: config.viewFlushMilliseconds,
    lost: metrics.viewsLost,
  })

  // Where the log cannot be read any more, a revocation elsewhere would not reach what is being sent here.
  const watch = setInterval(async () => {
    if (openResponses.size === 0 || given.trust.fresh() || (await given.trust.refresh())) return
    log.warn({ open: openResponses.size }, 'the log of changes cannot be read: what was being sent is cut')
    openResponses.cutAll()
  }, config.leaseMilliseconds)
  watch.unref()

  const links = createLinks({ tenants, linkKeys, board, primitives, mediaUrl: () => config.mediaUrl })
  const mediaTokens = createMediaIssuer({ keyring: mediaKeys, records, board, now })
  const parts: Parts = {
    get config() {
      return config
    },
    records,
    blobs,
    standings,
    tenants,
    links,
    issuer: createIssuer({ grantKeys, mediaKeys, mediaTokens, primitives, sequence }),
    vault,
    keyMaker,
    outgoing: createOutgoing(config),
    passwords: createPasswords(records.tries, now),
    log,
    now,
  }
  const delivery: Delivery = {
    blobs,
    hot,
    smallFileBytes: config.smallFileBytes,
    minimumBytesPerSecond: config.minimumBytesPerSecond,
    offloadPrefix: config.offload.kind === 'none' ? null : config.offload.prefix,
  }
  const judging = { gate, tenants, records, address, accessLog }
  const surfaces = createSurfaces(parts, createSurfaceJudge(judging))
  const dialects = surfaces.flatMap(({ dialect }) => dialect ?? [])
  const cookies = surfaces.flatMap((surface) => surface.cookies ?? [])
  const media = createMedia({
    gate,
    catalogue,
    tenants,
    accessLog,
    openResponses,
    address,
    delivery,
    dialects,
    cookies,
    exchange: createExchange({ dialects, links, records, now }),
    log,
    metrics,
  })
  let draining = false
  let made: Listener | null = null
  const api = await createApi({
    parts,
    version: VERSION,
    judge: createApiJudge(judging),
    surfaces,
    inspect: inspectFor(
      createInspector({ verifier, keys, mediaKeys, logins, receives, catalogue, tenants, board, primitives, dialects }),
      now,
    ),
    verify: createForwardAuth({ gate, catalogue, address, accessLog, cookies }),
    metrics: given.exposition === undefined ? exposeOwn(metrics.registry) : given.exposition(metrics.registry),
    draining: () => draining,
    serverFactory: (handler) => {
      made = createListener(config, address, media, handler)
      return made.server
    },
  })
  const dispatcher = createDispatcher({
    ...parts,
    bodies: bodiesOf(surfaces),
    nativeBody: createNativeBody(parts),
    random: Math.random,
    settled: metrics.told,
  })
  // A process that has the database for itself and starts now has lost whatever was on its way when the last one ended.
  if (given.first && records.nodes === null) {
    await records.outbox.releaseAll(now()).catch((error: unknown) => log.warn({ err: error }, 'webhooks have to wait'))
  }
  if (config.demo) mountDemo(api, parts)
  await api.ready()
  if (made === null) throw new Error('the API made no server')
  const listener: Listener = made
  const { server } = listener

  return {
    parts,
    apply,
    async listen({ port, shared }) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host: config.host, port, reusePort: shared }, () => {
          server.removeListener('error', reject)
          resolve()
        })
      })
      const taken = (server.address() as AddressInfo).port
      config = listeningOn(config, taken)
      if (given.first) dispatcher.start()
      return taken
    },
    async drain() {
      draining = true
      const told = dispatcher.stop()
      const connections = await new Promise<number>((resolve) =>
        server.getConnections((_error, count) => resolve(count)),
      )
      const notice = connections === 0 ? 0 : Math.min(NOTICE_MILLISECONDS, config.drainSeconds * 1000)
      await pause(notice)
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const idle = setInterval(() => listener.closeIdle(), 100)
      listener.closeIdle()
      await Promise.race([closed, pause(config.drainSeconds * 1000 - notice)])
      clearInterval(idle)
      listener.closeAll()
      keyMaker.stop()
      await closed
      clearInterval(watch)
      await api.close()
      await accessLog.close()
      await told
    },
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)).unref())
}
