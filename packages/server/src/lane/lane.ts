import type { Socket } from 'node:net'
import type { MediaRequest, Outlet } from '../deliver/outlet.ts'
import { createHeadPrinter, type PrintedHead } from './print-head.ts'
import { type Fields, readHead } from './read-head.ts'

/**
 * The lane: small files straight from memory to the socket. It reads only requests that are beyond doubt and answers only those for media
 * whose whole answer is at hand; a connection that brings anything else goes on to Node's own HTTP server, with every byte that was not
 * answered, and stays there.
 */
export type Lane = {
  /** Takes a new connection. */
  readonly take: (socket: Socket) => void
  /** Ends the connections that wait for a request. */
  readonly closeIdle: () => void
  /** Ends every connection. */
  readonly closeAll: () => void
}

/** What the lane is made of. Times are milliseconds. */
export type LaneParts = {
  /** Whether a target is one of media. */
  readonly takes: (target: string) => boolean
  /** Answers a request for media, or declines it. */
  readonly answer: (request: MediaRequest, outlet: Outlet) => void
  /** Gives a connection to Node's HTTP server. What was read and not answered is emitted on it afterwards. */
  readonly handOver: (socket: Socket) => void
  /** Whether the server still takes connections: otherwise an answer is the last of its connection. */
  readonly listening: () => boolean
  /** How long the first byte of a request may take on a new connection. */
  readonly headMilliseconds: number
  /** How long a connection may be silent. */
  readonly idleMilliseconds: number
}

/** What is kept of requests that came before the answer to the one before them was sent. */
const MOST_WAITING = 64 * 1024
/** Answers up to this size are put together in one piece. */
const PIECE = 64 * 1024

/** Creates the lane. */
export function createLane(parts: LaneParts): Lane {
  const { takes, answer, handOver, listening, headMilliseconds, idleMilliseconds } = parts
  const connections = new Map<Socket, () => boolean>()
  const print = createHeadPrinter(Math.floor(idleMilliseconds / 1000))
  let piece = Buffer.allocUnsafeSlow(PIECE)

  /** Writes head and body in one piece of memory that is used again wherever the kernel takes it at once. */
  function write(
    socket: Socket,
    { first, rest }: PrintedHead,
    body: Uint8Array | string | null,
    done: () => void,
  ): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const start = first.length + rest.length
    const length = start + (bytes?.length ?? 0)
    if (length > PIECE) {
      socket.cork()
      socket.write(first)
      socket.write(rest, 'latin1')
      socket.write(bytes as Uint8Array, done)
      socket.uncork()
      return
    }
    piece.set(first)
    piece.write(rest, first.length, 'latin1')
    if (bytes !== null) piece.set(bytes, start)
    socket.write(piece.subarray(0, length), done)
    if (socket.writableLength > 0) piece = Buffer.allocUnsafeSlow(PIECE)
  }

  function take(socket: Socket): void {
    /** The request that is being answered, and what came behind it. */
    let present: Exchange | null = null
    let waiting: Buffer[] = []
    let waitingBytes = 0
    let fields: Fields | null = null
    let ended = false
    let fresh = true

    function read(chunk: Buffer): void {
      if (present !== null) {
        wait(chunk)
        return
      }
      const request = readHead(chunk, fields)
      if (request === null || !takes(request.url)) {
        pass(chunk)
        return
      }
      fields = request.fields
      if (request.end < chunk.length) wait(chunk.subarray(request.end))
      const { method, url } = request
      const { headers, rawHeaders } = fields
      present = { head: method === 'HEAD', bytes: chunk.subarray(0, request.end), started: false, whenSent: null }
      answer({ method, url, headers, rawHeaders, socket }, outletOf(present))
    }

    function wait(chunk: Buffer): void {
      waiting.push(chunk)
      waitingBytes += chunk.length
      if (waitingBytes > MOST_WAITING) socket.pause()
    }

    function outletOf(exchange: Exchange): Outlet {
      const isOver = () => socket.destroyed || present !== exchange || (exchange.started && socket.writableLength === 0)
      return {
        send(status, shared, own, body) {
          if (exchange.started || present !== exchange) return
          const last = ended || !listening()
          const printed = print(status, shared, own, last)
          exchange.started = true
          ended = last
          write(socket, printed, exchange.head ? null : body, sent)
        },
        get started() {
          return exchange.started
        },
        get sent() {
          return isOver()
        },
        whenSent(done) {
          if (isOver()) done()
          else exchange.whenSent = done
        },
        cut: () => void socket.destroy(),
        stream: null,
        decline() {
          if (present !== exchange || exchange.started) throw new Error('too late to leave a request to another way')
          pass(Buffer.concat([exchange.bytes, ...waiting]))
        },
      }
    }

    /** The answer has left, or the connection has gone. */
    function settle(): void {
      const done = present?.whenSent
      present = null
      done?.()
    }

    /** On to the next request, if there is one. */
    function sent(): void {
      settle()
      if (socket.destroyed) return
      if (ended) {
        socket.end()
        return
      }
      if (fresh) {
        fresh = false
        socket.setTimeout(idleMilliseconds)
      }
      if (waitingBytes === 0) return
      const [only, ...others] = waiting as [Buffer, ...Buffer[]]
      const next = others.length === 0 ? only : Buffer.concat(waiting)
      waiting = []
      waitingBytes = 0
      if (socket.isPaused()) socket.resume()
      read(next)
    }

    /** Gives the connection away, with what was read and not answered. */
    function pass(unanswered: Buffer): void {
      present = null
      connections.delete(socket)
      socket.off('data', read).off('end', end).off('timeout', gone).off('error', gone).off('close', closed)
      socket.setTimeout(0)
      if (socket.isPaused()) socket.resume()
      handOver(socket)
      socket.emit('data', unanswered)
      if (ended) socket.emit('end')
    }

    function end(): void {
      ended = true
      if (present === null) socket.end()
    }

    const gone = () => void socket.destroy()
    const closed = () => {
      connections.delete(socket)
      settle()
    }

    connections.set(socket, () => present !== null)
    socket.setTimeout(headMilliseconds)
    socket.on('data', read).on('end', end).on('timeout', gone).on('error', gone).on('close', closed)
  }

  return {
    take,
    closeIdle() {
      for (const [socket, busy] of connections) if (!busy()) socket.destroy()
    },
    closeAll() {
      for (const socket of connections.keys()) socket.destroy()
    },
  }
}

/** A request under way. */
type Exchange = {
  readonly head: boolean
  /** Its own bytes, for whoever answers in the lane's place. */
  readonly bytes: Buffer
  started: boolean
  whenSent: (() => void) | null
}
