const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** How long after a failed try the next one follows: sooner at first, for receivers that are only starting anew. */
const PAUSES = [10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR]

/** What a receiver may ask for with Retry-After (RFC 9110, section 10.2.3). */
const LONGEST_WISH = HOUR

/**
 * The time of the next try after so many failed ones, or null where the next would lie behind the deadline already passed: then
 * it is given up. `random` (0 to 1) spreads tries over a fifth, so that what failed together is not tried together;
 * `wish` is what the receiver asked for, in seconds.
 */
export function nextTry(
  { tries, deadline }: { readonly tries: number; readonly deadline: number },
  { at, random, wish }: { readonly at: number; readonly random: number; readonly wish: number | null },
): number | null {
  if (at >= deadline) return null
  const pause = PAUSES[Math.min(tries, PAUSES.length) - 1] ?? SECOND
  const wished = Math.min(LONGEST_WISH, (wish ?? 0) * SECOND)
  // The last try is made at the deadline, not hours before it.
  return Math.min(at + Math.max(wished, pause * (1 + random / 5)), Math.max(deadline, at + SECOND))
}
