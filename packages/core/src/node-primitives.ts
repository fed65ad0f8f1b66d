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

/** Bytes of a block of SHA-256, and so of a padded key. */
const BLOCK = 64

/** Messages up to here take the fast way; longer ones the ordinary one. */
const SCRATCH = 3 * 8192

/** Views are kept up to this length in bytes; what is sealed is hardly ever longer. */
const MOST_VIEWS = 512

const NOTHING_WRITTEN = { purpose: null, end: BLOCK } as const

/** A MAC may be cut to no less than this (RFC 2104, section 5). */
const FEWEST_SEAL_BYTES = 16

/** A JSON Web Key (RFC 7517), not looked at yet. */
export type Jwk = { readonly [name: string]: unknown }

/** A secret; `inner` and `outer` are the padded keys of HMAC-SHA256 (RFC 2104, section 2). */
type SecretKey = { readonly kind: 'secret'; readonly key: KeyObject; readonly inner: Buffer; readonly outer: Buffer }

/** What stands behind a handle. */
type NodeKey = SecretKey | { readonly kind: 'public' | 'private'; readonly key: KeyObject }

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
  const short = bytes.length > BLOCK ? hash('sha256', bytes, 'buffer') : bytes
  const inner = Buffer.alloc(BLOCK, 0x36)
  const outer = Buffer.alloc(BLOCK, 0x5c)
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
  const innerScratch = Buffer.allocUnsafeSlow(BLOCK + SCRATCH)
  const outerScratch = Buffer.allocUnsafeSlow(BLOCK + 32)
  const beginning = beginningsOf(innerScratch)
  /** The key whose padded forms stand at the beginnings of both. */
  let padded: SecretKey | null = null
  /** The purpose that stands behind it, and where it ends. */
  let written: { readonly purpose: string | null; readonly end: number } = NOTHING_WRITTEN

  const computed = Buffer.allocUnsafeSlow(32)
  const shown = Buffer.allocUnsafeSlow(32)
  const [beginningOfComputed, beginningOfShown] = [beginningsOf(computed), beginningsOf(shown)]

  /**
   * The MAC over what lies in `innerScratch` behind the room for the padded key, as one character per byte. Two one-shot hashes with text as
   * output are 2.5 times as fast as createHmac: they allocate no stream and no buffer.
   */
  const digestOf = (key: SecretKey, length: number): string => {
    if (padded !== key) {
      innerScratch.set(key.inner, 0)
      outerScratch.set(key.outer, 0)
      padded = key
    }
    outerScratch.write(hash('sha256', beginning(BLOCK + length), 'binary'), BLOCK, 'latin1')
    return hash('sha256', outerScratch, 'binary')
  }

  const mac = (handle: KeyHandle, data: Uint8Array | string): Uint8Array => {
    const key = secret(handle)
    if (data.length > (typeof data === 'string' ? SCRATCH / 3 : SCRATCH))
      return createHmac('sha256', key.key).update(data).digest()
    written = NOTHING_WRITTEN
    const length = typeof data === 'string' ? innerScratch.write(data, BLOCK, 'utf8') : data.length
    if (typeof data !== 'string') innerScratch.set(data, BLOCK)
    const result = Buffer.allocUnsafe(32)
    result.write(digestOf(key, length), 0, 'latin1')
    return result
  }

  /** What {@link Primitives.seal} writes, as one character per byte. */
  const sealOf = (handle: KeyHandle, purpose: string, bound: string, bytes: Uint8Array, from: number): string => {
    const key = secret(handle)
    if (purpose.length + bound.length + bytes.length > SCRATCH / 3 - 2) {
      return createHmac('sha256', key.key)
        .update(`${purpose}\0${bound}\0`)
        .update(bytes.subarray(0, from))
        .digest('binary')
    }
    // Written one after another: to put the texts together first takes longer than to write them.
    if (written.purpose !== purpose) {
      written = { purpose, end: BLOCK + innerScratch.write(`${purpose}\0`, BLOCK, 'utf8') }
    }
    let at = written.end + innerScratch.write(bound, written.end, 'utf8')
    innerScratch[at++] = 0
    for (let i = 0; i < from; i++) innerScratch[at++] = bytes[i] as number
    return digestOf(key, at - BLOCK)
  }

  const seal = (handle: KeyHandle, purpose: string, bound: string, bytes: Uint8Array, from: number): void => {
    const length = bytes.length - from
    if (from < 0 || length < FEWEST_SEAL_BYTES || length > 32) throw new RangeError('no length of a seal')
    const mac = sealOf(handle, purpose, bound, bytes, from)
    for (let i = 0; i < length; i++) bytes[from + i] = mac.charCodeAt(i)
  }

  const sealed = (handle: KeyHandle, purpose: string, bound: string, bytes: Uint8Array, from: number): boolean => {
    const length = bytes.length - from
    if (from < 0 || length < FEWEST_SEAL_BYTES || length > 32) return false
    computed.write(sealOf(handle, purpose, bound, bytes, from), 0, 'latin1')
    for (let i = 0; i < length; i++) shown[i] = bytes[from + i] as number
    return timingSafeEqual(beginningOfComputed(length), beginningOfShown(length))
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

/** The first so many bytes of a piece of memory, without making a view of them each time. */
function beginningsOf(whole: Buffer): (length: number) => Buffer {
  const views: Buffer[] = []
  return (length) => {
    if (length > MOST_VIEWS) return whole.subarray(0, length)
    while (views.length <= length) views.push(whole.subarray(0, views.length))
    return views[length] as Buffer
  }
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

function secret(handle: KeyHandle): SecretKey {
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
