/**
 * Base64url without padding (RFC 4648, section 5), strict: every text that is read is the only spelling of its bytes
 * (security.md T2). Node's own decoder takes other alphabets, padding, blanks and stray bits, and so does `atob`.
 */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The value of each ASCII character, -1 for those that have none; -1 survives every shift and OR as a negative number. */
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/** Both digits of each twelve bits. */
const PAIRS = Array.from({ length: 4096 }, (_, word) => `${ALPHABET[word >> 6]}${ALPHABET[word & 63]}`)

/** Writes bytes as base64url. */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = ''
  let i = 0
  for (; i + 2 < bytes.length; i += 3) {
    const word = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    text += pair(word >> 12) + pair(word)
  }
  const left = bytes.length - i
  if (left === 1) {
    const word = bytes[i] as number
    text += digit(word >> 2) + digit(word << 4)
  } else if (left === 2) {
    const word = ((bytes[i] as number) << 8) | (bytes[i + 1] as number)
    text += digit(word >> 10) + digit(word >> 4) + digit(word << 2)
  }
  return text
}

/** Reads base64url, or answers null where the text is not the canonical spelling of any bytes. */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | null {
  const { length } = text
  const left = length & 3
  if (left === 1) return null
  const bytes = new Uint8Array((length * 3) >> 2)
  const whole = length - left
  let wrong = 0
  let at = 0
  for (let i = 0; i < whole; i += 4) {
    const word = (value(text, i) << 18) | (value(text, i + 1) << 12) | (value(text, i + 2) << 6) | value(text, i + 3)
    wrong |= word
    bytes[at++] = word >> 16
    bytes[at++] = word >> 8
    bytes[at++] = word
  }
  if (left > 1) {
    const word = (value(text, whole) << 12) | (value(text, whole + 1) << 6) | (left === 3 ? value(text, whole + 2) : 0)
    wrong |= word
    if ((word & (left === 2 ? 0x3ff : 3)) !== 0) return null
    bytes[at++] = word >> 10
    if (left === 3) bytes[at] = word >> 2
  }
  return wrong < 0 ? null : bytes
}

function pair(word: number): string {
  return PAIRS[word & 4095] as string
}

function digit(word: number): string {
  return ALPHABET[word & 63] as string
}

function value(text: string, i: number): number {
  const code = text.charCodeAt(i)
  return code > 127 ? -1 : (VALUES[code] as number)
}
