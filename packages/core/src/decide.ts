import type { Access } from './access.ts'
import { speaksOf } from './grant.ts'
import { breach } from './limit.ts'
import type { Reason } from './reasons.ts'
import type { Standing } from './standing.ts'
import type { Token } from './token.ts'

/** The outcome of the gate: allow, or deny with a reason. */
export type Decision = { readonly allow: true } | { readonly allow: false; readonly reason: Reason }

/** One thing that has to hold. Returns null where it does, otherwise the reason for a denial. */
export type Check = {
  readonly name: string
  readonly holds: (access: Access, token: Token, standing: Standing) => Reason | null
}

/** How far an `iat` may lie in the future before the token is refused, in milliseconds (RFC 8725 leaves it to us; security.md T4). */
export const CLOCK_TOLERANCE = 5_000

/**
 * Everything that has to hold, in the order in which it is told. Expiry has no tolerance. {@link decide} stops at the first
 * reason, `explain` shows them all: both walk this one list, so they cannot differ.
 */
export const CHECKS: readonly Check[] = [
  {
    name: 'expiry',
    holds: (access, token) => (token.expiresAt !== null && access.at >= token.expiresAt ? 'token_expired' : null),
  },
  {
    name: 'issue time',
    holds: (access, token) =>
      token.issuedAt !== null && token.issuedAt > access.at + CLOCK_TOLERANCE ? 'token_not_yet_valid' : null,
  },
  {
    name: 'app',
    holds: (_access, token, { app }) => {
      if (app.revoked) return 'app_unknown'
      if (app.suspended && token.kind !== 'key') return 'app_suspended'
      return token.kind !== 'key' && token.sequence < app.before ? 'issued_before_revocation' : null
    },
  },
  {
    name: 'key',
    holds: (_access, token, { key }) => {
      if (key === null) return null
      if (key.revoked) return 'key_revoked'
      if (key.suspended) return 'key_suspended'
      return token.sequence < key.before ? 'issued_before_revocation' : null
    },
  },
  { name: 'token', holds: (_access, _token, standing) => (standing.tokenRevoked ? 'token_revoked' : null) },
  {
    name: 'user',
    holds: (_access, token, { subject, subjectExists }) => {
      if (!subjectExists) return 'subject_unknown'
      if (subject === null) return null
      if (subject.revoked) return 'subject_unknown'
      if (subject.suspended) return 'subject_suspended'
      return token.sequence < subject.before ? 'issued_before_revocation' : null
    },
  },
  {
    name: 'link lifetime',
    holds: (access, token, { linkEndsAt }) =>
      token.kind === 'link' && linkEndsAt !== null && access.at >= linkEndsAt ? 'link_expired' : null,
  },
  { name: 'grant', holds: grantReason },
  {
    name: 'resource',
    holds: (_access, token, { resourceBefore }) =>
      token.kind !== 'key' && token.sequence < resourceBefore ? 'issued_before_revocation' : null,
  },
  { name: 'membership', holds: (_access, _token, standing) => (standing.member ? null : 'not_a_member') },
  {
    name: 'uses',
    holds: (_access, _token, { uses }) =>
      uses === 'spent' ? 'limit_uses' : uses === 'preview' ? 'limit_preview' : null,
  },
]

/**
 * May this access happen? Pure and total: the same arguments give the same answer, and no argument makes it throw.
 *
 * A resource that is open to everybody allows reading whatever credential came along, as long as its app exists and is
 * active. Otherwise every one of {@link CHECKS} has to hold. Keys of the management API stay usable on a revoked resource,
 * since they are what revokes and repairs; a revocation of the key itself ends them.
 */
export function decide(access: Access, token: Token | null, standing: Standing): Decision {
  if (standing.open && access.action === 'read') {
    if (standing.app.revoked) return deny('credential_missing')
    return standing.app.suspended ? deny('app_suspended') : ALLOW
  }
  if (token === null) return deny('credential_missing')
  for (const check of CHECKS) {
    const reason = check.holds(access, token, standing)
    if (reason !== null) return deny(reason)
  }
  return ALLOW
}

const ALLOW: Decision = Object.freeze({ allow: true })

function deny(reason: Reason): Decision {
  return { allow: false, reason }
}

/** One grant that speaks of the access and whose limits all hold is enough; otherwise the nearest miss is told. */
function grantReason(access: Access, token: Token): Reason | null {
  let missed: Reason = 'resource_not_granted'
  for (const grant of token.grants) {
    if (speaksOf(grant, access.action, access.resource)) {
      const reason = breach(grant.limits, access)
      if (reason === null) return null
      missed = reason
    } else if (missed === 'resource_not_granted' && grant.actions.some((a) => speaksOf(grant, a, access.resource))) {
      missed = 'action_not_granted'
    }
  }
  return missed
}
