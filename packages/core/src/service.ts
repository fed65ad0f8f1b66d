import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { readNumber, writeNumber } from './keyed-text.ts'
import type { KeyHandle, Primitives } from './primitives.ts'

/**
 * A service token: 42 characters of base64url for 31 bytes, by which the holder of an API key lets a program of theirs read
 * one attachment. Nothing about it is stored.
 *
 * | bytes | |
 * |---|---|
 * | 1 | version, 4 |
 * | 5 | serial number of the API key, big-endian; {@link CONFIGURED_KEY} for that of the configuration |
 * | 4 | sequence of standing changes at which it was derived, big-endian |
 * | 5 | its end, in seconds since the epoch, big-endian |
 * | 16 | start of HMAC-SHA256 with the app's link key over the purpose, the canonical path, and the bytes before |
 */
export type Service = {
  readonly keySerial: number
  readonly sequence: number
  readonly expires: number
  /** All of them, not yet believed. */
  readonly bytes: Uint8Array
}

/** What a service token is for. `expires` is in seconds since the epoch. */
export type ServiceFacts = {
  readonly path: string
  readonly keySerial: number
  readonly sequence: number
  readonly expires: number
}

/** Stands for the key of the configuration where others have their serial number: no row has it. */
export const CONFIGURED_KEY = 0

/** How long a service token lives, in seconds. */
export const SERVICE_SECONDS = 3600

const PURPOSE = 'gatehouse service token v1'
const SHOWN = 15
const MAC = 16
const FORM = /^B[A-P][A-Za-z0-9_-]{40}$/

/** Whether a text has the form of a service token; whether it is a good one, only {@link verifyService} tells. */
export function looksLikeService(text: string): boolean {
  return text.length === 42 && FORM.test(text)
}

/** Derives a service token. Throws a RangeError for numbers that do not fit. */
export function makeService(
  { path, keySerial, sequence, expires }: ServiceFacts,
  key: KeyHandle,
  primitives: Primitives,
): string {
  const bytes = new Uint8Array(SHOWN + MAC)
  bytes[0] = 4
  writeNumber(bytes, 1, 5, keySerial)
  writeNumber(bytes, 6, 4, sequence)
  writeNumber(bytes, 10, 5, expires)
  primitives.seal(key, PURPOSE, path, bytes, SHOWN)
  return encodeBase64url(bytes)
}

/** Reads a service token without trusting it, or null where it has not the exact form of one. */
export function readService(text: string): Service | null {
  const bytes = looksLikeService(text) ? decodeBase64url(text) : null
  if (bytes === null) return null
  return {
    keySerial: readNumber(bytes, 1, 5),
    sequence: readNumber(bytes, 6, 4),
    expires: readNumber(bytes, 10, 5),
    bytes,
  }
}

/** Whether a service token was derived with this key for this canonical path. Constant time. */
export function verifyService({ bytes }: Service, path: string, key: KeyHandle, primitives: Primitives): boolean {
  return primitives.sealed(key, PURPOSE, path, bytes, SHOWN)
}
