import type { Socket } from 'node:net'
import { BROWSER_HEADERS } from './browser-headers.ts'
import { problem, problemBody, problemOf } from './problems.ts'
import { requestId } from './request-id.ts'

/** Answers what came over a connection and is no HTTP request, with a problem document, and closes the connection. */
export function answerRaw(error: Error & { code?: unknown }, socket: Socket): void {
  // On a connection that has been answered before, this may belong to a request that has its answer already: it only ends.
  if (!socket.writable || error.code === 'ECONNRESET' || socket.bytesWritten > 0) {
    socket.destroy(error)
    return
  }
  const known = problemOf(error)
  const told = known.code === 'internal' ? problem('malformed_request') : known
  const body = JSON.stringify(problemBody(told, requestId({ headers: {} })))
  const head = [
    `HTTP/1.1 ${told.status} ${told.title}`,
    'Content-Type: application/problem+json',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...Object.entries(BROWSER_HEADERS).map((header) => header.join(': ')),
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
