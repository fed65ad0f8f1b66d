import { type Action, isAction } from './access.ts'
import { CLOCK_TOLERANCE } from './decide.ts'
import type { Grant } from './grant.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { parseLimits, printLimits } from './limit-json.ts'
import { isProblem, type Problem, problem } from './problem.ts'
import { isId, parseResource } from './resource.ts'

/** A grant as JSON: in the native API, in stored keys and in the `grants` claim. `limits` is left out where there are none. */
export type PrintedGrant = {
  readonly actions: readonly Action[]
  readonly resource: string
  readonly limits?: JsonObject
}

/** The most grants in one list. */
export const MAX_GRANTS = 100

/** What a grant token says. Times are milliseconds since the epoch (whole seconds on the wire). */
export type GrantClaims = {
  /** Whom it is for (`sub`): a user's id within the app, or null. */
  readonly subject: string | null
  readonly grants: readonly Grant[]
  /** `iat`. */
  readonly issuedAt: number
  /** `exp`. */
  readonly expiresAt: number
  /** `jti`: by which it can be revoked. */
  readonly id: string
  /** `seq`: the sequence of standing changes at which it was issued; 0 where it does not say. */
  readonly sequence: number
  /** `iss`, or null. Means something only where the server signed: the id of the API key that asked for the token. */
  readonly issuer: string | null
}

/** The claims by which the kinds of token that one API key signs are told apart (security.md T6). */
export const KIND_CLAIMS = ['grants', 'apikey', 'scope'] as const

/** Claims of tokens for other doors, never together with `grants`. */
const FOREIGN = ['apikey', 'scope', 'path', 'application_id'] as const

const CONTROL = /\p{Cc}|\p{Cs}/u

/** The latest time that claims may carry, in seconds: the end of the year 9999. */
const MAX_TIME = 253_402_300_799

/**
 * Reads a list of grants out of JSON. An unknown action, an unknown member, or a resource that is not a canonical path is
 * a problem; an unknown limit is kept, and denies.
 */
export function parseGrants(json: unknown): readonly Grant[] | Problem {
  if (!Array.isArray(json)) return invalid('The grants are not a list.')
  if (json.length > MAX_GRANTS) return invalid(`There are more than ${MAX_GRANTS} grants.`)
  const grants: Grant[] = []
  for (const item of json) {
    const grant = parseGrant(item)
    if (isProblem(grant)) return grant
    grants.push(grant)
  }
  return grants
}

/** The JSON of grants, as {@link parseGrants} reads it. */
export function printGrants(grants: readonly Grant[]): readonly PrintedGrant[] {
  return grants.map(({ actions, resource, limits }) => {
    const printed = printLimits(limits)
    return { actions, resource: resource.path, ...(Object.keys(printed).length === 0 ? {} : { limits: printed }) }
  })
}

/**
 * Reads the claims of a grant token (its signature checked before): `grants`, `iat`, `exp`, `jti`, and perhaps `sub`,
 * `seq`, `iss`, `nbf`.
 *
 * Other claims are let be, except those that would make it another kind of token (T6) and `aud`, which says that it is
 * meant for somebody else (RFC 7519, section 4.1.3). `nbf` narrows every grant, with the tolerance of T4.
 */
export function parseGrantClaims(claims: JsonObject): GrantClaims | Problem {
  for (const name of FOREIGN) {
    if (Object.hasOwn(claims, name)) return invalid(`A grant token must not have the claim ${name}.`)
  }
  if (Object.hasOwn(claims, 'aud')) return invalid('The token names an audience (aud); grant tokens have none.')
  const { sub, iat, exp, jti, seq, iss, nbf } = claims
  if (!isTime(exp)) return invalid('The claim exp is missing or not in whole seconds since 1970.')
  if (!isTime(iat)) return invalid('The claim iat is missing or not in whole seconds since 1970.')
  if (nbf !== undefined && !isTime(nbf)) return invalid('The claim nbf is not in whole seconds since 1970.')
  if (!isText(jti, 128)) return invalid('The claim jti is missing or not a text of 1 to 128 printable characters.')
  if (sub !== undefined && !(typeof sub === 'string' && isId(sub)))
    return invalid('The claim sub is not an id of 1 to 128 characters.')
  if (iss !== undefined && !isText(iss, 256))
    return invalid('The claim iss is not a text of 1 to 256 printable characters.')
  if (seq !== undefined && !(Number.isSafeInteger(seq) && (seq as number) >= 0)) {
    return invalid('The claim seq is not a sequence of standing changes.')
  }
  const grants = parseGrants(claims.grants)
  if (isProblem(grants)) return grants
  return {
    subject: sub ?? null,
    grants: nbf === undefined ? grants : grants.map((grant) => startingAt(grant, nbf * 1000 - CLOCK_TOLERANCE)),
    issuedAt: iat * 1000,
    expiresAt: exp * 1000,
    id: jti,
    sequence: (seq as number | undefined) ?? 0,
    issuer: iss ?? null,
  }
}

/** The claims of a grant token, to be signed. Milliseconds are cut to whole seconds. */
export function printGrantClaims(claims: GrantClaims): JsonObject {
  const { subject, grants, issuedAt, expiresAt, id, sequence, issuer } = claims
  return {
    ...(subject === null ? {} : { sub: subject }),
    ...(issuer === null ? {} : { iss: issuer }),
    grants: printGrants(grants) as unknown as Json,
    iat: Math.floor(issuedAt / 1000),
    exp: Math.floor(expiresAt / 1000),
    jti: id,
    ...(sequence === 0 ? {} : { seq: sequence }),
  }
}

function parseGrant(json: unknown): Grant | Problem {
  if (!isObject(json)) return invalid('A grant is not an object.')
  const { actions, resource: path, limits: limitsJson = {}, ...others } = json
  if (Object.keys(others).length > 0) return invalid('A grant has members other than actions, resource and limits.')
  if (!Array.isArray(actions) || !actions.every(isAction)) return invalid('The actions of a grant are not known ones.')
  const resource = typeof path === 'string' ? parseResource(path) : null
  if (resource === null) return invalid('The resource of a grant is not a path in canonical, percent-encoded form.')
  const limits = parseLimits(limitsJson)
  return isProblem(limits) ? limits : { actions: [...actions], resource, limits }
}

function startingAt(grant: Grant, begin: number): Grant {
  const { notBefore = begin } = grant.limits
  return { ...grant, limits: { ...grant.limits, notBefore: Math.max(begin, notBefore) } }
}

function isTime(value: Json | undefined): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TIME
}

function isText(value: Json | undefined, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest && !CONTROL.test(value)
}

function invalid(detail: string): Problem {
  return problem('claims_invalid', detail)
}
