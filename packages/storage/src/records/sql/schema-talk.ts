import type { Generated } from 'kysely'

/** Conversations. */
export type ConversationsTable = {
  serial: Generated<number>
  app: string
  id: string
  type: 'direct' | 'group'
  version: number
  merged_into: string | null
  /** JSON: ids, newest first. */
  merged_from: string
  /** JSON: a string or null. */
  name: string
  owner: string | null
  /** JSON. */
  profile: string
  /** JSON. */
  metadata: string
  /** JSON, as `tagLines` writes it. */
  tags: string
  joining: 'open' | 'password' | 'invited'
  password_hash: string | null
  /** Id and name, as they are searched. */
  folded: string
  /** How many members there are now. */
  members: number
  /** How many messages there are, marks of deleted ones among them; not those of conversations that were merged into it. */
  messages: Generated<number>
  /** Serial of the last message, or one that was the last once; 0 before the first. */
  spoken: number
  /** Serials of the two whom it belongs to, the lower one first; null for every other conversation. */
  pair: string | null
  created_at: number
  updated_at: number
}

/** Intervals of membership: from version `joined` to before version `ended` (null: still there). */
export type MembershipsTable = {
  conversation: number
  /** The user's id, beside the serial, so that pages in its order come straight from the index. */
  uid: string
  member: number
  joined: number
  ended: number | null
  role: 'admin' | 'moderator' | 'participant'
  joined_at: number
}

/** Users who are kept out of conversations. */
export type BansTable = { conversation: number; uid: string; member: number; actor: string | null; at: number }

/** Messages; the serial is the id. */
export type MessagesTable = {
  serial: Generated<number>
  app: string
  conversation: number
  conversation_id: string
  sender: string | null
  type: string
  category: string
  /** JSON: a string or null. */
  text: string
  /** JSON. */
  data: string
  /** JSON, as `tagLines` writes it. */
  tags: string
  /** JSON: ids. */
  attachments: string
  /** Serial of the message that it replies to. */
  parent: number | null
  version: number
  created_at: number
  updated_at: number
  edited_at: number | null
  edited_by: string | null
  deleted_at: number | null
  deleted_by: string | null
  /** The sender's own mark for it. */
  once: string | null
  /** See `newRevision`. */
  revision: number
}
