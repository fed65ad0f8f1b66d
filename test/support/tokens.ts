import { createHmac } from 'node:crypto'
import type { KeyView } from './tenant.ts'

/** Claims of an offline grant token, as a client that knows nothing of Gatehouse's code would write them. */
export type Claims = Readonly<Record<string, unknown>>

/** Canonical base64url (RFC 4648, section 5, without padding). */
export function base64url(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64url')
}

/** Signs header and payload texts with HS256, whatever they say (RFC 7515, section 5.1). */
export function signText(header: string, payload: string, secret: string): string {
  const input = `${base64url(header)}.${base64url(payload)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** A grant token made offline with an API key. `header` adds to, or replaces, what stands in the header. */
export function offlineToken(key: KeyView, claims: Claims, header: Claims = {}): string {
  return signText(
    JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: key.id, ...header }),
    JSON.stringify(claims),
    key.secret,
  )
}

/** Claims for reading at and below one resource for an hour. */
export function readClaims(resource: string, more: Claims = {}): Claims {
  const now = Math.floor(Date.now() / 1000)
  return {
    grants: [{ actions: ['read'], resource }],
    iat: now,
    exp: now + 3600,
    jti: `t-${now}-${Math.random()}`,
    ...more,
  }
}
