/**
 * A map from strings to 32-bit values that keeps only 64-bit keyed fingerprints of the strings: twelve bytes an entry at most
 * three quarters full, where a `Map` of strings takes a hundred. Keys are seeded at random for each table, so that nobody can choose
 * strings that collide; two strings with one fingerprint among a billion entries are rarer than a broken disk.
 */
export type Fingerprints = {
  /** The value, or 0 where the string was never set. */
  get(text: string): number
  /** Sets a value; 0 is the same as never set. */
  set(text: string, value: number): void
  /** How many strings have been set. */
  readonly size: number
}

/** Creates an empty table. `seed` are two random 32-bit numbers. */
export function createFingerprints(seed: readonly [number, number]): Fingerprints {
  let capacity = 1024
  let table = new Uint32Array(capacity * 3)
  let size = 0
  const hash = { high: 0, low: 0 }

  function fingerprint(text: string): void {
    let a = seed[0] | 0
    let b = seed[1] | 0
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, 0x85ebca6b)
      a = (a << 13) | (a >>> 19)
      b = Math.imul(b ^ code, 0xc2b2ae35)
      b = (b << 17) | (b >>> 15)
      b = (b + a) | 0
    }
    hash.high = finish(a ^ text.length)
    // An entry whose low half is 0 is free, so no fingerprint may have that.
    hash.low = finish(b ^ hash.high) || 1
  }

  /** The slot of the fingerprint in `hash`, or the free one where it belongs. */
  function slot(): number {
    const mask = capacity - 1
    let index = hash.high & mask
    for (;;) {
      const low = table[index * 3 + 1]
      if (low === 0) return index
      if (low === hash.low && table[index * 3] === hash.high) return index
      index = (index + 1) & mask
    }
  }

  function grow(): void {
    const old = table
    capacity *= 2
    table = new Uint32Array(capacity * 3)
    for (let i = 0; i < old.length; i += 3) {
      if (old[i + 1] === 0) continue
      hash.high = old[i] ?? 0
      hash.low = old[i + 1] ?? 0
      const index = slot() * 3
      table[index] = hash.high
      table[index + 1] = hash.low
      table[index + 2] = old[i + 2] ?? 0
    }
  }

  return {
    get size() {
      return size
    },
    get(text) {
      if (size === 0) return 0
      fingerprint(text)
      const index = slot() * 3
      return table[index + 1] === 0 ? 0 : (table[index + 2] ?? 0)
    },
    set(text, value) {
      if ((size + 1) * 4 > capacity * 3) grow()
      fingerprint(text)
      const index = slot() * 3
      if (table[index + 1] === 0) {
        size++
        table[index] = hash.high
        table[index + 1] = hash.low
      }
      table[index + 2] = value
    },
  }
}

/** The finishing steps of MurmurHash3 (public domain): every bit of the input reaches every bit of the result. */
function finish(value: number): number {
  let h = value
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  h ^= h >>> 16
  return h >>> 0
}
