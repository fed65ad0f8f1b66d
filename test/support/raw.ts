import { connect, type Socket } from 'node:net'

/** A response read off the wire. */
export type RawResponse = {
  readonly status: number
  /** Status line and headers, as sent. */
  readonly head: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** Reads HTTP/1.1 responses out of a stream of bytes (RFC 9112, section 6): enough for what servers send, and strict. */
export type ResponseReader = {
  /** Tells the method of the next request sent, since the answer to HEAD has no body. */
  readonly expect: (method: string) => void
  readonly push: (chunk: Buffer) => void
  /** The stream has ended: a body that runs to the end is complete now. Answers whether nothing was cut short. */
  readonly end: () => boolean
}

/** Makes a {@link ResponseReader}. Raises from `push` where the bytes are no HTTP response. */
export function createResponseReader(onResponse: (response: RawResponse) => void): ResponseReader {
  let buffer: Buffer = Buffer.alloc(0)
  const methods: string[] = []
  const finish = (head: Head, body: Buffer) => {
    if (head.status >= 200) methods.shift()
    onResponse({ ...head, body })
  }
  const step = (ended: boolean): boolean => {
    const cut = buffer.indexOf('\r\n\r\n')
    if (cut < 0) return false
    const head = readHead(buffer.subarray(0, cut).toString('latin1'))
    const rest = buffer.subarray(cut + 4)
    const measured = measure(head, methods[0] ?? 'GET', rest, ended)
    if (measured === null) return false
    buffer = rest.subarray(measured.taken)
    finish(head, measured.body)
    return true
  }
  return {
    expect: (method) => void methods.push(method),
    push: (chunk) => {
      buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk])
      while (step(false));
    },
    end: () => {
      while (step(true));
      return buffer.length === 0
    },
  }
}

/** What came back over one connection. */
export type Exchange = {
  readonly bytes: Buffer
  readonly responses: readonly RawResponse[]
  /** How it ended: the answers that were waited for came, the server closed or reset, nothing came any more, or no HTTP. */
  readonly outcome: 'answered' | 'closed' | 'reset' | 'silent' | 'garbage'
}

/**
 * Writes bytes on a new connection and reads until so many final responses have come, the server has closed, or `seconds` have
 * passed. `from` is the local address.
 */
export function exchange(
  port: number,
  bytes: Buffer | string,
  { responses = 1, from, seconds = 10 }: { responses?: number; from?: string; seconds?: number } = {},
): Promise<Exchange> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', ...(from === undefined ? {} : { localAddress: from }) })
    const chunks: Buffer[] = []
    const seen: RawResponse[] = []
    const reader = createResponseReader((response) => {
      if (response.status >= 200) seen.push(response)
    })
    const done = (outcome: Exchange['outcome']) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ bytes: Buffer.concat(chunks), responses: seen, outcome })
    }
    const timer = setTimeout(() => done('silent'), seconds * 1000)
    socket.on('error', () => done('reset'))
    socket.on('end', () => {
      reader.end()
      done('closed')
    })
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      try {
        reader.push(chunk)
      } catch {
        return done('garbage')
      }
      if (seen.length >= responses) done('answered')
    })
    socket.write(bytes)
  })
}

/** One kept connection on which requests are written as fast as they are asked for, without waiting for answers. */
export type Lane = {
  readonly send: (head: string) => Promise<RawResponse>
  readonly close: () => void
}

/** Opens a {@link Lane}. `head` of a request ends with an empty line; requests have no body. Pending ones fail when it breaks. */
export function openLane(port: number, from?: string): Promise<Lane> {
  return new Promise((resolve, reject) => {
    const waiting: { resolve: (response: RawResponse) => void; reject: (error: Error) => void }[] = []
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      ...(from === undefined ? {} : { localAddress: from }),
    })
    const reader = createResponseReader((response) => waiting.shift()?.resolve(response))
    const broken = (error: Error) => {
      reject(error)
      for (const one of waiting.splice(0)) one.reject(error)
      socket.destroy()
    }
    socket.on('error', broken)
    socket.on('close', () => broken(new Error('the connection was closed')))
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk)
      } catch (error) {
        broken(error as Error)
      }
    })
    socket.once('connect', () =>
      resolve({
        send: (head) =>
          new Promise((answer, fail) => {
            if (socket.destroyed) return fail(new Error('the connection was closed'))
            waiting.push({ resolve: answer, reject: fail })
            reader.expect(head.slice(0, head.indexOf(' ')))
            socket.write(head)
          }),
        close: () => void socket.destroy(),
      }),
    )
  })
}

