import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Attachment, Change } from '@gatehouse/storage/records/port'
import { type GateFixture, type LoginOf, openGate } from '../../test/gate.ts'
import type { Credential } from './credential.ts'

let house: GateFixture
before(async () => {
  house = await openGate()
})
after(() => house.close())

const ask = (token: string, url: string | null = null) =>
  house.inspector.inspect({ token, url, action: null, ip: null, userAgent: null, at: house.clock })

const failed = ({ steps }: Awaited<ReturnType<typeof ask>>) =>
  steps.filter(({ outcome }) => outcome === 'fail').map(({ check }) => check)

type Scene = { readonly app: string; readonly file: Attachment; readonly bob: LoginOf }
let apps = 0
async function scene(): Promise<Scene> {
  const app = `inspected${apps++}`
  await house.app(app)
  await house.group(app, 'c', ['ann', 'bob'])
  return { app, file: await house.share(app, 'c'), bob: await house.login(app, 'bob') }
}

/** Tokens that the inspector can be told with the URL they are shown for, and as what the gate takes them there. */
const SHOWN: readonly (readonly [kind: string, make: (scene: Scene) => Promise<string>, form: Credential['form']])[] = [
  [
    'link',
    async ({ app, file, bob }) => {
      const url = (await house.links(app)).url(file, { id: 'bob', serial: bob.userSerial })
      return url.slice(url.indexOf('?t=') + 3)
    },
    'query',
  ],
  ['pass', async ({ app, bob }) => (await house.links(app)).pass({ session: bob.id, ...bob }), 'mac'],
  [
    'service',
    async ({ app, file }) => {
      const { serial } = await house.key(app, [{ actions: ['read'], resource: `/apps/${app}` }])
      return (await house.links(app)).service(file, serial, house.clock)
    },
    'mac',
  ],
  [
    'key',
    async ({ app }) => (await house.key(app, [{ actions: ['read'], resource: `/apps/${app}` }])).secret,
    'bearer',
  ],
]

const CHANGES: readonly (readonly [what: string, change: (scene: Scene) => Change | null])[] = [
  ['nothing', () => null],
  ['the user is deactivated', ({ app }) => ({ kind: 'user', app, user: 'bob', to: 'suspended' })],
  ['the session has ended', ({ app, bob }) => ({ kind: 'login', app, target: { login: bob.id } })],
  ['the user has left', ({ app }) => ({ kind: 'member', app, conversation: 'c', user: 'bob', to: 'out' })],
  ['everything in the app is revoked', ({ app }) => ({ kind: 'revoke', app, target: { app: true } })],
  ['the app is suspended', ({ app }) => ({ kind: 'app', app, to: 'suspended' })],
]

describe('the inspector tells what the gate says', () => {
  for (const [kind, make, form] of SHOWN) {
    for (const [what, change] of CHANGES) {
      test(`of a ${kind} after this: ${what}`, async () => {
        const here = await scene()
        const text = await make(here)
        const done = change(here)
        if (done !== null) await house.change(done)
        const said = await house.read(here.file.path, { form, text } as Credential)
        const told = await ask(text, here.file.path)
        assert.equal(told.decision.reason, said)
        assert.deepEqual([told.kind, told.verified], [kind, true])
        assert.equal(failed(told).length > 0, said !== 'ok')
      })
    }
  }

  test('of a pass whose user does not receive the file, or receives another one', async () => {
    const here = await scene()
    const [, make] = SHOWN[1] ?? assert.fail()
    const text = await make(here)
    await house.group(here.app, 'd', ['ann'])
    const [foreign, outside] = [await house.share(here.app, 'd'), await house.share(here.app, null)]
    for (const file of [foreign, outside]) {
      const said = await house.read(file.path, { form: 'mac', text })
      assert.notEqual(said, 'ok')
      assert.equal((await ask(text, file.path)).decision.reason, said)
    }
    assert.deepEqual(failed(await ask(text, foreign.path)), ['receiver'])
  })
})

test('a login token is told by itself, with its user and its session', async () => {
  const { app, bob, file } = await scene()
  const good = await ask(bob.secret)
  assert.deepEqual([good.kind, good.verified, good.decision.reason], ['login', true, 'ok'])
  assert.deepEqual(
    good.owners.map(({ path }) => path),
    [`/apps/${app}`, `/apps/${app}`],
  )
  const atMedia = await ask(bob.secret, file.path)
  assert.deepEqual([atMedia.decision.reason, failed(atMedia)], ['kind_not_accepted', ['door']])
  await house.change({ kind: 'user', app, user: 'bob', to: 'suspended' })
  const off = await ask(bob.secret)
  assert.deepEqual([off.decision.reason, failed(off)], ['subject_suspended', ['user']])
  await house.change({ kind: 'user', app, user: 'bob', to: 'active' })
  await house.change({ kind: 'login', app, target: { login: bob.id } })
  const ended = await ask(bob.secret)
  assert.deepEqual([ended.kind, ended.verified, ended.decision.reason], ['secret', false, 'credential_unknown'])
  assert.deepEqual((await ask('alice_17nobody')).steps, ended.steps, 'as of one that never was')
})

test('each check of a media URL has a name of its own', async () => {
  const scenery = await scene()
  for (const [kind, make] of SHOWN) {
    const { steps } = await ask(await make(scenery), scenery.file.path)
    const names = steps.map(({ check }) => check)
    assert.deepEqual(names, [...new Set(names)], kind)
  }
})

test('what is bound to a place says so where none is told, and is not genuine in another app', async () => {
  const [here, other] = [await scene(), await scene()]
  for (const [kind, make] of SHOWN.slice(0, 3)) {
    const text = await make(here)
    const [lost, elsewhere] = [await ask(text), await ask(text, other.file.path)]
    assert.deepEqual([lost.kind, lost.verified], [kind, false])
    assert.match(lost.steps[1]?.detail ?? '', /tell the URL/)
    assert.deepEqual([elsewhere.verified, elsewhere.decision.reason], [false, 'signature_invalid'], kind)
  }
})
