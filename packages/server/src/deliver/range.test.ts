import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { readRange } from './range.ts'

const rows: readonly [sentence: string, header: string | undefined, size: number, expected: unknown][] = [
  ['no header means the whole', undefined, 10, null],
  ['first bytes', 'bytes=0-3', 10, { start: 0, end: 4 }],
  ['open end', 'bytes=4-', 10, { start: 4, end: 10 }],
  ['an end past the last byte is cut', 'bytes=4-99', 10, { start: 4, end: 10 }],
  ['a suffix', 'bytes=-3', 10, { start: 7, end: 10 }],
  ['a suffix longer than the file is all of it', 'bytes=-99', 10, { start: 0, end: 10 }],
  ['an empty suffix cannot be satisfied', 'bytes=-0', 10, 'unsatisfiable'],
  ['a start at the end cannot be satisfied', 'bytes=10-', 10, 'unsatisfiable'],
  ['nothing of an empty file can be satisfied', 'bytes=0-', 0, 'unsatisfiable'],
  ['no suffix of an empty file can be satisfied', 'bytes=-1', 0, 'unsatisfiable'],
  ['the unit is not case-sensitive', 'Bytes=0-0', 10, { start: 0, end: 1 }],
  ['several ranges are answered whole', 'bytes=0-1,3-4', 10, null],
  ['another unit is ignored', 'items=0-1', 10, null],
  ['an end before the start is not well formed', 'bytes=5-4', 10, null],
  ['a dash alone is not well formed', 'bytes=-', 10, null],
  ['signs are not well formed', 'bytes=+1-2', 10, null],
  ['numbers beyond any size are not read', `bytes=0-${'9'.repeat(40)}`, 10, null],
]

for (const [sentence, header, size, expected] of rows) {
  test(`range: ${sentence}`, () => deepEqual(readRange(header, size), expected))
}
