import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Config } from './config.ts'
import { createStreamOutlet } from './deliver/outlet.ts'
import type { ClientAddress } from './gate/client-address.ts'
import { createLane, type Lane } from './lane/lane.ts'
import type { Media } from './media.ts'
import { answerRaw } from './raw-answer.ts'

/** Node's own handler of requests. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** The listening socket and what hangs on it. */
export type Listener = {
  readonly server: Server
  /** Ends the connections that wait for a request. */
  readonly closeIdle: () => void
  /** Ends every connection. */
  readonly closeAll: () => void
}

const MAX_HEAD_BYTES = 16 * 1024

/**
 * Creates the listener: media first, everything else goes to the API. Parsing is strict; heads, bodies and silences are timed; one
 * address may hold only so many connections (proxies that are trusted hold as many as they like). With the fast lane on, a connection
 * begins there and comes here with the first request that the lane leaves alone.
 */
export function createListener(config: Config, address: ClientAddress, media: Media, api: Handler): Listener {
  const server = createServer(
    {
      insecureHTTPParser: false,
      requireHostHeader: true,
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: config.headerSeconds * 1000,
      requestTimeout: config.requestSeconds * 1000,
      connectionsCheckingInterval: Math.min(5_000, config.headerSeconds * 500),
      keepAliveTimeout: config.idleSeconds * 1000,
      noDelay: true,
    },
    (request, response) => {
      giveUpSlowBody(request, config)
      if (hasTwoHosts(request.rawHeaders)) answerRaw(new Error('more than one Host header'), request.socket)
      else if (media.takes(request.url ?? '')) media.answer(request, createStreamOutlet(request, response))
      else api(request, response)
    },
  )
  server.timeout = config.idleSeconds * 1000
  limitConnections(server, config.maxConnectionsPerAddress, address)
  server.on('clientError', answerRaw)
  const lane = config.fastLane ? putLaneBefore(server, config, media) : null
  return {
    server,
    closeIdle() {
      lane?.closeIdle()
      server.closeIdleConnections()
    },
    closeAll() {
      lane?.closeAll()
      server.closeAllConnections()
    },
  }
}

/** Lets the lane take new connections; what it hands over goes to the listener that Node put there. */
function putLaneBefore(server: Server, config: Config, media: Media): Lane {
  const [read] = server.listeners('connection')
  if (read === undefined) throw new Error('the HTTP server listens to no connections')
  server.off('connection', read as (socket: Socket) => void)
  const lane = createLane({
    takes: media.takes,
    answer: media.answer,
    handOver: (socket) => void read.call(server, socket),
    listening: () => server.listening,
    headMilliseconds: config.headerSeconds * 1000,
    idleMilliseconds: config.idleSeconds * 1000,
  })
  server.prependListener('connection', lane.take)
  return lane
}

/** A request that names two hosts is refused (RFC 9112, section 3.2); Node keeps the first and says nothing. */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts > 1
}

/** Cuts a request whose body comes more slowly than the minimum rate, measured over the idle time. */
function giveUpSlowBody(request: IncomingMessage, { idleSeconds, minimumBytesPerSecond }: Config): void {
  const { headers, socket } = request
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (!hasBody || minimumBytesPerSecond === 0) return
  let before = socket.bytesRead
  const watch = setInterval(() => {
    const arrived = socket.bytesRead - before
    before = socket.bytesRead
    // While the server itself reads no further (the disk is slow), nothing is the client's fault.
    if (arrived < idleSeconds * minimumBytesPerSecond && !request.complete && !request.isPaused()) socket.destroy()
  }, idleSeconds * 1000)
  watch.unref()
  const stop = () => clearInterval(watch)
  request.once('end', stop).once('close', stop)
}

function limitConnections(server: Server, most: number, address: ClientAddress): void {
  if (most === 0) return
  const open = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const peer = socket.remoteAddress
    if (peer === undefined || address.fromTrustedProxy({ socket })) return
    const count = (open.get(peer) ?? 0) + 1
    if (count > most) {
      socket.destroy()
      return
    }
    open.set(peer, count)
    socket.once('close', () => {
      const left = (open.get(peer) ?? 1) - 1
      if (left === 0) open.delete(peer)
      else open.set(peer, left)
    })
  })
}
