import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { pipeline, type Readable, Transform } from 'node:stream'
import { type Destination, findDestination, hostOf, readDestination } from './destination.ts'
import { NotSent } from './not-sent.ts'
import { createResolver, type Resolve } from './resolver.ts'

/** A request to somewhere that a caller of the API named. */
export type OutgoingRequest = {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** For HTTP Basic (RFC 7617). No redirect carries them on. */
  readonly credentials?: { readonly user: string; readonly password: string } | null
  /** Time for everything: the name, redirects, the whole body of the answer. */
  readonly milliseconds: number
  /** The most bytes of the answer's body. */
  readonly maxBytes: number
  /** Ends the request early. */
  readonly signal?: AbortSignal
}

/** An answer. Whoever gets one reads `body` to its end or destroys it; what goes wrong on the way is its error, a {@link NotSent}. */
export type OutgoingAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Readable
  /** Where it came from, after redirects. */
  readonly url: string
}

/** Requests to addresses that others have chosen. */
export type Outgoing = {
  /**
   * Sends one request, and follows up to three redirects: those that keep the method, or any for GET. Another redirect is the answer.
   * Raises {@link NotSent}.
   */
  send(request: OutgoingRequest): Promise<OutgoingAnswer>
  /** Checks what can be known of a URL without asking anybody. Raises {@link NotSent} `bad_url` and `address_refused`. */
  check(url: string): void
}

const REDIRECTS = 3

/** Never passed on to where a redirect leads. */
const SECRET_HEADERS = /^(authorization|proxy-authorization|cookie)$/i

/**
 * Creates the one way out for requests whose URL comes from outside (OWASP: server-side request forgery). Only global unicast addresses
 * are reached, and loopback where `allowLoopback` says so; the connection goes to the addresses that were checked, whatever the
 * name becomes meanwhile; every redirect is checked like a first request. No proxy of the environment is used.
 */
export function createOutgoing({
  allowLoopback,
  resolve = createResolver(),
}: {
  readonly allowLoopback: boolean
  readonly resolve?: Resolve
}): Outgoing {
  async function follow(request: OutgoingRequest, signal: AbortSignal): Promise<OutgoingAnswer> {
    let url = request.url
    let headers = { ...request.headers, ...basic(request.credentials) }
    for (let redirects = 0; ; redirects++) {
      const destination = await inTime(findDestination(url, allowLoopback, resolve), signal)
      const incoming = await exchange(destination, { ...request, headers }, signal)
      const { statusCode: status = 0, headers: answered } = incoming
      if (!isRedirect(status, request.method) || answered.location === undefined) {
        return { status, headers: answered, body: limited(incoming, request.maxBytes, signal), url }
      }
      incoming.destroy()
      if (redirects === REDIRECTS) throw new NotSent('too_many_redirects')
      url = next(destination.url, answered.location)
      headers = Object.fromEntries(Object.entries(headers).filter(([name]) => !SECRET_HEADERS.test(name)))
    }
  }

  return {
    send(request) {
      const late = AbortSignal.timeout(request.milliseconds)
      return follow(request, request.signal === undefined ? late : AbortSignal.any([late, request.signal]))
    },
    check: (url) => void readDestination(url, allowLoopback),
  }
}

/** RFC 9110, section 15.4: only 307 and 308 keep a method other than GET. */
function isRedirect(status: number, method: 'GET' | 'POST'): boolean {
  if (status === 307 || status === 308) return true
  return method === 'GET' && (status === 301 || status === 302 || status === 303)
}

function next(from: URL, location: string): string {
  const to = URL.parse(location, from.href)
  if (to === null || (from.protocol === 'https:' && to.protocol !== 'https:')) throw new NotSent('bad_redirect')
  return to.href
}

function basic(credentials: OutgoingRequest['credentials']): Record<string, string> {
  if (!credentials) return {}
  const { user, password } = credentials
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

/** Sends to one destination, on a connection of its own, and answers as soon as the head of an answer is there. */
function exchange({ url, addresses }: Destination, request: OutgoingRequest, signal: AbortSignal) {
  const pinned: LookupFunction = (_name, options, done) => {
    const [first] = addresses
    if (options.all) done(null, [...addresses])
    else done(null, first?.address ?? '', first?.family)
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const send = url.protocol === 'https:' ? overHttps : overHttp
  const outgoing: ClientRequest = send({
    method: request.method,
    protocol: url.protocol,
    hostname: hostOf(url),
    port: url.port,
    path: `${url.pathname}${url.search}`,
    headers: { host: url.host, 'accept-encoding': 'identity', ...request.headers },
    agent: false,
    lookup: pinned,
    signal,
  })
  outgoing.once('response', resolve)
  outgoing.on('error', (error) => reject(failure(error, signal)))
  // An answer that changes the protocol is none.
  outgoing.once('upgrade', (_answer, socket) => {
    socket.destroy()
    reject(new NotSent('connection_failed'))
  })
  outgoing.end(request.body)
  return promise
}

/** The body as it arrives, up to a size. */
function limited(incoming: IncomingMessage, maxBytes: number, signal: AbortSignal): Readable {
  let left = maxBytes
  const body = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      left -= chunk.byteLength
      if (left < 0) done(new NotSent('answer_too_large'))
      else done(null, chunk)
    },
    destroy(error, done) {
      done(error === null || error instanceof NotSent ? error : failure(error, signal))
    },
  })
  // Whoever destroys the body has seen the error, or does not want to.
  return pipeline(incoming, body, () => {})
}

function failure(error: unknown, signal: AbortSignal): NotSent {
  return error instanceof NotSent ? error : new NotSent(signal.aborted ? 'timed_out' : 'connection_failed', error)
}

/** What the system does for a name cannot be given up; its answer is not waited for. */
function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new NotSent('timed_out'))
    if (signal.aborted) late()
    signal.addEventListener('abort', late, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', late))
  })
}
