import type { MediaRequest } from '../deliver/outlet.ts'

/** The fields of a head, and the bytes that they were read from: a client sends mostly the same ones over a connection. */
export type Fields = Pick<MediaRequest, 'headers' | 'rawHeaders'> & { readonly bytes: Uint8Array }

/** The head of a request that the lane can answer, and where the bytes behind it begin. */
export type Head = {
  readonly method: 'GET' | 'HEAD'
  readonly url: string
  readonly fields: Fields
  readonly end: number
}

/** Longer heads are for somebody else. */
const LONGEST = 8 * 1024
const MOST_FIELDS = 64

/** Fields of requests that have a body, change the protocol, or ask for something else than an answer. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  '__proto__',
])

/**
 * Reads the head of a GET or HEAD request that is complete, without a body and beyond doubt: HTTP/1.1, one Host, no field twice, no
 * folded line, no character outside printable ASCII, lines that end in CRLF. Answers null for everything else, good or bad: what is
 * read here is read alike by every parser (RFC 9112, sections 2 to 5), and nothing else is. `before` are the fields of the request before
 * on the same connection, which are not read again where they are the same bytes.
 */
export function readHead(bytes: Buffer, before: Fields | null): Head | null {
  const end = bytes.indexOf(END_OF_HEAD)
  if (end < 0 || end > LONGEST) return null
  const lineEnd = bytes.indexOf(CR)
  const line = REQUEST_LINE.exec(bytes.toString('latin1', 0, lineEnd))
  if (line === null) return null
  const block = bytes.subarray(lineEnd, end + 2)
  const fields = before !== null && block.equals(before.bytes) ? before : readFields(block)
  if (fields === null) return null
  return { method: line[1] as 'GET' | 'HEAD', url: line[2] as string, fields, end: end + 4 }
}

/** Reads field lines, from the line end before the first to that of the last. */
function readFields(bytes: Buffer): Fields | null {
  const text = bytes.toString('latin1')
  if (!FIELD_LINES.test(text)) return null
  const lines = text.slice(2, -2).split('\r\n')
  if (lines.length > MOST_FIELDS) return null
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  const rawHeaders: string[] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    const raw = line.slice(0, colon)
    const name = raw.toLowerCase()
    const value = line.slice(colon + 1).replace(BLANKS_AROUND, '')
    const keepsAlive = name === 'connection' && value.toLowerCase() === 'keep-alive'
    if (name in headers || (ELSEWHERE.has(name) && !keepsAlive)) return null
    headers[name] = value
    rawHeaders.push(raw, value)
  }
  return headers.host === undefined || headers.host === '' ? null : { headers, rawHeaders, bytes }
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')
const CR = 0x0d
/** The target is a path, without a fragment. */
const REQUEST_LINE = /^(GET|HEAD) (\/[\x21\x22\x24-\x7e]*) HTTP\/1\.1$/
const FIELD_LINES = /^\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*\r\n)+$/
const BLANKS_AROUND = /^[\t ]+|[\t ]+$/g
