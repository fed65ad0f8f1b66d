/** A piece of memory on loan. */
export type Loan = {
  readonly buffer: Uint8Array
  /** Gives it back. MUST be called once nobody reads or writes the buffer any more; a second call does nothing. */
  release(): void
}

/** Buffers for reading, shared by all readers of an adapter. */
export interface Buffers {
  readonly small: number
  readonly large: number
  /** Lends a large buffer where one is wanted and the bound allows it, and a small one otherwise. */
  lend(wanted: number): Loan
  /** Bytes of large buffers on loan now. */
  lent(): number
}

/** How many small buffers wait for the next reader; beyond that they are left to the collector of garbage. */
const SPARE_SMALL = 512

/**
 * Makes a pool of buffers. Large ones (512 KB) together never pass `maxBytes`; small ones (32 KB) are what a reader gets
 * beyond that, so the memory of all readers is bounded by `maxBytes` plus one small buffer for each, two while it reads ahead.
 */
export function createBuffers({ maxBytes }: { maxBytes: number }): Buffers {
  const small = 32 * 1024
  const large = 512 * 1024
  const spareLarge: Uint8Array[] = []
  const spareSmall: Uint8Array[] = []
  let out = 0

  return {
    small,
    large,
    lend(wanted) {
      const isLarge = wanted > small && (out + 1) * large <= maxBytes
      const spare = isLarge ? spareLarge : spareSmall
      const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(isLarge ? large : small)
      let lent = true
      if (isLarge) out++
      return {
        buffer,
        release() {
          if (!lent) return
          lent = false
          if (isLarge) out--
          if (isLarge || spare.length < SPARE_SMALL) spare.push(buffer)
        },
      }
    },
    lent: () => out * large,
  }
}
