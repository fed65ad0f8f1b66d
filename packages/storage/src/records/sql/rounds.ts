/** What became of one item of a round: a result, or the error that is its caller's alone. */
export type Outcome<R> = { readonly result: R } | { readonly error: unknown }

/**
 * Gathers what callers bring while a round is under way into the next one, of at most `most`; the first goes at once. Items keep the order in
 * which they came. `run` MUST answer an outcome for each, in their order; where it raises, so do all of the round.
 */
export function createRounds<T, R>(
  run: (items: readonly T[]) => Promise<readonly Outcome<R>[]>,
  most: number,
): (item: T) => Promise<R> {
  type Waiting = { readonly item: T; readonly resolve: (result: R) => void; readonly reject: (error: unknown) => void }
  let waiting: Waiting[] = []
  let running = false

  async function runAll(): Promise<void> {
    running = true
    while (waiting.length > 0) {
      const round = waiting.slice(0, most)
      waiting = waiting.slice(most)
      try {
        const outcomes = await run(round.map(({ item }) => item))
        for (const [at, { resolve, reject }] of round.entries()) {
          const outcome = outcomes[at] ?? { error: new Error('a round has left somebody out') }
          if ('error' in outcome) reject(outcome.error)
          else resolve(outcome.result)
        }
      } catch (error) {
        for (const { reject } of round) reject(error)
      }
    }
    running = false
  }

  return (item) =>
    new Promise<R>((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!running) void runAll()
    })
}
