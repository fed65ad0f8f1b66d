import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Change } from '@gatehouse/storage/records/port'
import { type GateFixture, type KeyOf, openGate } from '../../test/gate.ts'

const ADMIN = { id: 'operator', secret: 'a secret of the configuration, long enough' }

let house: GateFixture
before(async () => {
  house = await openGate(ADMIN)
})
after(() => house.close())

let apps = 0
async function scene(expiresAt?: number): Promise<{ app: string; key: KeyOf }> {
  const app = `app${apps++}`
  await house.app(app)
  const grants = [{ actions: ['read', 'write'], resource: `/apps/${app}` }]
  return { app, key: await house.key(app, grants, expiresAt) }
}

/** Signed as anybody who holds the secret would. */
function signed(key: { id: string; secret: string }, claims: object, header: object = {}): string {
  const parts = [{ typ: 'JWT', alg: 'HS256', kid: key.id, ...header }, claims]
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${createHmac('sha256', key.secret).update(input).digest('base64url')}`
}

const ask = (app: string, text: string, action: 'read' | 'write' | 'manage' = 'read') =>
  house.call(app, action, { form: 'key-jwt', text }, ['key'])
const now = () => house.clock / 1000

test('a key that speaks for itself holds what it holds, and no more', async () => {
  const { app, key } = await scene()
  const other = await scene()
  const text = signed(key, { scope: 'app' })
  assert.equal(await ask(app, text), 'ok')
  assert.equal(await ask(app, text, 'write'), 'ok')
  assert.equal(await ask(app, text, 'manage'), 'action_not_granted')
  assert.equal(await ask(other.app, text), 'resource_not_granted')
  assert.equal(await ask(app, signed(ADMIN, { scope: 'account' }), 'manage'), 'ok')
})

test('claims: the scope fits the key, times are times, and nothing makes it another kind of token', async () => {
  const { app, key } = await scene()
  const rows: readonly (readonly [claims: object, outcome: string])[] = [
    [{ scope: 'app', iat: now(), exp: now() + 1 }, 'ok'],
    [{ scope: 'app', exp: now() + 0.5 }, 'ok'],
    [{ scope: 'app', jti: 'x', iss: 'x' }, 'ok'],
    [{ scope: 'app', iat: now() + 4 }, 'ok'],
    [{ scope: 'app', exp: now() }, 'token_expired'],
    [{ scope: 'app', iat: now() + 6 }, 'token_not_yet_valid'],
    [{ scope: 'app', iat: now(), nbf: now() + 6 }, 'token_not_yet_valid'],
    [{ scope: 'app', exp: '1' }, 'claims_invalid'],
    [{ scope: 'app', exp: null }, 'claims_invalid'],
    [{ scope: 'app', iat: -1 }, 'claims_invalid'],
    [{ scope: 'app', nbf: 1e300 }, 'claims_invalid'],
    [{}, 'claims_invalid'],
    [{ scope: 'integration' }, 'claims_invalid'],
    [{ scope: ['app'] }, 'claims_invalid'],
    [{ scope: 'app', grants: [] }, 'claims_invalid'],
    [{ scope: 'app', apikey: key.id }, 'claims_invalid'],
    [{ scope: 'appUser', userId: 'ann' }, 'kind_not_accepted'],
    [{ scope: 'account' }, 'action_not_granted'],
  ]
  for (const [claims, outcome] of rows)
    assert.equal(await ask(app, signed(key, claims)), outcome, JSON.stringify(claims))
  assert.equal(await ask(app, signed(ADMIN, { scope: 'app' })), 'action_not_granted')
})

test('signatures: by the key that is named, with its algorithm', async () => {
  const { app, key } = await scene()
  const other = await scene()
  const text = signed(key, { scope: 'app' })
  const rows: readonly (readonly [text: string, outcome: string])[] = [
    [signed({ ...key, secret: other.key.secret }, { scope: 'app' }), 'signature_invalid'],
    [signed(key, { scope: 'app' }, { kid: other.key.id }), 'signature_invalid'],
    [signed(key, { scope: 'app' }, { alg: 'none' }), 'signature_invalid'],
    [signed(key, { scope: 'app' }, { alg: 'RS512' }), 'signature_invalid'],
    [signed(key, { scope: 'app' }, { kid: 'nobody' }), 'credential_unknown'],
    [signed(key, { scope: 'app' }, { kid: undefined }), 'credential_unknown'],
    [signed(key, { scope: 'app' }, { crit: ['x'] }), 'credential_malformed'],
    [text.slice(0, text.lastIndexOf('.') + 1), 'credential_malformed'],
    [key.secret, 'credential_malformed'],
    ['', 'credential_malformed'],
  ]
  for (const [wrong, outcome] of rows) assert.equal(await ask(app, wrong), outcome, wrong.slice(0, 60))
})

test('it is believed at the doors of surfaces alone', async () => {
  const { app, key } = await scene()
  const file = await house.share(app, null)
  const text = signed(key, { scope: 'app' })
  for (const form of ['bearer', 'cookie', 'query'] as const) {
    assert.equal(await house.read(file.path, { form, text }), 'claims_invalid', form)
  }
  assert.equal(await house.call(app, 'read', { form: 'bearer', text }, ['key', 'grant']), 'claims_invalid')
  assert.equal(await house.call(app, 'read', { form: 'key-jwt', text }, ['login']), 'kind_not_accepted')
})

test('it ends with its key: when that ends, is suspended, or goes', async () => {
  const { app, key } = await scene(house.clock + 1000)
  const text = signed(key, { scope: 'app', exp: now() + 3600 })
  assert.equal(await ask(app, text), 'ok')
  house.clock += 1000
  assert.equal(await ask(app, text), 'token_expired')
  const changes: readonly (readonly [to: (Change & { kind: 'key' })['to'], outcome: RegExp])[] = [
    ['suspended', /^key_suspended$/],
    ['active', /^ok$/],
    ['deleted', /^(key_revoked|credential_unknown)$/],
  ]
  const later = await scene()
  for (const [to, outcome] of changes) {
    await house.change({ kind: 'key', app: later.app, key: later.key.id, to })
    assert.match(await ask(later.app, signed(later.key, { scope: 'app' })), outcome)
  }
})
