import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { createVoidSeconds } from './void-seconds.ts'

test('void seconds: a token stands behind every revocation of an earlier second, in whatever order they were noted', () => {
  const noted: readonly (readonly [sequence: number, second: number])[] = [
    [3, 0],
    [7, 100],
    [8, 100],
    [12, 101],
    [20, 250],
  ]
  const rows: readonly (readonly [second: number, sequence: number])[] = [
    [0, 0],
    [1, 3],
    [100, 3],
    [101, 8],
    [102, 12],
    [250, 12],
    [251, 20],
    [2 ** 33, 20],
  ]
  for (const order of [noted, noted.toReversed(), [...noted.slice(2), ...noted.slice(0, 2)]]) {
    const seconds = createVoidSeconds()
    for (const [sequence, second] of order) seconds.note(sequence, second)
    for (const [second, sequence] of rows) equal(seconds.sequenceAt(second), sequence, `second ${second}`)
  }
})

test('void seconds: where nothing was revoked every token stands at the beginning', () => {
  equal(createVoidSeconds().sequenceAt(1_800_000_000), 0)
})
