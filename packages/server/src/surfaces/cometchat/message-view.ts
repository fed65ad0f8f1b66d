import type { Attachment, Json, Message } from '@gatehouse/storage/records/port'
import { mentionedIn } from './mentions.ts'
import { CATEGORIES, type Draft, type Elsewhere, extensionOf } from './message-draft.ts'
import { seconds, showGoneUser } from './people-view.ts'

/** A value as it leaves. */
export type Shown = { readonly [name: string]: unknown }

/** Somebody, or a group, in the place where a message names them. */
export type Entity = { readonly entity: Shown; readonly entityType: 'user' | 'group' }

/** Everything that some messages are shown with, found beforehand. */
export type Scene = {
  /** Users as they are shown, by uid; who is gone has none. */
  readonly users: ReadonlyMap<string, Entity>
  /** Groups as they are shown, by guid. */
  readonly groups: ReadonlyMap<string, Entity>
  /** Conversations by id; with the members of direct ones. */
  readonly conversations: ReadonlyMap<
    string,
    { readonly type: 'direct' | 'group'; readonly members: readonly string[] }
  >
  readonly attachments: ReadonlyMap<string, Attachment>
  /** The URL of an attachment for the one who reads. */
  readonly url: (attachment: Attachment) => string
  /** The last look at what leaves (contract, Q5); null where nothing has to be looked through. */
  readonly guard: (<T>(value: T) => T) | null
}

/** What a message is shown with that is not its own. */
export type Others = {
  /** The entity of a user, there or gone. */
  user(uid: string): unknown
  /** A user as they are shown, there or gone. */
  person(uid: string): unknown
  /** The entity of a group, there or gone. */
  group(guid: string): unknown
  /** Who did something: a user by the uid; a server, or somebody who is gone, as the system. */
  who(by: string): string
  url(attachment: Attachment): string
}

/** Who sends where nobody is named: a server by itself. */
export const SYSTEM = 'app_system'

/** What this surface keeps in a message's `data`: what of it has no place elsewhere. */
type Kept = {
  readonly content: { readonly [name: string]: Json }
  /** Files in the order in which they were named: ids of attachments, and links elsewhere. */
  readonly files: readonly (string | Elsewhere)[]
  readonly muid: string | null
}

/** The `data` of a draft as it is kept, with its files in the order in which they are shown. */
export function keep(draft: Draft, files: Kept['files']): { readonly [name: string]: Json } {
  const { receiverType, receiver, content, muid } = draft
  return { receiverType, receiver, content, files: files as readonly Json[], ...(muid !== null && { muid }) }
}

/** The `data` of a message with other content. One that is not from here has nothing else, and does not become one that is. */
export function keepContent(message: Message, content: Kept['content']): Message['data'] {
  if (isKept(message)) return { ...message.data, content }
  const { files: _none, ...plain } = content
  return plain
}

/** Whether this surface wrote the message; others keep in `data` what they like, and MUST NOT break what shows it. */
export function isKept({ data }: Message): boolean {
  const { receiverType, receiver, files, content } = data
  if (!(receiverType === 'user' || receiverType === 'group') || typeof receiver !== 'string') return false
  return isObject(content) && Array.isArray(files) && files.every((file) => typeof file === 'string' || isLink(file))
}

function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isLink(file: Json): boolean {
  if (!isObject(file)) return false
  const texts = [file.url, file.name, file.mimeType, file.extension]
  return texts.every((text) => typeof text === 'string') && typeof file.size === 'number'
}

function kept(message: Message): Kept {
  if (!isKept(message)) return { content: message.data, files: message.attachments, muid: null }
  const { content, files, muid } = message.data as Kept
  return { content, files, muid: muid ?? null }
}

/** The ids of the attachments that a message is shown with, whether they are there or not. */
export function filesOf(message: Message): readonly string[] {
  return kept(message).files.filter((file) => typeof file === 'string')
}

/** Whom a message is for. One that does not say so itself (it was deleted, or is not from here) is for its conversation. */
function addressee(message: Message, sender: string, { conversations }: Scene): Address {
  if (isKept(message)) return message.data as Address
  const home = conversations.get(message.conversation)
  if (home === undefined || home.type === 'group') return { receiverType: 'group', receiver: message.conversation }
  const { members } = home
  return { receiverType: 'user', receiver: members.find((uid) => uid !== sender) ?? members[0] ?? sender }
}

type Address = Pick<Draft, 'receiverType' | 'receiver'>

/** The id that this surface gives a conversation. */
export function conversationId(receiverType: 'user' | 'group', sender: string, receiver: string): string {
  if (receiverType === 'group') return `group_${receiver}`
  return [sender, receiver].sort().join('_user_')
}

/** A message as JSON, as one reader sees it. */
export function showMessage(message: Message, scene: Scene): Shown {
  return guarded(layOut(message, scene, othersIn(scene)), scene)
}

/** What a scene has of others. */
export function othersIn(scene: Scene): Others {
  return {
    user: (uid) => entityOf(uid, scene),
    person: (uid) => mentionOf(uid, scene),
    group: (guid) => groupOf(guid, scene),
    who: (by) => (scene.users.has(by) ? by : SYSTEM),
    url: scene.url,
  }
}

