import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFingerprints } from './fingerprints.ts'

test('fingerprints: behave like a Map of numbers', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.nat())), fc.nat(), fc.nat(), (writes, high, low) => {
      const table = createFingerprints([high, low])
      const model = new Map<string, number>()
      for (const [text, value] of writes) {
        table.set(text, value)
        model.set(text, value)
      }
      equal(table.size, model.size)
      for (const [text, value] of model) equal(table.get(text), value)
      equal(table.get('never set, and longer than what was'), 0)
    }),
  )
})

test('fingerprints: a hundred thousand strings grow the table without losing one', () => {
  const table = createFingerprints([1, 2])
  for (let i = 0; i < 100_000; i++) table.set(`user:app/${i}`, i + 1)
  equal(table.size, 100_000)
  for (let i = 0; i < 100_000; i++) equal(table.get(`user:app/${i}`), i + 1)
  for (let i = 100_000; i < 200_000; i++) equal(table.get(`user:app/${i}`), 0)
})
