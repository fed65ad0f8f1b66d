/** What was made of a row that was read, and the revision that the row had. */
export type Known<V> = { readonly revision: number; readonly value: V }

/**
 * What was made of rows that were read, so that their bulk need not be read and parsed again. Nothing in here may be answered before the
 * database has said, for this very question, that the row still has that revision.
 */
export type KnownRows<K, V> = {
  get(key: K): Known<V> | undefined
  /** `bytes`: about how much memory the value takes. */
  set(key: K, revision: number, value: V, bytes: number): void
}

/**
 * Creates an empty memory that holds at most so many entries and about so many bytes. It keeps two generations: what is asked for moves to the
 * young one, and when that has half of either, the old one is dropped.
 */
export function createKnownRows<K, V>(most: { readonly entries: number; readonly bytes: number }): KnownRows<K, V> {
  type Entry = Known<V> & { readonly bytes: number }
  let young = new Map<K, Entry>()
  let old = new Map<K, Entry>()
  let bytes = 0

  function put(key: K, entry: Entry): void {
    const before = young.get(key)?.bytes ?? 0
    if (young.size >= most.entries / 2 || bytes - before + entry.bytes > most.bytes / 2) {
      young.delete(key)
      old = young
      young = new Map()
      bytes = entry.bytes
    } else {
      bytes += entry.bytes - before
    }
    young.set(key, entry)
  }

  return {
    get(key) {
      const entry = young.get(key)
      if (entry !== undefined) return entry
      const older = old.get(key)
      if (older === undefined) return undefined
      old.delete(key)
      put(key, older)
      return older
    },
    set(key, revision, value, size) {
      old.delete(key)
      // What is as large as all the rest together would push it out.
      if (size <= most.bytes / 2) put(key, { revision, value, bytes: size })
      else forget(key)
    },
  }

  function forget(key: K): void {
    bytes -= young.get(key)?.bytes ?? 0
    young.delete(key)
  }
}
