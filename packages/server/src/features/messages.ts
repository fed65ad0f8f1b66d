import type { Attachment, Conversation, Message, MessageFilter, NewMessage } from '@gatehouse/storage/records/port'
import { type Static, Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { type SeenAttachmentView, showAttachment } from '../presenters.ts'
import { invalid, problem } from '../problems.ts'
import { Exactly, Id, List, Metadata, Nullable, PageQuery, Tags, TimeIn } from '../schemas.ts'
import { deleteMessage, editMessage, reachOf, sendMessage } from '../talk.ts'
import { MessageView, showMessage } from '../talk-presenters.ts'

/** Turns an attachment into what one reader sees of it. */
type Show = (attachment: Attachment) => Static<typeof SeenAttachmentView>

const Word = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_.-]+$', examples: ['text'] })
const Text = Nullable(Type.String({ maxLength: 65_536 }))
const MessageId = Type.String({ pattern: '^[1-9][0-9]{0,14}$', examples: ['42'] })

const Filter = {
  for: Type.Optional(Id),
  visible: Type.Optional(
    Type.Boolean({
      description:
        'With `for`: only what was sent while that user was a member (with `historyForNewMembers` also before).',
    }),
  ),
  type: Type.Optional(Word),
  category: Type.Optional(Word),
  tag: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  parent: Type.Optional(MessageId),
  hideReplies: Type.Optional(Type.Boolean()),
  hideDeleted: Type.Optional(Type.Boolean()),
  sentBefore: Type.Optional(TimeIn),
  sentAfter: Type.Optional(TimeIn),
}

