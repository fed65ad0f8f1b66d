/**
 * Whether this node may decide from what it remembers. A node that shares its database with others holds a lease on the log of changes;
 * once it has run out, others no longer wait for this node, and it has to ask before it decides.
 */
export type Trust = {
  /** Whether memory may be trusted at this moment. */
  fresh(): boolean
  /** Renews the lease and catches up; false where the database cannot be reached. Simultaneous callers share one attempt. */
  refresh(): Promise<boolean>
}

/** The trust of a node that is the only one: what it remembers is all there is. */
export const ALONE: Trust = { fresh: () => true, refresh: async () => true }

/** Milliseconds of a clock that only runs forward and is the same for all threads of a process. */
export function steadyNow(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

/** Trust until a moment of {@link steadyNow} that lies in memory shared by all threads of the node. */
export function createSharedTrust(until: Float64Array, refresh: () => Promise<boolean>): Trust {
  let refreshing: Promise<boolean> | null = null
  return {
    fresh: () => steadyNow() < (until[0] ?? 0),
    refresh() {
      refreshing ??= refresh().finally(() => {
        refreshing = null
      })
      return refreshing
    },
  }
}
