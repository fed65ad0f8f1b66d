import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Attachment } from '@gatehouse/storage/records/port'
import { type GateFixture, type KeyOf, type LoginOf, openGate } from '../../test/gate.ts'
import type { Credential, PresignedText } from './credential.ts'

const ADMIN = { id: 'operator', secret: 'a secret of the configuration, long enough' }
const MINUTE = 60_000

const mac = (text: string): Credential => ({ form: 'mac', text })
const bearer = (text: string): Credential => ({ form: 'bearer', text })
const presigned = (parts: PresignedText): Credential => ({ form: 'presigned', parts })

let house: GateFixture
before(async () => {
  house = await openGate(ADMIN)
})
after(() => house.close())

let apps = 0
/** A new app with the group `c` of ann and bob, a file in it, and bob logged in. */
async function scene(settings: Record<string, unknown> = {}): Promise<{ app: string; file: Attachment; bob: LoginOf }> {
  const app = `app${apps++}`
  await house.app(app, settings as Record<string, never>)
  await house.group(app, 'c', ['ann', 'bob'])
  return { app, file: await house.share(app, 'c'), bob: await house.login(app, 'bob') }
}

const passOf = async (app: string, { id, userSerial, sequence }: LoginOf) =>
  (await house.links(app)).pass({ session: id, userSerial, sequence })

/** A pre-signed URL for the holder of a session, or of a link. */
const signedFor = async (
  app: string,
  path: string,
  { id, userSerial, sequence }: LoginOf,
  session: string | null = id,
) => presigned((await house.links(app)).presigned(path, { subjectSerial: userSerial, session, sequence }, house.clock))

describe('a recipient link', () => {
  const query = (text: string): Credential => ({ form: 'query', text })
  const linkOf = async (app: string, file: Attachment, { id, userSerial }: LoginOf) =>
    (await house.links(app)).token(file, { id, serial: userSerial })

  test('that held once opens nothing else, and nothing under another key', async () => {
    const { app, file, bob } = await scene()
    const sibling = await house.share(app, 'c')
    const link = await linkOf(app, file, bob)
    for (let i = 0; i < 2; i++) {
      assert.equal(await house.read(file.path, query(link)), 'ok')
      assert.equal(await house.read(sibling.path, query(link)), 'signature_invalid')
      assert.equal(await house.read(`/apps/nobody/k${file.path.slice(-6)}`, query(link)), 'signature_invalid')
    }
    await house.change({ kind: 'link-key', app, linkKey: Buffer.alloc(32, 2) })
    assert.equal(await house.read(file.path, query(link)), 'signature_invalid')
    assert.equal(await house.read(file.path, query(await linkOf(app, file, bob))), 'ok')
  })
  test('that held once is refused as soon as its user is suspended', async () => {
    const { app, file, bob } = await scene()
    const link = await linkOf(app, file, bob)
    assert.equal(await house.read(file.path, query(link)), 'ok')
    await house.change({ kind: 'user', app, user: 'bob', to: 'suspended' })
    assert.equal(await house.read(file.path, query(link)), 'subject_suspended')
    await house.change({ kind: 'user', app, user: 'bob', to: 'active' })
    assert.equal(await house.read(file.path, query(link)), 'ok')
  })
})

