import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ownVectors } from '../test/vectors.ts'
import { createLinkMaker, type LinkFacts, looksLikeLink, makeLink, readLink, verifyLink } from './link.ts'
import { createNodePrimitives, secretKey } from './node-primitives.ts'

type Vectors = {
  key: string
  good: (LinkFacts & { token: string })[]
  malformed: { why: string; token: string }[]
  forged: { why: string; path: string; token: string }[]
}

const vectors = ownVectors<Vectors>('links.json')
const primitives = createNodePrimitives()
const key = secretKey(Buffer.from(vectors.key, 'hex'))
const facts = fc.record<LinkFacts>({
  path: fc.webPath(),
  receiverSerial: fc.integer({ min: 0, max: 2 ** 40 - 1 }),
  sequence: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
})

describe('recipient links', () => {
  for (const { token, ...one } of vectors.good) {
    test(`for receiver ${one.receiverSerial} at ${one.sequence} are made and read`, () => {
      assert.equal(makeLink(one, key, primitives), token)
      const link = readLink(token) ?? assert.fail()
      assert.deepEqual([link.receiverSerial, link.sequence], [one.receiverSerial, one.sequence])
      assert.ok(looksLikeLink(token))
      assert.ok(verifyLink(link, one.path, key, primitives))
    })
  }
  for (const { why, token } of vectors.malformed) {
    test(`are not read: ${why}`, () => {
      assert.equal(readLink(token), null)
      assert.ok(!looksLikeLink(token))
    })
  }
  for (const { why, path, token } of vectors.forged) {
    test(`do not hold: ${why}`, () => {
      assert.ok(!verifyLink(readLink(token) ?? assert.fail(), path, key, primitives))
    })
  }
  test('do not hold under another key', () => {
    const { token, path } = vectors.good[0] ?? assert.fail()
    assert.ok(!verifyLink(readLink(token) ?? assert.fail(), path, secretKey('another key'), primitives))
  })
  test('read back what is made', () => {
    fc.assert(
      fc.property(facts, (one) => {
        const link = readLink(makeLink(one, key, primitives)) ?? assert.fail()
        assert.deepEqual([link.receiverSerial, link.sequence], [one.receiverSerial, one.sequence])
        assert.ok(verifyLink(link, one.path, key, primitives))
      }),
    )
  })
  test('of one maker do not influence each other', () => {
    const make = createLinkMaker(key, primitives)
    const one = { path: '/apps/demo/x', receiverSerial: 1, sequence: 1 }
    const first = make(one)
    for (const other of [{ path: '/apps/demo/y' }, { receiverSerial: 2 }, { sequence: 2 }]) {
      assert.equal(make({ ...one, ...other }), makeLink({ ...one, ...other }, key, primitives))
      assert.notEqual(make({ ...one, ...other }), first)
    }
    assert.equal(make(one), first)
  })
  for (const [receiverSerial, sequence] of [
    [-1, 0],
    [2 ** 40, 0],
    [0.5, 0],
    [Number.NaN, 0],
    [1, -1],
    [1, 2 ** 32],
    [1, Number.NaN],
  ] as const) {
    test(`cannot carry receiver ${receiverSerial} at ${sequence}`, () => {
      assert.throws(() => makeLink({ path: '/a', receiverSerial, sequence }, key, primitives), RangeError)
    })
  }
})
