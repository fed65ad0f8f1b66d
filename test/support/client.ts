import { Agent, type IncomingHttpHeaders, request } from 'node:http'

/** Headers of a request. */
export type Headers = Readonly<Record<string, string>>

/** A whole answer. */
export type Answer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
  /** The body as JSON. Raises where it is none. */
  readonly json: <T>() => T
}

/** A problem document (RFC 9457), as every refusal answers one. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail?: string
  readonly instance?: string
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
}

/** A list as the native API answers it. */
export type List<T> = { readonly items: readonly T[]; readonly next: string | null }

/** Makes requests to one server, with the same credential on each. Paths are sent as they are, never normalised. */
export type Client = {
  readonly url: string
  readonly send: (
    method: string,
    path: string,
    options?: { readonly headers?: Headers; readonly body?: Buffer | string | object },
  ) => Promise<Answer>
  readonly get: (path: string, headers?: Headers) => Promise<Answer>
  readonly head: (path: string, headers?: Headers) => Promise<Answer>
  readonly post: (path: string, body?: Buffer | string | object, headers?: Headers) => Promise<Answer>
  readonly put: (path: string, body?: Buffer | string | object, headers?: Headers) => Promise<Answer>
  readonly patch: (path: string, body: Buffer | string | object, headers?: Headers) => Promise<Answer>
  readonly delete: (path: string, headers?: Headers) => Promise<Answer>
  /** The same server with other headers on each request. */
  readonly as: (headers: Headers) => Client
  /** The same client from another address of this machine, such as 127.0.0.2. */
  readonly from: (address: string) => Client
}

/** Makes a {@link Client} on plain `node:http` with connections kept open. */
export function createClient(
  url: string,
  fixed: Headers = {},
  localAddress?: string,
  agent: Agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 60_000 }),
): Client {
  const { hostname, port } = new URL(url)
  const send: Client['send'] = (method, path, { headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const raw = typeof body === 'string' || Buffer.isBuffer(body)
      const payload = body === undefined ? undefined : raw ? Buffer.from(body) : Buffer.from(JSON.stringify(body))
      const outgoing = request({
        hostname,
        port,
        path,
        method,
        agent,
        ...(localAddress === undefined ? {} : { localAddress }),
        headers: {
          ...(payload === undefined || 'transfer-encoding' in headers ? {} : { 'content-length': payload.length }),
          ...(payload === undefined || raw ? {} : { 'content-type': 'application/json' }),
          ...fixed,
          ...headers,
        },
      })
      outgoing.once('error', reject)
      outgoing.once('response', (incoming) => {
        const chunks: Buffer<ArrayBuffer>[] = []
        incoming.on('data', (chunk: Buffer<ArrayBuffer>) => chunks.push(chunk))
        incoming.once('error', reject)
        incoming.once('end', () => resolve(answer(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(chunks))))
      })
      outgoing.end(payload)
    })
  return {
    url,
    send,
    get: (path, headers = {}) => send('GET', path, { headers }),
    head: (path, headers = {}) => send('HEAD', path, { headers }),
    post: (path, body, headers = {}) => send('POST', path, body === undefined ? { headers } : { headers, body }),
    put: (path, body, headers = {}) => send('PUT', path, body === undefined ? { headers } : { headers, body }),
    patch: (path, body, headers = {}) => send('PATCH', path, { headers, body }),
    delete: (path, headers = {}) => send('DELETE', path, { headers }),
    as: (headers) => createClient(url, headers, localAddress, agent),
    from: (address) => createClient(url, fixed, address),
  }
}

/** The header of HTTP Basic (RFC 7617). */
export function basic(id: string, secret: string): Headers {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

/** The header of a bearer token (RFC 6750). */
export function bearer(token: string): Headers {
  return { authorization: `Bearer ${token}` }
}

/** The request target of an absolute URL, cut off as text: no parser may change it. */
export function targetOf(url: string): string {
  return url.replace(/^https?:\/\/[^/]+/, '')
}

/** A file in a form. */
export type FormFile = { readonly name: string; readonly type: string; readonly bytes: Buffer }

/** A `multipart/form-data` body (RFC 7578): the fields in order, then the file. */
export function form(
  fields: readonly (readonly [name: string, value: string])[],
  file: FormFile | null,
): { readonly headers: Headers; readonly body: Buffer } {
  const boundary = '----gatehouse-test-7d1f0c'
  const quoted = (text: string) => text.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22')
  const parts: Buffer[] = fields.map(([name, value]) =>
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"\r\n\r\n${value}\r\n`),
  )
  if (file !== null) {
    const disposition = `form-data; name="file"; filename="${quoted(file.name)}"`
    parts.push(
      Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}\r\nContent-Type: ${file.type}\r\n\r\n`),
      file.bytes,
      Buffer.from('\r\n'),
    )
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`))
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, body: Buffer.concat(parts) }
}

function answer(status: number, headers: IncomingHttpHeaders, body: Buffer): Answer {
  return {
    status,
    headers,
    body,
    get text() {
      return body.toString('utf8')
    },
    json: <T>() => JSON.parse(body.toString('utf8')) as T,
  }
}
