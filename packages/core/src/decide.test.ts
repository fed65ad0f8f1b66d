import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ownVectors } from '../test/vectors.ts'
import { ACTIONS, type Access } from './access.ts'
import { parseGrants } from './claims.ts'
import { CHECKS, decide } from './decide.ts'
import { explain } from './explain.ts'
import type { Grant } from './grant.ts'
import { isProblem } from './problem.ts'
import { REASONS, type Reason } from './reasons.ts'
import { parseResource, type Resource, resourceOf } from './resource.ts'
import { ACTIVE, type Mark, type Standing, UNTOUCHED } from './standing.ts'
import { attest, PER_USER, type Token, type TokenFacts, type TokenKind } from './token.ts'

type AccessRow = Omit<Access, 'resource'> & { resource: string }
type TokenRow = Omit<TokenFacts, 'grants'> & { grants: unknown }
type StandingRow = Omit<Standing, 'app' | 'key' | 'subject'> & {
  app: Partial<Mark>
  key: Partial<Mark>
  subject: Partial<Mark>
}
type Row = {
  why: string
  access?: Partial<AccessRow>
  token?: Partial<TokenRow> | null
  standing?: Partial<StandingRow>
  reason: string | null
}

const { base, rows } = ownVectors<{ base: { access: AccessRow; token: TokenRow }; rows: Row[] }>('decisions.json')

const KINDS: readonly TokenKind[] = [
  'key',
  'link',
  'grant',
  'media',
  'session',
  'login',
  'pass',
  'presigned',
  'service',
]

/** The reasons that a decision can give; the others are the gate's own. */
const GIVEN: readonly Reason[] = [
  'credential_missing',
  'token_expired',
  'presigned_expired',
  'session_ended',
  'token_not_yet_valid',
  'token_revoked',
  'issued_before_revocation',
  'key_suspended',
  'key_revoked',
  'subject_suspended',
  'subject_unknown',
  'app_suspended',
  'app_unknown',
  'not_a_member',
  'not_a_receiver',
  'wall_missing',
  'action_not_granted',
  'resource_not_granted',
  'limit_ip',
  'limit_user_agent',
  'limit_origin',
  'limit_not_before',
  'limit_uses',
  'limit_preview',
  'limit_unknown',
  'link_expired',
]

function situation({ access, token, standing }: Row): [Access, Token | null, Standing] {
  const whole = { ...base.access, ...access }
  return [
    { ...whole, resource: at(whole.resource) },
    token === null ? null : toToken({ ...base.token, ...token }),
    toStanding(standing ?? {}),
  ]
}

describe('a decision', () => {
  for (const row of rows) {
    test(`${row.why}: ${row.reason ?? 'allowed'}`, () => {
      const expected = row.reason === null ? { allow: true } : { allow: false, reason: row.reason }
      assert.deepEqual(decide(...situation(row)), expected)
    })
  }
  test('has a row for every reason that it can give', () => {
    const given = new Set(rows.flatMap(({ reason }) => reason ?? []))
    assert.deepEqual([...given].sort(), [...GIVEN].sort())
  })
})

describe('an explanation', () => {
  for (const row of rows) {
    test(`agrees with the decision: ${row.why}`, () => {
      const [access, token, standing] = situation(row)
      const { decision, steps } = explain(access, token, standing)
      assert.deepEqual(decision, decide(access, token, standing))
      assert.deepEqual(
        steps.map(({ check }) => check),
        ['credential', ...CHECKS.map(({ name }) => name)],
      )
      const failed = steps.filter(({ outcome }) => outcome === 'fail')
      assert.equal(failed.length === 0, decision.allow)
      if (!decision.allow) assert.equal(failed[0]?.detail, REASONS[decision.reason].sentence)
    })
  }
  test('shows everything that stands in the way', () => {
    const [access, token] = situation(rows[0] ?? assert.fail())
    const { steps } = explain({ ...access, at: 1e15 }, token, { ...UNTOUCHED, tokenRevoked: true, member: false })
    const failed = steps.filter(({ outcome }) => outcome === 'fail').map(({ check }) => check)
    assert.deepEqual(failed, ['expiry', 'token', 'membership'])
  })
})

/** Numbers as they should not be. */
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0))
const mark = fc.record<Mark>({ suspended: fc.boolean(), revoked: fc.boolean(), before: number })
const segment = fc.constantFrom('apps', 'demo', 'other', '\u0000', '', '..')
const resource = fc
  .array(segment, { maxLength: 4 })
  .map((segments): Resource => ({ path: segments.join('/'), segments }))
const limits = fc.record(
  {
    ip: fc.array(fc.string()),
    userAgent: fc.string(),
    origin: fc.array(fc.string()),
    notBefore: number,
    maxUses: number,
    unknown: fc.array(fc.string(), { maxLength: 1 }),
  },
  { requiredKeys: [] },
)
const grant = fc.record<Grant>({ actions: fc.subarray([...ACTIONS]), resource, limits })
const accesses = fc.record<Access>({
  action: fc.constantFrom(...ACTIONS),
  resource,
  at: number,
  ip: fc.option(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6())),
  userAgent: fc.option(fc.string()),
  origin: fc.option(fc.string()),
  wall: fc.option(fc.string()),
})
const tokens = fc
  .record<TokenFacts>({
    kind: fc.constantFrom(...KINDS),
    id: fc.option(fc.string()),
    app: fc.option(segment),
    subject: fc.option(fc.string()),
    subjectSerial: fc.option(number),
    key: fc.option(fc.string()),
    keySerial: fc.option(number),
    session: fc.option(fc.string()),
    grants: fc.array(grant, { maxLength: 3 }),
    sequence: number,
    issuedAt: fc.option(number),
    expiresAt: fc.option(number),
  })
  .map(attest)
