import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parseResource } from '@gatehouse/core/resource'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { EVERYTHING, openApi } from '../../test/api.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat', settings: { tokenSeconds: 600 } })
const base = `/v1/apps/${app.id}/tokens`
const here = `/apps/${app.id}`
const at = (path: string) => parseResource(path) ?? assert.fail(path)

test('a grant token verifies with the published keys and says what was asked', async () => {
  const limits = { ip: ['203.0.113.7', '2001:db8::/48'], userAgent: 'Player/1', maxUses: 3 }
  const grants = [{ actions: ['read'], resource: `${here}/conversations/c`, limits }]
  const answer = await house.call('POST', base, { subject: 'ann', grants, seconds: 60 })
  assert.equal(answer.status, 201, answer.text)
  const { token, id, expiresAt } = answer.body
  const keys = (await house.call('GET', '/.well-known/jwks.json')).body
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { algorithms: ['EdDSA'] })
  assert.deepEqual([payload.sub, payload.jti, payload.grants], ['ann', id, grants])
  assert.equal((payload.exp ?? 0) * 1000, Math.floor(Date.parse(expiresAt) / 1000) * 1000)
  assert.ok(
    keys.keys.every((key: object) => !('d' in key)),
    'no private key is published',
  )
})

test("a token ends with the app's cap at the latest", async () => {
  const before = Date.now()
  const grants = [{ actions: ['read'], resource: here }]
  const { body } = await house.call('POST', base, { grants, seconds: 1_000_000 })
  const life = Date.parse(body.expiresAt) - before
  assert.ok(life >= 600_000 && life < 660_000, String(life))
})

test('who may issue lets viewers in and nothing more', async () => {
  const issuing = [{ actions: ['issue' as const], resource: at(here), limits: {} }]
  const rows = [
    [issuing, ['read', 'play', 'join', 'knock'], here, 201],
    [issuing, ['write'], here, 403],
    [issuing, ['read', 'manage'], here, 403],
    [issuing, ['issue'], here, 201],
    [issuing, ['read'], '/apps/another', 403],
    [EVERYTHING, ['read'], '/apps/another', 403],
    [EVERYTHING, ['publish', 'moderate'], here, 201],
  ] as const
  for (const [held, actions, resource, status] of rows) {
    house.as(held)
    const answer = await house.call('POST', base, { grants: [{ actions, resource }], seconds: 60 })
    assert.equal(answer.status, status, `${actions} ${resource} ${answer.text}`)
  }
  house.as(EVERYTHING)
})

test('the inspector is asked at the place that the credential itself manages', async () => {
  const before = house.asked.length
  const answer = await house.call('POST', '/v1/tokens/inspect', { token: 'abc' })
  assert.deepEqual([answer.status, answer.body.decision.sentence], [200, '3'])
  assert.deepEqual(house.asked.slice(before), [{ action: 'manage', resource: null }])
  assert.equal((await house.call('POST', '/v1/tokens/inspect', {})).body.errors[0].path, '/token')
})
