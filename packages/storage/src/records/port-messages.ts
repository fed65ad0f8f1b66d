import type { Json, Page, Paging } from './port-basics.ts'

/** A message. Ids are decimal strings that increase. */
export type Message = {
  readonly app: string
  readonly id: string
  readonly conversation: string
  readonly from: string | null
  /** What it holds, in a word that the app chose: `text`, `image`, `poll` … */
  readonly type: string
  /** The sort of message, in a word that the app chose: `message` where nothing else is said. */
  readonly category: string
  readonly text: string | null
  /** Whatever the app keeps with it: files elsewhere, a caption, what clients made of it. */
  readonly data: { readonly [name: string]: Json }
  readonly tags: readonly string[]
  readonly attachments: readonly string[]
  /** The message that it replies to; null outside of threads. */
  readonly parent: string | null
  /** The conversation's version when it was sent: who was a member then may see it. */
  readonly version: number
  readonly createdAt: number
  /** When it was last edited or marked as deleted; at first `createdAt`. */
  readonly updatedAt: number
  readonly editedAt: number | null
  /** Who edited it last: a user's id, or the id of a key; null also where that was not kept. */
  readonly editedBy: string | null
  /** Set on a message that is kept as a mark of having been there: its text and data are gone. */
  readonly deletedAt: number | null
  /** Who deleted it: a user's id, or the id of a key. */
  readonly deletedBy: string | null
}

/** Which messages a list is about; what is left out narrows nothing. */
export type MessageFilter = {
  /** Any of these. */
  readonly types?: readonly string[] | undefined
  /** Any of these. */
  readonly categories?: readonly string[] | undefined
  /** Only replies to this message. */
  readonly parent?: string | undefined
  readonly hideReplies?: boolean | undefined
  readonly hideDeleted?: boolean | undefined
  /** Only messages with a lower id. */
  readonly beforeId?: string | undefined
  /** Only messages with a higher id. */
  readonly afterId?: string | undefined
  /** Only messages sent before this moment. */
  readonly sentBefore?: number | undefined
  /** Only messages sent after this moment. */
  readonly sentAfter?: number | undefined
  /** Any of these tags. */
  readonly tags?: readonly string[] | undefined
  /**
   * Only messages that were sent while this user was a member; with `later`, also those from before they joined.
   * In a list over all conversations: of conversations that they are a member of now.
   */
  readonly visibleTo?: { readonly serial: number; readonly later?: boolean | undefined } | undefined
}

/** What is written of a message, each part replaced as a whole; undefined leaves what is there. */
export type MessagePatch = {
  readonly type?: string | undefined
  readonly text?: string | null | undefined
  readonly data?: { readonly [name: string]: Json } | undefined
  readonly tags?: readonly string[] | undefined
}

/** A message that is about to be sent. */
export type NewMessage = {
  readonly app: string
  readonly conversation: string
  readonly from: string | null
  readonly text: string | null
  readonly attachments: readonly string[]
  readonly at: number
  /** `text` where nothing is said. */
  readonly type?: string | undefined
  /** `message` where nothing is said. */
  readonly category?: string | undefined
  readonly data?: { readonly [name: string]: Json } | undefined
  readonly tags?: readonly string[] | undefined
  readonly parent?: string | null | undefined
  /** The version that its attachments were shared at, so that who sees one sees the other; absent: the present one. */
  readonly version?: number | undefined
  /** The sender's own mark for it, so that it is sent once however often it is tried. */
  readonly once?: Once | undefined
}

/** A sender's mark for a message: of one sender, in one conversation, sent at `since` or later. */
export type Once = { readonly key: string; readonly since: number }

/** Messages. */
export interface Messages {
  /**
   * Costs the same for every size of conversation. With `once`, answers the message that its sender has sent under that mark already,
   * as it is now, and makes none: of many at once exactly one is made. Raises `Missing` (`conversation`) without its conversation.
   */
  create(message: NewMessage): Promise<Message>
  /** The message that a sender has sent under a mark, as {@link Messages.create} would answer it; null where there is none yet. */
  findOnce(app: string, conversation: string, from: string | null, once: Once): Promise<Message | null>
  find(app: string, id: string): Promise<Message | null>
  /** Those that are there, each once, in the order asked for. */
  findMany(app: string, ids: readonly string[]): Promise<readonly Message[]>
  /** Whether a conversation, with those merged into it, holds at least so many messages, marks of deleted ones among them. */
  holds(app: string, conversation: string, count: number): Promise<boolean>
  /** Whether `visibleTo` of {@link MessageFilter} lets the user see this message. */
  isVisible(message: Message, to: { readonly serial: number; readonly later?: boolean | undefined }): Promise<boolean>
  /** Edits one; null where there is none, or only a mark of it. */
  update(app: string, id: string, patch: MessagePatch, by: string, at: number): Promise<Message | null>
  /**
   * Leaves of a message only the mark that it was there: text, data and tags go. Its attachments are for the caller to delete.
   * One that is marked already stays as it is. Null where there is none.
   */
  markDeleted(app: string, id: string, by: string, at: number): Promise<Message | null>
  /**
   * Messages of a conversation and of those merged into it, or with null of the whole app; `order` by id. `after` is a
   * message id.
   */
  list(
    app: string,
    conversation: string | null,
    query: Paging & { readonly order: 'ascending' | 'descending' } & MessageFilter,
  ): Promise<Page<Message>>
  /** True where there was one. Replies to it stay. */
  delete(app: string, id: string): Promise<boolean>
}
