import type { Access } from './access.ts'
import { speaksOf } from './grant.ts'
import { breach } from './limit.ts'
import { mediaScope } from './media.ts'
import type { Reason } from './reasons.ts'
import type { Resource } from './resource.ts'
import type { Standing } from './standing.ts'
import { PER_USER, type Token } from './token.ts'

/** The outcome of the gate: allow, or deny with a reason. */
export type Decision = { readonly allow: true } | { readonly allow: false; readonly reason: Reason }

/** One thing that has to hold. Returns null where it does, otherwise the reason for a denial. */
export type Check = {
  readonly name: string
  /** What is the case where it holds, as a sentence for people. */
  readonly held: string
  readonly holds: (access: Access, token: Token, standing: Standing) => Reason | null
}

/** How far an `iat` may lie in the future before the token is refused, in milliseconds (RFC 8725 leaves it to us; security.md T4). */
export const CLOCK_TOLERANCE = 5_000

/**
 * Everything that has to hold, in the order in which it is told. Expiry has no tolerance. {@link decide} stops at the first
 * reason, `explain` shows them all: both walk this one list, so they cannot differ. Comparisons are written so that a number
 * that is none (NaN) denies.
 */
export const CHECKS: readonly Check[] = [
  {
    name: 'expiry',
    held: 'The token has not reached its end, or has none.',
    holds: (access, token, { tokenEndsAt }) =>
      isOver(access.at, token.expiresAt) || isOver(access.at, tokenEndsAt)
        ? token.kind === 'presigned'
          ? 'presigned_expired'
          : 'token_expired'
        : null,
  },
  {
    name: 'issue time',
    held: 'The token was not issued in the future.',
    holds: (access, token) =>
      token.issuedAt !== null && !(token.issuedAt <= access.at + CLOCK_TOLERANCE) ? 'token_not_yet_valid' : null,
  },
  {
    name: 'app',
    held: 'The app is active, and the token was issued after the last revocation of everything in it.',
    holds: (_access, token, { app }) => {
      if (app.revoked) return 'app_unknown'
      if (app.suspended && token.kind !== 'key') return 'app_suspended'
      return token.kind !== 'key' && isVoid(token, app.before) ? 'issued_before_revocation' : null
    },
  },
  {
    name: 'tenant',
    held: 'The resource belongs to the app of the token, or the token is account-wide.',
    holds: (access, token) => (token.app === null || isOf(access.resource, token.app) ? null : 'resource_not_granted'),
  },
  {
    name: 'key',
    held: 'The key behind the token is active.',
    holds: (_access, token, { key }) => {
      if (key === null) return null
      if (key.revoked) return 'key_revoked'
      if (key.suspended) return 'key_suspended'
      return isVoid(token, key.before) ? 'issued_before_revocation' : null
    },
  },
  {
    name: 'token',
    held: 'The token itself has not been revoked.',
    holds: (_access, _token, standing) => (standing.tokenRevoked ? 'token_revoked' : null),
  },
  {
    name: 'login session',
    held: 'The login session of the token goes on, or it belongs to none.',
    holds: (_access, _token, standing) => (standing.sessionEnded ? 'session_ended' : null),
  },
  {
    name: 'user',
    held: 'The user is active, or the token is for nobody in particular.',
    holds: (_access, token, { subject, subjectExists }) => {
      if (!subjectExists) return 'subject_unknown'
      if (subject === null) return null
      if (subject.revoked) return 'subject_unknown'
      if (subject.suspended) return 'subject_suspended'
      return isVoid(token, subject.before) ? 'issued_before_revocation' : null
    },
  },
  {
    name: 'link lifetime',
    held: 'This is no link nor anything like it, or links of this resource have not reached their end.',
    holds: (access, token, { linkEndsAt }) =>
      PER_USER.includes(token.kind) && isOver(access.at, linkEndsAt) ? 'link_expired' : null,
  },
  { name: 'grant', held: 'A grant covers action and resource, and its limits hold.', holds: grantReason },
  {
    name: 'attachment',
    held: 'This is no media token, or the resource has the place of an attachment or is what the token is for.',
    holds: ({ resource }, token) => {
      if (token.kind !== 'media' || mediaScope(resource)?.kind === 'file') return null
      return token.grants.some((grant) => grant.resource.path === resource.path) ? null : 'resource_not_granted'
    },
  },
  {
    name: 'resource',
    held: 'The token was issued after the last revocation of the resource and of what is above it.',
    holds: (_access, token, { resourceBefore }) =>
      token.kind !== 'key' && isVoid(token, resourceBefore) ? 'issued_before_revocation' : null,
  },
  {
    name: 'membership',
    held: 'Leaving the conversation has taken nothing away.',
    holds: (_access, _token, standing) => (standing.member ? null : 'not_a_member'),
  },
  {
    name: 'login wall',
    held: 'The request came through the login wall, or the app demands none of this token.',
    holds: (_access, token, { wall }) => (wall || !PER_USER.includes(token.kind) ? null : 'wall_missing'),
  },
  {
    name: 'receiver',
    held: 'This is no media pass, or its user receives the resource.',
    holds: (_access, token, { receiver }) => (receiver || token.kind !== 'pass' ? null : 'not_a_receiver'),
  },
  {
    name: 'uses',
    held: 'Uses are not limited, or one was left.',
    holds: (_access, _token, { uses }) =>
      uses === 'spent' ? 'limit_uses' : uses === 'preview' ? 'limit_preview' : null,
  },
]

/**
 * May this access happen? Pure and total: the same arguments give the same answer, and no argument makes it throw.
 *
 * A resource that is open to everybody allows reading whatever credential came along, as long as its app exists and is
 * active; a revocation of the resource voids tokens and does not close it (making it private does). Otherwise every one of {@link CHECKS} has to hold. Keys of the management API stay usable on a revoked resource,
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

/** Whether an end, where there is one, has been reached. One that is no number has been. */
function isOver(at: number, end: number | null): boolean {
  return end !== null && !(at < end)
}

/** Whether a token was issued before a revocation. A sequence that is no number is before everything. */
function isVoid(token: Token, before: number): boolean {
  return !(token.sequence >= before)
}

/** Whether a resource is an app's own: below `/apps/{app}`, or that itself. */
function isOf(resource: Resource, app: string): boolean {
  return resource.segments[0] === 'apps' && resource.segments[1] === app
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
