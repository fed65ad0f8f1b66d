import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { createSharedRun } from './shared-run.ts'

test('shared run: who comes while one is under way shares the next, and never gets the one that began before', async () => {
  let runs = 0
  let atOnce = 0
  const run = createSharedRun(async () => {
    equal(++atOnce, 1)
    const number = ++runs
    await new Promise(setImmediate)
    atOnce--
    return number
  })
  deepEqual(await Promise.all([run(), run(), run()]), [1, 2, 2])
  deepEqual(await Promise.all([run(), Promise.resolve().then(run), run()]), [3, 4, 4])
})

test('shared run: a fault is for those who shared it, and the next one is tried', async () => {
  let fails = true
  const run = createSharedRun(async () => {
    await new Promise(setImmediate)
    if (fails) throw new Error('no')
    return 'yes'
  })
  const first = run()
  const second = run()
  await rejects(first, /no/)
  fails = false
  equal(await second, 'yes')
  equal(await run(), 'yes')
})
