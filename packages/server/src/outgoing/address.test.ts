import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Reach, reachOf } from './address.ts'

const rows: readonly (readonly [why: string, reach: Reach, ...addresses: string[]])[] = [
  ['places on the internet', 'global', '1.1.1.1', '8.8.8.8', '223.255.255.254', '100.63.255.255', '100.128.0.1'],
  ['their neighbours on either side', 'global', '9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0'],
  ['the same', 'global', '169.253.255.255', '169.255.0.0', '192.167.255.255', '192.169.0.0', '198.17.255.255'],
  ['global unicast of IPv6', 'global', '2606:4700:4700::1111', '2a00:1450:4001:80b::200e', '2001:200::1', '2003::1'],
  ['IPv4 as IPv6', 'global', '::ffff:8.8.8.8', '::ffff:808:808', '64:ff9b::8.8.8.8', '64:ff9b::808:808'],
  ['this machine', 'loopback', '127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  ['unspecified', 'none', '0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0'],
  ['private', 'none', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '::ffff:10.0.0.1', '::ffff:a00:1'],
  ['shared by a carrier', 'none', '100.64.0.1', '100.127.255.255', '100.100.100.200'],
  [
    'link-local, with the metadata of clouds',
    'none',
    '169.254.169.254',
    '::ffff:169.254.169.254',
    'fe80::1',
    'fe80::a9fe:a9fe',
  ],
  ['machinery of clouds elsewhere', 'none', '168.63.129.16', 'fd00:ec2::254', '192.0.0.192'],
  ['unique local and site-local', 'none', 'fc00::1', 'fd12:3456::1', 'fec0::1'],
  ['multicast, reserved, broadcast', 'none', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', 'ff02::1'],
  [
    'documentation and benchmarks',
    'none',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
    '198.18.0.1',
    '2001:db8::1',
    '3fff::1',
  ],
  [
    'protocol assignments, Teredo, ORCHID',
    'none',
    '192.0.0.9',
    '2001::1',
    '2001:0:4136:e378::',
    '2001:10::1',
    '2001:20::1',
  ],
  ['6to4, with whatever inside', 'none', '2002:7f00:1::', '2002:808:808::', '192.88.99.1'],
  ['IPv4-compatible', 'none', '::127.0.0.1', '::8.8.8.8', '::808:808', '::10.0.0.1'],
  [
    'behind a translator',
    'none',
    '64:ff9b::127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::8.8.8.8',
  ],
  ['discard, segment routing, future', 'none', '100::1', '5f00::1', '4000::1', 'e000::1'],
  [
    'no address',
    'none',
    '',
    'localhost',
    '127.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '127.0.0.1 ',
    'fe80::1%eth0',
    '[::1]',
  ],
]

for (const [why, reach, ...addresses] of rows) {
  test(`${why}: ${reach}`, () => {
    for (const address of addresses) assert.equal(reachOf(address), reach, address)
  })
}