describe('a media pass', () => {
  test('opens what its user receives, in whichever conversation, and is the same each time', async () => {
    const { app, file, bob } = await scene()
    await house.group(app, 'd', ['bob', 'cat'])
    const other = await house.share(app, 'd')
    const pass = await passOf(app, bob)
    assert.equal(pass, await passOf(app, bob))
    assert.equal(await house.read(file.path, mac(pass)), 'ok')
    assert.equal(await house.read(other.path, mac(pass)), 'ok')
    assert.equal(await house.read(file.path, bearer(pass)), 'ok')
  })
  test('opens nothing that its user does not receive', async () => {
    const { app, file, bob } = await scene()
    await house.group(app, 'd', ['ann', 'cat'])
    const pass = await passOf(app, bob)
    const rows: readonly (readonly [string, string, string])[] = [
      ['of others', (await house.share(app, 'd')).path, 'not_a_receiver'],
      [
        'of others in the same conversation',
        (await house.share(app, 'c', { recipients: ['ann'] })).path,
        'not_a_receiver',
      ],
      ['unknown', `${file.path}x`, 'not_a_receiver'],
      ['the conversation itself', `/apps/${app}/conversations/c`, 'not_a_receiver'],
      ['outside of conversations', (await house.share(app, null)).path, 'resource_not_granted'],
      [
        'outside, for bob by name',
        (await house.share(app, null, { recipients: ['bob'] })).path,
        'resource_not_granted',
      ],
      ['outside, from bob himself', (await house.share(app, null, { from: 'bob' })).path, 'resource_not_granted'],
    ]
    for (const [why, path, reason] of rows) assert.equal(await house.read(path, mac(pass)), reason, why)
  })
  test('reaches later members only where the app says so', async () => {
    const { app, file } = await scene()
    await house.group(app, 'c', ['ann', 'bob', 'erin'])
    const pass = await passOf(app, await house.login(app, 'erin'))
    assert.equal(await house.read(file.path, mac(pass)), 'not_a_receiver')
    await house.change({ kind: 'settings', app, settings: { historyForNewMembers: true } })
    assert.equal(await house.read(file.path, mac(pass)), 'ok')
    await house.change({ kind: 'settings', app, settings: { historyForNewMembers: null } })
    assert.equal(await house.read(file.path, mac(pass)), 'not_a_receiver')
  })
  test('is no pass in another app, for another session, or under a key that was retired', async () => {
    const { app, file, bob } = await scene()
    const other = await scene()
    const pass = await passOf(app, bob)
    assert.equal(await house.read(other.file.path, mac(pass)), 'signature_invalid')
    assert.equal(await house.read('/apps/nowhere/conversations/c/k/f', mac(pass)), 'signature_invalid')
    const bytes = Buffer.from(pass, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const forged = Buffer.from(bytes)
      forged[at] = (forged[at] ?? 0) ^ 1
      const reason = await house.read(file.path, mac(forged.toString('base64url')))
      assert.equal(reason, at === 0 ? 'credential_malformed' : 'signature_invalid', `byte ${at}`)
    }
    await house.change({ kind: 'link-key', app, linkKey: Buffer.alloc(32, 1) })
    assert.equal(await house.read(file.path, mac(pass)), 'signature_invalid')
    assert.equal(await house.read(file.path, mac(await passOf(app, bob))), 'ok')
  })
  test('is suspended with its user and revives unchanged', async () => {
    const { app, file, bob } = await scene()
    const pass = await passOf(app, bob)
    await house.change({ kind: 'user', app, user: 'bob', to: 'suspended' })
    assert.equal(await house.read(file.path, mac(pass)), 'subject_suspended')
    await house.change({ kind: 'user', app, user: 'ann', to: 'suspended' })
    await house.change({ kind: 'user', app, user: 'bob', to: 'active' })
    assert.equal(await house.read(file.path, mac(pass)), 'ok')
  })
  test('ends with its session and leaves those of other sessions', async () => {
    const { app, file, bob } = await scene()
    const second = await house.login(app, 'bob')
    const [pass, other] = [await passOf(app, bob), await passOf(app, second)]
    assert.notEqual(pass, other)
    await house.change({ kind: 'login', app, target: { login: bob.id } })
    assert.equal(await house.read(file.path, mac(pass)), 'session_ended')
    assert.equal(await house.read(file.path, bearer(pass)), 'session_ended')
    assert.equal(await house.read(file.path, mac(other)), 'ok')
    await house.change({ kind: 'revoke', app, target: { session: second.id } })
    assert.equal(await house.read(file.path, mac(other)), 'session_ended')
  })
  test('goes with every revocation of its user, its app, its conversation and its place', async () => {
    for (const target of [
      { user: 'bob' },
      { subject: 'bob', issuedBefore: 2 ** 30 },
      { app: true },
      { conversation: 'c' },
      'resource',
    ] as const) {
      const { app, file, bob } = await scene()
      const pass = await passOf(app, bob)
      assert.equal(await house.read(file.path, mac(pass)), 'ok')
      await house.change({ kind: 'revoke', app, target: target === 'resource' ? { resource: file.path } : target })
      assert.equal(await house.read(file.path, mac(pass)), 'issued_before_revocation', JSON.stringify(target))
      assert.equal(await house.read(file.path, mac(await passOf(app, await house.login(app, 'bob')))), 'ok')
    }
  })
  test('goes with the membership that is taken away, and comes back with it', async () => {
    const { app, file, bob } = await scene()
    const pass = await passOf(app, bob)
    await house.change({ kind: 'member', app, conversation: 'c', user: 'bob', to: 'out' })
    assert.equal(await house.read(file.path, mac(pass)), 'not_a_member')
    await house.change({ kind: 'member', app, conversation: 'c', user: 'bob', to: 'in' })
    assert.equal(await house.read(file.path, mac(pass)), 'ok')
  })
  test('of a deleted user is nothing, and nobody of the same id inherits anything', async () => {
    const { app, file, bob } = await scene()
    const [pass, own] = [await passOf(app, bob), await house.share(app, 'c', { from: 'bob' })]
    assert.equal(await house.read(own.path, mac(pass)), 'ok')
    await house.change({ kind: 'user', app, user: 'bob', to: 'deleted' })
    assert.equal(await house.read(file.path, mac(pass)), 'subject_unknown')
    await house.records.users.create({ app, id: 'bob', at: house.clock })
    await house.group(app, 'c', ['ann', 'bob'])
    const later = await passOf(app, await house.login(app, 'bob'))
    assert.equal(await house.read(file.path, mac(pass)), 'subject_unknown')
    for (const { path } of [file, own]) assert.equal(await house.read(path, mac(later)), 'not_a_receiver')
    assert.equal(await house.read((await house.share(app, 'c')).path, mac(later)), 'ok')
  })
  test('of a deleted or suspended app is nothing', async () => {
    const { app, file, bob } = await scene()
    const pass = await passOf(app, bob)
    await house.change({ kind: 'app', app, to: 'suspended' })
    assert.equal(await house.read(file.path, mac(pass)), 'app_suspended')
    await house.change({ kind: 'app', app, to: 'active' })
    assert.equal(await house.read(file.path, mac(pass)), 'ok')
    await house.change({ kind: 'app', app, to: 'deleted' })
    assert.equal(await house.read(file.path, mac(pass)), 'signature_invalid')
  })
  test('opens no call of an API', async () => {
    const { app, bob } = await scene()
    const pass = await passOf(app, bob)
    for (const action of ['read', 'write', 'manage'] as const) {
      assert.equal(await house.call(app, action, bearer(pass), ['key', 'grant']), 'kind_not_accepted')
      assert.equal(await house.call(app, action, { form: 'login', text: pass }, ['login']), 'credential_unknown')
      assert.equal(await house.call(app, action, { form: 'secret', text: pass }, ['key']), 'credential_unknown')
    }
  })
})

