/**
 * A place in the one tree of resources: `/apps/{app}/conversations/{conversation}/{key}/{filename}` and so on.
 *
 * Gate and storage receive this same object; nobody parses a path a second time.
 */
export type Resource = {
  /** The canonical percent-encoded text; `/` for the root. Two resources are the same exactly if this text is. */
  readonly path: string
  /** The decoded segments (NFC); none for the root. */
  readonly segments: readonly string[]
}

/** The longest canonical path, in characters, and so the longest raw one that is looked at. */
export const MAX_PATH = 4096

/** The root of the tree: covers everything. */
export const ROOT: Resource = Object.freeze({ path: '/', segments: Object.freeze([]) })

/**
 * Reads the path of a request target, or any other text that names a resource, percent-encoded and without a query.
 *
 * Answers null, and repairs nothing, where the text is not exactly one absolute path: another form of target, a query or
 * fragment, `//`, a trailing slash, dot segments, a backslash, a control character (bare or encoded), `%2f`, `%5c` or
 * `%2e`, a broken escape, an escape that would decode a second time (`%2541`), invalid UTF-8, text that is not in NFC, more
 * than {@link MAX_PATH} characters. Other spellings of one path (`%61` for `a`, `|` for `%7C`) give the same resource.
 * Source: RFC 3986, sections 3.3 and 6.2.2; what is encoded in `path` is what `encodeURIComponent` encodes.
 */
export function parseResource(raw: string): Resource | null {
  if (raw.length > MAX_PATH) return null
  if (PLAIN.test(raw)) return { path: raw, segments: raw.slice(1).split('/') }
  if (raw === '/') return ROOT
  if (!PRINTABLE.test(raw) || ENCODED_DOT.test(raw)) return null
  const segments: string[] = []
  let path = ''
  for (const text of raw.slice(1).split('/')) {
    const plain = PLAIN_SEGMENT.test(text)
    const segment = plain ? text : decode(text)
    if (segment === null || !(plain || isSegment(segment))) return null
    segments.push(segment)
    path += `/${plain ? text : encodeURIComponent(segment)}`
  }
  return path.length > MAX_PATH ? null : { path, segments }
}

/**
 * Whether a resource lies at or below another one. Whole segments are compared, decoded, with case.
 * This is the only prefix match in the repository.
 */
export function covers(prefix: Resource, resource: Resource): boolean {
  const { length } = prefix.segments
  if (length > resource.segments.length) return false
  for (let i = 0; i < length; i++) {
    if (prefix.segments[i] !== resource.segments[i]) return false
  }
  return true
}

/**
 * The resource with these decoded segments; none give {@link ROOT}.
 *
 * Throws a RangeError where one of them cannot be a segment (see {@link isSegment}) or the path would be too long: callers
 * check ids with {@link isId} and names with {@link safeSegment} before.
 */
export function resourceOf(...segments: readonly string[]): Resource {
  if (segments.length === 0) return ROOT
  if (!segments.every(isSegment)) throw new RangeError('not a segment of a resource')
  const path = print(segments)
  if (path.length > MAX_PATH) throw new RangeError('path of a resource too long')
  return { path, segments }
}

/** The canonical paths of a resource and of everything above it, from the resource itself up to `/`. */
export function* prefixes(resource: Pick<Resource, 'path'>): Generator<string, void, undefined> {
  let { path } = resource
  while (path.length > 1) {
    yield path
    path = path.slice(0, path.lastIndexOf('/'))
  }
  yield '/'
}

/**
 * Whether a decoded text can be one segment: not empty, `.` or `..`; no slash, backslash or control character; nothing
 * that would decode once more (`%41`); well-formed Unicode in NFC.
 */
export function isSegment(text: string): boolean {
  if (PLAIN_SEGMENT.test(text)) return true
  return (
    text !== '' &&
    text !== '.' &&
    text !== '..' &&
    !FORBIDDEN.test(text) &&
    !DECODABLE.test(text) &&
    text.isWellFormed() &&
    text.normalize('NFC') === text
  )
}

/**
 * Whether a text can be an id that a caller chooses (user, conversation, room): 1–128 characters (code points), none of
 * `/`, `\`, `%` and control characters, not `.` or `..`. MUST be NFC, so that two ids never share one resource.
 */
export function isId(text: string): boolean {
  return text.length <= 256 && !text.includes('%') && isSegment(text) && (text.length <= 128 || [...text].length <= 128)
}

const PLAIN = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9\-_.!~*'()]+)+$/
const PLAIN_SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9\-_.!~*'()]+$/
const PRINTABLE = /^\/[\x21\x22\x24-\x3e\x40-\x5b\x5d-\x7e]+$/
const ENCODED_DOT = /%2e/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[/\\\x00-\x1f\x7f-\x9f]/
const DECODABLE = /%[0-9a-f]{2}/i

function print(segments: readonly string[]): string {
  let path = ''
  for (const segment of segments) path += `/${encodeURIComponent(segment)}`
  return path
}

/** Decoded once, or null for a broken escape or bytes that are no UTF-8. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
