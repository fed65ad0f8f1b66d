import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ownVectors } from '../test/vectors.ts'
import { ACTIONS } from './access.ts'
import { type GrantClaims, parseGrantClaims, parseGrants, printGrantClaims, printGrants } from './claims.ts'
import { type Grant, mayPass } from './grant.ts'
import type { JsonObject } from './json.ts'
import { isProblem } from './problem.ts'
import { isId, resourceOf } from './resource.ts'

type Vectors = {
  good: JsonObject[][]
  refused: { why: string; grants: unknown }[]
  claims: { good: JsonObject[]; refused: { why: string; claims: JsonObject }[] }
}

const vectors = ownVectors<Vectors>('grants.json')
const grant = fc.record<Grant>(
  {
    actions: fc.subarray([...ACTIONS]),
    resource: fc.array(fc.string({ minLength: 1 }).filter(isId), { maxLength: 4 }).map((all) => resourceOf(...all)),
    limits: fc.record(
      { ip: fc.constant(['203.0.113.0/24']), maxUses: fc.integer({ min: 1 }), notBefore: fc.nat() },
      { requiredKeys: [], noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
)
const seconds = fc.integer({ min: 0, max: 253_402_300_799 }).map((s) => s * 1000)
const claims = fc.record<GrantClaims>(
  {
    subject: fc.option(fc.string({ minLength: 1 }).filter(isId)),
    grants: fc.array(grant, { maxLength: 3 }),
    issuedAt: seconds,
    expiresAt: seconds,
    id: fc.uuid(),
    sequence: fc.maxSafeNat(),
    issuer: fc.option(fc.uuid()),
  },
  { noNullPrototype: true },
)

describe('grants', () => {
  for (const good of vectors.good) {
    test(`read and print ${JSON.stringify(good)}`, () => {
      const grants = parseGrants(good)
      assert.ok(!isProblem(grants))
      assert.deepEqual(printGrants(grants), good)
    })
  }
  for (const { why, grants } of vectors.refused) {
    test(`are refused: ${why}`, () => {
      const result = parseGrants(grants)
      assert.ok(isProblem(result))
      assert.equal(result.reason, 'claims_invalid')
    })
  }
  test('of more than a hundred are refused', () => {
    assert.ok(isProblem(parseGrants(new Array(101).fill({ actions: [], resource: '/' }))))
  })
  test('read back what is printed', () => {
    fc.assert(
      fc.property(fc.array(grant), (grants) => assert.deepEqual(parseGrants(roundTrip(printGrants(grants))), grants)),
    )
  })
})

describe('the claims of a grant token', () => {
  for (const good of vectors.claims.good) {
    test(`read and print ${JSON.stringify(good)}`, () => {
      const read = parseGrantClaims(good)
      assert.ok(!isProblem(read))
      assert.deepEqual(printGrantClaims(read), good)
    })
  }
  for (const { why, claims } of vectors.claims.refused) {
    test(`are refused: ${why}`, () => {
      const result = parseGrantClaims(claims)
      assert.ok(isProblem(result))
      assert.equal(result.reason, 'claims_invalid')
    })
  }
  test('read back what is printed', () => {
    fc.assert(fc.property(claims, (one) => assert.deepEqual(parseGrantClaims(roundTrip(printGrantClaims(one))), one)))
  })
  test('begin with nbf, five seconds of tolerance taken off, or later where a grant says so', () => {
    const grants = [
      { actions: ['read'], resource: '/a' },
      { actions: ['read'], resource: '/b', limits: { notBefore: 1_700_000_100 } },
    ]
    const read = parseGrantClaims({ grants, iat: 1_700_000_000, exp: 1_700_003_600, jti: 't1', nbf: 1_700_000_050 })
    assert.ok(!isProblem(read))
    assert.deepEqual(
      read.grants.map(({ limits }) => limits.notBefore),
      [1_700_000_045_000, 1_700_000_100_000],
    )
  })
})

describe('a grant may be passed on', () => {
  const at = (actions: Grant['actions'], ...segments: string[]): Grant => ({
    actions,
    resource: resourceOf(...segments),
    limits: {},
  })
  const limited = (limits: Grant['limits']): Grant => ({ ...at(['read'], 'apps', 'a'), limits })
  const rows: [string, Grant[], Grant, boolean][] = [
    ['the same', [at(['read'], 'apps', 'a')], at(['read'], 'apps', 'a'), true],
    ['below', [at(['read'], 'apps', 'a')], at(['read'], 'apps', 'a', 'b'), true],
    ['above', [at(['read'], 'apps', 'a', 'b')], at(['read'], 'apps', 'a'), false],
    ['elsewhere', [at(['read'], 'apps', 'a')], at(['read'], 'apps', 'b'), false],
    ['another action', [at(['read'], 'apps', 'a')], at(['write'], 'apps', 'a'), false],
    [
      'actions from two grants',
      [at(['read'], 'apps'), at(['play'], 'apps', 'a')],
      at(['read', 'play'], 'apps', 'a'),
      true,
    ],
    ['no action', [], at([], 'apps', 'a'), true],
    [
      'for viewers, by an issuer',
      [at(['issue'], 'apps', 'a')],
      at(['read', 'play', 'join', 'knock'], 'apps', 'a'),
      true,
    ],
    ['for more than viewers, by an issuer', [at(['issue'], 'apps', 'a')], at(['write'], 'apps', 'a'), false],
    ['moderation, by an issuer', [at(['issue'], 'apps', 'a')], at(['moderate'], 'apps', 'a'), false],
    ['anything, by a manager', [at(['manage'], 'apps', 'a')], at([...ACTIONS], 'apps', 'a'), true],
    ['without the limit', [limited({ userAgent: 'A/1' })], limited({}), false],
    ['with the limit', [limited({ userAgent: 'A/1' })], limited({ userAgent: 'A/1' }), true],
    ['counted', [limited({ maxUses: 2 })], limited({ maxUses: 1 }), false],
  ]
  for (const [why, held, grant, expected] of rows) {
    test(`${why}: ${expected}`, () => assert.equal(mayPass(held, grant), expected))
  }
})

function roundTrip<T>(json: T): JsonObject {
  return JSON.parse(JSON.stringify(json)) as JsonObject
}
