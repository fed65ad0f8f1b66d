import { isId } from '@gatehouse/core/resource'
import type { Conversation, Message, User } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { deleteMessage } from '../../talk.ts'
import { type Context, call, type SurfaceCall } from './call.ts'
import { failure } from './errors.ts'
import { readMessagePage } from './message-page.ts'
import { authorOf, type Post, type Scenes } from './message-post.ts'
import { showMessage } from './message-view.ts'
import { findConversation, namedUser } from './people.ts'
import { choiceOf, type Fields, missing, objectOf, wrong } from './request.ts'

const PLACE = '/apps/{app}/conversations/{conversation}'
const PATH = `${PLACE}/messages`
const AT_ONCE = 100

/** The calls on messages under v2. */
export function createMessageCalls(parts: Parts, post: Post, scenes: Scenes): readonly SurfaceCall[] {
  const { records, config } = parts

  const homeOf = ({ app, params }: Context) => findConversation(records, app, params.conversation ?? '')

  /** Who speaks: the business, or a user who takes part. */
  async function speakerOf({ app }: Context, { id }: Conversation, author: Fields): Promise<User | null> {
    const type = choiceOf(author, 'type', ['business', 'user'])
    if (type === undefined) throw missing('author.type')
    if (type === 'business') return null
    const user = await namedUser(records, app, author)
    if (user === undefined) throw missing('author.userId')
    if (await records.conversations.isMember(app, id, user.id)) return user
    throw wrong('author', 'should be a participant of the conversation')
  }

  return [
    call({
      versions: ['v2'],
      method: 'POST',
      path: PATH,
      action: 'write',
      resource: PLACE,
      handle: async (context) => {
        const { app, fields } = context
        const conversation = await homeOf(context)
        const author = objectOf(fields, 'author')
        if (author === undefined) throw missing('author')
        const content = objectOf(fields, 'content')
        if (content === undefined) throw missing('content')
        const user = await speakerOf(context, conversation, author)
        const named = authorOf(app, user, author, 'displayName')
        const draft = { user, named, fields: { ...content, metadata: fields.metadata } }
        const message = await post(context, conversation, draft)
        return { status: 201, body: { messages: [showMessage(message, await scenes(app, [message]))] } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'GET',
      path: PATH,
      resource: PLACE,
      handle: async (context) => {
        const { app, query, request } = context
        const conversation = await homeOf(context)
        const page = readMessagePage(query, `${config.publicUrl}${request.url.split('?', 1)[0]}`)
        const { items, next } = await records.messages.list(app, conversation.id, page.filter)
        const { messages, ...ends } = page.of(items, next !== null)
        const scene = await scenes(app, messages)
        return { status: 200, body: { messages: messages.map((message) => showMessage(message, scene)), ...ends } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'DELETE',
      path: PATH,
      action: 'write',
      resource: PLACE,
      handle: async (context) => {
        await deleteMessages(parts, await homeOf(context), context.caller.by)
        return { status: 200, body: {} }
      },
    }),

    call({
      versions: ['v2'],
      method: 'DELETE',
      path: `${PATH}/{message}`,
      action: 'write',
      resource: PLACE,
      handle: async (context) => {
        await deleteOne(parts, await homeOf(context), context.params.message ?? '', context.caller.by)
        return { status: 200, body: {} }
      },
    }),
  ]
}

/** Deletes a message of a conversation, with what was uploaded for it. Raises `not_found`. */
export async function deleteOne(parts: Parts, home: Conversation, id: string, by: string): Promise<void> {
  const found = isId(id) ? await parts.records.messages.find(home.app, id) : null
  const here = found !== null && [home.id, ...home.mergedFrom].includes(found.conversation)
  if (!here || !(await remove(parts, found, by))) throw failure('notFound', 'Message not found')
}

/** Deletes all messages of a conversation, with what was uploaded for them. */
export async function deleteMessages(parts: Parts, { app, id }: Conversation, by: string): Promise<void> {
  for (;;) {
    const { items } = await parts.records.messages.list(app, id, { after: null, limit: AT_ONCE, order: 'ascending' })
    for (const message of items) await remove(parts, message, by)
    if (items.length < AT_ONCE) return
  }
}

async function remove(parts: Parts, message: Message, by: string): Promise<boolean> {
  return (await deleteMessage(parts, message, { by, mark: false, attachments: 'for message' })) !== null
}
