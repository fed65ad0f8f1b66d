/**
 * The id of a token, given the id itself or the whole token: the `jti` of a compact JWS (RFC 7519, section 4.1.7), read
 * without verifying anything, which is enough to revoke it. Null where a token holds none or cannot be read.
 * The text MUST NOT be logged.
 */
export function tokenId(text: string): string | null {
  const parts = text.split('.')
  if (parts.length !== 3 || text.length < 40) return text
  try {
    const payload = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8')) as { jti?: unknown } | null
    return typeof payload?.jti === 'string' ? payload.jti : null
  } catch {
    return null
  }
}
