import type { JsonObject } from './json.ts'
import { type Problem, problem } from './problem.ts'
import { isId, parseResource, type Resource } from './resource.ts'

/** The longest life of a media token, in seconds: thirty days. */
export const MAX_MEDIA_SECONDS = 2_592_000

/** What a media token can be for: everything in an app or in a conversation, or one file. */
export type MediaScope = {
  readonly kind: 'app' | 'conversation' | 'file'
  readonly app: string
  /** Null for an app, and for a file outside of conversations. */
  readonly conversation: string | null
}

/** What a media token says. Times are milliseconds since the epoch. */
export type MediaClaims = { readonly resource: Resource; readonly issuedAt: number; readonly expiresAt: number }

const FILE_KEY = /^[A-Za-z0-9_-]{24}$/

/**
 * What a resource is to media tokens; null where they can be for nothing like it. The forms are `/apps/{app}`,
 * `/apps/{app}/conversations/{conversation}`, and below either of them `/{key}/{filename}` with a key of 24 base64url characters.
 */
export function mediaScope({ segments }: Resource): MediaScope | null {
  const [apps, app, ...rest] = segments
  if (apps !== 'apps' || app === undefined || !isId(app)) return null
  if (rest.length === 0) return { kind: 'app', app, conversation: null }
  const inside = rest[0] === 'conversations'
  const conversation = inside ? (rest[1] ?? '') : null
  if (conversation !== null && !isId(conversation)) return null
  const [key, filename, ...more] = inside ? rest.slice(2) : rest
  if (key === undefined) return { kind: 'conversation', app, conversation }
  return FILE_KEY.test(key) && filename !== undefined && more.length === 0 ? { kind: 'file', app, conversation } : null
}

/** The claims of a media token, to be signed; in this order. Milliseconds are cut to whole seconds. */
export function printMediaClaims({ resource, issuedAt, expiresAt }: MediaClaims): JsonObject {
  return { path: resource.path, exp: Math.floor(expiresAt / 1000), iat: Math.floor(issuedAt / 1000) }
}

/**
 * Reads the claims of a media token (its signature checked before): exactly `path`, `exp` and `iat`. The path is canonical and has one of
 * the forms of {@link mediaScope}; the times are whole seconds, at most {@link MAX_MEDIA_SECONDS} apart.
 */
export function parseMediaClaims(claims: JsonObject): MediaClaims | Problem {
  const { path, exp, iat, ...others } = claims
  if (Object.keys(others).length > 0) return invalid('A media token has the claims path, exp and iat and no other.')
  const resource = typeof path === 'string' ? parseResource(path) : null
  if (resource === null || resource.path !== path || mediaScope(resource) === null) {
    return invalid('The claim path is not the canonical path of an app, a conversation or a file.')
  }
  if (!isTime(exp) || !isTime(iat)) return invalid('The claims exp and iat are not both in whole seconds since 1970.')
  if (exp <= iat || exp - iat > MAX_MEDIA_SECONDS) {
    return invalid('The token does not end after it was issued, and within thirty days.')
  }
  return { resource, issuedAt: iat * 1000, expiresAt: exp * 1000 }
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 253_402_300_799
}

function invalid(detail: string): Problem {
  return problem('claims_invalid', detail)
}
