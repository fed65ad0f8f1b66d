import type { IncomingMessage, ServerResponse } from 'node:http'

/** What the media path reads of a request: its head, and the connection that it came over. */
export type MediaRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders' | 'socket'>

/** Where the answer to one request goes. */
export type Outlet = {
  /**
   * Sends a whole answer. Headers are flat (name, value, name, value …): `shared` are those that many answers have in common, as one
   * and the same array, so that they need to be written down once; `own` are those of this answer alone. They MUST tell the length of
   * the body, where there is one.
   */
  send(status: number, shared: readonly string[], own: readonly string[], body: Uint8Array | string | null): void
  /** Whether something of the answer has been sent. */
  readonly started: boolean
  /** Whether the kernel has taken all of the answer, or the connection is gone. */
  readonly sent: boolean
  /** Calls back once {@link sent} is true, at once where it is already. */
  whenSent(done: () => void): void
  /** Ends the answer so that its client sees an error, and never a clean end. */
  cut(): void
  /** For bodies that are sent piece by piece; null where this way carries whole answers only. */
  readonly stream: ServerResponse | null
  /** Where {@link stream} is null: leaves the request, on which nothing was decided yet, to a way that has one. */
  decline(): void
}

/** The outlet of a request that Node's own HTTP server has read. */
export function createStreamOutlet(request: IncomingMessage, response: ServerResponse): Outlet {
  return {
    send(status, shared, own, body) {
      response.writeHead(status, [...shared, ...own])
      if (body === null) response.end()
      else response.end(body)
    },
    get started() {
      return response.headersSent
    },
    get sent() {
      return (response.writableEnded && response.writableLength === 0) || response.destroyed
    },
    whenSent(done) {
      if (this.sent) return done()
      const { socket } = request
      const ended = () => {
        socket.off('close', ended)
        done()
      }
      response.once('close', ended)
      // One that waits behind others hears nothing when its connection goes; and any number of requests may be waiting.
      if (response.socket === null) socket.setMaxListeners(0).once('close', ended)
    },
    cut() {
      response.destroy()
      // One that still waits behind others only goes with the connection.
      request.socket.destroy()
    },
    stream: response,
    decline() {
      throw new Error('there is no other way')
    },
  }
}
