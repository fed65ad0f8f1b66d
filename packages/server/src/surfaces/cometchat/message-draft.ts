import type { Json } from '@gatehouse/core/json'
import type { Resource } from '@gatehouse/core/resource'
import { type Addresses, isUnwieldy } from './addresses.ts'
import { badField, failure } from './errors.ts'
import { choiceOf, type Fields, objectOf, requiredText, sizeOf, textOf, textsOf } from './request.ts'

/** A file that a message names by its URL: one of ours, which is shared anew, or one that lies elsewhere and stays a link. */
export type NamedFile = Elsewhere | { readonly place: Resource | null; readonly name: string | null }

/** A file elsewhere, as its sender describes it. Nobody fetches it here. */
export type Elsewhere = {
  readonly url: string
  readonly name: string
  readonly mimeType: string
  readonly extension: string
  readonly size: number
}

/** A message as its sender wrote it, read and found well-formed. Nothing of it names a token any more. */
export type Draft = {
  readonly receiverType: 'user' | 'group'
  readonly receiver: string
  readonly category: string
  readonly type: string
  readonly text: string | null
  /** What else `data` holds, as it came: metadata, custom data, mentions … */
  readonly content: { readonly [name: string]: Json }
  readonly files: readonly NamedFile[]
  readonly tags: readonly string[]
  readonly parent: string | null
  /** The client's own id for it, which it wants back, and by which a repeated call is known. */
  readonly muid: string | null
}

/** What an edit replaces; what it leaves out stays. */
export type Edit = Partial<Pick<Draft, 'text' | 'content' | 'tags'>>

/** How a draft is read. */
export type Reading = {
  readonly addresses: Addresses
  /** Whether clients add their own token to whatever names our media host: then bait is refused. */
  readonly clientsAddTokens: boolean
  /** Files that came along in the form. */
  readonly uploads: number
}

/** Limits of the vendor: the whole message as JSON, `data` without its text, and tags. */
const MESSAGE_LENGTH = 65_536
const DATA_LENGTH = 10_240
const TAGS = 25
const LEVELS = 16

/** The types of messages with files. */
export const MEDIA: ReadonlySet<string> = new Set(['image', 'video', 'audio', 'file', 'media'])
/**
 * What people may send. Clients know no message of any other category, and hand null to their application in its place; actions and calls
 * are told by the server alone.
 */
export const CATEGORIES = ['message', 'custom', 'interactive'] as const
const WORD = /^[\p{L}\p{N}_. :-]{1,100}$/u

/**
 * Reads a message. Raises ERR_BAD_REQUEST (with the field, where one is to blame), and ERR_EMPTY_MESSAGE_FILE for a media message
 * without a file.
 */
export function readDraft(fields: Fields, reading: Reading): Draft {
  if (sizeOf(fields) > MESSAGE_LENGTH) throw failure('ERR_BAD_REQUEST', 'The message is too long.')
  if (fields.multipleReceivers !== undefined) {
    throw badField('multipleReceivers', 'Sending to several receivers at once is not offered.')
  }
  const receiverType = choiceOf(fields, 'receiverType', ['user', 'group'])
  if (receiverType === undefined) throw badField('receiverType', 'The receiver type field is required.')
  const receiver = requiredText(fields, 'receiver')
  const category = choiceOf({ category: fields.category || undefined }, 'category', CATEGORIES) ?? 'message'
  const { text, content, files } = readData(fields, reading)
  const type = wordOf(fields, 'type') ?? (files.length + reading.uploads > 0 ? 'file' : 'text')
  const total = files.length + reading.uploads
  if (category === 'message' && MEDIA.has(type) && total === 0) throw failure('ERR_EMPTY_MESSAGE_FILE')
  if (category === 'message' && type === 'text' && text === null) throw badField('text', 'The text field is required.')
  return {
    receiverType,
    receiver,
    category,
    type,
    text,
    content,
    files,
    tags: tagsOf(fields, reading) ?? [],
    parent: textOf(fields, 'parentMessageId') ?? textOf(fields, 'parentId') ?? null,
    muid: textOf(fields, 'muid') || null,
  }
}