describe('a pre-signed URL', () => {
  test('opens its path for some minutes and then no more', async () => {
    const { app, file, bob } = await scene()
    const began = house.clock
    const url = await signedFor(app, file.path, bob)
    try {
      assert.equal(await house.read(file.path, url), 'ok')
      house.clock = Math.floor(began / MINUTE) * MINUTE + 5 * MINUTE - 1
      assert.equal(await house.read(file.path, url), 'ok')
      house.clock++
      assert.equal(await house.read(file.path, url), 'presigned_expired')
    } finally {
      house.clock = began
    }
  })
  test('opens no other path, in no other app, and holds in one spelling only', async () => {
    const { app, file, bob } = await scene()
    const other = await scene()
    const { parts } = (await signedFor(app, file.path, bob)) as { parts: PresignedText }
    const second = await house.share(app, 'c')
    assert.equal(await house.read(second.path, presigned(parts)), 'signature_invalid')
    assert.equal(await house.read(other.file.path, presigned(parts)), 'signature_invalid')
    assert.equal(await house.read(other.file.path, presigned({ ...parts, keyId: other.app })), 'signature_invalid')
    const later = { ...parts, expires: String(Number(parts.expires) + 1) }
    assert.equal(await house.read(file.path, presigned(later)), 'signature_invalid')
    assert.equal(await house.read(file.path, presigned({ ...parts, keyId: '' })), 'signature_invalid')
    for (const [name, text] of [
      ['expires', `0${parts.expires}`],
      ['expires', ''],
      ['signature', `${parts.signature}=`],
      ['signature', ''],
      ['subject', `${parts.subject}A`],
      ['subject', ''],
    ] as const) {
      assert.equal(await house.read(file.path, presigned({ ...parts, [name]: text })), 'credential_malformed', name)
    }
  })
  test('ends at once with what it was made for', async () => {
    const ends: readonly (readonly [
      string,
      (app: string, bob: LoginOf) => Parameters<GateFixture['change']>[0],
      string,
    ])[] = [
      ['the user', (app) => ({ kind: 'user', app, user: 'bob', to: 'suspended' }), 'subject_suspended'],
      ['the user for good', (app) => ({ kind: 'user', app, user: 'bob', to: 'deleted' }), 'subject_unknown'],
      ['the session', (app, { id }) => ({ kind: 'login', app, target: { login: id } }), 'session_ended'],
      ['all sessions', (app) => ({ kind: 'login', app, target: { user: 'bob', keep: 0 } }), 'session_ended'],
      ['what was issued', (app) => ({ kind: 'revoke', app, target: { user: 'bob' } }), 'issued_before_revocation'],
      ['membership', (app) => ({ kind: 'member', app, conversation: 'c', user: 'bob', to: 'out' }), 'not_a_member'],
      ['the link key', (app) => ({ kind: 'link-key', app, linkKey: Buffer.alloc(32, 2) }), 'signature_invalid'],
      ['the app', (app) => ({ kind: 'app', app, to: 'suspended' }), 'app_suspended'],
    ]
    for (const [what, change, reason] of ends) {
      const { app, file, bob } = await scene()
      const url = await signedFor(app, file.path, bob)
      assert.equal(await house.read(file.path, url), 'ok')
      await house.change(change(app, bob))
      assert.equal(await house.read(file.path, url), reason, what)
    }
  })
  test('made for a link outlives sessions, which it does not depend on', async () => {
    const { app, file, bob } = await scene()
    const url = await signedFor(app, file.path, bob, null)
    await house.change({ kind: 'login', app, target: { login: bob.id } })
    assert.equal(await house.read(file.path, url), 'ok')
  })
})

