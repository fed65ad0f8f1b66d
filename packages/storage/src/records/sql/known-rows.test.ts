import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKnownRows } from './known-rows.ts'

/** How many of the keys 0 … are known. Looking is asking, and so changes what is kept: each memory is looked at once. */
function count(rows: ReturnType<typeof createKnownRows<number, string>>, keys: number): number {
  return Array.from({ length: keys }, (_, key) => rows.get(key)).filter((one) => one !== undefined).length
}

test('a row is known at the revision that was set last', () => {
  const rows = createKnownRows<number, string>({ entries: 10, bytes: 1000 })
  assert.equal(rows.get(1), undefined)
  rows.set(1, 5, 'old', 10)
  rows.set(1, 6, 'new', 10)
  const { revision, value } = rows.get(1) ?? assert.fail()
  assert.deepEqual([revision, value], [6, 'new'])
})

test('no more is kept than so many entries and so many bytes', () => {
  const few = createKnownRows<number, string>({ entries: 10, bytes: 1000 })
  for (let key = 0; key < 100; key++) few.set(key, 1, 'x', 1)
  assert.ok(count(few, 100) <= 10)
  const small = createKnownRows<number, string>({ entries: 1000, bytes: 100 })
  for (let key = 0; key < 100; key++) small.set(key, 1, 'x', 20)
  assert.ok(count(small, 100) <= 5)
})

test('what is asked for stays, what is not goes', () => {
  const rows = createKnownRows<number, string>({ entries: 10, bytes: 1000 })
  for (let key = 0; key < 100; key++) {
    rows.set(key, 1, 'x', 1)
    assert.ok(rows.get(0), `after ${key}`)
  }
  assert.equal(rows.get(50), undefined)
})

test('one that takes half of all the room is not kept, and what it was before is forgotten', () => {
  const rows = createKnownRows<number, string>({ entries: 10, bytes: 100 })
  rows.set(1, 1, 'small', 10)
  rows.set(2, 1, 'small', 10)
  rows.set(1, 2, 'large', 51)
  assert.equal(rows.get(1), undefined)
  assert.ok(rows.get(2))
})

test('a row written over and over counts once', () => {
  const rows = createKnownRows<number, string>({ entries: 10, bytes: 100 })
  rows.set(2, 1, 'other', 10)
  for (let revision = 0; revision < 50; revision++) rows.set(1, revision, 'x', 20)
  assert.ok(rows.get(2))
})
