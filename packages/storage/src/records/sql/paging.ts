import type { Page } from '../port.ts'

/**
 * Makes a page out of up to `limit + 1` rows: the one too many only says that something follows. `cursor` names the place
 * of a row in the order of the list.
 */
export function pageOf<R, T>(
  rows: readonly R[],
  limit: number,
  item: (row: R) => T,
  cursor: (row: R) => string | number,
): Page<T> {
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  const next = rows.length > limit && last !== undefined ? String(cursor(last)) : null
  return { items: kept.map(item), next }
}

/** A cursor that is a serial number. One that cannot be read leads behind the end, where nothing follows. */
export function serialCursor(after: string | null, order: 'ascending' | 'descending'): number {
  if (after === null) return order === 'ascending' ? 0 : Number.MAX_SAFE_INTEGER
  if (/^\d{1,15}$/.test(after)) return Number(after)
  return order === 'ascending' ? Number.MAX_SAFE_INTEGER : 0
}
