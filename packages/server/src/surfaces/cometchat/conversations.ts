import { isId } from '@gatehouse/core/resource'
import type { Conversation, Message, Talk } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { reachOf } from '../../talk.ts'
import { type Answer, type Context, call, type Reader, type SurfaceCall } from './call.ts'
import { badField } from './errors.ts'
import type { Places } from './message-place.ts'
import type { Before, Scenes } from './message-scene.ts'
import { conversationId, type Scene, type Shown, SYSTEM, showMessage } from './message-view.ts'
import { findUser } from './people.ts'
import { seconds, showGoneUser } from './people-view.ts'
import { pageOf, paginationOf } from './request.ts'

/** The calls that list a user's conversations, newest first, and tell of one with a user or group. */
export function createConversationCalls(parts: Parts, places: Places, scenes: Scenes): readonly SurfaceCall[] {
  const { records } = parts

  /** Tells of one conversation, null for one of two who never spoke, with the newest message that its reader may see. */
  async function tell(
    context: Context,
    reader: Reader,
    { conversation, partner, before }: { conversation: Conversation | null; partner: string | null; before: Before },
  ): Promise<Answer> {
    const { app, tenant } = context
    const visibleTo = { serial: reader.serial, ...reachOf(tenant.settings) }
    const newest = { after: null, limit: 1, order: 'descending', visibleTo } as const
    const messages = conversation === null ? [] : (await records.messages.list(app, conversation.id, newest)).items
    const scene = await scenes(context, messages, before)
    return { data: showTalk({ conversation, lastMessage: messages[0] ?? null }, reader.id, partner, scene) }
  }

  /** The guid as it is kept: the client package asks in lower case here, whatever it is. */
  async function guidOf({ app, params: { guid = '' } }: Context, reader: Reader): Promise<string> {
    if (!isId(guid) || (await records.conversations.member(app, guid, reader.id)) !== null) return guid
    const alike = { type: 'group', member: reader.id, search: guid, offset: 0, limit: 100 } as const
    const { items } = await records.conversations.page(app, alike)
    return items.find(({ id }) => id.toLowerCase() === guid.toLowerCase())?.id ?? guid
  }

  return [
    call({
      method: 'GET',
      path: '/conversations',
      who: 'both',
      handle: async (context) => {
        const { app, tenant, query, who } = context
        const reader = readerOf(context)
        const page = pageOf(query, who === 'client' ? 30 : 100)
        if (query.truth('unread')) return { data: [], meta: { pagination: paginationOf(page, 0, 0) } }
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
          data: items.map((talk) => showTalk(talk, reader.id, partnerOf(talk, reader.id), scene)),
          meta: { pagination: paginationOf(page, total, items.length) },
        }
      },
    }),

    call({
      method: 'GET',
      path: '/users/{uid}/conversation',
      who: 'both',
      handle: async (context) => {
        const reader = readerOf(context)
        const { uid = '' } = context.params
        const conversation = await places.withUser(context, uid)
        // An unknown uid was refused there; only the system is no user.
        const partner = (await findUser(records, context.app, uid))?.id ?? SYSTEM
        return tell(context, reader, { conversation, partner, before: { users: [partner] } })
      },
    }),

    call({
      method: 'GET',
      path: '/groups/{guid}/conversation',
      who: 'both',
      handle: async (context) => {
        const reader = readerOf(context)
        const joined = await places.group(context, await guidOf(context, reader))
        return tell(context, reader, { conversation: joined.group, partner: null, before: { joined } })
      },
    }),
  ]
}

/** The user whose conversations are asked for. Raises ERR_BAD_REQUEST for a server that names none. */
function readerOf({ reader }: Context): Reader {
  if (reader === null) throw badField('onBehalfOf', 'The header onBehalfOf is required.')
  return reader
}

/** With whom a direct conversation is; alone with oneself, what a server sent. */
function partnerOf({ conversation, members, lastMessage }: Talk, reader: string): string | null {
  if (conversation.type === 'group') return null
  const other = members.find(({ id }) => id !== reader)?.id
  return other ?? (lastMessage?.from === null ? SYSTEM : reader)
}

/** A conversation as JSON; `partner` is null for a group. One of two who never spoke is none yet, and is shown without times. */
function showTalk(
  { conversation, lastMessage }: { readonly conversation: Conversation | null; readonly lastMessage: Message | null },
  reader: string,
  partner: string | null,
  scene: Scene,
): Shown {
  const group = conversation?.id ?? ''
  return {
    conversationId: partner === null ? conversationId('group', '', group) : conversationId('user', reader, partner),
    conversationType: partner === null ? 'group' : 'user',
    unreadMessageCount: 0,
    ...(conversation !== null && {
      createdAt: seconds(conversation.createdAt),
      updatedAt: seconds(lastMessage?.createdAt ?? conversation.updatedAt),
    }),
    ...(lastMessage !== null && { lastMessage: showMessage(lastMessage, scene) }),
    conversationWith:
      partner === null
        ? (scene.groups.get(group)?.entity ?? { guid: group })
        : (scene.users.get(partner)?.entity ?? showGoneUser(partner)),
  }
}
