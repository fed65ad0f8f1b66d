import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Change } from '@gatehouse/storage/records/port'
import { type GateFixture, type LoginOf, openGate } from '../../test/gate.ts'
import type { Credential } from './credential.ts'

let house: GateFixture
before(async () => {
  house = await openGate({ id: 'operator', secret: 'a secret of the configuration, long enough' })
})
after(() => house.close())

const login = (text: string): Credential => ({ form: 'login', text })
const secret = (text: string): Credential => ({ form: 'secret', text })

let apps = 0
async function scene(): Promise<{ app: string; bob: LoginOf }> {
  const app = `app${apps++}`
  await house.app(app)
  await house.group(app, 'c', ['ann', 'bob'])
  return { app, bob: await house.login(app, 'bob') }
}

describe('a login session', () => {
  test('opens the doors of surfaces for its user: reading and writing, no managing', async () => {
    const { app, bob } = await scene()
    const token = login(bob.secret)
    assert.equal(await house.call(app, 'read', token, ['login']), 'ok')
    assert.equal(await house.call(app, 'write', token, ['login', 'key']), 'ok')
    assert.equal(await house.call(app, 'manage', token, ['login', 'key']), 'action_not_granted')
  })
  test('opens no other doors: neither media nor calls of servers', async () => {
    const { app, bob } = await scene()
    const file = await house.share(app, 'c')
    assert.equal(await house.read(file.path, login(bob.secret)), 'kind_not_accepted')
    for (const form of ['bearer', 'secret'] as const) {
      assert.equal(await house.read(file.path, { form, text: bob.secret }), 'credential_unknown')
      assert.equal(await house.call(app, 'read', { form, text: bob.secret }, ['key', 'grant']), 'credential_unknown')
    }
    for (const form of ['query', 'cookie', 'mac'] as const) {
      assert.equal(await house.read(file.path, { form, text: bob.secret }), 'credential_malformed')
    }
    assert.equal(await house.call(app, 'read', login(bob.secret), ['key']), 'kind_not_accepted')
  })
  test('is unknown in other apps, and so is everything that only looks like one', async () => {
    const [{ app, bob }, other] = [await scene(), await scene()]
    const key = await house.key(app, [{ actions: ['read', 'write'], resource: `/apps/${app}` }])
    assert.equal(await house.call(other.app, 'read', login(bob.secret), ['login']), 'credential_unknown')
    assert.equal(await house.call('nowhere', 'read', login(bob.secret), ['login']), 'credential_unknown')
    for (const text of ['', bob.id, `${bob.secret}0`, bob.secret.slice(0, -1), bob.secret.toUpperCase(), key.secret]) {
      assert.equal(await house.call(app, 'read', login(text), ['login', 'key']), 'credential_unknown', text)
    }
    assert.equal(await house.call(app, 'read', login(bob.secretHash), ['login']), 'credential_unknown')
  })

  const ends: readonly (readonly [what: string, change: (app: string, bob: LoginOf) => Change, reason: RegExp])[] = [
    [
      'it is ended',
      (app, { id }) => ({ kind: 'login', app, target: { login: id } }),
      /^(session_ended|credential_unknown)$/,
    ],
    [
      'all of the user are',
      (app) => ({ kind: 'login', app, target: { user: 'bob', keep: 0 } }),
      /^(session_ended|credential_unknown)$/,
    ],
    [
      'it is revoked',
      (app, { id }) => ({ kind: 'revoke', app, target: { session: id } }),
      /^(session_ended|credential_unknown)$/,
    ],
    [
      'its user is revoked',
      (app) => ({ kind: 'revoke', app, target: { user: 'bob' } }),
      /^(issued_before_revocation|credential_unknown)$/,
    ],
    [
      'what was issued before now is',
      (app) => ({ kind: 'revoke', app, target: { subject: 'bob', issuedBefore: 2 ** 30 } }),
      /^(issued_before_revocation|credential_unknown)$/,
    ],
    [
      'all of the app is',
      (app) => ({ kind: 'revoke', app, target: { app: true } }),
      /^(issued_before_revocation|credential_unknown)$/,
    ],
    [
      'its user is deleted',
      (app) => ({ kind: 'user', app, user: 'bob', to: 'deleted' }),
      /^(subject_unknown|credential_unknown)$/,
    ],
    ['its user is deactivated', (app) => ({ kind: 'user', app, user: 'bob', to: 'suspended' }), /^subject_suspended$/],
    ['the app is suspended', (app) => ({ kind: 'app', app, to: 'suspended' }), /^app_suspended$/],
  ]
  for (const [what, change, reason] of ends) {
    test(`is refused from the moment that ${what}, whether it is remembered or not`, async () => {
      for (const remembered of [true, false]) {
        const { app, bob } = await scene()
        if (remembered) assert.equal(await house.call(app, 'read', login(bob.secret), ['login']), 'ok')
        await house.change(change(app, bob))
        for (let again = 0; again < 2; again++) {
          assert.match(await house.call(app, 'read', login(bob.secret), ['login']), reason)
        }
      }
    })
  }

  test('leaves other sessions and other users alone when it ends', async () => {
    const { app, bob } = await scene()
    const [second, ann] = [await house.login(app, 'bob'), await house.login(app, 'ann')]
    await house.change({ kind: 'login', app, target: { login: bob.id } })
    assert.equal(await house.call(app, 'read', login(second.secret), ['login']), 'ok')
    await house.change({ kind: 'user', app, user: 'bob', to: 'suspended' })
    assert.equal(await house.call(app, 'read', login(ann.secret), ['login']), 'ok')
  })
  test('revives with its user, unchanged', async () => {
    const { app, bob } = await scene()
    await house.change({ kind: 'user', app, user: 'bob', to: 'suspended' })
    await house.change({ kind: 'user', app, user: 'bob', to: 'active' })
    assert.equal(await house.call(app, 'write', login(bob.secret), ['login']), 'ok')
  })
  test('that is asked about while it ends is not remembered as good', async () => {
    const { app, bob } = await scene()
    const asking = Array.from({ length: 8 }, () => house.call(app, 'read', login(bob.secret), ['login']))
    await house.change({ kind: 'login', app, target: { login: bob.id } })
    await Promise.all(asking)
    assert.match(await house.call(app, 'read', login(bob.secret), ['login']), /^(session_ended|credential_unknown)$/)
  })
  test('of a user who was deleted is not one of whoever comes next under the same id', async () => {
    const { app, bob } = await scene()
    assert.equal(await house.call(app, 'read', login(bob.secret), ['login']), 'ok')
    await house.change({ kind: 'user', app, user: 'bob', to: 'deleted' })
    await house.records.users.create({ app, id: 'bob', at: house.clock })
    assert.match(
      await house.call(app, 'read', login(bob.secret), ['login']),
      /^(subject_unknown|issued_before_revocation|credential_unknown)$/,
    )
  })
})

