import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { parseGrants, printGrants } from './claims.ts'
import type { Grant } from './grant.ts'
import { type Json, parseObject } from './json.ts'
import type { KeyHandle, Primitives } from './primitives.ts'
import { isProblem } from './problem.ts'
import { isId } from './resource.ts'

/**
 * A playback session: what a token opens when one token has to serve many requests. It carries everything that a decision
 * needs, so that any node can check it without asking. Times are milliseconds since the epoch.
 */
export type Session = {
  readonly id: string
  readonly app: string
  /** The id of the token that opened it, whose revocation ends it too; null where that had none. */
  readonly token: string | null
  /** The key which that token was signed with, and its serial number; null where there is none. */
  readonly key: string | null
  readonly keySerial: number | null
  readonly subject: string | null
  readonly subjectSerial: number | null
  /** No more than the token's, and usually only `play` on one stream. */
  readonly grants: readonly Grant[]
  /** The sequence of the token, not of the session: what voids the one voids the other. */
  readonly sequence: number
  readonly issuedAt: number
  readonly expiresAt: number
}

/** The longest session text that is looked at, in characters: it stands in a path. */
export const MAX_SESSION = 2048

const PURPOSE = 'gatehouse playback session v1\0'
const FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/

/**
 * Writes a session as one path segment: its content and an HMAC-SHA256 over purpose and content, in base64url.
 *
 * Throws a RangeError where it would be longer than {@link MAX_SESSION}.
 */
export function sealSession(session: Session, key: KeyHandle, primitives: Primitives): string {
  const { grants, ...plain } = session
  const json = JSON.stringify({ ...plain, grants: printGrants(grants) })
  const content = encodeBase64url(new TextEncoder().encode(json))
  const text = `${content}.${encodeBase64url(primitives.mac(key, PURPOSE + content))}`
  if (text.length > MAX_SESSION) throw new RangeError('session too long')
  return text
}

/** Reads a session whose MAC holds, or answers null. Expiry and standing are for the decision. Constant time. */
export function openSession(text: string, key: KeyHandle, primitives: Primitives): Session | null {
  if (text.length > MAX_SESSION || !FORM.test(text)) return null
  const dot = text.indexOf('.')
  const content = text.slice(0, dot)
  const mac = decodeBase64url(text.slice(dot + 1))
  if (mac === null || !primitives.equal(primitives.mac(key, PURPOSE + content), mac)) return null
  const bytes = decodeBase64url(content)
  const json = bytes === null ? null : parseObject(bytes)
  if (json === null) return null
  const { id, app, token, key: keyId, keySerial, subject, subjectSerial, sequence, issuedAt, expiresAt } = json
  const grants = parseGrants(json.grants)
  const whole =
    isText(id) &&
    isText(app) &&
    (token === null || isText(token)) &&
    (keyId === null || isText(keyId)) &&
    (keySerial === null || isCount(keySerial)) &&
    (subject === null || (isText(subject) && isId(subject))) &&
    (subjectSerial === null || isCount(subjectSerial)) &&
    isCount(sequence) &&
    isCount(issuedAt) &&
    isCount(expiresAt) &&
    !isProblem(grants)
  if (!whole) return null
  return { id, app, token, key: keyId, keySerial, subject, subjectSerial, grants, sequence, issuedAt, expiresAt }
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== ''
}

function isCount(value: Json | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
