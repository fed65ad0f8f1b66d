declare const handle: unique symbol

/** A key as the primitives hold it; nobody else looks inside. */
export type KeyHandle = { readonly [handle]: true }

/**
 * The signature algorithms (RFC 7518, section 3.1; RFC 8037). Gatehouse itself issues with HS256, RS512 and EdDSA and
 * accepts RS256 from applications; the others are here so that the verifier can be held against all published vectors.
 */
export const ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'EdDSA',
] as const

/** The name of a signature algorithm. `EdDSA` means Ed25519. */
export type Algorithm = (typeof ALGORITHMS)[number]

/**
 * The cryptography that this package needs, injected, synchronous. `node-primitives.ts` has it from `node:crypto`.
 *
 * Data given as text stands for its UTF-8. No method throws for a signature or MAC of whatever shape; a handle of the wrong kind of key is a fault and throws.
 */
export interface Primitives {
  /** HMAC-SHA256 (RFC 2104): 32 bytes, the caller's own. */
  mac(key: KeyHandle, data: Uint8Array | string): Uint8Array
  /**
   * Seals the bytes before `from`: writes over those from there on how an HMAC-SHA256 begins. It covers the purpose, NUL, what the bytes are
   * bound to (an app's id or a canonical path), NUL, and the bytes. Neither text may hold NUL, so that no two of them run into one another.
   * Throws a RangeError for a seal of less than 16 bytes or more than 32.
   */
  seal(key: KeyHandle, purpose: string, bound: string, bytes: Uint8Array, from: number): void
  /**
   * Whether bytes are sealed: whether those from `from` on are what {@link Primitives.seal} would write, and at least 16. Compared in
   * constant time.
   */
  sealed(key: KeyHandle, purpose: string, bound: string, bytes: Uint8Array, from: number): boolean
  /** Whether a signature (JWS form: ES256 as r‖s) or MAC over the data is right. MACs are compared in constant time. */
  verify(algorithm: Algorithm, key: KeyHandle, data: Uint8Array | string, signature: Uint8Array): boolean
  /** The signature or MAC over the data, in JWS form. */
  sign(algorithm: Algorithm, key: KeyHandle, data: Uint8Array | string): Uint8Array
  /** Whether two texts of bytes are the same, in a time that depends on their lengths only. */
  equal(a: Uint8Array, b: Uint8Array): boolean
}
