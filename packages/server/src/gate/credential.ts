import type { IncomingHttpHeaders } from 'node:http'

/** The raw thing in a request, not yet believed. */
export type Credential =
  | { readonly form: 'basic'; readonly id: string; readonly secret: string }
  | { readonly form: 'bearer'; readonly text: string }
  | { readonly form: 'query'; readonly text: string }
  | { readonly form: 'cookie'; readonly text: string }
  /** A keyed MAC (link, pass, service token) where nothing else can stand: never a JWT, never a secret. */
  | { readonly form: 'mac'; readonly text: string }
  /** The secret of an API key, by itself. */
  | { readonly form: 'secret'; readonly text: string }
  /** A JWT signed with the secret of an API key, by which the key speaks for itself. */
  | { readonly form: 'key-jwt'; readonly text: string }
  /** The secret of a user's login session. */
  | { readonly form: 'login'; readonly text: string }
  /** The parts of a pre-signed URL, as they stand in the query. */
  | { readonly form: 'presigned'; readonly parts: PresignedText }

/** What makes a URL a pre-signed one: texts that anybody may have written. */
export type PresignedText = {
  /** Whole seconds since the epoch, in decimal digits. */
  readonly expires: string
  readonly signature: string
  /** Names the key: the app whose link key signed it. */
  readonly keyId: string
  readonly subject: string
}

/**
 * What a request brings along: nothing, more than one explicit credential, one that cannot be read, or candidates. An explicit
 * credential (header or query) is always alone; cookies are several where a browser holds several of one name (RFC 6265,
 * section 5.4: longest path first), and each is tried.
 */
export type Found =
  | { readonly outcome: 'none' }
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'malformed' }
  | { readonly outcome: 'found'; readonly candidates: readonly Credential[] }

/** The head of a request, parsed and as it was sent: Node keeps only the first of repeated Authorization headers. */
export type Head = { readonly headers: IncomingHttpHeaders; readonly rawHeaders: readonly string[] }

/** The cookie that carries media and grant tokens. */
export const MEDIA_COOKIE = 'gatehouse_media'

/** No credential is longer than this; JWTs are checked more strictly later. */
const LONGEST = 8192
const MOST_COOKIES = 16
const NONE: Found = { outcome: 'none' }
const CONFLICT: Found = { outcome: 'conflict' }
const MALFORMED: Found = { outcome: 'malformed' }

/**
 * Finds the credential of a request, in our own language. Exactly one explicit credential may be there; a cookie beside one is ignored, since
 * browsers attach cookies unasked. `query` is the raw query without its question mark; null means that this door reads the
 * Authorization header alone: what a browser sends by itself opens no door behind which something is done. Repeated headers or
 * parameters count as more than one. `cookies` are names under which surfaces set the cookie that we call {@link MEDIA_COOKIE}.
 */
export function findCredential(head: Head, query: string | null, cookies: readonly string[] = []): Found {
  const { headers } = head
  const inQuery = query === null || query === '' ? null : tokenInQuery(query)
  const header = headers.authorization
  if (inQuery === 'conflict') return CONFLICT
  if (header !== undefined) {
    if (inQuery !== null || isRepeated(head.rawHeaders)) return CONFLICT
    const credential = readAuthorization(header)
    return credential === null ? MALFORMED : { outcome: 'found', candidates: [credential] }
  }
  if (inQuery !== null) {
    if (inQuery === '' || inQuery.length > LONGEST) return MALFORMED
    return { outcome: 'found', candidates: [{ form: 'query', text: inQuery }] }
  }
  if (query === null || headers.cookie === undefined) return NONE
  const candidates = cookiesNamed(headers.cookie, [MEDIA_COOKIE, ...cookies])
  return candidates.length === 0 ? NONE : { outcome: 'found', candidates }
}

function isRepeated(rawHeaders: readonly string[]): boolean {
  let seen = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === 13 && name.toLowerCase() === 'authorization') seen++
  }
  return seen > 1
}

/** The value of `t`, null without one. Tokens hold no character that would need an escape, so none is decoded. */
function tokenInQuery(query: string): string | null | 'conflict' {
  if (query.startsWith('t=') && !query.includes('&')) return query.slice(2)
  let found: string | null = null
  for (const pair of query.split('&')) {
    if (pair !== 't' && !pair.startsWith('t=')) continue
    if (found !== null) return 'conflict'
    found = pair.slice(2)
  }
  return found
}

/** RFC 9110, section 11.6.2; Basic: RFC 7617; Bearer: RFC 6750, section 2.1. */
function readAuthorization(header: string): Credential | null {
  if (header.length > LONGEST + 16) return null
  const space = header.indexOf(' ')
  if (space < 0) return null
  const scheme = header.slice(0, space).toLowerCase()
  const value = header.slice(space + 1).trim()
  if (value === '') return null
  if (scheme === 'bearer') return BEARER.test(value) ? { form: 'bearer', text: value } : null
  if (scheme !== 'basic' || !BASIC.test(value)) return null
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 1 ? null : { form: 'basic', id: text.slice(0, colon), secret: text.slice(colon + 1) }
}

const BEARER = /^[A-Za-z0-9\-._~+/]+=*$/
const BASIC = /^[A-Za-z0-9+/]+=*$/

/** All values of some names out of a raw Cookie header, at most sixteen: a parser that answers a map would keep only one. */
function cookiesNamed(header: string, names: readonly string[]): Credential[] {
  if (header.length > 16 * LONGEST) return []
  const found: Credential[] = []
  for (const part of header.split(';')) {
    const pair = part.trim()
    const equals = pair.indexOf('=')
    if (!names.includes(pair.slice(0, Math.max(0, equals)))) continue
    const text = pair.slice(equals + 1)
    if (text === '' || text.length > LONGEST) continue
    found.push({ form: 'cookie', text })
    if (found.length === MOST_COOKIES) break
  }
  return found
}
