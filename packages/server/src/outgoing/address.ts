import { type Address, inRange, parseAddress, parseRange, type Range } from '@gatehouse/core/ip'

/** What an outgoing request may do with an address: connect, connect where the operator develops, or never. */
export type Reach = 'global' | 'loopback' | 'none'

/** The one part of the IPv6 space that is given out for global unicast (RFC 4291, section 2.4; IANA's registry). */
const GLOBAL_V6 = '2000::/3'

/**
 * What lies inside the spaces of unicast addresses but is no place on the internet: IANA's registries of special-purpose addresses
 * (RFC 6890, RFC 8190), those with exceptions counted whole. The last IPv4 row is an address of one cloud's own machinery.
 */
const SPECIAL = ranges(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '168.63.129.16/32',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
)

const [UNICAST_V6, LOOPBACK_V4, LOOPBACK_V6, TRANSLATED] = ranges(
  GLOBAL_V6,
  '127.0.0.0/8',
  '::1/128',
  '64:ff9b::/96',
) as [Range, Range, Range, Range]

/**
 * What may be done with an address, as text: only global unicast is for everybody. An IPv4-mapped address, and one that stands for an
 * IPv4 address behind a translator (RFC 6052), is what the IPv4 address is; the older forms that hold one (`::a.b.c.d`, 6to4,
 * Teredo) lead nowhere. Text that is no address, and one with a zone, leads nowhere.
 */
export function reachOf(text: string): Reach {
  const address = parseAddress(text)
  if (address === null) return 'none'
  if (inRange(LOOPBACK_V4, address) || inRange(LOOPBACK_V6, address)) return 'loopback'
  return isGlobal(address) ? 'global' : 'none'
}

function isGlobal(address: Address): boolean {
  if (inRange(TRANSLATED, address)) {
    const inner = address.slice(3)
    return !inRange(LOOPBACK_V4, inner) && isGlobal(inner)
  }
  if (address.length === 4 && !inRange(UNICAST_V6, address)) return false
  return !SPECIAL.some((range) => inRange(range, address))
}

function ranges(...texts: readonly string[]): readonly Range[] {
  return texts.map((text) => {
    const range = parseRange(text)
    if (range === null) throw new Error(`${text} is no range of addresses`)
    return range
  })
}
