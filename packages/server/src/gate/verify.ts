import { parseGrantClaims } from '@gatehouse/core/claims'
import { mayPass } from '@gatehouse/core/grant'
import type { JsonObject } from '@gatehouse/core/json'
import type { UnverifiedJws } from '@gatehouse/core/jws'
import { readJwt, verifyJwt } from '@gatehouse/core/jwt'
import type { Primitives } from '@gatehouse/core/primitives'
import { isProblem } from '@gatehouse/core/problem'
import type { Resource } from '@gatehouse/core/resource'
import { attest, type Token } from '@gatehouse/core/token'
import { createGenerations } from '../generations.ts'
import type { Tenant } from '../parts.ts'
import type { GrantKeys } from '../signing/grant-keys.ts'
import type { KnownMediaKey, MediaKeyring } from '../signing/media-keys.ts'
import type { Credential } from './credential.ts'
import type { Verified } from './judgement.ts'
import { hashSecret, type KnownKey, type KnownKeys } from './known-keys.ts'
import type { KnownLogins } from './known-logins.ts'
import { ownText } from './own-text.ts'
import { verifyKeyJwt } from './verify-key-jwt.ts'
import type { KeyedVerifier } from './verify-keyed.ts'
import { asOfNow, type SequenceAt, verifyMedia } from './verify-media.ts'

/** Turns credentials into tokens. */
export type Verifier = {
  /**
   * Verifies one credential shown at a resource. Answers at once where everything it takes is in memory. `tenant` is the app of the
   * resource (null where there is none). With `cheaply` nothing is looked up and no public-key signature is checked: what
   * would need that is answered `too_many_bad_tokens`.
   */
  verify(
    credential: Credential,
    resource: Resource,
    tenant: Tenant | null,
    cheaply: boolean,
  ): Verified | Promise<Verified>
}

/** What the verifier is made of. */
export type VerifierParts = {
  readonly keys: KnownKeys
  readonly logins: KnownLogins
  readonly grantKeys: GrantKeys
  readonly mediaKeys: MediaKeyring
  readonly keyed: KeyedVerifier
  readonly primitives: Primitives
  /** The last sequence of standing changes that this thread knows; a token cannot have been issued after it. */
  readonly sequence: () => number
  readonly mediaSequence: SequenceAt
}

const REMEMBERED_TOKENS = 20_000
/** As long as a SHA-256 MAC and the tail of any signature: enough to tell tokens apart; the rest is compared in full. */
const TAIL = 43

/** A UUID in upper case. */
const MEDIA_KEY = /^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/

type Remembered = { readonly text: string; readonly signer: object; readonly token: Token }

