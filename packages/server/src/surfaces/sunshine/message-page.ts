import type { Message, MessageFilter, Paging } from '@gatehouse/storage/records/port'
import { failure } from './errors.ts'
import type { PageEnds } from './pages.ts'
import type { Query } from './request.ts'

/** Messages of one page (contract, section 2.3). */
const SIZE = 100

/** A page of messages that is asked for: the newest, or the one before or after a message. */
export type MessagePage = {
  /** What to ask for. */
  readonly filter: Paging & { readonly order: 'ascending' | 'descending' } & MessageFilter
  /** The page, oldest message first, out of what was found; `more` tells whether something follows in the order asked for. */
  of(found: readonly Message[], more: boolean): { readonly messages: readonly Message[] } & PageEnds
}

/** Reads which page is asked for; `url` is what links begin with. A cursor is the id of a message. Raises 400. */
export function readMessagePage(query: Query, url: string): MessagePage {
  const [after, before] = [query.text('page[after]'), query.text('page[before]')]
  const cursor = after ?? before
  if ((after !== undefined && before !== undefined) || (cursor !== undefined && !/^[1-9]\d{0,14}$/.test(cursor))) {
    throw failure('badRequest', 'Invalid page query parameters')
  }
  const link = (name: string, id: string) => `${url}?${new URLSearchParams({ [`page[${name}]`]: id })}`
  return {
    filter: {
      ...{ after: null, limit: SIZE, hideDeleted: true, order: after === undefined ? 'descending' : 'ascending' },
      ...(after !== undefined && { afterId: after }),
      ...(before !== undefined && { beforeId: before }),
    },
    of(found, more) {
      const messages = after === undefined ? found.toReversed() : found
      const [older, newer] = after === undefined ? [more, before !== undefined] : [true, more]
      const first = older ? messages[0]?.id : undefined
      const last = newer ? messages.at(-1)?.id : undefined
      return {
        messages,
        meta: {
          hasMore: more,
          ...(last !== undefined && { afterCursor: last }),
          ...(first !== undefined && { beforeCursor: first }),
        },
        links: {
          ...(first !== undefined && { prev: link('before', first) }),
          ...(last !== undefined && { next: link('after', last) }),
        },
      }
    },
  }
}
