import { median } from './numbers.ts'

/** Something that is measured against others, in turns with them. */
export type Contestant<T> = { readonly name: string; readonly measure: () => Promise<T> }

/** What one contestant did in all rounds. */
export type Course<T> = { readonly name: string; readonly rounds: readonly T[] }

/**
 * Measures contestants in alternating rounds: each runs once a round, every other round in the opposite order, so that what
 * else the machine does falls on all of them alike. One round before the first warms up and is not kept.
 */
export async function alternate<T>(contestants: readonly Contestant<T>[], rounds: number): Promise<Course<T>[]> {
  const kept = contestants.map(({ name }) => ({ name, rounds: [] as T[] }))
  const order = contestants.map((contestant, index) => ({ contestant, course: kept[index] }))
  for (let round = 0; round <= rounds; round++) {
    for (const { contestant, course } of round % 2 === 0 ? order : order.toReversed()) {
      const result = await contestant.measure()
      if (round > 0) course?.rounds.push(result)
    }
  }
  return kept
}

/** The median of a figure over all rounds. */
export function middle<T>(course: Course<T>, figure: (result: T) => number): number {
  return median(course.rounds.map(figure))
}

/** The median over all rounds of one contestant's figure divided by another's in the same round. */
export function ratio<T>(course: Course<T>, to: Course<T>, figure: (result: T) => number): number {
  return median(
    course.rounds.map((result, round) => {
      const other = to.rounds[round]
      return other === undefined ? Number.NaN : figure(result) / figure(other)
    }),
  )
}
