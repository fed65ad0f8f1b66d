import type { Socket } from 'node:net'
import { Connection, type LaneParts, type Surroundings } from './connection.ts'
import { createWriter } from './writer.ts'

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

/** The longest time between two looks at the connections. */
const WATCH_MILLISECONDS = 1000

/** Creates the lane. */
export function createLane(parts: LaneParts): Lane {
  const { idleMilliseconds, headMilliseconds } = parts
  const connections = new Set<Connection>()
  const write = createWriter(Math.floor(idleMilliseconds / 1000))

  // One watch over all connections: a timer for each would be wound again at every chunk that comes or leaves.
  const pace = Math.max(10, Math.min(WATCH_MILLISECONDS, idleMilliseconds / 8, headMilliseconds / 8))
  let now = 0
  const watch = setInterval(() => {
    now++
    for (const { lastTick, fresh, socket } of connections) {
      // One that is sending has a time limit of its own, which ends with the last byte.
      if (!socket.timeout && (now - lastTick) * pace > (fresh ? headMilliseconds : idleMilliseconds)) socket.destroy()
    }
  }, pace)
  watch.unref()
  const around: Surroundings = { ...parts, write, connections, tick: () => now }

  return {
    take: (socket) => void new Connection(socket, around),
    closeIdle() {
      for (const { idle, socket } of connections) if (idle) socket.destroy()
    },
    closeAll() {
      clearInterval(watch)
      for (const { socket } of connections) socket.destroy()
    },
  }
}