/** Creates the verifier. What it remembers is only that a signature held; never a decision. */
export function createVerifier(parts: VerifierParts): Verifier {
  const { keys, logins, grantKeys, mediaKeys, keyed, primitives, sequence, mediaSequence } = parts
  const tokens = createGenerations<string, Remembered>(REMEMBERED_TOKENS)

  function jwt(text: string, cheaply: boolean): Verified | Promise<Verified> {
    const remembered = tokens.get(text.slice(-TAIL))
    const unverified = remembered?.text === text ? null : readJwt(text)
    if (unverified !== null && isProblem(unverified)) return refuse('credential_malformed')
    if (unverified === null && remembered !== undefined) {
      const kid = remembered.token.key
      const current = remembered.signer
      if (grantKeys.holds(current) || (kid !== null && keys.peek(kid) === current)) return accept(remembered.token)
      if (kid !== null && mediaKeys.peek(kid) === current) return accept(asOfNow(remembered.token, mediaSequence))
      return jwtAnew(text, cheaply)
    }
    return unverified === null ? refuse('credential_malformed') : jwtBy(text, unverified, cheaply)
  }

  function jwtAnew(text: string, cheaply: boolean): Verified | Promise<Verified> {
    tokens.delete(text.slice(-TAIL))
    const unverified = readJwt(text)
    return isProblem(unverified) ? refuse('credential_malformed') : jwtBy(text, unverified, cheaply)
  }

  function jwtBy(text: string, unverified: UnverifiedJws, cheaply: boolean): Verified | Promise<Verified> {
    const { kid } = unverified
    if (kid === null) return refuse('credential_unknown')
    const installation = grantKeys.find(kid)
    if (installation !== null) {
      if (cheaply) return refuse('too_many_bad_tokens')
      const payload = verifyJwt(unverified, installation.verification, primitives)
      if (isProblem(payload)) return refuse(payload.reason)
      const issuer = typeof payload.iss === 'string' ? payload.iss : null
      if (issuer === null) return refuse('claims_invalid')
      const known = keys.peek(issuer)
      const finish = (key: KnownKey | null) => remember(text, installation, grantToken(payload, key, sequence()))
      return known === undefined ? keys.find(issuer).then(finish) : finish(known)
    }
    const media = MEDIA_KEY.test(kid) ? mediaKeys.peek(kid) : null
    if (media !== null) {
      if (cheaply) return refuse('too_many_bad_tokens')
      return media === undefined
        ? mediaKeys
            .find(kid)
            .then((found) => (found === null ? byKey(text, unverified, kid, cheaply) : byMediaKey(found)))
        : byMediaKey(media)
    }
    return byKey(text, unverified, kid, cheaply)

    function byMediaKey(key: KnownMediaKey): Verified {
      return remember(text, key, verifyMedia(unverified, key, primitives, mediaSequence))
    }
  }

  function byKey(text: string, unverified: UnverifiedJws, kid: string, cheaply: boolean): Verified | Promise<Verified> {
    const verifyWith = (known: KnownKey | null): Verified => {
      if (known === null) return refuse('credential_unknown')
      const payload = verifyJwt(unverified, known.verification, primitives)
      return isProblem(payload) ? refuse(payload.reason) : remember(text, known, grantToken(payload, known, sequence()))
    }
    const known = keys.peek(kid)
    if (known !== undefined) return verifyWith(known)
    return cheaply ? refuse('too_many_bad_tokens') : keys.find(kid).then(verifyWith)
  }

  function remember(text: string, signer: object, verified: Verified): Verified {
    if (!verified.ok) return verified
    const own = ownText(text)
    tokens.set(own.slice(-TAIL), { text: own, signer, token: verified.token })
    return verified
  }

  /** A media token stands in a header or cookie alone: whoever came by a URL with one could open everything that it is for. */
  function inQuery(verified: Verified | Promise<Verified>): Verified | Promise<Verified> {
    if (verified instanceof Promise) return verified.then(inQuery)
    return verified.ok && verified.token.kind === 'media' ? refuse('kind_not_accepted') : verified
  }

  /** A secret that `isGood` does not take is answered like one that is nobody's. */
  function bySecret(secret: string, cheaply: boolean, isGood = (_known: KnownKey) => true) {
    const hash = hashSecret(secret)
    const check = (known: KnownKey | null) =>
      known === null || !isGood(known) ? refuse('credential_unknown') : accept(known.token)
    const known = keys.peekBySecret(hash)
    if (known !== undefined) return check(known)
    return cheaply ? refuse('too_many_bad_tokens') : keys.findBySecret(hash).then(check)
  }

  function keyJwt(text: string, cheaply: boolean): Verified | Promise<Verified> {
    const jws = readJwt(text)
    if (isProblem(jws)) return refuse('credential_malformed')
    const check = (known: KnownKey | null) =>
      known === null ? refuse('credential_unknown') : verifyKeyJwt(jws, known, primitives)
    if (jws.kid === null) return refuse('credential_unknown')
    const known = keys.peek(jws.kid)
    if (known !== undefined) return check(known)
    return cheaply ? refuse('too_many_bad_tokens') : keys.find(jws.kid).then(check)
  }

  function login(secret: string, tenant: Tenant | null, cheaply: boolean): Verified | Promise<Verified> {
    const hash = hashSecret(secret)
    const check = (token: Token | null) =>
      token === null || token.app !== tenant?.app.id ? refuse('credential_unknown') : accept(token)
    const known = logins.peek(hash)
    if (known !== undefined) return check(known)
    return cheaply ? refuse('too_many_bad_tokens') : logins.find(hash).then(check)
  }

  /** Where nothing but a keyed text can stand. */
  function mac(text: string, resource: Resource, tenant: Tenant | null, cheaply: boolean) {
    const verified =
      keyed.link(text, resource, tenant) ?? keyed.pass(text, tenant) ?? keyed.service(text, resource, tenant, cheaply)
    return verified ?? refuse('credential_malformed')
  }

  function bearer(text: string, tenant: Tenant | null, cheaply: boolean): Verified | Promise<Verified> {
    if (text.includes('.')) return jwt(text, cheaply)
    // A secret may happen to look like a pass; a pass that is genuine is nobody's secret.
    const pass = keyed.pass(text, tenant)
    return pass?.ok ? pass : bySecret(text, cheaply)
  }

  function byPair(id: string, secret: string, cheaply: boolean): Verified | Promise<Verified> {
    const check = (known: KnownKey | null): Verified => {
      if (known === null) return refuse('credential_unknown')
      const given = Buffer.from(hashSecret(secret), 'hex')
      const stored = Buffer.from(known.key.secretHash, 'hex')
      return primitives.equal(given, stored) ? accept(known.token) : refuse('credential_unknown')
    }
    const known = keys.peek(id)
    if (known !== undefined) return check(known)
    return cheaply ? refuse('too_many_bad_tokens') : keys.find(id).then(check)
  }

  return {
    verify(credential, resource, tenant, cheaply) {
      switch (credential.form) {
        case 'basic':
          return byPair(credential.id, credential.secret, cheaply)
        case 'bearer':
          return bearer(credential.text, tenant, cheaply)
        case 'query': {
          const { text } = credential
          const link = keyed.link(text, resource, tenant)
          return link ?? (text.includes('.') ? inQuery(jwt(text, cheaply)) : refuse('credential_malformed'))
        }
        case 'cookie':
          return credential.text.includes('.') ? jwt(credential.text, cheaply) : refuse('credential_malformed')
        case 'mac':
          return mac(credential.text, resource, tenant, cheaply)
        case 'presigned':
          return keyed.presigned(credential.parts, resource, tenant)
        case 'secret': {
          const isOfApp = ({ key }: KnownKey) => key.app === null || key.app === tenant?.app.id
          return bySecret(credential.text, cheaply, isOfApp)
        }
        case 'key-jwt':
          return keyJwt(credential.text, cheaply)
        case 'login':
          return login(credential.text, tenant, cheaply)
      }
    },
  }
}

