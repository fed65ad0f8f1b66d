import type {
  Attachment,
  Conversation,
  Message,
  MessagePatch,
  NewMessage,
  Reach,
} from '@gatehouse/storage/records/port'
import { allPages } from './paging.ts'
import type { Parts } from './parts.ts'
import { newId } from './secrets.ts'
import type { Settings } from './settings.ts'
import { discard, unshare } from './share.ts'

/** Who receives what was shared before they came, by an app's settings. */
export function reachOf({ historyForNewMembers }: Pick<Settings, 'historyForNewMembers'>): Required<Reach> {
  return { later: historyForNewMembers }
}

/**
 * The one direct conversation of two users, made where there is none yet. Null where one of them is no user.
 */
export async function directConversation(
  { records, now }: Pick<Parts, 'records' | 'now'>,
  app: string,
  users: readonly [string, string],
): Promise<Conversation | null> {
  const there = await records.conversations.findBetween(app, users)
  if (there !== null && there.membersCount === new Set(users).size) return there
  return (await records.conversations.between({ app, id: newId(), users, at: now() }))?.conversation ?? null
}

/**
 * Sends a message. Of its attachments, those that are held for its sender are given to the members of its conversation first, so that nobody
 * sees the message without them; for `by` see {@link Parts.standings}. What the attachments are is for the caller to check.
 * Raises `Missing` (`conversation`).
 */
export async function sendMessage(
  { records, standings }: Pick<Parts, 'records' | 'standings'>,
  message: NewMessage,
  by: string,
  attachments: readonly Attachment[] = [],
): Promise<Message> {
  for (const { app, id, held } of attachments) {
    if (held) await standings.change({ kind: 'attachment', app, attachment: id, to: 'shared' }, by)
  }
  return records.messages.create(message)
}

/** Edits a message, as `by` (the id of a user or key); null where there is none, or only the mark of it. */
export async function editMessage(
  { records, now }: Pick<Parts, 'records' | 'now'>,
  app: string,
  id: string,
  patch: MessagePatch,
  by: string,
): Promise<Message | null> {
  return records.messages.update(app, id, patch, by, now())
}

/**
 * Deletes a message; with `attachments`, they are refused to everybody from then on, before the message goes: all of them, or those that
 * were shared for the message alone. With `mark`, that there was a message stays to be seen. Answers it as it is then or was; null
 * where it is gone already.
 */
export async function deleteMessage(
  parts: Parts,
  message: Message,
  {
    by,
    mark,
    attachments,
  }: {
    readonly by: string
    readonly mark: boolean
    readonly attachments: boolean | 'for message'
  },
): Promise<Message | null> {
  const { records, now } = parts
  const { app, id } = message
  if (attachments !== false) {
    const found = await records.attachments.findMany(app, message.attachments)
    for (const one of found) if (attachments === true || one.forMessage) await unshare(parts, one, by)
  }
  if (mark) return records.messages.markDeleted(app, id, by, now())
  return (await records.messages.delete(app, id)) ? message : null
}

/**
 * Deletes what was shared for messages of a conversation alone, wherever it lies: of those that `which` picks, at once for everybody.
 */
export async function unshareForMessages(
  parts: Parts,
  { app, id }: Pick<Conversation, 'app' | 'id'>,
  by: string,
  which: (message: Message, attachment: Attachment) => boolean,
): Promise<void> {
  const { messages, attachments } = parts.records
  for await (const page of allPages<Message>((paging) => messages.list(app, id, { ...paging, order: 'ascending' }))) {
    for (const message of page) {
      if (message.attachments.length === 0) continue
      for (const one of await attachments.findMany(app, message.attachments)) {
        if (one.forMessage && which(message, one)) await unshare(parts, one, by)
      }
    }
  }
}

/**
 * Deletes a conversation with its members, messages and attachments, at once for everybody, then the bytes; what lies elsewhere and was
 * shared for its messages alone goes, too. False where there is none, or it was merged into another one.
 */
export async function deleteConversation(parts: Parts, app: string, id: string, by: string): Promise<boolean> {
  const { records, standings } = parts
  const conversation = await records.conversations.find(app, id)
  if (conversation === null || conversation.mergedInto !== null) return false
  const blobs = new Set<string>()
  const homes = [id, ...conversation.mergedFrom]
  for (const home of homes) {
    for await (const page of allPages<Attachment>((paging) =>
      records.attachments.list(app, { ...paging, conversation: home }),
    )) {
      for (const { blob } of page) blobs.add(blob)
    }
  }
  await unshareForMessages(parts, conversation, by, (_, { conversation }) => !homes.includes(conversation ?? ''))
  const gone = await standings.change({ kind: 'conversation', app, conversation: id, to: 'deleted' }, by)
  if (gone === null) return false
  for (const blob of blobs) await discard(parts, blob)
  return true
}
