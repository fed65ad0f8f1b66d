import { isSegment } from './resource.ts'

/** The longest segment made from an uploaded name, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 200

/**
 * A legal segment made from any uploaded filename: NFC, at most {@link MAX_NAME_BYTES} bytes, never empty, the extension
 * kept. What cannot stand in a path (slashes, control characters, what would decode twice) and what lets a name pretend to
 * be another (controls of text direction) becomes `_`; a name that is legal already comes back unchanged.
 */
export function safeSegment(name: string): string {
  const text = name.toWellFormed().normalize('NFC').replace(UNSAFE, '_').replace(DECODABLE, '_').trim()
  const short = shorten(text)
  return isSegment(short) ? short : short.replaceAll('.', '_') || 'file'
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[/\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g
const DECODABLE = /%(?=[0-9a-f]{2})/gi
const EXTENSION = /\.[^.\s]{1,16}$/

function shorten(text: string): string {
  if (bytes(text) <= MAX_NAME_BYTES) return text
  const extension = EXTENSION.exec(text)?.[0] ?? ''
  let room = MAX_NAME_BYTES - bytes(extension)
  let stem = ''
  for (const character of text) {
    room -= bytes(character)
    if (room < 0) break
    stem += character
  }
  return stem.trimEnd() + extension
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length
}
