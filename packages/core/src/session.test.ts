import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { encodeBase64url } from './base64url.ts'
import { createNodePrimitives, secretKey } from './node-primitives.ts'
import { resourceOf } from './resource.ts'
import { openSession, type Session, sealSession } from './session.ts'

const primitives = createNodePrimitives()
const key = secretKey('a key for sessions')
const session: Session = {
  id: 's1',
  app: 'demo',
  token: 't1',
  key: 'k1',
  keySerial: 3,
  subject: 'ada',
  subjectSerial: 7,
  grants: [
    { actions: ['play'], resource: resourceOf('apps', 'demo', 'streams', '1'), limits: { ip: ['203.0.113.7'] } },
  ],
  sequence: 42,
  issuedAt: 1_700_000_000_000,
  expiresAt: 1_700_003_600_000,
}

describe('a playback session', () => {
  test('reads back what was sealed, and fits into a path', () => {
    const text = sealSession(session, key, primitives)
    assert.match(text, /^[A-Za-z0-9_.-]+$/)
    assert.deepEqual(openSession(text, key, primitives), session)
  })
  test('of nobody in particular reads back too', () => {
    const anonymous = { ...session, token: null, key: null, keySerial: null, subject: null, subjectSerial: null }
    assert.deepEqual(openSession(sealSession(anonymous, key, primitives), key, primitives), anonymous)
  })
  test('does not open under another key, changed in any place, or cut', () => {
    const text = sealSession(session, key, primitives)
    assert.equal(openSession(text, secretKey('another key'), primitives), null)
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...'AQgwz09-_.=/'), (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1)
        assert.equal(openSession(changed, key, primitives) === null, changed !== text)
      }),
    )
    for (const end of [0, 1, 20, text.length - 1]) assert.equal(openSession(text.slice(0, end), key, primitives), null)
    assert.equal(openSession(`${text}A`, key, primitives), null)
  })
  const wrong: [string, object][] = [
    ['no id', { id: undefined }],
    ['an empty app', { app: '' }],
    ['a subject that cannot be one', { subject: 'a/b' }],
    ['a serial as text', { subjectSerial: '7' }],
    ['an end that is none', { expiresAt: null }],
    ['a sequence with a fraction', { sequence: 0.5 }],
    ['no grants', { grants: undefined }],
  ]
  for (const [why, change] of wrong) {
    test(`is refused with a good MAC over wrong content: ${why}`, () => {
      const printed = { ...session, grants: [{ actions: ['play'], resource: '/apps/demo' }], ...change }
      const content = encodeBase64url(new TextEncoder().encode(JSON.stringify(printed)))
      const mac = encodeBase64url(primitives.mac(key, `gatehouse playback session v1\0${content}`))
      assert.equal(openSession(`${content}.${mac}`, key, primitives), null)
    })
  }
  test('that would be too long for a path is not made', () => {
    const grants = new Array(60).fill(session.grants[0])
    assert.throws(() => sealSession({ ...session, grants }, key, primitives), RangeError)
  })
})
