import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ownVectors } from '../test/vectors.ts'
import type { Access } from './access.ts'
import { breach, type Limits, narrows } from './limit.ts'
import { parseLimits, printLimits } from './limit-json.ts'
import { isProblem } from './problem.ts'
import { ROOT } from './resource.ts'

type Vectors = {
  judged: { why: string; limits: object; access: Partial<Access>; reason: string | null }[]
  refused: { why: string; limits: unknown }[]
}

const vectors = ownVectors<Vectors>('limits.json')
const nowhere: Access = {
  action: 'read',
  resource: ROOT,
  at: 1_000_000,
  ip: null,
  userAgent: null,
  origin: null,
  wall: null,
}

describe('limits', () => {
  for (const { why, limits, access, reason } of vectors.judged) {
    test(`${why}: ${reason ?? 'holds'}`, () => assert.equal(breach(read(limits), { ...nowhere, ...access }), reason))
  }
  for (const { why, limits } of vectors.refused) {
    test(`are refused: ${why}`, () => assert.ok(isProblem(parseLimits(limits))))
  }
})

const octet = fc.constantFrom(10, 11, 203)
const v4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'))
const v6 = fc.tuple(octet, octet).map(([a, b]) => `2001:db8:${a}::${b}`)
const address = fc.oneof(
  v4,
  v6,
  v4.map((ip) => `::ffff:${ip}`),
)
const range = fc.oneof(
  address,
  fc.tuple(v4, fc.nat(32)).map(([ip, bits]) => `${ip}/${bits}`),
  fc.tuple(v6, fc.nat(128)).map(([ip, bits]) => `${ip}/${bits}`),
)
const origin = fc.constantFrom('https://a.example', 'https://b.example:8443')
const agent = fc.constantFrom('A/1', 'B/2')
const moment = fc.integer({ min: 0, max: 10 }).map((n) => n * 1000)
const limitsJson = fc.record(
  {
    ip: fc.array(range, { maxLength: 3 }),
    userAgent: agent,
    origin: fc.array(origin, { maxLength: 2 }),
    notBefore: moment.map((at) => new Date(at).toISOString()),
    maxUses: fc.integer({ min: 1, max: 3 }),
    moonPhase: fc.jsonValue(),
  },
  { requiredKeys: [], noNullPrototype: true },
)
const access = fc.record<Access>({
  action: fc.constant('read'),
  resource: fc.constant(ROOT),
  at: moment,
  wall: fc.constant(null),
  ip: fc.option(address),
  userAgent: fc.option(agent),
  origin: fc.option(origin),
})

describe('any limits', () => {
  test('never widen: what one more limit lets through, fewer let through', () => {
    fc.assert(
      fc.property(
        limitsJson,
        fc.constantFrom('ip', 'userAgent', 'origin', 'notBefore', 'moonPhase'),
        access,
        (json, name, at) => {
          const { [name]: _, ...fewer } = json
          assert.ok(breach(read(json), at) !== null || breach(read(fewer), at) === null)
        },
      ),
      { numRuns: 1000 },
    )
  })
  test('that narrow others hold back all that those do', () => {
    fc.assert(
      fc.property(limitsJson, limitsJson, access, (a, b, at) => {
        const [inner, outer] = [
          read(a),
          read({ ...b, ...(a.ip === undefined ? {} : { ip: b.ip ?? ['0.0.0.0/0', '::/0'] }) }),
        ]
        if (narrows(inner, outer) && breach(inner, at) === null) assert.equal(breach(outer, at), null)
      }),
      { numRuns: 2000 },
    )
  })
  test('read back what is printed', () => {
    fc.assert(fc.property(limitsJson, (json) => assert.deepEqual(read(printLimits(read(json))), read(json))))
  })
  test('of any JSON are limits or a problem', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom('ip', 'userAgent', 'origin', 'notBefore', 'maxUses'),
        (value, name) => {
          const limits = parseLimits({ [name]: value })
          assert.ok(isProblem(limits) || Object.hasOwn(limits, name))
        },
      ),
    )
  })
})

describe('limits narrow others', () => {
  const rows: [string, Limits, Limits, boolean][] = [
    ['none, none', {}, {}, true],
    ['any, none', { userAgent: 'A/1' }, {}, true],
    ['none, any', {}, { userAgent: 'A/1' }, false],
    ['a smaller range', { ip: ['203.0.113.7'] }, { ip: ['198.51.100.0/24', '203.0.113.0/24'] }, true],
    ['a larger range', { ip: ['203.0.113.0/23'] }, { ip: ['203.0.113.0/24'] }, false],
    ['one of them outside', { ip: ['203.0.113.7', '192.0.2.1'] }, { ip: ['203.0.113.0/24'] }, false],
    ['a mapped range', { ip: ['::ffff:203.0.113.0/120'] }, { ip: ['203.0.113.0/24'] }, true],
    ['another user agent', { userAgent: 'B/2' }, { userAgent: 'A/1' }, false],
    ['fewer origins', { origin: ['https://a.example'] }, { origin: ['https://a.example', 'https://b.example'] }, true],
    ['a later begin', { notBefore: 2 }, { notBefore: 1 }, true],
    ['an earlier begin', { notBefore: 1 }, { notBefore: 2 }, false],
    ['fewer uses: each token is counted for itself', { maxUses: 1 }, { maxUses: 2 }, false],
    ['an unknown limit', { unknown: ['moonPhase'] }, { unknown: ['moonPhase'] }, false],
  ]
  for (const [why, limits, than, expected] of rows) {
    test(`${why}: ${expected}`, () => assert.equal(narrows(limits, than), expected))
  }
})

function read(json: object): Limits {
  const limits = parseLimits(json)
  assert.ok(!isProblem(limits), JSON.stringify(json))
  return limits
}
