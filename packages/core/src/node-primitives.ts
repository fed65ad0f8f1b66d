import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  sign as cryptoSign,
  verify as cryptoVerify,
  hash,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import type { Algorithm, KeyHandle, Primitives } from './primitives.ts'

/** The fewest bits of an RSA key (RFC 7518, section 3.3). */
const MIN_RSA_BITS = 2048

/** Messages up to here take the fast way; longer ones the ordinary one. */
const SCRATCH = 3 * 8192

/** A MAC may be cut to no less than this (RFC 2104, section 5). */
const FEWEST_SEAL_BYTES = 16

/** A JSON Web Key (RFC 7517), not looked at yet. */
export type Jwk = { readonly [name: string]: unknown }

/** What stands behind a handle. `inner` and `outer` are the padded keys of HMAC-SHA256 (RFC 2104, section 2). */
type NodeKey =
  | { readonly kind: 'secret'; readonly key: KeyObject; readonly inner: Buffer; readonly outer: Buffer }
  | { readonly kind: 'public' | 'private'; readonly key: KeyObject }

/**
 * A secret as an HMAC key. Text is taken as UTF-8.
 *
 * Throws a TypeError for an empty secret and for one that looks like a PEM or DER-carrying text: a public key must never
 * become an HMAC secret (CVE-2015-9235; security.md T5). How long secrets have to be is for whoever issues them.
 */
export function secretKey(secret: string | Uint8Array): KeyHandle {
  const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret)
  if (bytes.length === 0) throw new TypeError('an HMAC secret must not be empty')
  if (PEM.test(bytes.toString('latin1'))) throw new TypeError('a PEM must not be used as an HMAC secret')
  const short = bytes.length > 64 ? hash('sha256', bytes, 'buffer') : bytes
  const inner = Buffer.alloc(64, 0x36)
  const outer = Buffer.alloc(64, 0x5c)
  for (const [i, byte] of short.entries()) {
    inner[i] = byte ^ 0x36
    outer[i] = byte ^ 0x5c
  }
  return toHandle({ kind: 'secret', key: createSecretKey(bytes), inner, outer })
}

/**
 * A public key (PEM, or JWK) for one algorithm.
 *
 * Throws a TypeError where it is no public key, not one for this algorithm, RSA of less than 2048 bits or with an exponent
 * below 3, or a JWK that says it is for something else (RFC 7517, sections 4.2–4.4).
 */
export function publicKey(key: string | Jwk, algorithm: Algorithm): KeyHandle {
  if (typeof key === 'string' && !PUBLIC_PEM.test(key)) throw new TypeError('not a public key')
  if (typeof key !== 'string') checkJwk(key, algorithm)
  const object = createPublicKey(typeof key === 'string' ? key : { key: key as object as never, format: 'jwk' })
  return toHandle({ kind: 'public', key: fit(object, algorithm) })
}

/** A private key (PKCS #8 PEM) for one algorithm. Throws a TypeError as {@link publicKey} does. */
export function privateKey(pem: string, algorithm: Algorithm): KeyHandle {
  return toHandle({ kind: 'private', key: fit(createPrivateKey(pem), algorithm) })
}

/** The primitives on `node:crypto`. Keys are handles from {@link secretKey}, {@link publicKey} and {@link privateKey}. */
export function createNodePrimitives(): Primitives {
  const innerScratch = Buffer.allocUnsafeSlow(64 + SCRATCH)
  const outerScratch = Buffer.allocUnsafeSlow(64 + 32)

  const computed = beginningsOf(Buffer.allocUnsafeSlow(32))
  const shown = beginningsOf(Buffer.allocUnsafeSlow(32))

  /**
   * The MAC over what lies in `innerScratch` behind the first 64 bytes, as one character per byte. Two one-shot hashes with text as output
   * are 2.5 times as fast as createHmac: they allocate no stream and no buffer.
   */
  const digestOf = (key: Buffer, outer: Buffer, length: number): string => {
    innerScratch.set(key, 0)
    outerScratch.set(outer, 0)
    outerScratch.write(hash('sha256', innerScratch.subarray(0, 64 + length), 'binary'), 64, 'latin1')
    return hash('sha256', outerScratch, 'binary')
  }

  const mac = (handle: KeyHandle, data: Uint8Array | string): Uint8Array => {
    const { key, inner, outer } = secret(handle)
    if (data.length > (typeof data === 'string' ? SCRATCH / 3 : SCRATCH))
      return createHmac('sha256', key).update(data).digest()
    const length = typeof data === 'string' ? innerScratch.write(data, 64, 'utf8') : data.length
    if (typeof data !== 'string') innerScratch.set(data, 64)
    const result = Buffer.allocUnsafe(32)
    result.write(digestOf(inner, outer, length), 0, 'latin1')
    return result
  }

  /** What {@link Primitives.seal} writes, as one character per byte. */
  const sealOf = (handle: KeyHandle, text: string, bytes: Uint8Array, from: number): string => {
    const { key, inner, outer } = secret(handle)
    if (text.length + bytes.length > SCRATCH / 3) {
      return createHmac('sha256', key).update(text).update(bytes.subarray(0, from)).digest('binary')
    }
    const length = innerScratch.write(text, 64, 'utf8')
    for (let i = 0; i < from; i++) innerScratch[64 + length + i] = bytes[i] as number
    return digestOf(inner, outer, length + from)
  }

  const seal = (handle: KeyHandle, text: string, bytes: Uint8Array, from: number): void => {
    const length = bytes.length - from
    if (from < 0 || length < FEWEST_SEAL_BYTES || length > 32) throw new RangeError('no length of a seal')
    const mac = sealOf(handle, text, bytes, from)
    for (let i = 0; i < length; i++) bytes[from + i] = mac.charCodeAt(i)
  }

  const sealed = (handle: KeyHandle, text: string, bytes: Uint8Array, from: number): boolean => {
    const length = bytes.length - from
    if (from < 0 || length < FEWEST_SEAL_BYTES || length > 32) return false
    computed.whole.write(sealOf(handle, text, bytes, from), 0, 'latin1')
    for (let i = 0; i < length; i++) shown.whole[i] = bytes[from + i] as number
    return timingSafeEqual(computed.first(length), shown.first(length))
  }

  const hmac = (algorithm: 'HS256' | 'HS384' | 'HS512', handle: KeyHandle, data: Uint8Array | string): Uint8Array =>
    algorithm === 'HS256'
      ? mac(handle, data)
      : createHmac(`sha${algorithm.slice(2)}`, secret(handle).key)
          .update(data)
          .digest()

  const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

  return {
    mac,
    seal,
    sealed,
    equal,
    verify: (algorithm, handle, data, signature) => {
      if (isHmac(algorithm)) return equal(hmac(algorithm, handle, data), signature)
      const { key } = asymmetric(handle)
      const { digest, options } = SCHEMES[algorithm]
      return cryptoVerify(digest, toBytes(data), options === null ? key : { key, ...options }, signature)
    },
    sign: (algorithm, handle, data) => {
      if (isHmac(algorithm)) return hmac(algorithm, handle, data)
      const { key } = asymmetric(handle)
      const { digest, options } = SCHEMES[algorithm]
      return cryptoSign(digest, toBytes(data), options === null ? key : { key, ...options })
    },
  }
}