function guarded(shown: Shown, { guard }: Scene): Shown {
  return guard === null ? shown : guard(shown)
}

/** What happened to a message, as JSON; `by` is the uid of who did it. */
export function showAction(
  action: 'edited' | 'deleted',
  message: Message,
  by: string,
  at: number,
  scene: Scene,
): Shown {
  const on = layOut(message, scene, othersIn(scene))
  const { id, conversationId, sender, receiver, receiverType } = on
  const { entities } = on.data as { entities: { receiver: Shown } }
  const shown: Shown = {
    id,
    category: 'action',
    type: 'message',
    conversationId,
    sender: by === SYSTEM ? sender : by,
    receiverType,
    receiver,
    data: {
      action,
      entities: {
        by: entityOf(by, scene),
        for: entities.receiver,
        on: { entity: on, entityType: 'message' },
      },
    },
    sentAt: seconds(at),
    updatedAt: seconds(at),
  }
  return guarded(shown, scene)
}

/**
 * A message as JSON before anything looks through it, with whatever `others` answers in the places of others. Of the scene it takes only the
 * attachments, and where this surface did not write the message, its conversation.
 */
export function layOut(message: Message, scene: Scene, others: Others): Shown {
  const { id, text, tags, parent, createdAt, updatedAt, editedAt, editedBy, deletedAt, deletedBy } = message
  const sender = message.from ?? SYSTEM
  const { receiverType, receiver } = addressee(message, sender, scene)
  const { content, files, muid } = kept(message)
  const attachments = deletedAt === null ? showFiles(files, scene, others) : []
  const data: Record<string, unknown> = deletedAt === null ? { ...content } : {}
  for (const name of OURS) delete data[name]
  const mentioned = mentionedIn(text)
  if (mentioned.length > 0) data.mentions = Object.fromEntries(mentioned.map((uid) => [uid, others.person(uid)]))
  if (text !== null) data.text = text
  if (attachments[0] !== undefined) {
    data.url = attachments[0].url
    data.attachments = attachments
  }
  data.entities = {
    sender: others.user(sender),
    receiver: receiverType === 'user' ? others.user(receiver) : others.group(receiver),
  }
  const shown: Record<string, unknown> = {
    id,
    conversationId: conversationId(receiverType, sender, receiver),
    sender,
    receiverType,
    receiver,
    category: KNOWN.has(message.category) ? message.category : 'custom',
    type: typeOf(message, attachments),
    data,
    sentAt: seconds(createdAt),
    updatedAt: seconds(updatedAt),
  }
  if (muid !== null) shown.muid = muid
  if (tags.length > 0) shown.tags = tags
  if (parent !== null) shown.parentId = parent
  if (editedAt !== null) {
    shown.editedAt = seconds(editedAt)
    // Of what was edited by an earlier version it is not known who did it.
    shown.editedBy = editedBy === null ? sender : others.who(editedBy)
  }
  if (deletedAt !== null) {
    shown.deletedAt = seconds(deletedAt)
    shown.deletedBy = deletedBy === null ? SYSTEM : others.who(deletedBy)
  }
  return shown
}

/**
 * What nobody else says in a message's `data`: files are those that were shared, and the text tells whom it mentions. Clients call
 * `hasOwnProperty`, and drop a message in which it is something else.
 */
const OURS: readonly string[] = ['attachments', 'mentions', 'hasOwnProperty']

/** Clients know no message of a category that only the native API takes, and would hand null to their application. */
const KNOWN: ReadonlySet<string> = new Set(CATEGORIES)

/** Clients look for files in media messages only; one that was sent elsewhere may be a text with files. */
function typeOf(message: Message, [first]: readonly Elsewhere[]): string {
  if (first === undefined || message.type !== 'text' || isKept(message)) return message.type
  return /^(image|video|audio)\//.exec(first.mimeType)?.[1] ?? 'file'
}

function entityOf(uid: string, { users }: Scene): Entity {
  return users.get(uid) ?? { entity: showGoneUser(uid), entityType: 'user' }
}

/** Whoever writes a text names whom they like: of somebody deactivated it shows no more than of somebody who is gone. */
function mentionOf(uid: string, scene: Scene): Shown {
  const { entity } = entityOf(uid, scene)
  return 'deactivatedAt' in entity ? showGoneUser(uid) : entity
}

function groupOf(guid: string, { groups }: Scene): Entity {
  const gone = { guid, name: guid, type: 'private', owner: '', hasJoined: false, membersCount: 0 }
  return groups.get(guid) ?? { entity: gone, entityType: 'group' }
}

function showFiles(files: Kept['files'], { attachments }: Scene, { url }: Others): Elsewhere[] {
  const shown: Elsewhere[] = []
  for (const file of files) {
    const attachment = typeof file === 'string' ? attachments.get(file) : undefined
    if (attachment !== undefined) {
      const { filename, contentType, size } = attachment
      const extension = extensionOf(filename)
      shown.push({ url: url(attachment), name: filename, mimeType: contentType, extension, size })
    } else if (typeof file !== 'string') {
      shown.push(file)
    }
  }
  return shown
}
