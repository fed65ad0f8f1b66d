import { looksLikeLink } from '@gatehouse/core/link'
import { looksLikeService } from '@gatehouse/core/service'
import { KEY_SECRET_PREFIX, LOGIN_TOKEN_PREFIX } from './secrets.ts'

/**
 * The id of a token, given the id itself or the whole token: the `jti` of a compact JWS (RFC 7519, section 4.1.7), read
 * without verifying anything, which is enough to revoke it. Null where a token holds none or cannot be read: a recipient link or a service token has no
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
    const payload = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8')) as { jti?: unknown } | null
    return idOrNull(payload?.jti)
  } catch {
    return null
  }
}

/** What a grant token's `jti` can be; nothing else needs to be kept. */
function idOrNull(id: unknown): string | null {
  return typeof id === 'string' && /^[^\p{Cc}\p{Cs}]{1,128}$/u.test(id) ? id : null
}
