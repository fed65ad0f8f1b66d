import type { Attachment, Message } from '@gatehouse/storage/records/port'
import { type Static, Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { SeenAttachmentView, showAttachment, time } from '../presenters.ts'
import { invalid, problem } from '../problems.ts'
import { Exactly, Id, List, Nullable, PageQuery, Time } from '../schemas.ts'

const MessageView = Type.Object({
  id: Type.String({ examples: ['42'], description: 'Later messages have higher numbers.' }),
  conversation: Type.String(),
  from: Nullable(Type.String()),
  text: Nullable(Type.String()),
  attachments: Type.Array(SeenAttachmentView),
  createdAt: Time,
})

/** Turns an attachment into what one reader sees of it. */
type Show = (attachment: Attachment) => Static<typeof SeenAttachmentView>

/** Messages, and what each reader sees of their attachments. */
export function createMessages(parts: Parts) {
  const { records, links, vault, now } = parts
  const pager = createPager(vault)

  async function linksOf(app: string) {
    const maker = await links.of(app)
    if (maker === null) throw problem('not_found')
    return maker
  }

  function showMessage({ id, conversation, from, text, createdAt }: Message, shown: readonly ReturnType<Show>[]) {
    return { id, conversation, from, text, attachments: [...shown], createdAt: time(createdAt) }
  }

  /** How the attachments look to the app itself, or to one of its users: with the user's own address. */
  async function viewpoint(app: string, user: string | undefined, attachments: readonly Attachment[]): Promise<Show> {
    const maker = await linksOf(app)
    if (user === undefined) return (attachment) => showAttachment(attachment, maker)
    const { receiver, ids } = await records.attachments.receivedBy(app, user, attachments)
    return (attachment) => {
      const { url: _plain, ...rest } = showAttachment(attachment, maker)
      return receiver !== null && ids.has(attachment.id) ? { ...rest, url: maker.url(attachment, receiver) } : rest
    }
  }

  async function findConversation(app: string, id: string) {
    const conversation = await records.conversations.find(app, id)
    if (conversation === null) throw problem('not_found', 'There is no such conversation.')
    return conversation
  }

  return {
    create: endpoint({
      summary: 'Record a message with its attachments',
      params: { app: Id },
      body: Exactly(
        {
          conversation: Id,
          from: Type.Optional(Nullable(Id)),
          text: Type.Optional(Nullable(Type.String({ maxLength: 65_536 }))),
          attachments: Type.Optional(Type.Array(Id, { maxItems: 100 })),
        },
        {
          examples: [{ conversation: 'team', from: 'alice', text: 'Look!', attachments: ['0a1b2c3d4e5f60718293a4b5'] }],
        },
      ),
      answers: { 201: MessageView },
      idempotent: true,
      handle: async ({ params: { app }, body }) => {
        const { conversation, from = null, text = null } = body
        const ids = [...new Set(body.attachments ?? [])]
        const { mergedInto, mergedFrom } = await findConversation(app, conversation)
        if (mergedInto !== null) {
          throw problem('conflict', 'This conversation was merged into another one; use that one.')
        }
        const found = new Map((await records.attachments.findMany(app, ids)).map((one) => [one.id, one]))
        const errors = ids.flatMap((id, index) => {
          const home = found.get(id)?.conversation
          if (home === null || home === conversation || (home !== undefined && mergedFrom.includes(home))) return []
          return [{ path: `/attachments/${index}`, message: 'must be the id of an attachment that is here' }]
        })
        if (errors.length > 0) throw invalid(...errors)
        const message = await records.messages.create({ app, conversation, from, text, attachments: ids, at: now() })
        const show = await viewpoint(app, undefined, [])
        const shown = ids.flatMap((id) => found.get(id) ?? []).map(show)
        return { status: 201, body: showMessage(message, shown), location: `/v1/apps/${app}/messages/${message.id}` }
      },
    }),

    list: endpoint({
      summary: 'List the messages of a conversation, as one of its users sees them',
      description:
        'With `for`, each attachment has the address that is that user’s own, and none where the user is no receiver. ' +
        'Messages of conversations merged into this one are among them.',
      params: { app: Id, conversation: Id },
      query: {
        ...PageQuery,
        for: Type.Optional(Id),
        order: Type.Optional(
          Type.Union([Type.Literal('ascending'), Type.Literal('descending')], { default: 'ascending' }),
        ),
      },
      answers: { 200: List(MessageView) },
      handle: async ({ params: { app, conversation }, query: { for: user, order = 'ascending', ...query } }) => {
        await findConversation(app, conversation)
        const list = `messages ${app} ${order} ${conversation}`
        const page = await records.messages.list(app, conversation, { ...pager.read(query, list), order })
        const ids = [...new Set(page.items.flatMap(({ attachments }) => attachments))]
        const attachments = ids.length === 0 ? [] : await records.attachments.findMany(app, ids)
        const found = new Map(attachments.map((one) => [one.id, one]))
        const show = await viewpoint(app, user, attachments)
        const body = pager.write(page, list, (message) =>
          showMessage(message, message.attachments.flatMap((id) => found.get(id) ?? []).map(show)),
        )
        return { status: 200, body }
      },
    }),

    get: endpoint({
      summary: 'Read a message',
      params: { app: Id, message: Id },
      answers: { 200: MessageView },
      handle: async ({ params: { app, message: id } }) => {
        const message = await records.messages.find(app, id)
        if (message === null) throw problem('not_found')
        const attachments = await records.attachments.findMany(app, message.attachments)
        const found = new Map(attachments.map((one) => [one.id, one]))
        const show = await viewpoint(app, undefined, attachments)
        return {
          status: 200,
          body: showMessage(message, message.attachments.flatMap((one) => found.get(one) ?? []).map(show)),
        }
      },
    }),

    delete: endpoint({
      summary: 'Delete a message',
      description: 'Its attachments stay; delete them by themselves.',
      params: { app: Id, message: Id },
      answers: { 204: null },
      handle: async ({ params: { app, message } }) => {
        if (!(await records.messages.delete(app, message))) throw problem('not_found')
        return { status: 204 }
      },
    }),
  }
}
