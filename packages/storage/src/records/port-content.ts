import type { Page, Paging } from './port-basics.ts'

/** A conversation. `version` counts its changes of membership, so that "the members at this moment" is a number. */
export type Conversation = {
  readonly app: string
  readonly id: string
  readonly serial: number
  readonly type: 'direct' | 'group'
  readonly version: number
  readonly mergedInto: string | null
  /** Ids of the conversations merged into this one, newest first; chains count for the last. */
  readonly mergedFrom: readonly string[]
  readonly createdAt: number
}

/** One receiver of an attachment. */
export type Receiver = { readonly id: string; readonly serial: number }

/**
 * Conversations and their members. Membership is kept as intervals of the conversation's version, so that nothing is written
 * per receiver when something is shared, however many members there are.
 */
export interface Conversations {
  /**
   * Creates or replaces type and members; a user who does not exist yet is created (active, no name).
   * Members left out leave at this version, members who stay keep their interval. Members of a conversation that was merged
   * away cannot be changed (answers null).
   */
  put(conversation: {
    app: string
    id: string
    type: 'direct' | 'group'
    members: readonly string[]
    at: number
  }): Promise<{
    readonly conversation: Conversation
    readonly created: boolean
    readonly left: readonly Receiver[]
    readonly joined: readonly Receiver[]
  } | null>
  find(app: string, id: string): Promise<Conversation | null>
  list(app: string, paging: Paging): Promise<Page<Conversation>>
  /** Present members by user id, ascending. */
  members(app: string, id: string, paging: Paging): Promise<Page<Receiver>>
  isMember(app: string, id: string, user: string): Promise<boolean>
  /** Adds one (creating the user where there is none). Answers the user, and whether that changed anything; null without such a conversation. */
  addMember(
    app: string,
    id: string,
    user: string,
    at: number,
  ): Promise<{ readonly member: Receiver; readonly changed: boolean } | null>
  /** Removes one; null where there is no such conversation or member. */
  removeMember(app: string, id: string, user: string, at: number): Promise<Receiver | null>
  /**
   * Merges `from` into `id`: its members join the survivor, its attachments keep their paths and receivers.
   * Null where one of the two is not there, is merged away already, or both are the same.
   */
  merge(app: string, id: string, from: string, at: number): Promise<Conversation | null>
}

/** A message. Ids are decimal strings that increase. */
export type Message = {
  readonly app: string
  readonly id: string
  readonly conversation: string
  readonly from: string | null
  readonly text: string | null
  readonly attachments: readonly string[]
  readonly createdAt: number
}

/** Messages. */
export interface Messages {
  create(message: Omit<Message, 'id' | 'createdAt'> & { at: number }): Promise<Message>
  find(app: string, id: string): Promise<Message | null>
  /** Messages of a conversation and of those merged into it; `order` by id. `after` is a message id. */
  list(
    app: string,
    conversation: string,
    paging: Paging & { order: 'ascending' | 'descending' },
  ): Promise<Page<Message>>
  /** True where there was one. */
  delete(app: string, id: string): Promise<boolean>
}

/** An attachment: one file at one path. */
export type Attachment = {
  readonly app: string
  readonly id: string
  readonly serial: number
  /** Canonical text of its resource; unique. */
  readonly path: string
  readonly conversation: string | null
  readonly conversationSerial: number | null
  /** The conversation's version when it was shared: its members are the receivers. 0 outside conversations. */
  readonly version: number
  /** The name it was uploaded with, unchanged but for control characters. */
  readonly filename: string
  readonly contentType: string
  readonly size: number
  /** Hex. */
  readonly sha256: string
  readonly access: 'private' | 'public'
  /** The blob that holds the bytes; several attachments may share one. */
  readonly blob: string
  readonly from: string | null
  /** Receivers named at upload; null means the members at that version. */
  readonly recipients: readonly string[] | null
  readonly createdAt: number
}

/** Attachments. Deleting one and changing its access are changes. */
export interface Attachments {
  /**
   * Commits an uploaded blob as an attachment. `version` is read inside the same transaction from the conversation.
   * Recipients who are no users yet are created. MUST be called only after the blob is durable.
   * Raises {@link Conflict} (`attachment`) where its id in the app or its path is taken, {@link Missing} without its app or conversation.
   * Raises {@link Conflict} (`quota`) where `quota` bytes or attachments would be passed; nothing is written then.
   */
  create(
    attachment: Omit<Attachment, 'serial' | 'version' | 'conversationSerial' | 'createdAt'> & {
      at: number
      quota?: { readonly bytes: number | null; readonly attachments: number | null }
    },
  ): Promise<Attachment>
  find(app: string, id: string): Promise<Attachment | null>
  /** Those that are there, each once, in the order asked for. */
  findMany(app: string, ids: readonly string[]): Promise<readonly Attachment[]>
  findByPath(path: string): Promise<Attachment | null>
  /** Newest first; of one conversation (not those merged into it), or of the whole app. */
  list(
    app: string,
    paging: Paging & { conversation?: string; access?: 'private' | 'public'; createdBefore?: number },
  ): Promise<Page<Attachment>>
  /** The receivers by user id, ascending: members at its version, or those named; users who are deleted are left out. */
  receivers(attachment: Attachment, paging: Paging): Promise<Page<Receiver>>
  /** One receiver, or null for somebody who is none. */
  receiver(attachment: Attachment, user: string): Promise<Receiver | null>
  /** Of the given attachments those that the user receives, with the user: for message lists, in one question. */
  receivedBy(
    app: string,
    user: string,
    attachments: readonly Attachment[],
  ): Promise<{ readonly receiver: Receiver | null; readonly ids: ReadonlySet<string> }>
  /** Whether any attachment holds this blob; for the sweep. */
  references(blob: string): Promise<boolean>
  /** Every blob that rows refer to, with size and hash, ascending by blob; for `gatehouse check`. */
  blobs(paging: Paging): Promise<Page<{ readonly blob: string; readonly size: number; readonly sha256: string }>>
}
