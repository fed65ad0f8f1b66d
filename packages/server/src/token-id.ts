import { createHash } from 'node:crypto'
import { looksLikeLink } from '@gatehouse/core/link'
import { looksLikeService } from '@gatehouse/core/service'
import { KEY_SECRET_PREFIX, LOGIN_TOKEN_PREFIX } from './secrets.ts'

/**
 * The id of a token, given the id itself or the whole token: the `jti` of a compact JWS (RFC 7519, section 4.1.7), read
 * without verifying anything, which is enough to revoke it; of a media token, which has no such claim, its {@link mediaTokenId}. Null where a token holds none or cannot be read: a recipient link or a service token has no
 * id, and the secret of an API key or a login session MUST NOT be taken for one, since ids are kept and shown.
 * The text MUST NOT be logged.
 */
export function tokenId(text: string): string | null {
  const parts = text.split('.')
  if (parts.length !== 3 || text.length < 40) {
    const secret = text.startsWith(KEY_SECRET_PREFIX) || text.startsWith(LOGIN_TOKEN_PREFIX)
    return secret || looksLikeLink(text) || looksLikeService(text) ? null : idOrNull(text)
  }
  try {
    const bytes = Buffer.from(parts[1] ?? '', 'base64url')
    const payload = read<{ jti?: unknown; path?: unknown }>(bytes)
    if (payload?.jti !== undefined || payload?.path === undefined) return idOrNull(payload?.jti)
    const kid = read<{ kid?: unknown }>(Buffer.from(parts[0] ?? '', 'base64url'))?.kid
    return typeof kid === 'string' ? mediaTokenId(kid, bytes) : null
  } catch {
    return null
  }
}

/**
 * By which one media token is known: made of its key and of the bytes that were signed, never of its text. Two that were issued for one path
 * in one second are the same token.
 */
export function mediaTokenId(kid: string, payload: Uint8Array): string {
  return `media-${createHash('sha256').update(`${kid}.`).update(payload).digest('base64url').slice(0, 32)}`
}

function read<T>(bytes: Buffer): T | null {
  return JSON.parse(bytes.toString('utf8')) as T | null
}

/** What a grant token's `jti` can be; nothing else needs to be kept. */
function idOrNull(id: unknown): string | null {
  return typeof id === 'string' && /^[^\p{Cc}\p{Cs}]{1,128}$/u.test(id) ? id : null
}
