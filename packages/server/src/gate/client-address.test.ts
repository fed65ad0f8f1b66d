import { equal } from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { createClientAddress } from './client-address.ts'

const proxies = ['10.0.0.0/8', '127.0.0.1', '2001:db8::/32']
const rows: readonly [
  sentence: string,
  peer: string | undefined,
  listed: string | undefined,
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

const told: readonly [
  sentence: string,
  peer: string,
  forwarded: string,
  listed: string | undefined,
  expected: string | null,
][] = [
  ['Forwarded from a stranger is not believed', '192.0.2.1', 'for=203.0.113.9', undefined, '192.0.2.1'],
  ['Forwarded from a proxy is', '127.0.0.1', 'for=203.0.113.9;proto=https', undefined, '203.0.113.9'],
  [
    'the nearest hop of Forwarded that is no proxy counts',
    '10.1.1.1',
    'for=198.51.100.1, for=203.0.113.9, for=10.2.2.2',
    undefined,
    '203.0.113.9',
  ],
  ['an IPv4-mapped hop is IPv4', '10.1.1.1', 'for="[::ffff:203.0.113.9]:99"', undefined, '203.0.113.9'],
  ['a hidden hop means that nobody knows', '10.1.1.1', 'for=_hidden', undefined, null],
  [
    'what a hidden hop told is not looked at behind a known one',
    '10.1.1.1',
    'for=_h, for=192.0.2.7',
    undefined,
    '192.0.2.7',
  ],
  ['words that do not parse mean that nobody knows', '10.1.1.1', 'for=", for=192.0.2.7', undefined, null],
  ['something that looks like an address and is none', '10.1.1.1', 'for=999.0.2.7', undefined, null],
  ['an empty Forwarded tells of the proxy alone', '10.1.1.1', '', undefined, '10.1.1.1'],
  ['both, and they agree', '10.1.1.1', 'for=203.0.113.9', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
  ['both, and they differ: nobody knows', '10.1.1.1', 'for=198.51.100.1', '203.0.113.9', null],
  ['a viewer who adds the one that the proxy does not set', '10.1.1.1', 'for=10.1.1.1', '203.0.113.9', null],
  ['both from a stranger', '192.0.2.1', 'for=198.51.100.1', '203.0.113.9', '192.0.2.1'],
]

function addressOf(peer: string | undefined, headers: Readonly<Record<string, string>>): string | null {
  const request = { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage
  return createClientAddress(proxies).of(request)
}

for (const [sentence, peer, listed, expected] of rows) {
  test(`address: ${sentence}`, () => {
    equal(addressOf(peer, listed === undefined ? {} : { 'x-forwarded-for': listed }), expected)
  })
}

for (const [sentence, peer, forwarded, listed, expected] of told) {
  test(`address: ${sentence}`, () => {
    equal(addressOf(peer, { forwarded, ...(listed === undefined ? {} : { 'x-forwarded-for': listed }) }), expected)
  })
}
