import { equal } from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { createClientAddress } from './client-address.ts'

const proxies = ['10.0.0.0/8', '127.0.0.1', '2001:db8::/32']
const rows: readonly [
  sentence: string,
  peer: string | undefined,
  forwarded: string | undefined,
  expected: string | null,
][] = [
  ['the peer itself', '192.0.2.1', undefined, '192.0.2.1'],
  ['an IPv4-mapped peer is IPv4', '::ffff:192.0.2.1', undefined, '192.0.2.1'],
  ['a header from a stranger is not believed', '192.0.2.1', '203.0.113.9', '192.0.2.1'],
  ['a header from a proxy is', '127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['the nearest hop that is no proxy counts', '10.1.1.1', '198.51.100.1, 203.0.113.9, 10.2.2.2', '203.0.113.9'],
  ['proxies all the way: the first of them', '10.1.1.1', '10.9.9.9', '10.9.9.9'],
  ['IPv6 proxies', '2001:db8::1', '2001:4860::8', '2001:4860::8'],
  ['an unreadable hop means that nobody knows', '10.1.1.1', 'unknown', null],
  ['no peer', undefined, '203.0.113.9', null],
]

for (const [sentence, peer, forwarded, expected] of rows) {
  test(`address: ${sentence}`, () => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
    const request = { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage
    equal(createClientAddress(proxies).of(request), expected)
  })
}
