import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { createRounds } from './rounds.ts'

test('rounds: the first goes at once, what comes meanwhile goes together, in order and no more than may', async () => {
  const rounds: (readonly number[])[] = []
  const add = createRounds<number, number>(async (items) => {
    rounds.push(items)
    await new Promise(setImmediate)
    return items.map((item) => ({ result: item * 2 }))
  }, 3)
  deepEqual(await Promise.all([1, 2, 3, 4, 5, 6].map(add)), [2, 4, 6, 8, 10, 12])
  deepEqual(rounds, [[1], [2, 3, 4], [5, 6]])
  equal(await add(7), 14)
})

test("rounds: one item's error is its caller's, a round's is everybody's of that round", async () => {
  const add = createRounds<string, string>(async (items) => {
    if (items.includes('all')) throw new Error('all')
    return items.map((item) => (item === 'one' ? { error: new Error('one') } : { result: item }))
  }, 2)
  const settled = await Promise.allSettled(['a', 'one', 'b', 'all', 'c', 'd'].map(add))
  deepEqual(
    settled.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message)),
    ['a', 'one', 'b', 'all', 'all', 'd'],
  )
  await rejects(createRounds<number, number>(async () => [], 1)(1), /left somebody out/)
})
