import type { Attachment, Conversation, Message, Records, User } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { sendMessage } from '../../talk.ts'
import type { Context } from './call.ts'
import { failure } from './errors.ts'
import { mediaUrls } from './media-urls.ts'
import { readContent } from './message-content.ts'
import { settleMedia } from './message-media.ts'
import { type Author, keep, keptOf, type Scene } from './message-view.ts'
import { userIdOf } from './people.ts'
import { type Fields, metadataOf, textOf } from './request.ts'

/**
 * Sends what `fields` hold as a message; `user` is its author, null the business. `named` holds what the author is called. Raises `locked` where
 * there is no room, unless the caller has just asked ({@link requireRoom}) and says so.
 */
export type Post = (
  context: Pick<Context, 'app' | 'caller'>,
  conversation: Conversation,
  draft: { readonly user: User | null; readonly named: Author; readonly fields: Fields; readonly hasRoom?: true },
) => Promise<Message>

/** How many messages a conversation holds at most (contract, section 5). */
const MOST_MESSAGES = 30_000

/** Raises `locked` where a conversation, with those that were merged into it, takes no further message. */
export async function requireRoom({ messages }: Pick<Records, 'messages'>, { app, id }: Conversation): Promise<void> {
  if (await messages.holds(app, id, MOST_MESSAGES)) throw failure('locked')
}

/** Creates the way in for messages. */
export function createPost(parts: Parts): Post {
  const { records, now } = parts
  return async ({ app, caller }, conversation, { user, named, fields, hasRoom }) => {
    const content = readContent(fields)
    if (!hasRoom) await requireRoom(records, conversation)
    const metadata = metadataOf(fields, 'metadata') ?? null
    const { more, attachments } = await settleMedia(records, await mediaUrls(parts, app), conversation, content)
    const message = {
      ...{ app, conversation: conversation.id, from: user?.id ?? null, type: content.type, text: content.text },
      ...{ attachments: attachments.map(({ id }) => id), data: keep({ author: named, more, metadata }), at: now() },
    }
    return sendMessage(parts, message, caller.by, attachments)
  }
}

/** How the author of a message is shown. Raises 400. */
export function authorOf(app: string, user: User | null, fields: Fields, name: 'displayName' | 'name'): Author {
  const displayName = textOf(fields, name)
  const avatarUrl = textOf(fields, 'avatarUrl', 2048)
  return {
    type: user === null ? 'business' : 'user',
    ...(user !== null && { userId: userIdOf(app, user), userExternalId: user.id }),
    ...(displayName !== undefined && { displayName }),
    ...(avatarUrl !== undefined && { avatarUrl }),
  }
}

/** Makes what messages are shown with, in two questions however many they are. */
export type Scenes = (app: string, messages: readonly Message[]) => Promise<Scene>

/** Creates it. Messages that this surface kept need nothing looked up. */
export function createScenes(parts: Parts): Scenes {
  const { users, attachments } = parts.records
  return async (app, messages) => {
    const others = messages.filter((message) => keptOf(message) === null)
    const [{ url }, senders, files] = await Promise.all([
      mediaUrls(parts, app),
      users.findMany(
        app,
        others.flatMap(({ from }) => from ?? []),
      ),
      attachments.findMany(
        app,
        others.flatMap((message) => message.attachments),
      ),
    ])
    return {
      url,
      users: new Map(senders.map((user) => [user.id, user])),
      attachments: new Map(files.map((file: Attachment) => [file.id, file])),
    }
  }
}
