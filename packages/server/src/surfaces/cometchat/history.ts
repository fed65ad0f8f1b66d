import type { Message, MessageFilter } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { reachOf } from '../../talk.ts'
import { type Answer, type Context, call, type SurfaceCall } from './call.ts'
import { noSuchUser } from './errors.ts'
import { type PageAsked, pageMeta, readPage } from './message-page.ts'
import type { Places } from './message-place.ts'
import type { Scenes } from './message-scene.ts'
import { showMessage } from './message-view.ts'
import { findUser } from './people.ts'

/** The calls that list messages. */
export function createHistoryCalls(parts: Parts, places: Places, scenes: Scenes): readonly SurfaceCall[] {
  const { records } = parts

  /** A page of a conversation, or with null of all that `filter` and the reader's own right leave; its data ascends by id. */
  async function page(context: Context, conversation: string | null, filter: MessageFilter = {}): Promise<Answer> {
    const { app, tenant, reader, query } = context
    const asked = readPage(query)
    const descending = asked.affix === 'prepend'
    const visibleTo = reader === null ? undefined : { serial: reader.serial, ...reachOf(tenant.settings) }
    const { items, next } = await records.messages.list(app, conversation, {
      after: null,
      limit: asked.limit,
      order: descending ? 'descending' : 'ascending',
      ...filterOf(asked),
      ...(visibleTo !== undefined && { visibleTo }),
      ...filter,
    })
    const edge = items.at(-1) ?? null
    return answer(context, descending ? items.toReversed() : items, pageMeta(asked, items.length, edge, next !== null))
  }

  async function answer(context: Context, messages: readonly Message[], meta: object): Promise<Answer> {
    const scene = await scenes(context, messages)
    return { data: messages.map((message) => showMessage(message, scene)), meta }
  }

  function nothing({ query }: Context): Answer {
    return { data: [], meta: pageMeta(readPage(query), 0, null, false) }
  }

  return [
    call({
      method: 'GET',
      path: '/users/{uid}/messages',
      who: 'both',
      handle: async (context) => {
        const { app, reader, params, tenant } = context
        const uid = params.uid ?? ''
        if (reader !== null) {
          const conversation = await places.withUser(context, uid)
          return conversation === null ? nothing(context) : page(context, conversation.id)
        }
        // A server by itself: everything that this user can see.
        const user = await findUser(records, app, uid)
        if (user === null) throw noSuchUser(uid)
        return page(context, null, { visibleTo: { serial: user.serial, ...reachOf(tenant.settings) } })
      },
    }),

    call({
      method: 'GET',
      path: '/groups/{guid}/messages',
      who: 'both',
      handle: async (context) => page(context, (await places.group(context, context.params.guid ?? '')).id),
    }),

    call({
      method: 'GET',
      path: '/messages/{id}/thread',
      who: 'both',
      handle: async (context) => {
        const { id, conversation } = await places.message(context, context.params.id ?? '')
        return page(context, conversation, { parent: id, hideReplies: false })
      },
    }),

    call({ method: 'GET', path: '/messages', who: 'both', handle: (context) => page(context, null) }),
  ]
}

function filterOf({ affix, id, sentAt, types, categories, hideReplies, hideDeleted }: PageAsked): MessageFilter {
  return {
    ...(types !== null && { types }),
    ...(categories !== null && { categories }),
    ...(hideReplies && { hideReplies }),
    ...(hideDeleted && { hideDeleted }),
    ...(id !== null && (affix === 'prepend' ? { beforeId: id } : { afterId: id })),
    // Clients know whole seconds: a message counts as sent at the beginning of its second.
    ...(id === null &&
      sentAt !== null &&
      (affix === 'prepend' ? { sentBefore: sentAt * 1000 } : { sentAfter: sentAt * 1000 + 999 })),
  }
}
