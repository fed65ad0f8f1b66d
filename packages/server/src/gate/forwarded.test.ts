import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { forwardedFor } from './forwarded.ts'

const rows: readonly [sentence: string, header: string, hops: readonly (string | null)[] | null][] = [
  ['one hop', 'for=192.0.2.60;proto=http;by=203.0.113.43', ['192.0.2.60']],
  ['names in any case', 'For="[2001:db8:cafe::17]:4711"', ['2001:db8:cafe::17']],
  ['two hops', 'for=192.0.2.43, for=198.51.100.17', ['192.0.2.43', '198.51.100.17']],
  ['without a space', 'for=192.0.2.43,for="[2001:db8::17]"', ['192.0.2.43', '2001:db8::17']],
  ['a port, and one that is hidden', 'for="192.0.2.1:80", for="192.0.2.2:_p"', ['192.0.2.1', '192.0.2.2']],
  ['spaces about the signs', ' for=192.0.2.1 ; proto=https , for=192.0.2.2 ', ['192.0.2.1', '192.0.2.2']],
  ['a quoted letter in quotes', 'for="192\\.0.2.1"', ['192.0.2.1']],
  ['a comma in quotes ends nothing', 'for=192.0.2.1;x="a, for=192.0.2.9", for=192.0.2.2', ['192.0.2.1', '192.0.2.2']],
  ['nobody is told', 'for=unknown, for=_hidden, for="_SEVKISEK"', [null, null, null]],
  ['an element without for', 'for=192.0.2.1, proto=https', ['192.0.2.1', null]],
  ['for twice', 'for=192.0.2.1;for=192.0.2.2', [null]],
  ['IPv6 without brackets', 'for="2001:db8::17"', [null]],
  ['empty elements', ', ,for=192.0.2.1,', ['192.0.2.1']],
  ['nothing at all', '', []],
  ['a quote that is not closed', 'for=", for=192.0.2.1', null],
  ['an address with a port must be quoted', 'for=192.0.2.1:80', null],
  ['brackets must be quoted', 'for=[2001:db8::17]', null],
  ['a value without a name', '192.0.2.1', null],
  ['a name without a value', 'for=', null],
  ['spaces about the sign of equality', 'for = 192.0.2.1', null],
  ['words after a quoted value', 'for="192.0.2.1"x', null],
]

for (const [sentence, header, hops] of rows) {
  test(`Forwarded: ${sentence}`, () => deepEqual(forwardedFor(header), hops))
}
