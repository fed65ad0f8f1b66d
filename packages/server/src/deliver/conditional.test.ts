import { equal } from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { test } from 'node:test'
import { evaluate, rangeCounts } from './conditional.ts'

const present = { etag: '"abc"', modified: Date.parse('Tue, 10 Nov 2026 10:00:00 GMT') / 1000 }
const rows: readonly [sentence: string, headers: IncomingHttpHeaders, expected: 'proceed' | 304 | 412][] = [
  ['without conditions it goes on', {}, 'proceed'],
  ['the same tag is not modified', { 'if-none-match': '"abc"' }, 304],
  ['a weak form of the same tag is not modified', { 'if-none-match': 'W/"abc"' }, 304],
  ['one of several tags is enough', { 'if-none-match': '"x", "abc"' }, 304],
  ['any tag', { 'if-none-match': '*' }, 304],
  ['another tag goes on', { 'if-none-match': '"x"' }, 'proceed'],
  [
    'a tag outweighs a date',
    { 'if-none-match': '"x"', 'if-modified-since': 'Wed, 11 Nov 2026 10:00:00 GMT' },
    'proceed',
  ],
  ['not modified since', { 'if-modified-since': 'Tue, 10 Nov 2026 10:00:00 GMT' }, 304],
  ['modified since', { 'if-modified-since': 'Tue, 10 Nov 2026 09:59:59 GMT' }, 'proceed'],
  ['a date that is none is ignored', { 'if-modified-since': 'yesterday' }, 'proceed'],
  ['the tag that was wanted', { 'if-match': '"abc"' }, 'proceed'],
  ['another tag was wanted', { 'if-match': '"x"' }, 412],
  ['a weak tag never matches strongly', { 'if-match': 'W/"abc"' }, 412],
  ['modified after the date that was wanted', { 'if-unmodified-since': 'Tue, 10 Nov 2026 09:00:00 GMT' }, 412],
]

for (const [sentence, headers, expected] of rows) {
  test(`conditions: ${sentence}`, () => equal(evaluate(headers, present), expected))
}

test('If-Range: the range counts for the present tag or date only', () => {
  equal(rangeCounts(undefined, present), true)
  equal(rangeCounts('"abc"', present), true)
  equal(rangeCounts('"x"', present), false)
  equal(rangeCounts('W/"abc"', present), false)
  equal(rangeCounts('Tue, 10 Nov 2026 10:00:00 GMT', present), true)
  equal(rangeCounts('Wed, 11 Nov 2026 10:00:00 GMT', present), false)
})