/** A piece of memory, and its first so many bytes, without making a view of them each time. */
function beginningsOf(whole: Buffer): { readonly whole: Buffer; readonly first: (length: number) => Buffer } {
  const views = Array.from({ length: whole.length + 1 }, (_, length) => whole.subarray(0, length))
  return { whole, first: (length) => views[length] as Buffer }
}

const PUBLIC_PEM = /^\s*-----BEGIN (?:RSA )?PUBLIC KEY-----/
const PEM = /-----BEGIN |^\s*(?:ssh-|ecdsa-sha2-)/

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } as const

type Asymmetric = Exclude<Algorithm, 'HS256' | 'HS384' | 'HS512'>

/** How each is called. A key given together with options costs more than one given by itself. */
const SCHEMES: {
  readonly [A in Asymmetric]: { readonly type: string; readonly digest: string | null; readonly options: object | null }
} = {
  RS256: { type: 'rsa', digest: 'sha256', options: null },
  RS384: { type: 'rsa', digest: 'sha384', options: null },
  RS512: { type: 'rsa', digest: 'sha512', options: null },
  PS256: { type: 'rsa', digest: 'sha256', options: PSS },
  PS384: { type: 'rsa', digest: 'sha384', options: PSS },
  PS512: { type: 'rsa', digest: 'sha512', options: PSS },
  ES256: { type: 'ec', digest: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: { type: 'ed25519', digest: null, options: null },
}

function isHmac(algorithm: Algorithm): algorithm is 'HS256' | 'HS384' | 'HS512' {
  return algorithm.startsWith('HS')
}

/** Whether the key is one for the algorithm, as RFC 7518 and RFC 8037 want it. */
function fit(key: KeyObject, algorithm: Algorithm): KeyObject {
  if (isHmac(algorithm) || key.asymmetricKeyType !== SCHEMES[algorithm].type)
    throw new TypeError('a key for another algorithm')
  const details = key.asymmetricKeyDetails
  if (SCHEMES[algorithm].type === 'rsa') {
    if ((details?.modulusLength ?? 0) < MIN_RSA_BITS) throw new TypeError('an RSA key of less than 2048 bits')
    if ((details?.publicExponent ?? 0n) < 3n) throw new TypeError('an RSA key with a trivial exponent')
  }
  if (algorithm === 'ES256' && details?.namedCurve !== 'prime256v1') throw new TypeError('a key on another curve')
  return key
}

function checkJwk(jwk: Jwk, algorithm: Algorithm): void {
  if (jwk.alg !== undefined && jwk.alg !== algorithm) throw new TypeError('a key for another algorithm')
  if (jwk.use !== undefined && jwk.use !== 'sig') throw new TypeError('a key for another use')
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
    throw new TypeError('a key for other operations')
  if (jwk.d !== undefined) throw new TypeError('a private key')
}

function toHandle(key: NodeKey): KeyHandle {
  return key as unknown as KeyHandle
}

function secret(handle: KeyHandle): Extract<NodeKey, { kind: 'secret' }> {
  const key = handle as unknown as NodeKey
  if (key.kind !== 'secret') throw new TypeError('not the key of a MAC')
  return key
}

function asymmetric(handle: KeyHandle): NodeKey {
  const key = handle as unknown as NodeKey
  if (key.kind === 'secret') throw new TypeError('not the key of a signature')
  return key
}

function toBytes(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, 'utf8') : data
}
