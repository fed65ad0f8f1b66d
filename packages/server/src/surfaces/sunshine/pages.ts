import type { Numbered } from '@gatehouse/storage/records/port'
import { createPager } from '../../paging.ts'
import type { Parts } from '../../parts.ts'
import type { AccountContext } from './call.ts'
import { failure } from './errors.ts'

/** What stands beside the items of a page. */
export type PageEnds = {
  readonly meta: { readonly hasMore: boolean; readonly afterCursor?: string; readonly beforeCursor?: string }
  readonly links: { readonly prev?: string; readonly next?: string }
}

/** Reads one page of a list. `list` names the list, so that a cursor fits no other; `fetch` answers some items of it, and how many there are. */
export type Pages = <T>(
  context: AccountContext,
  list: string,
  fetch: (offset: number, limit: number) => Promise<Numbered<T>>,
) => Promise<{ readonly items: readonly T[] } & PageEnds>

const SIZE = { fallback: 25, most: 100 }

/** Creates the reader of pages: `page[size]`, and one of `page[after]` and `page[before]`. Cursors are sealed. */
export function createPages(parts: Pick<Parts, 'vault' | 'config'>): Pages {
  const pager = createPager(parts.vault)

  /** The place that a cursor stands for. */
  function placeOf(cursor: string, list: string): number {
    try {
      return Number(pager.read({ cursor }, list).after)
    } catch {
      throw failure('badRequest', 'Invalid page query parameters')
    }
  }

  function cursorOf(place: number, list: string): string {
    return pager.write({ items: [], next: String(place) }, list, () => null).next ?? ''
  }

  return async ({ query, request }, list, fetch) => {
    const size = sizeOf(query.text('page[size]'))
    const [after, before] = [query.text('page[after]'), query.text('page[before]')]
    if (after !== undefined && before !== undefined) throw failure('badRequest', 'Invalid page query parameters')
    const end = before === undefined ? null : placeOf(before, list)
    const start = end === null ? (after === undefined ? 0 : placeOf(after, list)) : Math.max(0, end - size)
    const { items, total } = await fetch(start, end === null ? size : end - start)
    const next = start + items.length
    const afterCursor = next < total ? cursorOf(next, list) : undefined
    const beforeCursor = start > 0 ? cursorOf(start, list) : undefined
    const link = (name: string, cursor: string) => {
      const filters = Object.entries((request.query ?? {}) as Record<string, string>)
        .filter(([parameter]) => parameter.startsWith('filter['))
        .map(([parameter, value]): [string, string] => [parameter, String(value)])
      const parameters = new URLSearchParams([...filters, ['page[size]', String(size)], [`page[${name}]`, cursor]])
      return `${parts.config.publicUrl}${request.url.split('?', 1)[0]}?${parameters}`
    }
    return {
      items,
      meta: {
        hasMore: end === null ? afterCursor !== undefined : beforeCursor !== undefined,
        ...(afterCursor !== undefined && { afterCursor }),
        ...(beforeCursor !== undefined && { beforeCursor }),
      },
      links: {
        ...(beforeCursor !== undefined && { prev: link('before', beforeCursor) }),
        ...(afterCursor !== undefined && { next: link('after', afterCursor) }),
      },
    }
  }
}

function sizeOf(text: string | undefined): number {
  if (text === undefined) return SIZE.fallback
  const size = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (size < 1 || size > SIZE.most) throw failure('badRequest', 'Invalid page query parameters')
  return size
}