/** The head of a request without a body. */
export function requestHead(method: string, target: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} HTTP/1.1\r\nHost: gatehouse.test\r\n${lines.join('')}\r\n`
}

/** A download that is read no faster than its reader wants, to see how it ends. */
export type SlowDownload = {
  readonly response: RawResponse
  /** Reads the rest as fast as it comes: how many bytes of the body came in all, and whether that was the whole. */
  readonly finish: () => Promise<{
    readonly received: number
    readonly whole: boolean
    readonly outcome: 'closed' | 'reset'
  }>
  readonly socket: Socket
}

/** Starts a GET, reads the head, and then stops reading. The socket's buffers fill, and the server has to wait. */
export function startSlowDownload(port: number, head: string, from?: string): Promise<SlowDownload> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ...(from === undefined ? {} : { localAddress: from }) })
    let started = Buffer.alloc(0)
    let received = 0
    let outcome: 'closed' | 'reset' = 'closed'
    let ended = false
    let over = () => {}
    const finished = new Promise<void>((settle) => (over = settle))
    socket.on('error', (error) => {
      outcome = 'reset'
      reject(error)
    })
    socket.on('close', () => {
      ended = true
      over()
    })
    const onHead = (chunk: Buffer) => {
      started = Buffer.concat([started, chunk])
      const cut = started.indexOf('\r\n\r\n')
      if (cut < 0) return
      socket.pause()
      socket.off('data', onHead)
      received = started.length - cut - 4
      const parsed = readHead(started.subarray(0, cut).toString('latin1'))
      const size = Number(parsed.headers.get('content-length'))
      resolve({
        response: { ...parsed, body: Buffer.alloc(0) },
        socket,
        finish: async () => {
          socket.on('data', (more: Buffer) => {
            received += more.length
            if (received >= size) socket.destroy()
          })
          socket.resume()
          if (!ended) await finished
          return { received, whole: received === size, outcome }
        },
      })
    }
    socket.on('data', onHead)
    socket.write(head)
  })
}

type Head = { readonly status: number; readonly head: string; readonly headers: ReadonlyMap<string, string> }

function readHead(text: string): Head {
  const [line = '', ...lines] = text.split('\r\n')
  const status = /^HTTP\/1\.[01] (\d{3})( |$)/.exec(line)?.[1]
  if (status === undefined) throw new Error(`not an HTTP response: ${JSON.stringify(line.slice(0, 100))}`)
  const headers = new Map(
    lines.map((one) => {
      const colon = one.indexOf(':')
      return [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim()] as const
    }),
  )
  return { status: Number(status), head: text, headers }
}

/** The body of a response and how many bytes it takes, or null while it is not complete. */
function measure(head: Head, method: string, rest: Buffer, ended: boolean): { body: Buffer; taken: number } | null {
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) {
    return { body: Buffer.alloc(0), taken: 0 }
  }
  if (head.headers.get('transfer-encoding')?.toLowerCase() === 'chunked') return dechunk(rest)
  const declared = head.headers.get('content-length')
  if (declared === undefined) return ended ? { body: rest, taken: rest.length } : null
  const size = Number(declared)
  return rest.length >= size ? { body: rest.subarray(0, size), taken: size } : null
}

function dechunk(bytes: Buffer): { body: Buffer; taken: number } | null {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0) return null
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16)
    if (!Number.isInteger(size)) throw new Error('a chunk without a size')
    const start = line + 2
    if (bytes.length < start + size + 2) return null
    chunks.push(bytes.subarray(start, start + size))
    at = start + size + 2
    if (size === 0) return { body: Buffer.concat(chunks), taken: at }
  }
}
