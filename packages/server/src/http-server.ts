import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Config } from './config.ts'
import type { ClientAddress } from './gate/client-address.ts'
import type { Media } from './media.ts'
import { answerRaw } from './raw-answer.ts'

/** Node's own handler of requests. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void

const MAX_HEAD_BYTES = 16 * 1024

/**
 * Creates the listener: media first, everything else goes to the API. Parsing is strict; heads, bodies and silences are timed; one
 * address may hold only so many connections (proxies that are trusted hold as many as they like).
 */
export function createListener(config: Config, address: ClientAddress, media: Media, api: Handler): Server {
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
      else if (!media(request, response)) api(request, response)
    },
  )
  server.timeout = config.idleSeconds * 1000
  limitConnections(server, config.maxConnectionsPerAddress, address)
  server.on('clientError', answerRaw)
  return server
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
    if (peer === undefined || address.fromTrustedProxy({ socket } as IncomingMessage)) return
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
