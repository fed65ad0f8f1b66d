import { speaksOf } from '@gatehouse/core/grant'
import { readLink, verifyLink } from '@gatehouse/core/link'
import { type Pass, readPass, verifyPass } from '@gatehouse/core/pass'
import { readPresigned, verifyPresigned } from '@gatehouse/core/presigned'
import type { KeyHandle, Primitives } from '@gatehouse/core/primitives'
import { type Resource, resourceOf } from '@gatehouse/core/resource'
import { readService, type Service, verifyService } from '@gatehouse/core/service'
import { attest, type TokenFacts } from '@gatehouse/core/token'
import { createGenerations } from '../generations.ts'
import type { Tenant } from '../parts.ts'
import type { LinkKeys } from '../signing/links.ts'
import type { PresignedText } from './credential.ts'
import type { Verified } from './judgement.ts'
import type { KnownKey, KnownKeys } from './known-keys.ts'
import { ownText } from './own-text.ts'

/**
 * Verifies what is signed with an app's link key: links, passes, pre-signed URLs, service tokens. `tenant` is the app of the resource
 * that they are shown at (null where there is none); an app that does not exist answers like one whose key has not made them.
 */
export type KeyedVerifier = {
  /** A recipient link; null where the text has not the form of one. */
  link(text: string, resource: Resource, tenant: Tenant | null): Verified | null
  /** A media pass; null where the text has not the form of one. */
  pass(text: string, tenant: Tenant | null): Verified | null
  /** A service token; null where the text has not the form of one. With `cheaply` its key is not looked up. */
  service(text: string, at: Resource, tenant: Tenant | null, cheaply: boolean): Verified | Promise<Verified> | null
  presigned(parts: PresignedText, resource: Resource, tenant: Tenant | null): Verified
}

/** What the verifier of keyed texts is made of. */
export type KeyedParts = {
  readonly keys: KnownKeys
  readonly linkKeys: LinkKeys
  readonly primitives: Primitives
}

const REMEMBERED_LINKS = 20_000

/** A link that held: at this path, under this key. */
type RememberedLink = { readonly path: string; readonly key: KeyHandle; readonly verified: Verified }

/** Creates the verifier of keyed texts. What it remembers of links is only that their MAC held; never a decision. */
export function createKeyedVerifier({ keys, linkKeys, primitives }: KeyedParts): KeyedVerifier {
  const links = createGenerations<string, RememberedLink>(REMEMBERED_LINKS)

  function link(text: string, resource: Resource, tenant: Tenant | null): Verified | null {
    const key = tenant === null ? null : linkKeys.of(tenant)
    const known = links.get(text)
    if (known !== undefined && known.path === resource.path && known.key === key) return known.verified
    const read = readLink(text)
    if (read === null) return null
    if (tenant === null || key === null || !verifyLink(read, resource.path, key, primitives)) return UNSIGNED
    const { receiverSerial, sequence } = read
    const verified = forUser('link', tenant, receiverSerial, { sequence, grants: [reading(resource)] })
    links.set(ownText(text), { path: resource.path, key, verified })
    return verified
  }

  /** Reaches into conversations alone: what lies outside of them has no receivers by being shared. */
  function pass(read: Pass, tenant: Tenant | null): Verified {
    if (tenant === null || !verifyPass(read, tenant.app.id, linkKeys.of(tenant), primitives)) return UNSIGNED
    const { userSerial, sequence, session } = read
    const grants = [reading(resourceOf('apps', tenant.app.id, 'conversations'))]
    return forUser('pass', tenant, userSerial, { sequence, session, grants })
  }

  function service(read: Service, resource: Resource, tenant: Tenant | null, cheaply: boolean) {
    if (tenant === null || !verifyService(read, resource.path, linkKeys.of(tenant), primitives)) return UNSIGNED
    const finish = (known: KnownKey | null): Verified => serviceToken(read, resource, tenant, known)
    const known = keys.peekBySerial(read.keySerial)
    if (known !== undefined) return finish(known)
    return cheaply ? refuse('too_many_bad_tokens') : keys.findBySerial(read.keySerial).then(finish)
  }

  return {
    link,
    pass(text, tenant) {
      const read = readPass(text)
      return read === null ? null : pass(read, tenant)
    },
    service(text, resource, tenant, cheaply) {
      const read = readService(text)
      return read === null ? null : service(read, resource, tenant, cheaply)
    },
    presigned({ keyId, ...texts }, resource, tenant) {
      const read = readPresigned(texts)
      if (read === null) return refuse('credential_malformed')
      if (tenant === null || keyId !== tenant.app.id) return UNSIGNED
      if (!verifyPresigned(read, resource.path, linkKeys.of(tenant), primitives)) return UNSIGNED
      const { userSerial, sequence, session, expires } = read
      const expiresAt = expires * 1000
      return forUser('presigned', tenant, userSerial, { sequence, session, expiresAt, grants: [reading(resource)] })
    },
  }
}

/** Reaches no further than the key that it was made with, now: its grants there, under their limits, and its end. */
function serviceToken(read: Service, resource: Resource, { app }: Tenant, known: KnownKey | null): Verified {
  if (known === null || (known.key.app !== null && known.key.app !== app.id)) return refuse('key_revoked')
  const grants = known.grants
    .filter((grant) => speaksOf(grant, 'read', resource))
    .map(({ limits }) => ({ ...reading(resource), limits }))
  return {
    ok: true,
    token: attest({
      ...NOBODY,
      kind: 'service',
      app: app.id,
      key: known.key.id,
      keySerial: known.token.keySerial,
      grants,
      sequence: read.sequence,
      expiresAt: Math.min(read.expires * 1000, known.key.expiresAt ?? Number.POSITIVE_INFINITY),
    }),
  }
}

const NOBODY = {
  id: null,
  subject: null,
  subjectSerial: null,
  key: null,
  keySerial: null,
  session: null,
  issuedAt: null,
  expiresAt: null,
} as const

function forUser(
  kind: TokenFacts['kind'],
  { app }: Tenant,
  subjectSerial: number,
  facts: Pick<TokenFacts, 'sequence' | 'grants'> & Partial<TokenFacts>,
): Verified {
  return { ok: true, token: attest({ ...NOBODY, kind, app: app.id, subjectSerial, ...facts }) }
}

function reading(resource: Resource): TokenFacts['grants'][number] {
  return { actions: ['read'], resource, limits: {} }
}

function refuse(reason: Extract<Verified, { ok: false }>['reason']): Verified {
  return { ok: false, reason }
}

const UNSIGNED: Verified = Object.freeze(refuse('signature_invalid'))
