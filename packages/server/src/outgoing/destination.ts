import { isIP } from 'node:net'
import { reachOf } from './address.ts'
import { NotSent } from './not-sent.ts'
import type { Resolve } from './resolver.ts'

/** An address with its family, as `node:net` wants it. */
export type Pinned = { readonly address: string; readonly family: 4 | 6 }

/** Where one request goes: the URL, and the addresses that its name had when they were checked. */
export type Destination = { readonly url: URL; readonly addresses: readonly Pinned[] }

/**
 * Reads the URL of an outgoing request: http or https, without a user in it. The host is what the URL standard makes of it
 * (`0x7f.1` is 127.0.0.1). Where the host is an address, it must be one that may be reached.
 *
 * Raises {@link NotSent} `bad_url` and `address_refused`.
 */
export function readDestination(text: string, allowLoopback: boolean): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') throw new NotSent('bad_url')
  if (url.username !== '' || url.password !== '') throw new NotSent('bad_url')
  const host = hostOf(url)
  if (isIP(host) !== 0) check([host], allowLoopback)
  return url
}

/**
 * Resolves a URL once. Every address of the name must be one that may be reached, not only one of them: which would be taken is
 * nobody's to say.
 *
 * Raises {@link NotSent} `bad_url`, `name_not_found` and `address_refused`.
 */
export async function findDestination(text: string, allowLoopback: boolean, resolve: Resolve): Promise<Destination> {
  const url = readDestination(text, allowLoopback)
  const host = hostOf(url)
  if (isIP(host) !== 0) return { url, addresses: [pin(host)] }
  const addresses = await resolve(host).catch((error: unknown) => {
    throw new NotSent('name_not_found', error)
  })
  if (addresses.length === 0) throw new NotSent('name_not_found')
  check(addresses, allowLoopback)
  return { url, addresses: addresses.map(pin) }
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

function check(addresses: readonly string[], allowLoopback: boolean): void {
  for (const address of addresses) {
    const reach = reachOf(address)
    if (reach === 'none' || (reach === 'loopback' && !allowLoopback)) throw new NotSent('address_refused')
  }
}

function pin(address: string): Pinned {
  return { address, family: isIP(address) === 6 ? 6 : 4 }
}
