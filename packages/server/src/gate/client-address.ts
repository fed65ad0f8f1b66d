import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Tells where a request really comes from. */
export type ClientAddress = {
  /** The client's address in text form, IPv4-mapped ones as IPv4; null where it is not known. */
  of(request: IncomingMessage): string | null
  /** Whether the peer on the other end of the socket is a configured proxy, whose headers may be believed. */
  fromTrustedProxy(request: IncomingMessage): boolean
}

/**
 * Creates the rule: `X-Forwarded-For` is believed only from configured proxies (addresses or CIDR ranges), and read from right to left
 * up to the first address that is not one of them.
 */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = new BlockList()
  for (const range of trustedProxies) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) trusted.addAddress(address, family)
    else trusted.addSubnet(address, Number(bits), family)
  }
  const none = trustedProxies.length === 0
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  return {
    fromTrustedProxy(request) {
      const peer = plain(request.socket.remoteAddress)
      return !none && peer !== null && isTrusted(peer)
    },
    of(request) {
      let address = plain(request.socket.remoteAddress)
      if (none || address === null || !isTrusted(address)) return address
      const header = request.headers['x-forwarded-for']
      if (header === undefined) return address
      const hops = (Array.isArray(header) ? header.join(',') : header).split(',')
      for (let i = hops.length - 1; i >= 0; i--) {
        const hop = plain(hops[i]?.trim())
        // Something unreadable in the chain: who stands before it is not known.
        if (hop === null) return null
        address = hop
        if (!isTrusted(hop)) return hop
      }
      return address
    },
  }
}

/** An address without IPv4 mapping, zone or port; null where it is none. */
function plain(text: string | undefined): string | null {
  if (text === undefined) return null
  const address = text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text
  return isIP(address) === 0 ? null : address
}
