import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { createSharedTrust, steadyNow } from './trust.ts'

/** Each renewal answers the next row: whether the database answered, and for how long from now it gives trust. */
const rows: readonly [sentence: string, renewals: readonly [boolean, number][], trusted: boolean, used: number][] = [
  ['a renewal in time', [[true, 60_000]], true, 1],
  ['no answer', [[false, 0]], false, 1],
  [
    'an old renewal, then one in time',
    [
      [true, -1],
      [true, 60_000],
    ],
    true,
    2,
  ],
  [
    'an old renewal, then no answer',
    [
      [true, -1],
      [false, 0],
    ],
    false,
    2,
  ],
  [
    'a database slower than the lease',
    [
      [true, -1],
      [true, -1],
    ],
    false,
    2,
  ],
]

for (const [sentence, renewals, trusted, used] of rows) {
  test(`trust: ${sentence}`, async () => {
    const until = new Float64Array(1)
    let count = 0
    const trust = createSharedTrust(until, async () => {
      const [answered, lasts] = renewals[count++] ?? [false, 0]
      if (answered) until[0] = steadyNow() + lasts
      return answered
    })
    equal(trust.fresh(), false)
    equal(await trust.refresh(), trusted)
    equal(trust.fresh(), trusted)
    equal(count, used)
  })
}
