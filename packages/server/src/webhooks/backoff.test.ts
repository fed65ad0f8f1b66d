import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextTry } from './backoff.ts'

const DAY = 24 * 3600 * 1000

test('tries begin quickly, grow apart, and end with one at the deadline a day later', () => {
  for (const random of [0, 0.5, 0.999]) {
    const pauses: number[] = []
    let at = 0
    for (let tries = 1; ; tries++) {
      const next = nextTry({ tries, deadline: DAY }, { at, random, wish: null })
      if (next === null) break
      pauses.push(next - at)
      at = next
    }
    assert.equal(at, DAY)
    assert.ok(pauses.length >= 10 && pauses.length <= 20, `${pauses.length} tries`)
    assert.deepEqual(
      pauses.slice(0, 2).map((pause) => Math.floor(pause / 10_000)),
      [1, 3],
    )
    assert.deepEqual(
      pauses.slice(0, -1),
      pauses.slice(0, -1).toSorted((a, b) => a - b),
    )
  }
})

test('chance spreads what failed together over a fifth of the pause', () => {
  const at = (random: number) => nextTry({ tries: 1, deadline: DAY }, { at: 0, random, wish: null })
  assert.deepEqual([at(0), at(0.5), at(1)], [10_000, 11_000, 12_000])
})

test('a receiver that asks for time gets it, up to an hour', () => {
  const at = (wish: number) => nextTry({ tries: 1, deadline: DAY }, { at: 0, random: 0, wish })
  assert.deepEqual([at(1), at(60), at(1e9)], [10_000, 60_000, 3_600_000])
})

test('past the deadline there is no further try', () => {
  assert.equal(nextTry({ tries: 1, deadline: 5 }, { at: 5, random: 0, wish: null }), null)
})
