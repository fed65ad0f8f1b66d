import type { Socket } from 'node:net'
import { createHeadPrinter } from './print-head.ts'

/** Writes whole answers to sockets. */
export type Writer = (
  socket: Socket,
  status: number,
  shared: readonly string[],
  own: readonly string[],
  body: Uint8Array | string | null,
  /** Whether the connection ends with this answer. */
  last: boolean,
  done: () => void,
) => void

/** Answers up to this size are put together in one piece. */
const PIECE = 64 * 1024

/** Creates a writer: head and body go out in one piece of memory that is used again wherever the kernel takes it at once. */
export function createWriter(idleSeconds: number): Writer {
  const print = createHeadPrinter(idleSeconds)
  let piece = Buffer.allocUnsafeSlow(PIECE)

  return (socket, status, shared, own, body, last, done) => {
    const { first, rest } = print(status, shared, own, last)
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
}
