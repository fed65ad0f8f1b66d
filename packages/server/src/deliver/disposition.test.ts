import { equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { disposition } from './disposition.ts'

const rows: readonly [sentence: string, name: string, expected: string][] = [
  ['a plain name stands as it is', 'photo.png', 'inline; filename="photo.png"'],
  ['spaces are fine inside quotes', 'my photo.png', 'inline; filename="my photo.png"'],
  [
    'umlauts travel in the extended form',
    'Füße.png',
    `inline; filename="F__e.png"; filename*=UTF-8''F%C3%BC%C3%9Fe.png`,
  ],
  ['quotes cannot end the value', 'a"b.png', `inline; filename="a_b.png"; filename*=UTF-8''a%22b.png`],
  ['line breaks cannot split the header', 'a\r\nX: y', `inline; filename="a__X: y"; filename*=UTF-8''a%0D%0AX%3A%20y`],
  [
    'percent signs are not taken for escapes',
    '100%25.png',
    `inline; filename="100_25.png"; filename*=UTF-8''100%2525.png`,
  ],
]

for (const [sentence, name, expected] of rows) {
  test(`disposition: ${sentence}`, () => equal(disposition('inline', name), expected))
}

test('disposition: any name gives one header line of visible ASCII that decodes to the name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const value = disposition('attachment', name)
      match(value, /^[\x20-\x7e]*$/)
      const extended = /filename\*=UTF-8''(.*)$/.exec(value)?.[1]
      equal(
        extended === undefined ? /filename="(.*)"$/.exec(value)?.[1] : decodeURIComponent(extended),
        name.toWellFormed(),
      )
    }),
  )
})