/** Reads an edit. Raises as {@link readDraft} does. The files of a message stay as they are. */
export function readEdit(fields: Fields, reading: Omit<Reading, 'uploads'>): Edit {
  if (sizeOf(fields) > MESSAGE_LENGTH) throw failure('ERR_BAD_REQUEST', 'The message is too long.')
  const { text, content } = readData(fields, { ...reading, uploads: 0 })
  const tags = tagsOf(fields, reading)
  return {
    ...(text !== null && { text }),
    ...(fields.data !== undefined && fields.data !== null && { content }),
    ...(tags !== undefined && { tags }),
  }
}

function readData(fields: Fields, reading: Reading): Pick<Draft, 'text' | 'content' | 'files'> {
  const data = objectOf(fields, 'data', MESSAGE_LENGTH) ?? {}
  const { text: inside, attachments, url, entities: _ours, mentions: _none, ...rest } = data
  if (sizeOf(rest) + sizeOf(attachments ?? null) > DATA_LENGTH) {
    throw badField('data', `The data may not be greater than ${DATA_LENGTH} characters.`)
  }
  if (isUnwieldy(rest, LEVELS))
    throw badField('data', 'The data is nested too deeply, or has a member that no message may have.')
  const text = firstText(inside, fields.text, fields.caption)
  const content = reading.addresses.strip(rest) as Draft['content']
  return {
    text: text === null ? null : (reading.addresses.strip(text) as string),
    content,
    files: readFiles(attachments, url, reading),
  }
}

function firstText(...given: readonly unknown[]): string | null {
  const text = given.find((value) => value !== undefined && value !== null && value !== '')
  if (text === undefined) return null
  if (typeof text !== 'string' || !text.isWellFormed()) throw badField('text', 'The text must be a string.')
  return text
}

function readFiles(attachments: Json | undefined, url: Json | undefined, reading: Reading): readonly NamedFile[] {
  if (attachments === undefined || attachments === null) {
    return typeof url === 'string' && url !== '' ? [readFile({ url }, reading)] : []
  }
  if (!Array.isArray(attachments)) throw badField('attachments', 'The attachments must be an array.')
  return attachments.map((one: Json) => {
    if (typeof one !== 'object' || one === null || Array.isArray(one)) {
      throw badField('attachments', 'Each of the attachments must be an object.')
    }
    return readFile(one as Fields, reading)
  })
}

function readFile(given: Fields, { addresses, clientsAddTokens }: Reading): NamedFile {
  const url = requiredText(given, 'url', 4096).trim()
  const name = textOf(given, 'name', 512) ?? null
  if (addresses.isOwn(url)) return { place: addresses.place(url), name }
  if (URL.parse(url) === null || !/^https?:\/\//i.test(url)) throw badField('url', 'The url format is invalid.')
  if (clientsAddTokens && addresses.baits(url)) {
    throw badField('url', 'The url names the media host of this app, but lies elsewhere.')
  }
  const shown = name ?? lastSegment(url)
  return {
    url: addresses.strip(url) as string,
    name: addresses.strip(shown) as string,
    mimeType: textOf(given, 'mimeType', 127) ?? 'application/octet-stream',
    extension: textOf(given, 'extension', 32) ?? extensionOf(shown),
    size: fileSizeOf(given.size) ?? 0,
  }
}

/** A number of bytes, as such or in digits; null for everything else. */
export function fileSizeOf(given: unknown): number | null {
  const digits = Number.isSafeInteger(given) || typeof given === 'string' ? String(given) : ''
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null
}

/** What follows the last dot of a name, in lower case; empty where nothing like an extension does. */
export function extensionOf(name: string): string {
  return /\.([a-z0-9]{1,16})$/i.exec(name)?.[1]?.toLowerCase() ?? ''
}

function lastSegment(url: string): string {
  const segment = URL.parse(url)?.pathname.split('/').at(-1) ?? ''
  return segment === '' ? 'file' : segment
}

function wordOf(fields: Fields, name: string): string | undefined {
  const word = textOf(fields, name, 100)
  if (word === undefined || word === '') return undefined
  if (!WORD.test(word)) throw badField(name, `The selected ${name} is invalid.`)
  return word
}

function tagsOf(fields: Fields, { addresses }: Pick<Reading, 'addresses'>): readonly string[] | undefined {
  const given = fields.tags
  const list = typeof given === 'string' && given.startsWith('[') ? parsed(given) : given
  const tags = textsOf({ tags: list }, 'tags', TAGS)
  return tags === undefined ? undefined : (addresses.strip(tags as Json) as readonly string[])
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
