import { parseGrantClaims } from '@gatehouse/core/claims'
import { mayPass } from '@gatehouse/core/grant'
import type { JsonObject } from '@gatehouse/core/json'
import type { UnverifiedJws } from '@gatehouse/core/jws'
import { readJwt, verifyJwt } from '@gatehouse/core/jwt'
import { type Link, readLink, verifyLink } from '@gatehouse/core/link'
import type { Primitives } from '@gatehouse/core/primitives'
import { isProblem } from '@gatehouse/core/problem'
import type { Resource } from '@gatehouse/core/resource'
import { attest, type Token } from '@gatehouse/core/token'
import { createGenerations } from '../generations.ts'
import type { Tenant } from '../parts.ts'
import type { GrantKeys } from '../signing/grant-keys.ts'
import type { LinkKeys } from '../signing/links.ts'
import type { Credential } from './credential.ts'
import type { Verified } from './judgement.ts'
import { hashSecret, type KnownKey, type KnownKeys } from './known-keys.ts'

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
  readonly grantKeys: GrantKeys
  readonly linkKeys: LinkKeys
  readonly primitives: Primitives
  /** The last sequence of standing changes that this thread knows; a token cannot have been issued after it. */
  readonly sequence: () => number
}

const REMEMBERED_TOKENS = 20_000
/** As long as an Ed25519 signature's or a SHA-256 MAC's tail: enough to tell tokens apart; the rest is compared in full. */
const TAIL = 43

type Remembered = { readonly text: string; readonly signer: object; readonly token: Token }

/** Creates the verifier. What it remembers is only that a signature held; never a decision. */
export function createVerifier({ keys, grantKeys, linkKeys, primitives, sequence }: VerifierParts): Verifier {
  const tokens = createGenerations<string, Remembered>(REMEMBERED_TOKENS)

  function link(read: Link, resource: Resource, tenant: Tenant | null): Verified {
    // An app that does not exist answers like one whose key has not made this link.
    if (tenant === null) return refuse('signature_invalid')
    if (!verifyLink(read, resource.path, linkKeys.of(tenant), primitives)) return refuse('signature_invalid')
    return accept(
      attest({
        kind: 'link',
        id: null,
        app: tenant.app.id,
        subject: null,
        subjectSerial: read.receiverSerial,
        key: null,
        keySerial: null,
        grants: [{ actions: ['read'], resource, limits: {} }],
        sequence: read.sequence,
        issuedAt: null,
        expiresAt: null,
      }),
    )
  }

  function jwt(text: string, cheaply: boolean): Verified | Promise<Verified> {
    const remembered = tokens.get(text.slice(-TAIL))
    const unverified = remembered?.text === text ? null : readJwt(text)
    if (unverified !== null && isProblem(unverified)) return refuse('credential_malformed')
    if (unverified === null && remembered !== undefined) {
      const kid = remembered.token.key
      const current = remembered.signer
      if (grantKeys.holds(current) || (kid !== null && keys.peek(kid) === current)) return accept(remembered.token)
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
    if (verified.ok) tokens.set(text.slice(-TAIL), { text, signer, token: verified.token })
    return verified
  }

  function bySecret(secret: string, cheaply: boolean): Verified | Promise<Verified> {
    const hash = hashSecret(secret)
    const check = (known: KnownKey | null) => (known === null ? refuse('credential_unknown') : accept(known.token))
    const known = keys.peekBySecret(hash)
    if (known !== undefined) return check(known)
    return cheaply ? refuse('too_many_bad_tokens') : keys.findBySecret(hash).then(check)
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
      if (credential.form === 'basic') return byPair(credential.id, credential.secret, cheaply)
      const { text } = credential
      const read = credential.form === 'query' ? readLink(text) : null
      if (read !== null) return link(read, resource, tenant)
      if (text.includes('.')) return jwt(text, cheaply)
      return credential.form === 'bearer' ? bySecret(text, cheaply) : refuse('credential_malformed')
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
