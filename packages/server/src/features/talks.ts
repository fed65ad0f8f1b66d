import type { Message } from '@gatehouse/storage/records/port'
import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { time } from '../presenters.ts'
import { problem } from '../problems.ts'
import { Id, List, Nullable, PageQuery, Time } from '../schemas.ts'
import { reachOf } from '../talk.ts'
import { ConversationView, showConversation } from '../talk-presenters.ts'

const TalkView = Type.Object({
  conversation: ConversationView,
  members: Type.Array(Type.String(), { description: 'Of a direct conversation; empty for a group.' }),
  lastMessage: Nullable(
    Type.Object({
      id: Type.String(),
      from: Nullable(Type.String()),
      type: Type.String(),
      text: Nullable(Type.String()),
      createdAt: Time,
    }),
  ),
})

/** The conversations of one user. */
export function createTalks(parts: Parts) {
  const { records, tenants, vault } = parts
  const pager = createPager(vault)

  return {
    list: endpoint({
      summary: 'List the conversations of a user, the one where something was said last first',
      params: { app: Id, uid: Id },
      query: PageQuery,
      answers: { 200: List(TalkView) },
      handle: async ({ params: { app, uid }, query }) => {
        const [tenant, user] = await Promise.all([tenants.find(app), records.users.find(app, uid)])
        if (tenant === null || user === null) throw problem('not_found')
        const list = `talks ${app} ${uid}`
        const { after, limit } = pager.read(query, list)
        const offset = Number(after ?? 0)
        const found = await records.conversations.ofUser(app, uid, { offset, limit, ...reachOf(tenant.settings) })
        const end = offset + found.items.length
        const next = found.items.length === limit && end < found.total ? String(end) : null
        const body = pager.write({ items: found.items, next }, list, ({ conversation, members, lastMessage }) => ({
          conversation: showConversation(conversation),
          members: members.map(({ id }) => id),
          lastMessage: lastMessage === null ? null : brief(lastMessage),
        }))
        return { status: 200, body }
      },
    }),
  }
}

function brief({ id, from, type, text, createdAt }: Message) {
  return { id, from, type, text, createdAt: time(createdAt) }
}
