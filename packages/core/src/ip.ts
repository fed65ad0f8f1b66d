/** An address, or the network of a range: one 32-bit word for IPv4, four for IPv6. */
export type Address = readonly number[]

/** A range of addresses: those that agree with `network` in the first `bits` bits and are of the same family. */
export type Range = { readonly network: Address; readonly bits: number }

/**
 * Reads an address: IPv4 in four decimal parts without leading zeros, or IPv6 (RFC 4291, section 2.2) without a zone.
 * An IPv4-mapped address (`::ffff:192.0.2.1`) is the IPv4 address. Null for anything else.
 */
export function parseAddress(text: string): Address | null {
  if (text.includes(':')) {
    const words = parseV6(text)
    return words !== null && isMapped(words) ? words.slice(3) : words
  }
  const word = parseV4(text)
  return word < 0 ? null : [word]
}

/** Reads an address or a CIDR range (`203.0.113.0/24`, `2001:db8::/32`); bits behind the length are ignored. */
export function parseRange(text: string): Range | null {
  const slash = text.indexOf('/')
  const network = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (network === null) return null
  const size = network.length * 32
  if (slash < 0) return { network, bits: size }
  const length = text.slice(slash + 1)
  if (!LENGTH.test(length)) return null
  const written = Number(length)
  if (size === 32 && text.includes(':')) return written < 96 || written > 128 ? null : { network, bits: written - 96 }
  return written > size ? null : { network, bits: written }
}

/** Whether an address lies in a range. Addresses of the other family never do. */
export function inRange({ network, bits }: Range, address: Address): boolean {
  if (network.length !== address.length) return false
  let left = bits
  for (let i = 0; left > 0; i++, left -= 32) {
    const different = (network[i] as number) ^ (address[i] as number)
    if (left >= 32 ? different !== 0 : different >>> (32 - left) !== 0) return false
  }
  return true
}

/** Whether all of one range (as text) lies in another. Unreadable ranges lie in none and hold none. */
export function within(inner: string, outer: string): boolean {
  const small = parseRange(inner)
  const large = parseRange(outer)
  return small !== null && large !== null && large.bits <= small.bits && inRange(large, small.network)
}

const LENGTH = /^(?:0|[1-9]\d{0,2})$/
const GROUP = /^[0-9a-fA-F]{1,4}$/

function isMapped(words: Address): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff
}

/** The address as an unsigned number, or -1. */
function parseV4(text: string): number {
  if (text.length > 15) return -1
  let word = 0
  let part = -1
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit === -2) {
      if (part < 0) return -1
      word = word * 256 + part
      part = -1
      dots++
    } else {
      if (digit < 0 || digit > 9 || part === 0) return -1
      part = part < 0 ? digit : part * 10 + digit
      if (part > 255) return -1
    }
  }
  return part < 0 || dots !== 3 ? -1 : word * 256 + part
}

function parseV6(text: string): Address | null {
  if (text.length > 45) return null
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = groups(halves[0] as string, halves.length === 1)
  const tail = halves.length === 2 ? groups(halves[1] as string, true) : []
  if (head === null || tail === null) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail]
  const word = (i: number) => (all[i] as number) * 0x10000 + (all[i + 1] as number)
  return [word(0), word(2), word(4), word(6)]
}

/** The 16-bit groups of one side of `::`; the last may be an IPv4 address where it ends the whole. */
function groups(text: string, last: boolean): number[] | null {
  if (text === '') return []
  const found: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (GROUP.test(part)) {
      found.push(Number.parseInt(part, 16))
    } else {
      const word = last && i === parts.length - 1 ? parseV4(part) : -1
      if (word < 0) return null
      found.push(word >>> 16, word & 0xffff)
    }
  }
  return found
}