describe('a service token', () => {
  const everything = (app: string) => [{ actions: ['read', 'manage'], resource: `/apps/${app}` }]
  const tokenBy = async (app: string, file: Attachment, key: KeyOf | null) =>
    mac((await house.links(app)).service(file, key?.serial ?? null, house.clock))

  test('opens its path for an hour', async () => {
    const { app, file } = await scene()
    const began = house.clock
    const token = await tokenBy(app, file, await house.key(app, everything(app)))
    try {
      assert.equal(await house.read(file.path, token), 'ok')
      assert.equal(await house.read((await house.share(app, 'c')).path, token), 'signature_invalid')
      house.clock += 60 * MINUTE - 1
      assert.equal(await house.read(file.path, token), 'ok')
      house.clock++
      assert.equal(await house.read(file.path, token), 'token_expired')
    } finally {
      house.clock = began
    }
  })
  test('reaches as far as its key does now, and no further', async () => {
    const { app, file } = await scene()
    const rows: readonly (readonly [string, { actions: string[]; resource: string; limits?: never }[], string])[] = [
      ['no reading', [{ actions: ['manage', 'issue'], resource: `/apps/${app}` }], 'resource_not_granted'],
      ['elsewhere', [{ actions: ['read'], resource: `/apps/${app}/conversations/d` }], 'resource_not_granted'],
      [
        'from another address',
        [{ actions: ['read'], resource: `/apps/${app}`, limits: { ip: ['203.0.113.9'] } as never }],
        'limit_ip',
      ],
      ['a number of times', [{ actions: ['read'], resource: '/', limits: { maxUses: 5 } as never }], 'limit_uses'],
    ]
    for (const [why, grants, reason] of rows) {
      assert.equal(await house.read(file.path, await tokenBy(app, file, await house.key(app, grants))), reason, why)
    }
  })
  test('ends when its key does', async () => {
    const { app, file } = await scene()
    const began = house.clock
    const token = await tokenBy(app, file, await house.key(app, everything(app), began + MINUTE))
    try {
      assert.equal(await house.read(file.path, token), 'ok')
      house.clock = began + MINUTE
      assert.equal(await house.read(file.path, token), 'token_expired')
    } finally {
      house.clock = began
    }
  })
  test('goes with its key, and with revocations of the place', async () => {
    const { app, file } = await scene()
    const key = await house.key(app, everything(app))
    const token = await tokenBy(app, file, key)
    await house.change({ kind: 'key', app, key: key.id, to: 'suspended' })
    assert.equal(await house.read(file.path, token), 'key_suspended')
    await house.change({ kind: 'key', app, key: key.id, to: 'active' })
    assert.equal(await house.read(file.path, token), 'ok')
    await house.change({ kind: 'revoke', app, target: { resource: file.path } })
    assert.equal(await house.read(file.path, token), 'issued_before_revocation')
    const next = await tokenBy(app, file, key)
    assert.equal(await house.read(file.path, next), 'ok')
    await house.change({ kind: 'key', app, key: key.id, to: 'deleted' })
    assert.equal(await house.read(file.path, next), 'key_revoked')
  })
  test('of a key of another app is nothing, even where the link key fits', async () => {
    const { app, file } = await scene()
    const other = await scene()
    const foreign = await house.key(other.app, [{ actions: ['read'], resource: '/' }])
    assert.equal(await house.read(file.path, await tokenBy(app, file, foreign)), 'key_revoked')
  })
  test('may come from an account-wide key, and from that of the configuration', async () => {
    const { app, file } = await scene()
    const wide = await house.key(null, [{ actions: ['read'], resource: '/' }])
    assert.equal(await house.read(file.path, await tokenBy(app, file, wide)), 'ok')
    assert.equal(await house.read(file.path, await tokenBy(app, file, null)), 'ok')
  })
})

