import { KIND_CLAIMS } from '@gatehouse/core/claims'
import type { Step } from '@gatehouse/core/explain'
import type { JsonObject } from '@gatehouse/core/json'
import type { UnverifiedJws } from '@gatehouse/core/jws'
import { verifyJwt } from '@gatehouse/core/jwt'
import type { Primitives } from '@gatehouse/core/primitives'
import { isProblem } from '@gatehouse/core/problem'
import type { Reason } from '@gatehouse/core/reasons'
import { attest } from '@gatehouse/core/token'
import type { Verified } from './judgement.ts'
import type { KnownKey } from './known-keys.ts'

/** What such a token says it speaks as. */
const SCOPES = { app: 'app', account: 'account', user: 'appUser' } as const
/** The latest time that claims may carry, in seconds: the end of the year 9999. */
const LATEST = 253_402_300_799

/** Something that has to hold of the claims of such a token; `broken` says what does not. */
type ClaimsCheck = {
  readonly name: string
  readonly held: string
  readonly broken: (
    claims: JsonObject,
    key: KnownKey['key'],
  ) => { readonly reason: Reason; readonly detail: string } | null
}

/** In the order in which they are asked: the decision and its explanation both walk them. */
const CLAIMS_CHECKS: readonly ClaimsCheck[] = [
  {
    name: 'kind',
    held: 'The claims are those of a key that speaks for itself.',
    broken(claims) {
      const others = KIND_CLAIMS.filter((name) => name !== 'scope' && Object.hasOwn(claims, name))
      if (others.length > 0)
        return { reason: 'claims_invalid', detail: `The claim ${others[0]} makes it another kind of token.` }
      if (Object.values(SCOPES).some((word) => word === claims.scope)) return null
      return {
        reason: 'claims_invalid',
        detail: `The claim scope has to be one of ${Object.values(SCOPES).join(', ')}.`,
      }
    },
  },
  {
    name: 'times',
    held: 'The claims exp, nbf and iat are seconds since 1970, where they are there.',
    broken: (claims) =>
      timesOf(claims) === null
        ? { reason: 'claims_invalid', detail: 'One of the claims exp, nbf and iat is not in seconds since 1970.' }
        : null,
  },
  {
    name: 'scope',
    held: 'The scope is that of the key.',
    broken({ scope }, { app }) {
      if (scope === SCOPES.user) {
        const detail = `A token for a user (${SCOPES.user}) opens nothing that the key of a server opens.`
        return { reason: 'kind_not_accepted', detail }
      }
      const own = app === null ? SCOPES.account : SCOPES.app
      return scope === own ? null : { reason: 'action_not_granted', detail: `The scope of this key is ${own}.` }
    },
  },
]

/**
 * Verifies a JWT (HS256) with which an API key speaks for itself, in place of showing its secret. The claim `scope` is `app` for a key of an
 * app and `account` for an account-wide one; `exp`, `nbf` and `iat` are honoured where they are there. What makes it another kind of token
 * (security.md T6) is refused: a key signs narrower ones, too, and they MUST NOT become the key.
 */
export function verifyKeyJwt(jws: UnverifiedJws, known: KnownKey, primitives: Primitives): Verified {
  const claims = verifyJwt(jws, known.verification, primitives)
  if (isProblem(claims)) return { ok: false, reason: claims.reason }
  for (const { broken } of CLAIMS_CHECKS) {
    const found = broken(claims, known.key)
    if (found !== null) return { ok: false, reason: found.reason }
  }
  const times = timesOf(claims)
  if (times === null) return { ok: false, reason: 'claims_invalid' }
  const { issuedAt, expiresAt } = times
  const end = Math.min(expiresAt, known.token.expiresAt ?? Number.POSITIVE_INFINITY)
  return {
    ok: true,
    token: attest({ ...known.token, issuedAt, expiresAt: Number.isFinite(end) ? end : null }),
  }
}

/** What {@link verifyKeyJwt} asks of the claims, all of it; null where the signature does not hold, for then they mean nothing. */
export function keyJwtSteps(jws: UnverifiedJws, known: KnownKey, primitives: Primitives): readonly Step[] | null {
  const claims = verifyJwt(jws, known.verification, primitives)
  if (isProblem(claims)) return null
  return CLAIMS_CHECKS.map(({ name, held, broken }): Step => {
    const found = broken(claims, known.key)
    return found === null
      ? { check: name, outcome: 'pass', detail: held }
      : { check: name, outcome: 'fail', detail: found.detail }
  })
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
