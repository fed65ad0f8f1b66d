import type { Json, JsonObject } from '@gatehouse/core/json'
import { parseResource, type Resource } from '@gatehouse/core/resource'

/** Knows the media URLs of one app wherever they stand in what people write. */
export type Addresses = {
  /**
   * The place that a text names where the whole text is a media URL of our own: the operator's login wall in front, a query
   * and a fragment are passed over. Null for every other text.
   */
  place(text: string): Resource | null
  /** Whether a text is meant as a URL of our media host at all, readable or not. */
  isOwn(text: string): boolean
  /** Whether a text names our media host without being a URL of ours: clients would send it their token. */
  baits(text: string): boolean
  /** Takes wall, query and fragment from our own URLs in every string, at any depth, so that nobody's token is kept. */
  strip(value: Json): Json
  /** Breaks the name of our media host in every string that clients would take for one of our URLs though it is none. */
  guard<T>(value: T): T
}

/** What separates the letters of a broken host name: it takes no room and no client finds the name any more. */
const BREAK = '\u200b'

/**
 * Creates the reader of our own URLs. `mediaUrl` is where media URLs point, without a slash at its end; `loginWall` what stands in
 * front of them.
 */
export function createAddresses({ mediaUrl, loginWall }: { mediaUrl: string; loginWall: string | null }): Addresses {
  const { protocol, host } = new URL(mediaUrl)
  const wall = loginWall === null ? '' : `(?:${literal(loginWall)})?`
  const port = /:\d+$/.test(host) ? '' : protocol === 'https:' ? '(?::443)?' : '(?::80)?'
  const authority = `${literal(host)}${port}(?![\\w.:-])`
  const whole = new RegExp(`^${wall}https?://${authority}(/[^\\s?#]*)?(?:[?#]\\S*)?$`, 'iu')
  const anywhere = new RegExp(
    `${wall}((?:https?:)?//|(?<![\\w.-]))(${authority}(?:[/\\\\][^\\s"'<>?#]*)?)(?:[?#][^\\s"'<>]*)?`,
    'giu',
  )
  const exact = new RegExp(`^${wall}${literal(protocol)}//${literal(host)}(?:/\\S*)?$`, 'iu')
  const names = new RegExp(literal(host), 'giu')
  const prefix = new URL(mediaUrl).pathname.replace(/\/$/, '')
  const lower = host.toLowerCase()

  const mentions = (text: string) => text.includes(host) || text.toLowerCase().includes(lower)
  const stripText = (text: string) => (mentions(text) ? text.replace(anywhere, '$1$2') : text)
  const guardText = (text: string) =>
    !mentions(text) || exact.test(text)
      ? text
      : text.replace(names, (name) => `${name.slice(0, 1)}${BREAK}${name.slice(1)}`)

  return {
    place(text) {
      const path = whole.exec(text.trim())?.[1]
      if (path === undefined || !path.startsWith(`${prefix}/`)) return null
      return parseResource(path.slice(prefix.length))
    },
    isOwn: (text) => whole.test(text.trim()),
    baits: (text) => mentions(text) && !whole.test(text.trim()),
    strip: (value) => mapTexts(value, stripText),
    guard: <T>(value: T) => mapTexts(value as Json, guardText) as T,
  }
}

/** A path as it stands in a URL for clients: they take `fat` anywhere for a token that is there already, so it is spelt otherwise. */
export function spell(path: string): string {
  return path.includes('fat') ? path.replaceAll('fat', 'f%61t') : path
}

/**
 * Members that no object keeps: the one cannot be written, and clients ask every object of a message whether it has a member, by the other;
 * where that is no function they drop the whole message.
 */
const REFUSED: readonly string[] = ['__proto__', 'hasOwnProperty']

/** Whether no value that leaves may have a member of this name. */
export function isRefused(name: string): boolean {
  return REFUSED.includes(name)
}

/** Whether a value is nested deeper than `levels`, or has a member that cannot be kept. */
export function isUnwieldy(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0 || REFUSED.some((name) => Object.hasOwn(value, name))) return true
  return Object.values(value).some((inner) => isUnwieldy(inner, levels - 1))
}

/** Changes every string. What has none of them changed is answered as it is. */
function mapTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const mapped = value.map((inner) => mapTexts(inner, change))
    return mapped.every((inner, index) => inner === value[index]) ? value : mapped
  }
  const object = value as JsonObject
  let mapped: { [name: string]: Json } | null = null
  for (const name of Object.keys(object)) {
    const inner = object[name] as Json
    const changed = mapTexts(inner, change)
    if (changed === inner) continue
    mapped ??= { ...object }
    mapped[name] = changed
  }
  return mapped ?? object
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