/**
 * The token in verified claims. A sequence that lies in the future would outlive revocations and is refused. All grants lie in one app (or, for an account-wide key, above all apps), and none reaches further than the
 * key that signed or asked for it, in time neither.
 */
function grantToken(payload: JsonObject, known: KnownKey | null, present: number): Verified {
  if (known === null) return refuse('key_revoked')
  const claims = parseGrantClaims(payload)
  if (isProblem(claims) || claims.sequence > present) return refuse('claims_invalid')
  if (!claims.grants.every((grant) => mayPass(known.grants, grant))) return refuse('claims_invalid')
  const apps = new Set(claims.grants.map((grant) => appOf(grant.resource)))
  if (apps.size > 1) return refuse('claims_invalid')
  const [app = null] = apps
  return accept(
    attest({
      kind: 'grant',
      id: claims.id,
      app,
      subject: claims.subject,
      subjectSerial: null,
      key: known.key.id,
      keySerial: known.token.keySerial,
      session: null,
      grants: claims.grants,
      sequence: claims.sequence,
      issuedAt: claims.issuedAt,
      expiresAt: Math.min(claims.expiresAt, known.key.expiresAt ?? Number.POSITIVE_INFINITY),
    }),
  )
}

function appOf({ segments }: Resource): string | null {
  return segments[0] === 'apps' ? (segments[1] ?? null) : null
}

function refuse(reason: Extract<Verified, { ok: false }>['reason']): Verified {
  return { ok: false, reason }
}

function accept(token: Token): Verified {
  return { ok: true, token }
}