describe('the lifetime that an app gives to links', () => {
  test('ends what is like them, too', async () => {
    const { app, file, bob } = await scene({ linkSeconds: 60 })
    const pass = mac(await passOf(app, bob))
    const url = await signedFor(app, file.path, bob)
    const began = house.clock
    try {
      for (const credential of [pass, url]) assert.equal(await house.read(file.path, credential), 'ok')
      house.clock += MINUTE
      for (const credential of [pass, url]) assert.equal(await house.read(file.path, credential), 'link_expired')
    } finally {
      house.clock = began
    }
  })
})

test('a keyed text is never a JWT, a secret or a login, and none of those is a keyed text', async () => {
  const { app, file, bob } = await scene()
  const key = await house.key(app, [{ actions: ['read'], resource: `/apps/${app}` }])
  const pass = await passOf(app, bob)
  const rows: readonly (readonly [string, Credential, string])[] = [
    ["a key's secret", mac(key.secret), 'credential_malformed'],
    ["a login's secret", mac(bob.secret), 'credential_malformed'],
    ["a login's secret as a bearer token", bearer(bob.secret), 'credential_unknown'],
    ['something with dots', mac('a.b.c'), 'credential_malformed'],
    ['a pass in our own parameter', { form: 'query', text: pass }, 'credential_malformed'],
    ['a pass in a cookie', { form: 'cookie', text: pass }, 'credential_malformed'],
    ['a pass as a secret', { form: 'secret', text: pass }, 'credential_unknown'],
  ]
  for (const [why, credential, reason] of rows) assert.equal(await house.read(file.path, credential), reason, why)
})
