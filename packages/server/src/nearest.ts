/**
 * The known word that a mistyped one most likely means, or null where none is near: at most one typing error (a letter left
 * out, added, changed, or two swapped) for every four letters.
 */
export function nearest(typed: string, known: readonly string[]): string | null {
  let best: string | null = null
  let least = Math.floor(typed.length / 4) + 1
  for (const word of known) {
    const errors = distance(typed, word)
    if (errors < least) {
      least = errors
      best = word
    }
  }
  return best
}

/** Optimal string alignment distance. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const changed = a[row - 1] === b[column - 1] ? 0 : 1
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + changed,
        swapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    before = above
    above = current
  }
  return above[b.length] ?? 0
}
