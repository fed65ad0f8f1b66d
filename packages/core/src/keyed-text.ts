const SESSION = /^[0-9a-f]{24}$/

/** Bytes of a login session's id. */
export const SESSION_BYTES = 12

/** Writes a whole number in `size` bytes, big-endian. Throws a RangeError where it does not fit. */
export function writeNumber(bytes: Uint8Array, at: number, size: number, number: number): void {
  if (!Number.isSafeInteger(number) || number < 0 || number >= 2 ** (8 * size)) {
    throw new RangeError('number does not fit into a keyed text')
  }
  let left = number
  for (let i = at + size - 1; i >= at; i--) {
    bytes[i] = left % 256
    left = Math.floor(left / 256)
  }
}

/** Reads a whole number of `size` bytes (at most six), big-endian. */
export function readNumber(bytes: Uint8Array, at: number, size: number): number {
  let number = 0
  for (let i = at; i < at + size; i++) number = number * 256 + (bytes[i] as number)
  return number
}

/** Writes a login session's id. Throws a RangeError where it is not 24 lower-case hex characters. */
export function writeSession(bytes: Uint8Array, at: number, session: string): void {
  if (!SESSION.test(session)) throw new RangeError('not the id of a login session')
  for (let i = 0; i < SESSION_BYTES; i++) bytes[at + i] = Number.parseInt(session.slice(2 * i, 2 * i + 2), 16)
}

/** Reads a login session's id. */
export function readSession(bytes: Uint8Array, at: number): string {
  let session = ''
  for (let i = at; i < at + SESSION_BYTES; i++) session += (bytes[i] as number).toString(16).padStart(2, '0')
  return session
}
