import { decodeBase64url, encodeBase64url } from './base64url.ts'
import type { KeyHandle, Primitives } from './primitives.ts'

/**
 * A recipient link's token: 40 characters of base64url for 30 bytes. Nothing about it is stored.
 *
 * | bytes | |
 * |---|---|
 * | 1 | version, 1 |
 * | 5 | serial number of the receiver, big-endian |
 * | 4 | sequence of standing changes at which the link was derived, big-endian |
 * | 20 | start of HMAC-SHA256 with the app's link key over the purpose, the canonical path, and the ten bytes before |
 */
export type Link = {
  readonly receiverSerial: number
  readonly sequence: number
  /** All 30 of them, not yet believed. */
  readonly bytes: Uint8Array
}

/** What a link is for: the canonical path of an attachment, and who receives it. */
export type LinkFacts = { readonly path: string; readonly receiverSerial: number; readonly sequence: number }

/** The largest serial number that a link can carry (40 bits). */
export const MAX_SERIAL = 2 ** 40 - 1

/** The largest sequence that a link can carry (32 bits). */
export const MAX_SEQUENCE = 2 ** 32 - 1

const PURPOSE = 'gatehouse recipient link v1'
const VERSION = 1
const HEADER = 10
const MAC = 20

/** Whether a text has the form of a recipient link; whether it is a good one, only {@link verifyLink} tells. */
export function looksLikeLink(text: string): boolean {
  return readLink(text) !== null
}

/**
 * Prepares deriving many links with one key.
 *
 * The function throws a RangeError for a serial or sequence that does not fit.
 */
export function createLinkMaker(key: KeyHandle, primitives: Primitives): (facts: LinkFacts) => string {
  const token = new Uint8Array(HEADER + MAC)
  return ({ path, receiverSerial, sequence }) => {
    writeHeader(token, receiverSerial, sequence)
    primitives.seal(key, PURPOSE, path, token, HEADER)
    return encodeBase64url(token)
  }
}

/** Derives one link. Throws a RangeError for a serial or sequence that does not fit. */
export function makeLink(facts: LinkFacts, key: KeyHandle, primitives: Primitives): string {
  return createLinkMaker(key, primitives)(facts)
}

/** Reads a link's token without trusting it, or null where it has not the exact form of one. */
export function readLink(text: string): Link | null {
  const bytes = text.length === 40 ? decodeBase64url(text) : null
  if (bytes === null || bytes[0] !== VERSION) return null
  return { receiverSerial: (bytes[1] as number) * 2 ** 32 + readWord(bytes, 2), sequence: readWord(bytes, 6), bytes }
}

/** Whether a link was derived with this key for this canonical path. Constant time. */
export function verifyLink({ bytes }: Link, path: string, key: KeyHandle, primitives: Primitives): boolean {
  return primitives.sealed(key, PURPOSE, path, bytes, HEADER)
}

function writeHeader(header: Uint8Array, receiverSerial: number, sequence: number): void {
  if (!Number.isInteger(receiverSerial) || receiverSerial < 0 || receiverSerial > MAX_SERIAL) {
    throw new RangeError('serial number does not fit into a link')
  }
  if (!Number.isInteger(sequence) || sequence < 0 || sequence > MAX_SEQUENCE) {
    throw new RangeError('sequence does not fit into a link')
  }
  header[0] = VERSION
  header[1] = Math.floor(receiverSerial / 2 ** 32)
  writeWord(header, 2, receiverSerial)
  writeWord(header, 6, sequence)
}

/** Writes the low 32 bits. */
function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24
  bytes[at + 1] = word >>> 16
  bytes[at + 2] = word >>> 8
  bytes[at + 3] = word
}

function readWord(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [number, number, number, number]
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}
