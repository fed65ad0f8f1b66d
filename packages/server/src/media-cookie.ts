import type { IncomingHttpHeaders } from 'node:http'
import type { Token } from '@gatehouse/core/token'
import type { Config } from './config.ts'
import { corsHeaders } from './deliver/cors.ts'
import type { Settings } from './settings.ts'

/** A cookie that carries a media token. Times are milliseconds. */
export type MediaCookie = {
  readonly name: string
  /** The token's text. MUST have been verified. */
  readonly token: string
  /** Where it is sent to: the canonical path that the token is for, below where media URLs begin. */
  readonly path: string
  readonly expiresAt: number
  readonly at: number
  /** False on plain http of this machine only. */
  readonly secure: boolean
  /** Whether it is to be sent from pages of other sites, too. */
  readonly embedded: boolean
  readonly domain: string | null
}

/** Browsers ignore a Path of 1024 bytes and more (RFC 6265bis, section 5.6). */
const LONGEST_PATH = 1023

/**
 * The value of `Set-Cookie` (RFC 6265bis, section 4.1): it lives no longer than the token and is sent nowhere but below its path. Null where
 * the path could end the attribute that it stands in, or is longer than browsers take.
 */
export function printMediaCookie(cookie: MediaCookie): string | null {
  const { name, token, path, expiresAt, at, secure, embedded, domain } = cookie
  if (!/^\/[A-Za-z0-9\-_.!~*'()%/]*$/.test(path) || path.length > LONGEST_PATH || !/^[A-Za-z0-9\-_.]+$/.test(token)) {
    return null
  }
  return [
    `${name}=${token}`,
    ...(domain === null ? [] : [`Domain=${domain}`]),
    `Path=${path}`,
    `Expires=${new Date(expiresAt).toUTCString()}`,
    `Max-Age=${Math.max(0, Math.floor((expiresAt - at) / 1000))}`,
    'HttpOnly',
    ...(secure || embedded ? ['Secure'] : []),
    ...(embedded ? ['SameSite=None', 'Partitioned'] : ['SameSite=Lax']),
  ].join('; ')
}

/**
 * The headers that swap a media token for its cookie, or why there are none: the page that asks is of an origin that the app does not
 * list, or no browser would take such a cookie.
 */
export function cookieHeaders(request: {
  readonly name: string
  readonly headers: IncomingHttpHeaders
  readonly token: Token
  readonly settings: Settings
  readonly config: Pick<Config, 'publicUrl' | 'mediaUrl' | 'cookieDomain'>
  readonly at: number
}): readonly string[] | 'foreign_origin' | 'path_too_long' {
  const { name, headers, token, settings, config, at } = request
  const { origin } = headers
  const cors = corsHeaders(origin, settings.allowedOrigins)
  if (origin !== undefined && cors.length === 0 && !isOwn(origin, headers, config)) return 'foreign_origin'
  const printed = printMediaCookie({
    name,
    token: bearerOf(headers),
    path: aboveOf(config.mediaUrl) + (token.grants[0]?.resource.path ?? ''),
    expiresAt: token.expiresAt ?? at,
    at,
    secure: !isLoopbackHttp(config.mediaUrl),
    embedded: settings.embedding === 'cross-origin' && isThirdParty(headers, config.mediaUrl),
    domain: config.cookieDomain,
  })
  if (printed === null) return 'path_too_long'
  return ['Set-Cookie', printed, ...cors.slice(0, 4), 'Vary', 'Origin', 'Cache-Control', 'no-store']
}

/** What stands before paths of the tree where media have a URL below a path, as behind a proxy that takes it away. */
function aboveOf(mediaUrl: string): string {
  return new URL(mediaUrl).pathname.replace(/\/+$/, '')
}

function bearerOf({ authorization = '' }: IncomingHttpHeaders): string {
  return authorization.slice(authorization.indexOf(' ') + 1).trim()
}

/** Whether a page is this server's own, by the URLs that it is reached at. */
function isOwn(
  origin: string,
  { host }: IncomingHttpHeaders,
  { publicUrl, mediaUrl }: Pick<Config, 'publicUrl' | 'mediaUrl'>,
) {
  const own = [publicUrl, mediaUrl].map((url) => new URL(url).origin)
  return own.includes(origin) || (URL.canParse(origin) && new URL(origin).host === host)
}

/**
 * Whether the window that asks is another site's. A frame of our own site in a window of another is as foreign to browsers as a page of that
 * site: the `Sec-Fetch-Storage-Access` header (Storage Access Headers) comes with such requests alone. Of a page that is no frame
 * `Sec-Fetch-Site` (Fetch Metadata) tells it; where a browser says nothing: whether the host is another.
 */
function isThirdParty(headers: IncomingHttpHeaders, mediaUrl: string): boolean {
  const { origin = '', 'sec-fetch-site': site, 'sec-fetch-storage-access': frame } = headers
  if (frame !== undefined) return true
  if (site !== undefined) return site === 'cross-site'
  return URL.canParse(origin) && new URL(origin).hostname !== new URL(mediaUrl).hostname
}

function isLoopbackHttp(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}
