import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { readNumber, readSession, SESSION_BYTES, writeNumber, writeSession } from './keyed-text.ts'
import type { KeyHandle, Primitives } from './primitives.ts'

/**
 * A media pass: 56 characters of base64url for 42 bytes, by which a user's login session reads what that user receives, and
 * nothing else. Nothing about it is stored. Its first character pair differs from a recipient link's, so does its length.
 *
 * | bytes | |
 * |---|---|
 * | 1 | version, 2 |
 * | 5 | serial number of the user, big-endian |
 * | 4 | sequence of standing changes at which the session began, big-endian |
 * | 12 | id of the login session |
 * | 20 | start of HMAC-SHA256 with the app's link key over the purpose, the app's id, and the bytes before |
 */
export type Pass = {
  readonly userSerial: number
  readonly sequence: number
  readonly session: string
  /** All of them, not yet believed. */
  readonly bytes: Uint8Array
}

/** Whom a pass is for. `session` is 24 lower-case hex characters. */
export type PassFacts = {
  readonly app: string
  readonly userSerial: number
  readonly session: string
  readonly sequence: number
}

const PURPOSE = 'gatehouse media pass v1'
const SHOWN = 10 + SESSION_BYTES
const MAC = 20
const FORM = /^A[g-v][A-Za-z0-9_-]{54}$/

/** Whether a text has the form of a pass; whether it is a good one, only {@link verifyPass} tells. */
export function looksLikePass(text: string): boolean {
  return text.length === 56 && FORM.test(text)
}

/** Derives a pass. Throws a RangeError for a serial, sequence or session that does not fit. */
export function makePass(
  { app, userSerial, session, sequence }: PassFacts,
  key: KeyHandle,
  primitives: Primitives,
): string {
  const bytes = new Uint8Array(SHOWN + MAC)
  bytes[0] = 2
  writeNumber(bytes, 1, 5, userSerial)
  writeNumber(bytes, 6, 4, sequence)
  writeSession(bytes, 10, session)
  primitives.seal(key, PURPOSE, app, bytes, SHOWN)
  return encodeBase64url(bytes)
}

/** Reads a pass without trusting it, or null where it has not the exact form of one. */
export function readPass(text: string): Pass | null {
  const bytes = looksLikePass(text) ? decodeBase64url(text) : null
  if (bytes === null) return null
  return {
    userSerial: readNumber(bytes, 1, 5),
    sequence: readNumber(bytes, 6, 4),
    session: readSession(bytes, 10),
    bytes,
  }
}

/** Whether a pass was derived with this key in this app. Constant time. */
export function verifyPass({ bytes }: Pass, app: string, key: KeyHandle, primitives: Primitives): boolean {
  return primitives.sealed(key, PURPOSE, app, bytes, SHOWN)
}
