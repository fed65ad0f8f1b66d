import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRequestIds } from './request-id.ts'

test('a harmless id of the request is kept, anything else gets a new one', () => {
  const idOf = createRequestIds()
  const rows: readonly [given: string | undefined, kept: boolean][] = [
    ['a', true],
    ['0af7651916cd43dd:8448eb211c80319c', true],
    ['x'.repeat(128), true],
    ['x'.repeat(129), false],
    ['', false],
    ['-a', false],
    ['a b', false],
    ['a\u00e9', false],
    [undefined, false],
  ]
  for (const [given, kept] of rows) {
    const id = idOf({ headers: given === undefined ? {} : { 'x-request-id': given } })
    if (kept) assert.equal(id, given)
    else assert.match(id, /^[0-9a-f]{24}$/, `${given} became ${id}`)
  }
})

test('new ids do not repeat, over several draws of randomness', () => {
  const idOf = createRequestIds()
  assert.equal(new Set(Array.from({ length: 2000 }, () => idOf({ headers: {} }))).size, 2000)
})
