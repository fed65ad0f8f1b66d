/**
 * Finds the place in the order of standing changes of tokens that know only the second in which they were issued. It is made of the
 * sequences that void such tokens and the second that storage gave each, which grows with them.
 */
export type VoidSeconds = {
  note(sequence: number, second: number): void
  /** The highest sequence whose second is before this one; 0 where there is none. */
  sequenceAt(second: number): number
}

/** Creates an empty list. Sequences may come in any order. */
export function createVoidSeconds(): VoidSeconds {
  const highest = new Map<number, number>()
  /** The seconds, ascending; null while they have to be put in order anew. */
  let order: number[] | null = []
  return {
    note(sequence, second) {
      const known = highest.get(second)
      if (known === undefined) {
        if (order !== null && second > (order.at(-1) ?? -1)) order.push(second)
        else order = null
      }
      if (known === undefined || known < sequence) highest.set(second, sequence)
    },
    sequenceAt(second) {
      order ??= [...highest.keys()].sort((a, b) => a - b)
      let [low, high] = [0, order.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((order[middle] ?? 0) < second) low = middle + 1
        else high = middle
      }
      return low === 0 ? 0 : (highest.get(order[low - 1] ?? 0) ?? 0)
    },
  }
}
