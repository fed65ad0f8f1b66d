import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { readNumber, readSession, SESSION_BYTES, writeNumber, writeSession } from './keyed-text.ts'
import type { KeyHandle, Primitives } from './primitives.ts'

/** Whom a pre-signed URL is for, to what, and how long. `expires` is in seconds since the epoch. */
export type PresignedFacts = {
  /** Canonical path of the attachment. */
  readonly path: string
  readonly userSerial: number
  /** The login session whose pass it was made for, with which it ends; null where there was none. */
  readonly session: string | null
  /** That of the credential it was made for: what voids the one voids the other. */
  readonly sequence: number
  readonly expires: number
}

/**
 * A pre-signed URL's own part, in three texts. The subject is base64url for 10 bytes (version 3, serial number of the user in 5,
 * sequence in 4, big-endian) and, where there is one, 12 more of a login session's id; the signature is base64url for the
 * first 20 bytes of HMAC-SHA256 with the app's link key over the purpose, the path, the end in 6 bytes, and the subject.
 */
export type PresignedTexts = { readonly expires: string; readonly subject: string; readonly signature: string }

/** What was read, not yet believed. */
export type Presigned = Omit<PresignedFacts, 'path'> & {
  /** What the signature covers, and the signature. */
  readonly bytes: Uint8Array
}

const PURPOSE = 'gatehouse pre-signed URL v1'
const END = 6
const SUBJECT = 10
const SIGNATURE = 20
const EXPIRES = /^[1-9][0-9]{0,13}$/

/**
 * When a pre-signed URL made at `at` (milliseconds) ends, in seconds: five minutes after the beginning of the minute, so that
 * whoever asks again within a minute gets the same URL.
 */
export function presignedUntil(at: number): number {
  return Math.floor(at / 60_000) * 60 + 300
}

/** Signs. Throws a RangeError for numbers or a session that do not fit. */
export function makePresigned(facts: PresignedFacts, key: KeyHandle, primitives: Primitives): PresignedTexts {
  const { path, userSerial, session, sequence, expires } = facts
  const from = END + SUBJECT + (session === null ? 0 : SESSION_BYTES)
  const bytes = new Uint8Array(from + SIGNATURE)
  writeNumber(bytes, 0, END, expires)
  bytes[END] = 3
  writeNumber(bytes, END + 1, 5, userSerial)
  writeNumber(bytes, END + 6, 4, sequence)
  if (session !== null) writeSession(bytes, END + SUBJECT, session)
  primitives.seal(key, PURPOSE, path, bytes, from)
  return {
    expires: String(expires),
    subject: encodeBase64url(bytes.subarray(END, from)),
    signature: encodeBase64url(bytes.subarray(from)),
  }
}

/** Reads the three texts without trusting them, or null where one of them has not its exact form. */
export function readPresigned({ expires, subject, signature }: PresignedTexts): Presigned | null {
  if (!EXPIRES.test(expires) || subject.length > 32 || signature.length > 32) return null
  const [whom, mac] = [decodeBase64url(subject), decodeBase64url(signature)]
  if (whom === null || mac === null || mac.length !== SIGNATURE || whom[0] !== 3) return null
  const bySession = whom.length === SUBJECT + SESSION_BYTES
  if (!bySession && whom.length !== SUBJECT) return null
  const bytes = new Uint8Array(END + whom.length + SIGNATURE)
  writeNumber(bytes, 0, END, Number(expires))
  bytes.set(whom, END)
  bytes.set(mac, END + whom.length)
  return {
    userSerial: readNumber(whom, 1, 5),
    sequence: readNumber(whom, 6, 4),
    session: bySession ? readSession(whom, SUBJECT) : null,
    expires: Number(expires),
    bytes,
  }
}

/** Whether it was signed with this key for this canonical path. Constant time. */
export function verifyPresigned({ bytes }: Presigned, path: string, key: KeyHandle, primitives: Primitives): boolean {
  return primitives.sealed(key, PURPOSE, path, bytes, bytes.length - SIGNATURE)
}
