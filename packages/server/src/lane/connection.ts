import type { Socket } from 'node:net'
import type { MediaRequest, Outlet } from '../deliver/outlet.ts'
import { type Fields, readHead } from './read-head.ts'
import type { Writer } from './writer.ts'

/** What is kept of requests that came before the answer to the one before them was sent. */
const MOST_WAITING = 64 * 1024

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

/** What connections have in common. */
export type Surroundings = LaneParts & {
  readonly write: Writer
  /** The connections that are in the lane. */
  readonly connections: Set<Connection>
  /** Counts on with time. */
  readonly tick: () => number
}

/** One connection in the lane, from its first byte until it ends or is handed over. */
export class Connection {
  readonly socket: Socket
  /** The tick at which something came or left last. */
  lastTick: number
  /** Whether nothing has been answered yet. */
  fresh = true
  readonly #around: Surroundings
  /** The request that is being answered, and what came behind it. */
  #present: Exchange | null = null
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #fields: Fields | null = null
  #ended = false

  readonly #read = (chunk: Buffer) => this.#take(chunk)
  readonly #sent = () => this.#next()
  readonly #end = () => {
    this.#ended = true
    if (this.#present === null) this.socket.end()
  }
  readonly #gone = () => void this.socket.destroy()
  readonly #closed = () => {
    this.#around.connections.delete(this)
    this.#settle()
  }

  constructor(socket: Socket, around: Surroundings) {
    this.socket = socket
    this.#around = around
    this.lastTick = around.tick()
    around.connections.add(this)
    socket.on('data', this.#read).on('end', this.#end).on('timeout', this.#gone)
    socket.on('error', this.#gone).on('close', this.#closed)
  }

  /** Whether it waits for a request. */
  get idle(): boolean {
    return this.#present === null
  }

  /** Whether this exchange is the one that is being answered. */
  answers(exchange: Exchange): boolean {
    return this.#present === exchange
  }

  /** Sends the answer to the present request. */
  send(
    exchange: Exchange,
    status: number,
    shared: readonly string[],
    own: readonly string[],
    body: Uint8Array | string | null,
  ): void {
    const { socket } = this
    const { write, listening, idleMilliseconds } = this.#around
    const last = this.#ended || !listening()
    exchange.started = true
    this.#ended = last
    write(socket, status, shared, own, exchange.head ? null : body, last, this.#sent)
    // What leaves slowly is watched by the socket itself, which knows whether its bytes move.
    if (socket.writableLength > 0) socket.setTimeout(idleMilliseconds)
  }

  /** Gives the connection away, with the present request and all that came behind it. */
  pass(exchange: Exchange): void {
    this.#handOver(Buffer.concat([exchange.bytes.subarray(0, exchange.end), ...this.#waiting]))
  }

  #take(chunk: Buffer): void {
    this.lastTick = this.#around.tick()
    if (this.#present !== null) {
      this.#wait(chunk)
      return
    }
    const request = readHead(chunk, this.#fields)
    if (request === null || !this.#around.takes(request.url)) {
      this.#handOver(chunk)
      return
    }
    const { method, url, fields, end } = request
    this.#fields = fields
    if (end < chunk.length) this.#wait(chunk.subarray(end))
    const exchange = new Exchange(this, method === 'HEAD', chunk, end)
    this.#present = exchange
    const { headers, rawHeaders } = fields
    this.#around.answer({ method, url, headers, rawHeaders, socket: this.socket }, exchange)
  }

  #wait(chunk: Buffer): void {
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes > MOST_WAITING) this.socket.pause()
  }

  /** The answer has left, or the connection has gone. */
  #settle(): void {
    const done = this.#present?.done
    this.#present = null
    done?.()
  }

  /** On to the next request, if there is one. */
  #next(): void {
    const { socket } = this
    this.#settle()
    if (socket.destroyed) return
    if (this.#ended) {
      socket.end()
      return
    }
    this.fresh = false
    this.lastTick = this.#around.tick()
    if (socket.timeout) socket.setTimeout(0)
    if (this.#waitingBytes === 0) return
    const [only, ...others] = this.#waiting as [Buffer, ...Buffer[]]
    const next = others.length === 0 ? only : Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#waitingBytes = 0
    if (socket.isPaused()) socket.resume()
    this.#take(next)
  }

  #handOver(unanswered: Buffer): void {
    const { socket } = this
    this.#present = null
    this.#around.connections.delete(this)
    socket.off('data', this.#read).off('end', this.#end).off('timeout', this.#gone)
    socket.off('error', this.#gone).off('close', this.#closed)
    if (socket.timeout) socket.setTimeout(0)
    if (socket.isPaused()) socket.resume()
    this.#around.handOver(socket)
    socket.emit('data', unanswered)
    if (this.#ended) socket.emit('end')
  }
}

/** A request under way, and where its answer goes. */
class Exchange implements Outlet {
  readonly head: boolean
  /** The chunk that begins with the request, for whoever answers in the lane's place, and where the request ends in it. */
  readonly bytes: Buffer
  readonly end: number
  started = false
  /** Called once the answer has left. */
  done: (() => void) | null = null
  readonly stream = null
  readonly #connection: Connection

  constructor(connection: Connection, head: boolean, bytes: Buffer, end: number) {
    this.#connection = connection
    this.head = head
    this.bytes = bytes
    this.end = end
  }

  send(status: number, shared: readonly string[], own: readonly string[], body: Uint8Array | string | null): void {
    if (this.started || !this.#connection.answers(this)) return
    this.#connection.send(this, status, shared, own, body)
  }

  get sent(): boolean {
    const { socket } = this.#connection
    return socket.destroyed || !this.#connection.answers(this) || (this.started && socket.writableLength === 0)
  }

  whenSent(done: () => void): void {
    if (this.sent) done()
    else this.done = done
  }

  cut(): void {
    this.#connection.socket.destroy()
  }

  decline(): void {
    if (this.started || !this.#connection.answers(this)) throw new Error('too late to leave a request to another way')
    this.#connection.pass(this)
  }
}
