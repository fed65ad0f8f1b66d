import type { Json } from '@gatehouse/core/json'
import type { Attachment, Message, User } from '@gatehouse/storage/records/port'
import { userIdOf } from './people.ts'
import { isoTime } from './views.ts'

/** Who speaks, as it was when they did. */
export type Author = {
  readonly type: 'business' | 'user'
  readonly displayName?: string
  readonly avatarUrl?: string
  /** A user's `id`. */
  readonly userId?: string
  readonly userExternalId?: string
}

/** What this surface keeps in a message's `data`: what of it has no place elsewhere. */
export type Kept = {
  readonly author: Author
  /** What the message holds beside type and text; media of our own are named by their paths. */
  readonly more: { readonly [name: string]: Json }
  readonly metadata: { readonly [name: string]: Json } | null
}

/** What some messages are shown with: found beforehand for those that came in by another door. */
export type Scene = {
  readonly users: ReadonlyMap<string, User>
  readonly attachments: ReadonlyMap<string, Attachment>
  /** The URL at a path. */
  readonly url: (path: string) => string
}

/** The name under which {@link Kept} stands in `data`. */
const NAME = 'sunshine'

/** The `data` of a message of this surface. */
export function keep(kept: Kept): { readonly [name: string]: Json } {
  return { [NAME]: kept as unknown as Json }
}

/**
 * What of a message this surface kept; null where it came in by another door, or was deleted. Other doors keep in `data` what they like, and
 * MUST NOT break what shows it, nor speak for somebody else.
 */
export function keptOf({ data, deletedAt, from }: Message): Kept | null {
  const kept = Object.hasOwn(data, NAME) ? data[NAME] : undefined
  if (deletedAt !== null || !isObject(kept)) return null
  const { author, more, metadata } = kept
  if (!isObject(author) || !isObject(more) || !(metadata === null || isObject(metadata))) return null
  const { type, userId, userExternalId, ...shown } = author
  if (!Object.values(shown).every((text) => typeof text === 'string')) return null
  const speaks = from === null ? type === 'business' : type === 'user' && userExternalId === from
  if (!speaks || (from !== null && typeof userId !== 'string')) return null
  const holders = more.items === undefined ? [more] : Array.isArray(more.items) ? [more, ...more.items] : [null]
  return holders.every(isHolder) ? (kept as unknown as Kept) : null
}

function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isHolder(value: Json): boolean {
  return isObject(value) && (value.mediaUrl === undefined || typeof value.mediaUrl === 'string')
}

/** A message under v2. */
export function showMessage(message: Message, scene: Scene) {
  const { author, content, metadata } = read(message, scene)
  return {
    id: message.id,
    received: isoTime(message.createdAt),
    author,
    content,
    source: { type: 'api:conversations' },
    ...(metadata !== null && { metadata }),
  }
}

/** A message under v1.1. */
export function showMessage11(message: Message, scene: Scene) {
  const { author, content, metadata } = read(message, scene)
  const { userId, displayName, avatarUrl } = author
  return {
    _id: message.id,
    ...content,
    role: author.type === 'user' ? 'appUser' : 'appMaker',
    ...(userId !== undefined && { authorId: userId }),
    ...(displayName !== undefined && { name: displayName }),
    ...(avatarUrl !== undefined && { avatarUrl }),
    received: message.createdAt / 1000,
    source: { type: 'api' },
    ...(metadata !== null && { metadata }),
  }
}

function read(message: Message, scene: Scene) {
  const kept = keptOf(message) ?? guessed(message, scene)
  const { type, text } = message
  const own = keptOf(message) !== null
  return {
    author: kept.author,
    content: {
      type: own ? type : typeOf(kept.more),
      ...(text !== null && { text }),
      ...named(kept.more, scene),
    },
    metadata: kept.metadata,
  }
}

/** A message of another door, as far as it can be said here: its first file. */
function guessed({ app, from, attachments }: Message, scene: Scene): Kept {
  const user = from === null ? undefined : scene.users.get(from)
  const author: Author =
    from === null
      ? { type: 'business' }
      : { type: 'user', userExternalId: from, ...(user !== undefined && { userId: userIdOf(app, user) }) }
  const file = attachments.map((id) => scene.attachments.get(id)).find((one) => one !== undefined)
  if (file === undefined) return { author, more: {}, metadata: null }
  const { path, contentType, size, filename } = file
  return {
    author,
    more: { mediaUrl: path, mediaType: contentType, mediaSize: size, altText: filename },
    metadata: null,
  }
}

function typeOf({ mediaType }: Kept['more']): 'text' | 'image' | 'file' {
  if (typeof mediaType !== 'string') return 'text'
  return mediaType.startsWith('image/') ? 'image' : 'file'
}

/** Puts URLs in the place of paths. */
function named(more: Kept['more'], { url }: Scene): Kept['more'] {
  const own = (holder: Kept['more']): Kept['more'] =>
    typeof holder.mediaUrl === 'string' ? { ...holder, mediaUrl: url(holder.mediaUrl) } : holder
  if (!Array.isArray(more.items)) return own(more)
  return { ...more, items: (more.items as readonly Kept['more'][]).map(own) }
}
