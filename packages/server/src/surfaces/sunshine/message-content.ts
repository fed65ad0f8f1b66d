import type { Json } from '@gatehouse/core/json'
import { type Fields, missing, objectOf, objectsOf, requiredText, textOf, wrong } from './request.ts'

/** What a message holds, as its sender wrote it: read and found well-formed, but for what its media are. */
export type Content = {
  readonly type: ContentType
  readonly text: string | null
  /** Everything else, by the vendor's names; `mediaUrl` is what was sent. */
  readonly more: { readonly [name: string]: Json }
}

/** The types of messages there are here, and what each may hold beside its text. */
const HOLDS = {
  text: ['actions', 'payload'],
  image: ['mediaUrl', 'mediaType', 'mediaSize', 'altText', 'actions'],
  file: ['mediaUrl', 'mediaType', 'mediaSize', 'altText'],
  carousel: ['items', 'displaySettings'],
  list: ['items', 'actions'],
  location: ['coordinates', 'location'],
} as const satisfies Record<string, readonly string[]>

/** A type of message. */
export type ContentType = keyof typeof HOLDS

const LONGEST_TEXT = 65_536
const LONGEST_URL = 4096
const MOST_ITEMS = 10

/** Reads what a message holds: `content` of v2, the message itself under v1.1. Raises 400 with the name of what is wrong. */
export function readContent(fields: Fields): Content {
  const type = typeOf(fields)
  const text = proseOf(fields)
  const more: Record<string, Json> = {}
  for (const name of HOLDS[type]) {
    const value = fields[name]
    // What was parsed from JSON is JSON.
    if (value !== undefined && value !== null) more[name] = value as Json
  }
  if (type === 'text' && text === null && more.actions === undefined) throw missing('text')
  if (type === 'image' || type === 'file') readMedia(fields)
  if (type === 'carousel' || type === 'list') readItems(fields)
  if (type === 'location' && objectOf(fields, 'coordinates') === undefined) throw missing('coordinates')
  objectsOf(fields, 'actions')
  return { type, text, more }
}

function typeOf(fields: Fields): ContentType {
  const type = requiredText(fields, 'type')
  if (Object.hasOwn(HOLDS, type)) return type as ContentType
  throw wrong('type', `should be equal to one of the allowed values: ${Object.keys(HOLDS).join(', ')}`)
}

function proseOf({ text }: Fields): string | null {
  if (text === undefined || text === null || text === '') return null
  if (typeof text !== 'string' || !text.isWellFormed()) throw wrong('text', 'should be string')
  if (text.length > LONGEST_TEXT) throw wrong('text', `should NOT be longer than ${LONGEST_TEXT} characters`)
  return text
}

function readMedia(fields: Fields): void {
  const url = requiredText(fields, 'mediaUrl', LONGEST_URL)
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) throw wrong('mediaUrl', 'should match format "uri"')
  textOf(fields, 'mediaType')
  textOf(fields, 'altText')
  const { mediaSize } = fields
  if (mediaSize !== undefined && mediaSize !== null && !Number.isSafeInteger(mediaSize)) {
    throw wrong('mediaSize', 'should be integer')
  }
}

function readItems(fields: Fields): void {
  const items = objectsOf(fields, 'items')
  if (items === undefined) throw missing('items')
  if (items.length < 1 || items.length > MOST_ITEMS) throw wrong('items', `should have 1 to ${MOST_ITEMS} items`)
  for (const item of items) {
    requiredText(item, 'title')
    if (item.mediaUrl !== undefined && item.mediaUrl !== null) readMedia(item)
  }
}
