/** Response headers that pages of an allowed origin may read beyond the simple ones. */
const EXPOSED = 'Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, X-Request-Id'
const REQUESTED = ['authorization', 'range', 'if-none-match', 'if-range', 'x-gatehouse-wall']

/**
 * CORS headers of an answer that carries media: the exact origin where the app lists it, nothing otherwise. `null` is never an
 * origin that can be listed (sandboxed pages and files of everybody have it).
 */
export function corsHeaders(origin: string | undefined, allowed: readonly string[]): readonly string[] {
  if (origin === undefined || origin === 'null' || !allowed.includes(origin)) return []
  return [
    'Access-Control-Allow-Origin',
    origin,
    'Access-Control-Allow-Credentials',
    'true',
    'Access-Control-Expose-Headers',
    EXPOSED,
  ]
}

/** The answer to a preflight, or null where the origin is not allowed. `more` are names of headers that may come along, too. */
export function preflightHeaders(
  origin: string | undefined,
  allowed: readonly string[],
  more: readonly string[],
): readonly string[] | null {
  const headers = corsHeaders(origin, allowed)
  if (headers.length === 0) return null
  return [
    ...headers.slice(0, 4),
    'Access-Control-Allow-Methods',
    'GET, HEAD',
    'Access-Control-Allow-Headers',
    [...REQUESTED, ...more].join(', '),
    'Access-Control-Max-Age',
    '600',
    'Vary',
    'Origin',
  ]
}
