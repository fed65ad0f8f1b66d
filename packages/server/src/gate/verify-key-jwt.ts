import { KIND_CLAIMS } from '@gatehouse/core/claims'
import type { JsonObject } from '@gatehouse/core/json'
import type { UnverifiedJws } from '@gatehouse/core/jws'
import { verifyJwt } from '@gatehouse/core/jwt'
import type { Primitives } from '@gatehouse/core/primitives'
import { isProblem } from '@gatehouse/core/problem'
import { attest } from '@gatehouse/core/token'
import type { Verified } from './judgement.ts'
import type { KnownKey } from './known-keys.ts'

/** What such a token says it speaks as. */
const SCOPES = { app: 'app', account: 'account', user: 'appUser' } as const
/** The latest time that claims may carry, in seconds: the end of the year 9999. */
const LATEST = 253_402_300_799

/**
 * Verifies a JWT (HS256) with which an API key speaks for itself, in place of showing its secret. The claim `scope` is `app` for a key of an
 * app and `account` for an account-wide one; `exp`, `nbf` and `iat` are honoured where they are there. What makes it another kind of token
 * (security.md T6) is refused: a key signs narrower ones, too, and they MUST NOT become the key.
 */
export function verifyKeyJwt(jws: UnverifiedJws, known: KnownKey, primitives: Primitives): Verified {
  const claims = verifyJwt(jws, known.verification, primitives)
  if (isProblem(claims)) return { ok: false, reason: claims.reason }
  const { scope } = claims
  const others = KIND_CLAIMS.some((name) => name !== 'scope' && Object.hasOwn(claims, name))
  if (others || !Object.values(SCOPES).some((word) => word === scope)) return { ok: false, reason: 'claims_invalid' }
  const times = timesOf(claims)
  if (times === null) return { ok: false, reason: 'claims_invalid' }
  // A token for a user of the app opens nothing that a server's key opens.
  if (scope === SCOPES.user) return { ok: false, reason: 'kind_not_accepted' }
  if (scope !== (known.key.app === null ? SCOPES.account : SCOPES.app))
    return { ok: false, reason: 'action_not_granted' }
  const { issuedAt, expiresAt } = times
  const end = Math.min(expiresAt, known.token.expiresAt ?? Number.POSITIVE_INFINITY)
  return {
    ok: true,
    token: attest({ ...known.token, issuedAt, expiresAt: Number.isFinite(end) ? end : null }),
  }
}

/** When it begins at the earliest, and when it ends; null where a time is none. */
function timesOf({
  iat,
  nbf,
  exp,
}: JsonObject): { readonly issuedAt: number | null; readonly expiresAt: number } | null {
  const given = [iat, nbf, exp].filter((time) => time !== undefined)
  if (!given.every(isTime)) return null
  const begins = [iat, nbf].filter(isTime)
  return {
    issuedAt: begins.length === 0 ? null : Math.max(...begins) * 1000,
    expiresAt: isTime(exp) ? exp * 1000 : Number.POSITIVE_INFINITY,
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= LATEST
}
