import type { UnverifiedJws } from '@gatehouse/core/jws'
import { verifyJwt } from '@gatehouse/core/jwt'
import { mediaScope, parseMediaClaims } from '@gatehouse/core/media'
import type { Primitives } from '@gatehouse/core/primitives'
import { isProblem } from '@gatehouse/core/problem'
import { attest, type Token } from '@gatehouse/core/token'
import type { KnownMediaKey } from '../signing/media-keys.ts'
import { mediaTokenId } from '../token-id.ts'
import type { Verified } from './judgement.ts'

/** The place in the order of standing changes of what was issued in a second of the epoch. */
export type SequenceAt = (second: number) => number

/** Verifies a media token with the key that it names. The key being retired is for its standing to say. */
export function verifyMedia(
  jws: UnverifiedJws,
  key: KnownMediaKey,
  primitives: Primitives,
  sequenceAt: SequenceAt,
): Verified {
  const payload = verifyJwt(jws, key.verification, primitives)
  if (isProblem(payload)) return { ok: false, reason: payload.reason }
  const claims = parseMediaClaims(payload)
  if (isProblem(claims)) return { ok: false, reason: 'claims_invalid' }
  const { resource, issuedAt, expiresAt } = claims
  const token = attest({
    kind: 'media',
    id: mediaTokenId(key.id, jws.payload),
    app: mediaScope(resource)?.app ?? '',
    subject: null,
    subjectSerial: null,
    key: key.id,
    keySerial: null,
    session: null,
    grants: [{ actions: ['read'], resource, limits: {} }],
    sequence: sequenceAt(issuedAt / 1000),
    issuedAt,
    expiresAt,
  })
  return { ok: true, token }
}

/**
 * A media token whose signature was checked earlier, with its place in the order of changes as it is known now: a thread that lags behind
 * takes it for older than it is.
 */
export function asOfNow(token: Token, sequenceAt: SequenceAt): Token {
  const sequence = sequenceAt((token.issuedAt ?? 0) / 1000)
  return sequence === token.sequence ? token : attest({ ...token, sequence })
}
