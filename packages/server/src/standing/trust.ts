/**
 * Whether this node may decide from what it remembers. A node that shares its database with others holds a lease on the log of changes;
 * once it has run out, others no longer wait for this node, and it has to ask before it decides.
 */
export type Trust = {
  /** Whether memory may be trusted at this moment. */
  fresh(): boolean
  /**
   * Renews the lease and catches up; false where memory may not be trusted even then, as where the database cannot be reached or takes
   * longer than the lease. Simultaneous callers share one attempt.
   */
  refresh(): Promise<boolean>
}

/** The trust of a node that is the only one: what it remembers is all there is. */
export const ALONE: Trust = { fresh: () => true, refresh: async () => true }

/** Milliseconds of a clock that only runs forward and is the same for all threads of a process. */
export function steadyNow(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

/** Trust until a moment of {@link steadyNow} that lies in memory shared by all threads of the node; `renew` moves it on. */
export function createSharedTrust(until: Float64Array, renew: () => Promise<boolean>): Trust {
  let refreshing: Promise<boolean> | null = null
  const fresh = () => steadyNow() < (until[0] ?? 0)
  /** A renewal that was under way already may have begun too long ago to be worth anything: then once more. */
  const attempt = async () => (await renew()) && (fresh() || (await renew())) && fresh()
  return {
    fresh,
    refresh() {
      refreshing ??= attempt().finally(() => {
        refreshing = null
      })
      return refreshing
    },
  }
}