const standings = fc.record<Standing>({
  open: fc.boolean(),
  app: mark,
  subject: fc.option(mark),
  subjectExists: fc.boolean(),
  key: fc.option(mark),
  tokenRevoked: fc.boolean(),
  sessionEnded: fc.boolean(),
  resourceBefore: number,
  member: fc.boolean(),
  receiver: fc.boolean(),
  wall: fc.boolean(),
  tokenEndsAt: fc.option(number),
  linkEndsAt: fc.option(number),
  uses: fc.constantFrom('unlimited', 'granted', 'spent', 'preview'),
})

describe('any situation', () => {
  test('has a decision and the same one again, whatever is in it', () => {
    fc.assert(
      fc.property(accesses, fc.option(tokens), standings, (access, token, standing) => {
        const decision = decide(access, token, standing)
        assert.ok(decision.allow || GIVEN.includes(decision.reason))
        assert.deepEqual(decide(access, token, standing), decision)
        assert.deepEqual(explain(access, token, standing).decision, decision)
      }),
      { numRuns: 2000 },
    )
  })
  test('with a number that is none denies', () => {
    const [access, token, standing] = situation({ why: '', reason: null, standing: { linkEndsAt: 1.8e12 } })
    assert.ok(token !== null && decide(access, token, standing).allow)
    const nan = Number.NaN
    for (const facts of [{ expiresAt: nan }, { issuedAt: nan }, { sequence: nan }]) {
      assert.ok(!decide(access, attest({ ...token, ...facts }), standing).allow, Object.keys(facts)[0])
    }
    assert.ok(!decide({ ...access, at: nan }, token, standing).allow)
    for (const kind of PER_USER) {
      assert.ok(!decide(access, attest({ ...token, kind }), { ...standing, linkEndsAt: nan }).allow, kind)
    }
    for (const found of [
      { app: { ...ACTIVE, before: nan } },
      { subject: { ...ACTIVE, before: nan } },
      { key: { ...ACTIVE, before: nan } },
      { resourceBefore: nan },
      { tokenEndsAt: nan },
    ]) {
      assert.ok(!decide(access, token, { ...standing, ...found }).allow, Object.keys(found)[0])
    }
  })
  test('is never allowed where suspending, revoking or taking a grant away has to deny', () => {
    fc.assert(
      fc.property(accesses, tokens, standings, (access, token, standing) => {
        if (standing.open && access.action === 'read') return
        const allowed = (with_: Partial<Standing>, facts: Partial<TokenFacts> = {}) =>
          decide(access, attest({ ...token, ...facts }), { ...standing, ...with_ }).allow
        assert.ok(!allowed({ tokenRevoked: true }))
        assert.ok(!allowed({ sessionEnded: true }))
        assert.ok(!allowed({ receiver: false }, { kind: 'pass' }))
        for (const kind of PER_USER) assert.ok(!allowed({ wall: false }, { kind }))
        assert.ok(!allowed({ app: { ...ACTIVE, revoked: true } }))
        assert.ok(!allowed({ key: { ...ACTIVE, revoked: true } }))
        assert.ok(!allowed({ key: { ...ACTIVE, suspended: true } }))
        assert.ok(!allowed({ subject: { ...ACTIVE, suspended: true } }))
        assert.ok(!allowed({ subjectExists: false }))
        assert.ok(!allowed({ member: false }))
        assert.ok(!allowed({}, { grants: [] }))
        assert.ok(!allowed({}, { app: 'no such app' }))
      }),
    )
  })
  test('that a token is denied, a token with fewer grants is denied too', () => {
    fc.assert(
      fc.property(accesses, tokens, standings, fc.nat(2), (access, token, standing, drop) => {
        const fewer = attest({ ...token, grants: token.grants.filter((_, i) => i !== drop) })
        assert.ok(!decide(access, fewer, standing).allow || decide(access, token, standing).allow)
      }),
    )
  })
})

function at(path: string): Resource {
  return parseResource(path) ?? assert.fail(path)
}

function toToken({ grants: json, ...facts }: TokenRow): Token {
  const grants = parseGrants(json)
  assert.ok(!isProblem(grants))
  return attest({ ...facts, grants })
}

function toStanding({ app, key, subject, ...others }: Partial<StandingRow>): Standing {
  return {
    ...UNTOUCHED,
    ...others,
    app: { ...ACTIVE, ...app },
    key: key === undefined ? null : { ...ACTIVE, ...key },
    subject: subject === undefined ? null : { ...ACTIVE, ...subject },
  }
}

test('a resource of the tree is built the way it is read', () => {
  assert.deepEqual(at(base.access.resource), resourceOf('apps', 'demo', 'conversations', 'team-1', 'k', 'photo.jpg'))
})
