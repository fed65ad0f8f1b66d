import type { MessageFilter } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { reachOf } from '../../talk.ts'
import { type Answer, type Context, call, type SurfaceCall } from './call.ts'
import { noSuchUser } from './errors.ts'
import { type PageAsked, pageMeta, readPage } from './message-page.ts'
import type { Places } from './message-place.ts'
import type { Joined, Scenes } from './message-scene.ts'
import { createMessageTexts } from './message-text.ts'
import { findUser } from './people.ts'

/** The calls that list messages. */
export function createHistoryCalls(parts: Parts, places: Places, scenes: Scenes): readonly SurfaceCall[] {
  const { records } = parts
  const texts = createMessageTexts()

  /**
   * A page of a conversation, or with null of all that `filter` and the reader's own right leave; its data ascends by id. `joined`: the group
   * that it is a page of.
   */
  async function page(
    context: Context,
    conversation: string | null,
    filter: MessageFilter = {},
    joined: Joined | null = null,
  ): Promise<Answer> {
    const { app, tenant, reader, query } = context
    // Clients ask here how many messages are unread, and which were changed: neither is known, and all messages are no answer.
    if (query.truth('count') || query.truth('onlyUpdates')) return nothing(context)
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
    const messages = descending ? items.toReversed() : items
    const meta = pageMeta(asked, items.length, edge, next !== null)
    return {
      text: `{"data":${texts.list(messages, await scenes(context, messages, { joined }))},"meta":${JSON.stringify(meta)}}`,
    }
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
      handle: async (context) => {
        const joined = await places.group(context, context.params.guid ?? '')
        return page(context, joined.group.id, {}, joined)
      },
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

function filterOf({ affix, id, sentAt, types, categories, tags, hideReplies, hideDeleted }: PageAsked): MessageFilter {
  return {
    ...(types !== null && { types }),
    ...(categories !== null && { categories }),
    ...(tags !== null && { tags }),
    ...(hideReplies && { hideReplies }),
    ...(hideDeleted && { hideDeleted }),
    ...(id !== null && (affix === 'prepend' ? { beforeId: id } : { afterId: id })),
    // Clients know whole seconds: a message counts as sent at the beginning of its second.
    ...(id === null &&
      sentAt !== null &&
      (affix === 'prepend' ? { sentBefore: sentAt * 1000 } : { sentAfter: sentAt * 1000 + 999 })),
  }
}