/** Messages, and what each reader sees of their attachments. */
export function createMessages(parts: Parts) {
  const { records, links, tenants, vault, now } = parts
  const pager = createPager(vault)
  const params = { app: Id, message: Id }

  async function reachIn(app: string) {
    const tenant = await tenants.find(app)
    if (tenant === null) throw problem('not_found')
    return reachOf(tenant.settings)
  }

  /** How the attachments look to the app itself, or to one of its users: with the user's own address. */
  async function viewpoint(app: string, user: string | undefined, attachments: readonly Attachment[]): Promise<Show> {
    const maker = await links.of(app)
    if (maker === null) throw problem('not_found')
    if (user === undefined) return (attachment) => showAttachment(attachment, maker)
    const { receiver, ids } = await records.attachments.receivedBy(app, user, attachments, await reachIn(app))
    return (attachment) => {
      const { url: _plain, ...rest } = showAttachment(attachment, maker)
      return receiver !== null && ids.has(attachment.id) ? { ...rest, url: maker.url(attachment, receiver) } : rest
    }
  }

  /** Messages as one reader sees them: their attachments are looked up all at once. */
  async function showAll(app: string, user: string | undefined, messages: readonly Message[]) {
    const ids = [...new Set(messages.flatMap(({ attachments }) => attachments))]
    const attachments = ids.length === 0 ? [] : await records.attachments.findMany(app, ids)
    const found = new Map(attachments.map((one) => [one.id, one]))
    const show = await viewpoint(app, user, attachments)
    return (message: Message) =>
      showMessage(message, message.attachments.flatMap((id) => found.get(id) ?? []).map(show))
  }

  async function showOne(message: Message) {
    return (await showAll(message.app, undefined, [message]))(message)
  }

  async function find(app: string, id: string): Promise<Message> {
    const message = await records.messages.find(app, id)
    if (message === null) throw problem('not_found')
    return message
  }

  async function findConversation(app: string, id: string): Promise<Conversation> {
    const conversation = await records.conversations.find(app, id)
    if (conversation === null) throw problem('not_found', 'There is no such conversation.')
    return conversation
  }

  /** The attachments of a message that is about to be sent. Raises `validation_failed` for each that does not belong there. */
  async function attachmentsFor({ id, mergedFrom }: Conversation, { app, from, attachments, parent }: NewMessage) {
    const homes = [id, ...mergedFrom]
    const found = new Map((await records.attachments.findMany(app, attachments)).map((one) => [one.id, one]))
    const errors = attachments.flatMap((each, index) => {
      const one = found.get(each)
      const here = one !== undefined && (one.conversation === null || homes.includes(one.conversation))
      if (here && (!one.held || one.from === from)) return []
      return [{ path: `/attachments/${index}`, message: 'must be the id of an attachment that is here' }]
    })
    const replied = parent == null ? null : await records.messages.find(app, parent)
    if (parent != null && (replied === null || !homes.includes(replied.conversation))) {
      errors.push({ path: '/parent', message: 'must be the id of a message that is here' })
    }
    if (errors.length > 0) throw invalid(...errors)
    return [...found.values()]
  }

  return {
    create: endpoint({
      summary: 'Record a message with its attachments',
      params: { app: Id },
      body: Exactly(
        {
          conversation: Id,
          from: Type.Optional(Nullable(Id)),
          type: Type.Optional(Word),
          category: Type.Optional(Word),
          text: Type.Optional(Text),
          data: Type.Optional(Metadata),
          tags: Type.Optional(Tags),
          parent: Type.Optional(Nullable(MessageId)),
          attachments: Type.Optional(Type.Array(Id, { maxItems: 100 })),
        },
        {
          examples: [{ conversation: 'team', from: 'alice', text: 'Look!', attachments: ['0a1b2c3d4e5f60718293a4b5'] }],
        },
      ),
      answers: { 201: MessageView },
      idempotent: true,
      handle: async ({ params: { app }, body, caller: { by } }) => {
        const { conversation, from = null, text = null, ...more } = body
        const home = await findConversation(app, conversation)
        if (home.mergedInto !== null) {
          throw problem('conflict', 'This conversation was merged into another one; use that one.')
        }
        const attachments = [...new Set(body.attachments ?? [])]
        // Schemas of free form say `unknown` where storage says JSON; what was parsed from JSON is both.
        const draft = { ...more, app, conversation, from, text, attachments, at: now() } as NewMessage
        const message = await sendMessage(parts, draft, by, await attachmentsFor(home, draft))
        const location = `/v1/apps/${app}/messages/${message.id}`
        return { status: 201, body: await showOne(message), location }
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
        ...Filter,
        order: Type.Optional(
          Type.Union([Type.Literal('ascending'), Type.Literal('descending')], { default: 'ascending' }),
        ),
      },
      answers: { 200: List(MessageView) },
      handle: async ({ params: { app, conversation }, query: { limit, cursor, order = 'ascending', ...asked } }) => {
        await findConversation(app, conversation)
        const list = `messages ${JSON.stringify([app, order, conversation, asked])}`
        const { after, limit: most } = pager.read({ ...(limit && { limit }), ...(cursor && { cursor }) }, list)
        const { for: user, visible, type, category, tag, sentBefore, sentAfter, ...plain } = asked
        if (visible === true && user === undefined) throw invalid({ path: '?visible', message: 'goes with `for`' })
        const viewer = visible === true && user !== undefined ? await records.users.find(app, user) : null
        if (visible === true && viewer === null) return { status: 200, body: { items: [], next: null } }
        const filter: MessageFilter = {
          ...plain,
          ...(type !== undefined && { types: [type] }),
          ...(category !== undefined && { categories: [category] }),
          ...(tag !== undefined && { tags: [tag] }),
          ...(sentBefore !== undefined && { sentBefore: Date.parse(sentBefore) }),
          ...(sentAfter !== undefined && { sentAfter: Date.parse(sentAfter) }),
          ...(viewer !== null && { visibleTo: { serial: viewer.serial, ...(await reachIn(app)) } }),
        }
        const page = await records.messages.list(app, conversation, { after, limit: most, order, ...filter })
        return { status: 200, body: pager.write(page, list, await showAll(app, user, page.items)) }
      },
    }),

    get: endpoint({
      summary: 'Read a message',
      params,
      answers: { 200: MessageView },
      handle: async ({ params: { app, message } }) => ({ status: 200, body: await showOne(await find(app, message)) }),
    }),

    edit: endpoint({
      summary: 'Edit a message',
      description: 'What is left out stays as it is. Its attachments stay, and so does its place.',
      params,
      body: Exactly(
        {
          type: Type.Optional(Word),
          text: Type.Optional(Text),
          data: Type.Optional(Metadata),
          tags: Type.Optional(Tags),
        },
        { examples: [{ text: 'Look here!' }] },
      ),
      answers: { 200: MessageView },
      handle: async ({ params: { app, message: id }, body, caller: { by } }) => {
        await find(app, id)
        const edited = await editMessage(parts, app, id, body as Parameters<typeof editMessage>[3], by)
        if (edited === null) throw problem('conflict', 'This message was deleted; only the mark of it is left.')
        return { status: 200, body: await showOne(edited) }
      },
    }),

    delete: endpoint({
      summary: 'Delete a message',
      description:
        'Its attachments stay, unless `attachments=true` deletes them at once for everybody. With `mark=true`, a mark without text stays ' +
        'in the lists.',
      params,
      query: { attachments: Type.Optional(Type.Boolean()), mark: Type.Optional(Type.Boolean()) },
      answers: { 204: null },
      handle: async ({ params: { app, message }, query: { attachments = false, mark = false }, caller: { by } }) => {
        const deleted = await deleteMessage(parts, await find(app, message), { by, attachments, mark })
        if (deleted === null) throw problem('not_found')
        return { status: 204 }
      },
    }),
  }
}
