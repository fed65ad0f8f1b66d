import type { Page, Paging } from '@gatehouse/storage/records/port'
import type { Vault } from './parts.ts'
import { problem } from './problems.ts'

/** What every list's query may hold. */
export type PageRequest = { readonly limit?: number; readonly cursor?: string }

/** Turns cursors of storage into cursors of the API and back. */
export type Pager = {
  /** The page that a query asks for. `list` names the list, so that a cursor fits no other. Raises `bad_cursor`. */
  read(query: PageRequest, list: string): Paging
  /** A page of storage as the API shows it. */
  write<T, U>(page: Page<T>, list: string, show: (item: T) => U): { items: U[]; next: string | null }
}

/**
 * Creates the pager. Cursors are sealed: nobody can make one up, and one that was made for another list does not open.
 */
export function createPager(vault: Vault): Pager {
  return {
    read(query, list) {
      const limit = query.limit ?? 100
      if (query.cursor === undefined) return { after: null, limit }
      if (!/^[A-Za-z0-9_-]+$/.test(query.cursor)) throw problem('bad_cursor')
      try {
        const text = Buffer.from(vault.open(Buffer.from(query.cursor, 'base64url'), 'cursor')).toString('utf8')
        if (text.startsWith(`${list}\n`)) return { after: text.slice(list.length + 1), limit }
      } catch {
        // Told below: whatever does not open is no cursor.
      }
      throw problem('bad_cursor')
    },
    write(page, list, show) {
      const next =
        page.next === null
          ? null
          : Buffer.from(vault.seal(Buffer.from(`${list}\n${page.next}`), 'cursor')).toString('base64url')
      return { items: page.items.map(show), next }
    },
  }
}

/** Every item of a paged list of storage, in pieces of a thousand. */
export async function* allPages<T>(list: (paging: Paging) => Promise<Page<T>>): AsyncGenerator<readonly T[]> {
  let after: string | null = null
  do {
    const page: Page<T> = await list({ after, limit: 1000 })
    yield page.items
    after = page.next
  } while (after !== null)
}
