import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { forwardedFor } from './forwarded.ts'

/** Tells where a request really comes from. */
export type ClientAddress = {
  /** The client's address in text form, IPv4-mapped ones as IPv4; null where it is not known. */
  of(request: Pick<IncomingMessage, 'headers' | 'socket'>): string | null
  /** Whether the peer on the other end of the socket is a configured proxy, whose headers may be believed. */
  fromTrustedProxy(request: Pick<IncomingMessage, 'socket'>): boolean
}

/**
 * Creates the rule: `X-Forwarded-For` and `Forwarded` (RFC 7239) are believed only from configured proxies (addresses or CIDR ranges),
 * and read from right to left up to the first address that is not one of them. Where both are there and lead to different addresses,
 * one of them is not the proxy's own, and the address counts as not known.
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

  /** The other end of a connection is the same for every request that comes over it. */
  const peers = new WeakMap<object, Peer>()
  function peerOf(socket: IncomingMessage['socket']): Peer {
    const known = peers.get(socket)
    if (known !== undefined) return known
    const address = plain(socket.remoteAddress)
    const peer = { address, trusted: !none && address !== null && isTrusted(address) }
    if (address !== null) peers.set(socket, peer)
    return peer
  }

  /** The last of the hops that is no proxy. Something unreadable in the chain: who stands before it is not known. */
  function nearest(hops: readonly (string | null)[], peer: string): string | null {
    let address = peer
    for (const text of hops.toReversed()) {
      const hop = plain(text?.trim())
      if (hop === null) return null
      address = hop
      if (!isTrusted(hop)) break
    }
    return address
  }

  return {
    fromTrustedProxy: ({ socket }) => peerOf(socket).trusted,
    of(request) {
      const { address: peer, trusted: believed } = peerOf(request.socket)
      if (peer === null || !believed) return peer
      const listed = joined(request.headers['x-forwarded-for'])
      const told = joined(request.headers.forwarded)
      const byList = listed === null ? peer : nearest(listed.split(','), peer)
      if (told === null) return byList
      const byWord = nearest(forwardedFor(told) ?? [null], peer)
      return listed === null || byList === byWord ? byWord : null
    },
  }
}

type Peer = { readonly address: string | null; readonly trusted: boolean }

function joined(header: string | readonly string[] | undefined): string | null {
  if (header === undefined) return null
  return typeof header === 'string' ? header : header.join(',')
}

/** An address without IPv4 mapping, zone or port; null where it is none. */
function plain(text: string | undefined): string | null {
  if (text === undefined) return null
  const address = text.startsWith('::ffff:') && text.includes('.') ? text.slice(7) : text
  return isIP(address) === 0 ? null : address
}
