/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object. */
export type JsonObject = { readonly [name: string]: Json }

/** How deep objects and arrays may be nested in each other. */
export const MAX_DEPTH = 8

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads bytes as one JSON object, strictly (RFC 8259; RFC 7515, section 4; RFC 8725, section 2.4): valid UTF-8 without a
 * byte order mark, an object at the top, no name twice in one object, nothing called `__proto__`, at most
 * {@link MAX_DEPTH} levels. Null for anything else.
 */
export function parseObject(bytes: Uint8Array): JsonObject | null {
  try {
    const text = UTF8.decode(bytes)
    const members = countMembers(text)
    if (members < 0) return null
    const value: unknown = JSON.parse(text)
    return isObject(value) && count(value) === members ? value : null
  } catch {
    return null
  }
}

/** Whether a value is a JSON object (no array, not null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How many members are written in the text, in all its objects; -1 where it is nested too deep. */
function countMembers(text: string): number {
  let members = 0
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x22) {
      i = endOfString(text, i)
    } else if (code === 0x3a) {
      members++
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH) return -1
    } else if (code === 0x7d || code === 0x5d) {
      depth--
    }
  }
  return members
}

/** Where the string that begins at `start` has its closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x22) return i
    if (code === 0x5c) i++
  }
  return text.length
}

/** How many members have been read; fewer than are written means that a name came twice. */
function count(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const inner of value) members += count(inner)
    return members
  }
  const object = value as JsonObject
  for (const name of Object.keys(object)) {
    if (name === '__proto__') return Number.NaN
    members += 1 + count(object[name] as Json)
  }
  return members
}
