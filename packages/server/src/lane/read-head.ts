import type { MediaRequest } from '../deliver/outlet.ts'

/** The fields of a head, and the text that they were read from: a client sends mostly the same ones over a connection. */
export type Fields = Pick<MediaRequest, 'headers' | 'rawHeaders'> & { readonly text: string }

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
  const text = bytes.toString('latin1', 0, LONGEST + END_OF_HEAD.length)
  const end = text.indexOf(END_OF_HEAD)
  const lineEnd = text.indexOf(LINE_END)
  const method = text.startsWith('GET ') ? 'GET' : text.startsWith('HEAD ') ? 'HEAD' : null
  if (end < 0 || method === null) return null
  const version = lineEnd - VERSION.length
  if (!text.startsWith(VERSION, version)) return null
  const url = text.slice(method.length + 1, version)
  if (!TARGET.test(url)) return null
  const lines = text.slice(lineEnd, end + LINE_END.length)
  const fields = before !== null && lines === before.text ? before : readFields(lines)
  if (fields === null) return null
  return { method, url, fields, end: end + END_OF_HEAD.length }
}

/** Reads field lines, from the line end before the first to that of the last. */
function readFields(text: string): Fields | null {
  if (!FIELD_LINES.test(text)) return null
  const lines = text.slice(2, -2).split('\r\n')
  if (lines.length > MOST_FIELDS) return null
  const headers = new (Headers as unknown as new () => Record<string, string>)()
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
  return headers.host === undefined || headers.host === '' ? null : { headers, rawHeaders, text }
}

/** Objects that inherit nothing, like those of `Object.create(null)`, but of one shape for the same fields: read many times, that is faster. */
function Headers() {}
Headers.prototype = Object.create(null)

const END_OF_HEAD = '\r\n\r\n'
const LINE_END = '\r\n'
const VERSION = ' HTTP/1.1'
/** A path, without a fragment. */
const TARGET = /^\/[\x21\x22\x24-\x7e]*$/
const FIELD_LINES = /^\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e]*\r\n)+$/
const BLANKS_AROUND = /^[\t ]+|[\t ]+$/g
