import { MEDIA } from './message-draft.ts'
import type { Query } from './request.ts'

/** Which page of messages is asked for, and which of them. */
export type PageAsked = {
  readonly limit: number
  /** `prepend`: what lies before the edge, newest last; `append`: what lies after it. */
  readonly affix: 'prepend' | 'append'
  /** The edge: a message's id, or a moment in seconds. Neither: the newest, or with `append` the oldest. */
  readonly id: string | null
  readonly sentAt: number | null
  readonly types: readonly string[] | null
  readonly categories: readonly string[] | null
  /** Any of these. */
  readonly tags: readonly string[] | null
  readonly hideReplies: boolean
  readonly hideDeleted: boolean
}

const DEFAULT_LIMIT = 100
const MOST = 1000

/**
 * Reads which page of messages a query asks for. Unknown parameters and values that mean nothing count as not given: clients
 * send more than the documentation names.
 */
export function readPage(query: Query): PageAsked {
  const id = query.text('id')
  // What was changed since a moment is not known; what was sent since then is a part of it.
  const sentAt = numberOf(query.text('sentAt', 'updatedAt'))
  return {
    limit: Math.min(MOST, Math.max(1, numberOf(query.text('per_page', 'perPage', 'limit')) ?? DEFAULT_LIMIT)),
    affix: query.text('affix') === 'append' ? 'append' : 'prepend',
    id: id !== undefined && /^[1-9]\d{0,14}$/.test(id) ? id : null,
    sentAt: sentAt === 0 ? null : sentAt,
    types: wordsOf(query, 'types', 'type') ?? wordsOf(query, 'attachmentTypes') ?? anyFile(query),
    categories: wordsOf(query, 'categories', 'category'),
    tags: wordsOf(query, 'tags'),
    hideReplies: query.truth('hideReplies'),
    hideDeleted: query.truth('hideDeleted') || query.truth('hideDeletedMessages'),
  }
}

/** What a page of messages is answered with beside its messages. */
export type PageMeta = {
  readonly pagination: Readonly<Record<'total' | 'count' | 'per_page' | 'current_page' | 'total_pages', number>>
  readonly cursor: { readonly id: string; readonly sentAt: number; readonly affix: string }
  readonly current: { readonly limit: number; readonly count: number }
  readonly next: { readonly affix: string; readonly sentAt: number; readonly id: string }
}

/**
 * Tells where a page lies. `edge` is its message that the next page begins at, null for an empty page, whose cursor stays where it was.
 * Clients stop at a `total_pages` of 1, so it is that exactly where nothing follows.
 */
export function pageMeta(
  { limit, affix, id, sentAt }: PageAsked,
  count: number,
  edge: { readonly id: string; readonly createdAt: number } | null,
  more: boolean,
): PageMeta {
  const at = {
    id: edge?.id ?? id ?? '0',
    sentAt: edge === null ? (sentAt ?? 0) : Math.floor(edge.createdAt / 1000),
    affix,
  }
  return {
    pagination: {
      total: count + (more ? 1 : 0),
      count,
      per_page: limit,
      current_page: 1,
      total_pages: more ? 2 : 1,
    },
    cursor: at,
    current: { limit, count },
    next: { affix, sentAt: at.sentAt, id: at.id },
  }
}

/** The types of messages with files, where only those are asked for. */
function anyFile(query: Query): readonly string[] | null {
  return query.truth('hasAttachments') ? [...MEDIA] : null
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null
}

/** Words under any of these names. Null where none is given, which hides nothing. */
function wordsOf(query: Query, ...names: readonly string[]): readonly string[] | null {
  const found = [...new Set(names.flatMap((name) => query.list(name)))].slice(0, 50)
  return found.length === 0 ? null : found
}
