import { type JsonObject, parseObject } from './json.ts'
import { readJws, signJws, type UnverifiedJws, type VerificationKey, verifyJws } from './jws.ts'
import type { Primitives } from './primitives.ts'
import { isProblem, type Problem, problem } from './problem.ts'

/** Takes a JWT (RFC 7519) apart, without trusting it: a compact JWS whose payload is not empty. */
export function readJwt(text: string): UnverifiedJws | Problem {
  const jws = readJws(text)
  return !isProblem(jws) && jws.payload.length === 0
    ? problem('credential_malformed', 'The token has no content.')
    : jws
}

/** Checks a JWT's signature and gives its claims. What they mean, expiry included, is not judged here. */
export function verifyJwt(jws: UnverifiedJws, key: VerificationKey, primitives: Primitives): JsonObject | Problem {
  const payload = verifyJws(jws, key, primitives)
  return isProblem(payload) ? payload : readPayload(payload)
}

/** Reads bytes whose signature has been checked (now, or earlier and remembered) as claims. */
export function readPayload(payload: Uint8Array): JsonObject | Problem {
  return parseObject(payload) ?? problem('credential_malformed', 'The content of the token is not a plain JSON object.')
}

/**
 * One string out of a payload that nobody has verified, or null. MUST be used for nothing but finding the key to verify
 * with, in dialects that name it there (`apikey`, `application_id`).
 */
export function peekClaim(jws: UnverifiedJws, name: string): string | null {
  const value = parseObject(jws.payload)?.[name]
  return typeof value === 'string' && value.length <= 128 ? value : null
}

/** Signs claims as a JWT, with `typ: JWT` in the header. */
export function signJwt(claims: JsonObject, key: VerificationKey, primitives: Primitives): string {
  return signJws(new TextEncoder().encode(JSON.stringify(claims)), key, primitives, { typ: 'JWT' })
}
