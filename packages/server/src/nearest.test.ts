import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

const known = ['port', 'public-url', 'media-url', 'data', 'database-url']

const rows: readonly [string, string | null][] = [
  ['prot', 'port'],
  ['ports', 'port'],
  ['pubic-url', 'public-url'],
  ['databse-ulr', 'database-url'],
  ['dta', null],
  ['dato', 'data'],
  ['zebra', null],
  ['', null],
  ['port', 'port'],
]

for (const [typed, expected] of rows) {
  test(`${JSON.stringify(typed)} means ${expected ?? 'nothing known'}`, () => {
    assert.equal(nearest(typed, known), expected)
  })
}