describe('the secret of a key by itself', () => {
  test('is good in its own app, or in all where the key is account-wide', async () => {
    const [{ app }, other] = [await scene(), await scene()]
    const own = await house.key(app, [{ actions: ['read'], resource: `/apps/${app}` }])
    const wide = await house.key(null, [{ actions: ['read'], resource: '/' }])
    assert.equal(await house.call(app, 'read', secret(own.secret), ['key']), 'ok')
    assert.equal(await house.call(app, 'manage', secret(own.secret), ['key']), 'action_not_granted')
    assert.equal(await house.call(other.app, 'read', secret(own.secret), ['key']), 'credential_unknown')
    for (const { app: each } of [{ app }, other]) {
      assert.equal(await house.call(each, 'read', secret(wide.secret), ['key']), 'ok')
    }
    assert.equal(await house.call(app, 'read', secret('a secret of the configuration, long enough'), ['key']), 'ok')
  })
  test('is nothing but that: no id, no JWT, no login', async () => {
    const { app, bob } = await scene()
    const key = await house.key(app, [{ actions: ['read'], resource: `/apps/${app}` }])
    for (const text of ['', key.id, `${key.id}:${key.secret}`, 'a.b.c', bob.secret]) {
      assert.equal(await house.call(app, 'read', secret(text), ['key', 'login', 'grant']), 'credential_unknown', text)
    }
  })
})
