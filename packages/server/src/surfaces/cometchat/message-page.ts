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
  readonly hideReplies: boolean
  readonly hideDeleted: boolean
}

/** The parameters of a query string as they were read; a name that came more than once has all its values. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

const DEFAULT_LIMIT = 100
const MOST = 1000

/**
 * Reads which page of messages a query asks for. Unknown parameters and values that mean nothing count as not given: clients
 * send more than the documentation names.
 */
export function readPage(query: Query): PageAsked {
  const id = one(query.id)
  const sentAt = whole(one(query.sentAt))
  return {
    limit: Math.min(MOST, Math.max(1, whole(one(query.per_page ?? query.perPage ?? query.limit)) ?? DEFAULT_LIMIT)),
    affix: one(query.affix) === 'append' ? 'append' : 'prepend',
    id: id !== null && /^[1-9]\d{0,14}$/.test(id) ? id : null,
    sentAt: sentAt === 0 ? null : sentAt,
    types: words(query.types ?? query['types[]'] ?? query.type),
    categories: words(query.categories ?? query['categories[]'] ?? query.category),
    hideReplies: truth(one(query.hideReplies)),
    hideDeleted: truth(one(query.hideDeleted) ?? one(query.hideDeletedMessages)),
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

function one(value: Query[string]): string | null {
  return (typeof value === 'string' ? value : value?.[0]) ?? null
}

function whole(text: string | null): number | null {
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null
}

function truth(text: string | null): boolean {
  return text === '1' || text === 'true'
}

/** Words with commas between them, or repeated. Null where none is given, which hides nothing. */
function words(value: Query[string]): readonly string[] | null {
  const given = (typeof value === 'string' ? [value] : (value ?? [])).flatMap((text) => text.split(','))
  const found = [...new Set(given.map((word) => word.trim()).filter((word) => word !== ''))].slice(0, 50)
  return found.length === 0 ? null : found
}
