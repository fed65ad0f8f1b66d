/** Slows down addresses that keep sending credentials whose proof does not hold. */
export type Throttle = {
  /** Whether this address may not try anything costly now; answers the seconds to wait, or 0. */
  wait(address: string | null, at: number): number
  /** Notes one refused proof. */
  failed(address: string | null, at: number): void
}

type Bucket = { level: number; at: number }

const MOST_ADDRESSES = 20_000

/**
 * Creates a leaky bucket for each address: `perMinute` failures a minute flow off, and as many again may come at once. Addresses in one
 * IPv6 /64 count as one. Memory is bounded; when it is full the addresses that were quiet longest are forgotten. Zero: nobody is ever slowed down.
 */
export function createThrottle(perMinute: number): Throttle {
  if (perMinute === 0) return { wait: () => 0, failed: () => {} }
  const buckets = new Map<string, Bucket>()
  const drained = (bucket: Bucket, at: number) =>
    Math.max(0, bucket.level - (Math.max(0, at - bucket.at) * perMinute) / 60_000)
  return {
    wait(address, at) {
      if (buckets.size === 0) return 0
      const bucket = buckets.get(networkOf(address))
      if (bucket === undefined) return 0
      const level = drained(bucket, at)
      return level < perMinute ? 0 : Math.max(1, Math.ceil(((level - perMinute + 1) * 60) / perMinute))
    },
    failed(address, at) {
      const name = networkOf(address)
      const bucket = buckets.get(name)
      const level = (bucket === undefined ? 0 : drained(bucket, at)) + 1
      buckets.delete(name)
      buckets.set(name, { level: Math.min(level, perMinute * 2), at })
      if (buckets.size > MOST_ADDRESSES) {
        for (const oldest of buckets.keys()) {
          buckets.delete(oldest)
          break
        }
      }
    },
  }
}

/** What counts as one address: IPv6 ones of one /64 do, and all that are not known. */
export function networkOf(address: string | null): string {
  if (address === null) return 'unknown'
  if (!address.includes(':')) return address
  // Two texts of one /64 may differ in how zeros are written; that only makes two buckets of one.
  const groups = address.split('::')[0]?.split(':') ?? []
  return groups.slice(0, 4).join(':')
}
