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

/**
 * Makes a pool of buffers. Large ones (512 KB) together never pass `maxBytes`; small ones (32 KB) are what a reader gets
 * beyond that, so the memory of all readers is bounded by `maxBytes` plus one small buffer for each, two while it reads ahead.
 */
export function createBuffers({ maxBytes }: { maxBytes: number }): Buffers {
  const small = 32 * 1024
  const large = 512 * 1024
  const spare: Uint8Array[] = []
  let out = 0

  return {
    small,
    large,
    lend(wanted) {
      if (wanted <= small || (out + 1) * large > maxBytes) {
        return { buffer: Buffer.allocUnsafeSlow(Math.min(wanted, small)), release() {} }
      }
      const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(large)
      let lent = true
      out++
      return {
        buffer,
        release() {
          if (!lent) return
          lent = false
          out--
          spare.push(buffer)
        },
      }
    },
    lent: () => out * large,
  }
}
