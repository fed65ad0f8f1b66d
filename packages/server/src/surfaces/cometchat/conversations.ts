import type { Talk } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { reachOf } from '../../talk.ts'
import { call, type SurfaceCall } from './call.ts'
import { badField } from './errors.ts'
import type { Scenes } from './message-scene.ts'
import { conversationId, type Scene, type Shown, SYSTEM, showMessage } from './message-view.ts'
import { seconds, showGoneUser } from './people-view.ts'
import { pageOf, paginationOf } from './request.ts'

/** The call that lists a user's conversations, newest first. */
export function createConversationCalls(parts: Parts, scenes: Scenes): readonly SurfaceCall[] {
  const { records } = parts
  return [
    call({
      method: 'GET',
      path: '/conversations',
      who: 'both',
      handle: async (context) => {
        const { app, tenant, reader, query, who } = context
        if (reader === null) throw badField('onBehalfOf', 'The header onBehalfOf is required.')
        const page = pageOf(query, who === 'client' ? 30 : 100)
        const kind = query.text('conversationType')
        const type = kind === 'user' ? 'direct' : kind === 'group' ? 'group' : undefined
        const { items, total } = await records.conversations.ofUser(app, reader.id, {
          ...{ offset: page.offset, limit: page.limit, spoken: true },
          ...reachOf(tenant.settings),
          ...(type !== undefined && { type }),
        })
        const messages = items.flatMap(({ lastMessage }) => lastMessage ?? [])
        const partners = items.flatMap((talk) => partnerOf(talk, reader.id) ?? [])
        const scene = await scenes(context, messages, { users: partners })
        return {
          data: items.map((talk) => showTalk(talk, reader.id, scene)),
          meta: { pagination: paginationOf(page, total, items.length) },
        }
      },
    }),
  ]
}

/** With whom a direct conversation is; alone with oneself, what a server sent. */
function partnerOf({ conversation, members, lastMessage }: Talk, reader: string): string | null {
  if (conversation.type === 'group') return null
  const other = members.find(({ id }) => id !== reader)?.id
  return other ?? (lastMessage?.from === null ? SYSTEM : reader)
}

function showTalk(talk: Talk, reader: string, scene: Scene): Shown {
  const { conversation, lastMessage } = talk
  const partner = partnerOf(talk, reader)
  const { id, createdAt, updatedAt } = conversation
  return {
    conversationId: partner === null ? conversationId('group', '', id) : conversationId('user', reader, partner),
    conversationType: partner === null ? 'group' : 'user',
    unreadMessageCount: 0,
    createdAt: seconds(createdAt),
    updatedAt: seconds(lastMessage?.createdAt ?? updatedAt),
    ...(lastMessage !== null && { lastMessage: showMessage(lastMessage, scene) }),
    conversationWith:
      partner === null
        ? (scene.groups.get(id)?.entity ?? { guid: id })
        : (scene.users.get(partner)?.entity ?? showGoneUser(partner)),
  }
}
