import type { Access } from './access.ts'
import { inRange, parseAddress, parseRange, within } from './ip.ts'
import type { Reason } from './reasons.ts'

/**
 * Restrictions on a grant. Every one only narrows; a grant without any is limited by nothing but its actions and resource.
 */
export type Limits = {
  /** Addresses and CIDR ranges, IPv4 or IPv6; the client's address has to lie in one of them. */
  readonly ip?: readonly string[]
  /** The exact User-Agent. */
  readonly userAgent?: string
  /** Origins (`https://host[:port]`); the request's Origin, or that of its Referer, has to be one of them. */
  readonly origin?: readonly string[]
  /** Milliseconds since the epoch before which nothing is permitted. */
  readonly notBefore?: number
  /** How many views it is good for; counted by the gate. */
  readonly maxUses?: number
  /** Names of limits that this version does not know; any at all denies. */
  readonly unknown?: readonly string[]
}

/** The first limit that the access breaks, as a reason, or null where all hold. Uses are counted elsewhere. */
export function breach(limits: Limits, access: Access): Reason | null {
  if (limits.unknown !== undefined && limits.unknown.length > 0) return 'limit_unknown'
  if (limits.notBefore !== undefined && !(access.at >= limits.notBefore)) return 'limit_not_before'
  if (limits.ip !== undefined && !withinAny(limits.ip, access.ip)) return 'limit_ip'
  if (limits.userAgent !== undefined && limits.userAgent !== access.userAgent) return 'limit_user_agent'
  if (limits.origin !== undefined && (access.origin === null || !limits.origin.includes(access.origin))) {
    return 'limit_origin'
  }
  return null
}

/**
 * Whether an address lies in one of these addresses and ranges. An address that is not known (null) or not readable lies
 * in none, and a range that is not readable holds nothing.
 */
export function withinAny(ranges: readonly string[], ip: string | null): boolean {
  const address = ip === null ? null : parseAddress(ip)
  if (address === null) return false
  return ranges.some((text) => {
    const range = parseRange(text)
    return range !== null && inRange(range, address)
  })
}

/**
 * Whether limits hold back at least all that others do: whatever breaks `than` breaks `limits` too. Where that cannot be
 * known (an unknown limit in `than`, or a number of uses, which is counted for one token only), they do not.
 */
export function narrows(limits: Limits, than: Limits): boolean {
  const { ip, userAgent, origin, notBefore, maxUses, unknown = [] } = than
  if (unknown.length > 0 || maxUses !== undefined) return false
  if (ip !== undefined && !limits.ip?.every((inner) => ip.some((outer) => within(inner, outer)))) return false
  if (userAgent !== undefined && limits.userAgent !== userAgent) return false
  if (origin !== undefined && !limits.origin?.every((one) => origin.includes(one))) return false
  return notBefore === undefined || (limits.notBefore ?? Number.NEGATIVE_INFINITY) >= notBefore
}
