import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { type JsonObject, parseObject } from './json.ts'
import type { Algorithm, KeyHandle, Primitives } from './primitives.ts'
import { type Problem, problem } from './problem.ts'

/** The longest token that is looked at, in characters (security.md T3). */
export const MAX_TOKEN = 8192

/** The longest header, in characters of base64url. */
export const MAX_HEADER = 1024

/** A key with the one algorithm that it is for; the token's header is never asked which. `kid` null: a key without an id. */
export type VerificationKey = { readonly kid: string | null; readonly alg: Algorithm; readonly handle: KeyHandle }

/** A JWS taken apart. Nothing in it can be trusted yet. */
export type UnverifiedJws = {
  readonly header: JsonObject
  readonly alg: string
  readonly kid: string | null
  /** What the signature is over. */
  readonly input: string
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/** Members of a header that carry keys, change the meaning of the rest, or have to be understood: none is accepted. */
const REFUSED = ['crit', 'b64', 'zip', 'enc', 'jku', 'x5u', 'jwk', 'x5c'] as const

/**
 * Takes a compact JWS (RFC 7515, section 7.1) apart: three segments of canonical base64url, a strict JSON header with `alg`
 * and perhaps `kid`, within {@link MAX_TOKEN} and {@link MAX_HEADER}. The payload is bytes and may be empty here; for
 * tokens see `readJwt`.
 */
export function readJws(text: string): UnverifiedJws | Problem {
  if (text.length > MAX_TOKEN) return malformed('The token is longer than 8 KiB.')
  const first = text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  if (first < 1 || second < 0 || second === text.length - 1 || text.includes('.', second + 1)) {
    return malformed('The token does not have three parts separated by dots.')
  }
  if (first > MAX_HEADER) return malformed('The header of the token is longer than 1 KiB.')
  const headerBytes = decodeBase64url(text.slice(0, first))
  const payload = decodeBase64url(text.slice(first + 1, second))
  const signature = decodeBase64url(text.slice(second + 1))
  if (headerBytes === null || payload === null || signature === null) {
    return malformed('A part of the token is not canonical base64url.')
  }
  const header = parseObject(headerBytes)
  if (header === null) return malformed('The header of the token is not a plain JSON object.')
  const { alg, kid } = header
  if (typeof alg !== 'string') return malformed('The header of the token names no algorithm.')
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > 128)) {
    return malformed('The key id in the header of the token is not a string of at most 128 characters.')
  }
  for (const name of REFUSED) {
    if (Object.hasOwn(header, name)) return malformed(`The header of the token has a member that is refused: ${name}.`)
  }
  return { header, alg, kid: kid ?? null, input: text.slice(0, second), payload, signature }
}

/**
 * Checks the signature with a key and gives the payload's bytes, which may be trusted as far as the key is.
 * The header's `alg` MUST be the key's, and a `kid` in both the same (RFC 8725, sections 3.1 and 3.2).
 */
export function verifyJws(jws: UnverifiedJws, key: VerificationKey, primitives: Primitives): Uint8Array | Problem {
  if (jws.alg !== key.alg)
    return problem('signature_invalid', 'The token was not signed with the algorithm of its key.')
  if (key.kid !== null && jws.kid !== null && key.kid !== jws.kid) {
    return problem('signature_invalid', 'The token names another key than the one that it was checked with.')
  }
  return primitives.verify(key.alg, key.handle, jws.input, jws.signature)
    ? jws.payload
    : problem('signature_invalid', 'The signature does not fit the content.')
}

/**
 * What a signature is made over: header and payload in base64url. For keys whose signing is too slow for the event loop,
 * sign this elsewhere and add `.` and the signature in base64url. `alg` and `kid` come from the key.
 */
export function jwsInput(
  key: { kid: string | null; alg: Algorithm },
  payload: Uint8Array,
  header?: JsonObject,
): string {
  const whole = { ...header, alg: key.alg, ...(key.kid === null ? {} : { kid: key.kid }) }
  return `${encodeBase64url(UTF8.encode(JSON.stringify(whole)))}.${encodeBase64url(payload)}`
}

/** Signs bytes as a compact JWS. */
export function signJws(
  payload: Uint8Array,
  key: VerificationKey,
  primitives: Primitives,
  header?: JsonObject,
): string {
  const input = jwsInput(key, payload, header)
  return `${input}.${encodeBase64url(primitives.sign(key.alg, key.handle, input))}`
}

const UTF8 = new TextEncoder()

function malformed(detail: string): Problem {
  return problem('credential_malformed', detail)
}
