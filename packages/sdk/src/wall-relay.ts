import { Agent, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { pipeline } from 'node:stream'

/** What a relay is made of. */
export type WallRelayParts = {
  /** Where this server reaches Gatehouse: what stands before `/apps/`. */
  readonly gatehouse: string
  /** What stands before `/apps/` in media URLs, for redirects that stay at Gatehouse. */
  readonly mediaUrl: string
  /** What shows Gatehouse that a request came through the wall; null where the app asks for nothing. */
  readonly secret: string | null
  /** How long Gatehouse may take until its answer begins, in milliseconds. */
  readonly patience: number
}

/**
 * Makes the way through the wall: fetches a request target from Gatehouse for a viewer and hands the answer on as it comes, with its
 * status, ranges and conditions. The viewer's cookies and credentials for this server stay here.
 *
 * An answer that Gatehouse breaks off is broken off here, never ended cleanly: what was revoked on the way must not look
 * complete. Where Gatehouse cannot be reached, the answer is 502, and 504 where it is silent.
 */
export function createWallRelay({
  gatehouse,
  mediaUrl,
  secret,
  patience,
}: WallRelayParts): (viewer: IncomingMessage, response: ServerResponse, target: string) => Promise<void> {
  const { protocol, hostname, port, pathname } = new URL(gatehouse)
  const secure = protocol === 'https:'
  const agent = secure ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
  // An IPv6 address stands in brackets in a URL and without them in a connection.
  const base = { hostname: hostname.replace(/^\[|\]$/g, ''), port, agent }

  const below = pathname.replace(/\/$/, '')

  const ask = (viewer: IncomingMessage, response: ServerResponse, target: string, again = true) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const headers = upward(viewer, secret)
      const path = below + target
      const outgoing = (secure ? tlsRequest : request)({ ...base, path, method: viewer.method ?? 'GET', headers })
      const leave = () => outgoing.destroy()
      response.once('close', leave)
      outgoing.setTimeout(patience, () => outgoing.destroy(new Silence()))
      outgoing.once('response', (incoming) => {
        outgoing.setTimeout(0)
        resolve(incoming)
      })
      outgoing.once('error', (error) => {
        response.off('close', leave)
        // A connection that was kept open may be closed by the other side in the very moment of its use.
        if (again && outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET')
          ask(viewer, response, target, false).then(resolve, reject)
        else reject(error)
      })
      outgoing.end()
    })

  return async (viewer, response, target) => {
    try {
      let incoming = await ask(viewer, response, target)
      const onward = redirected(incoming, mediaUrl)
      if (onward !== null) {
        incoming.resume()
        incoming = await ask(viewer, response, onward)
      }
      response.writeHead(incoming.statusCode ?? 502, downward(incoming.headers))
      pipeline(incoming, response, () => {})
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy()
      else refuse(response, error instanceof Silence ? 504 : 502, 'The media server cannot be reached.')
    }
  }
}

/** Answers with one sentence that nobody keeps. */
export function refuse(
  response: ServerResponse,
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = `${sentence}\n`
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

class Silence extends Error {}

/** What of a viewer's request concerns the media. */
const UPWARD = ['accept', 'range', 'if-range', 'if-none-match', 'if-modified-since', 'user-agent']

function upward(viewer: IncomingMessage, secret: string | null): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of UPWARD) {
    const value = viewer.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const way = [viewer.headers['x-forwarded-for'], viewer.socket.remoteAddress].filter((one) => one !== undefined)
  if (way.length > 0) headers['x-forwarded-for'] = way.join(', ')
  if (secret !== null) headers['x-gatehouse-wall'] = secret
  return headers
}

/** What belongs to the connection to Gatehouse, or to its origin and not to this one (RFC 9110, section 7.6.1). */
const OWN =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|set-cookie|access-control-.*|alt-svc|strict-transport-security|server|date)$/

function downward(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.test(name)))
}

/** The request target at Gatehouse that an answer leads to; null where it leads nowhere, or away. */
function redirected({ statusCode, headers: { location } }: IncomingMessage, mediaUrl: string): string | null {
  if (statusCode !== 302 || location === undefined) return null
  const target = location.startsWith(`${mediaUrl}/`) ? location.slice(mediaUrl.length) : location
  return target.startsWith('/apps/') ? target : null
}
