import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jwtVerify } from 'jose'
import { signOffline } from './offline-token.ts'

const secret = 'a-secret-of-more-than-32-characters-for-tests'

test('a token signed offline verifies elsewhere and holds exactly what was asked', async () => {
  const grants = [{ actions: ['read', 'play'], resource: '/apps/a', limits: { ip: ['203.0.113.0/24'] } }]
  const { token, id, expiresAt } = signOffline({ key: `k1:${secret}`, subject: 'anna', grants, seconds: 600 })
  const { payload, protectedHeader } = await jwtVerify(token, Buffer.from(secret), { algorithms: ['HS256'] })
  assert.deepEqual(protectedHeader, { typ: 'JWT', alg: 'HS256', kid: 'k1' })
  assert.deepEqual(Object.keys(payload).sort(), ['exp', 'grants', 'iat', 'jti', 'sub'])
  assert.deepEqual(payload.grants, grants)
  assert.equal(payload.sub, 'anna')
  assert.equal(payload.jti, id)
  assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 600)
  assert.equal(new Date(expiresAt).getTime(), (payload.exp ?? 0) * 1000)
})

test('a token signed offline says how far its signer knows the log', async () => {
  const { token } = signOffline({ key: `k1:${secret}`, subject: null, sequence: 42, grants: [], seconds: 1 })
  const { payload } = await jwtVerify(token, Buffer.from(secret))
  assert.equal(payload.seq, 42)
})

test('without a subject there is no sub, and a secret may hold colons', async () => {
  const odd = `${secret}:with:colons`
  const { token } = signOffline({ key: `k1:${odd}`, subject: null, grants: [], seconds: 1 })
  const { payload } = await jwtVerify(token, Buffer.from(odd))
  assert.ok(!('sub' in payload))
})

test('two tokens never have one id', () => {
  const ids = Array.from(
    { length: 50 },
    () => signOffline({ key: `k:${secret}`, subject: null, grants: [], seconds: 1 }).id,
  )
  assert.equal(new Set(ids).size, 50)
})

for (const key of [null, '', 'only-a-secret', ':secret', 'id:']) {
  test(`${JSON.stringify(key)} is no key to sign with`, () => {
    assert.throws(() => signOffline({ key, subject: null, grants: [], seconds: 1 }), /needs an API key as id:secret/)
  })
}
