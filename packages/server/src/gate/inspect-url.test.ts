import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Attachment, Change } from '@gatehouse/storage/records/port'
import { type GateFixture, type KeyOf, type LoginOf, openGate } from '../../test/gate.ts'
import { dialect } from '../surfaces/cometchat/dialect.ts'
import type { Credential } from './credential.ts'

const ADMIN = { id: 'operator', secret: 'a secret of the configuration, long enough' }
const WALL = 'https://chat.test/media/'
const WORD = 'the word of the wall'

let house: GateFixture
before(async () => {
  house = await openGate(ADMIN)
})
after(() => house.close())

const ask = (token: string, url: string | null = null) =>
  house.inspector.inspect({ token, url, action: null, ip: null, userAgent: null, at: house.clock })

type Told = Awaited<ReturnType<typeof ask>>
const failed = ({ steps }: Told) => steps.filter(({ outcome }) => outcome === 'fail').map(({ check }) => check)
const detailOf = ({ steps }: Told, wanted: string) => steps.find(({ check }) => check === wanted)?.detail ?? ''

type Scene = {
  readonly app: string
  readonly file: Attachment
  readonly bob: LoginOf
  readonly key: KeyOf
  /** The URL of bob's link, and the one that his pass is exchanged for. */
  readonly link: string
  readonly presigned: string
  readonly proof: Credential
}
let apps = 0
async function scene(settings: object = {}): Promise<Scene> {
  const app = `asked${apps++}`
  await house.app(app, settings as Record<string, never>)
  await house.group(app, 'c', ['ann', 'bob'])
  const file = await house.share(app, 'c')
  const bob = await house.login(app, 'bob')
  const key = await house.key(app, [{ actions: ['read'], resource: `/apps/${app}` }])
  const links = await house.links(app)
  const parts = links.presigned(file.path, { subjectSerial: bob.userSerial, session: bob.id, sequence: 0 }, house.clock)
  return {
    ...{ app, file, bob, key },
    link: links.url(file, { id: 'bob', serial: bob.userSerial }),
    presigned: dialect.url(links.base, file.path, parts),
    proof: { form: 'presigned', parts },
  }
}

const CHANGES: readonly (readonly [what: string, change: (scene: Scene) => Change | null])[] = [
  ['nothing', () => null],
  ['the user is deactivated', ({ app }) => ({ kind: 'user', app, user: 'bob', to: 'suspended' })],
  ['the session has ended', ({ app, bob }) => ({ kind: 'login', app, target: { login: bob.id } })],
  ['everything in the app is revoked', ({ app }) => ({ kind: 'revoke', app, target: { app: true } })],
  ['the app is suspended', ({ app }) => ({ kind: 'app', app, to: 'suspended' })],
]

describe('a whole URL is told like what it carries', () => {
  for (const [what, change] of CHANGES) {
    test(`a link and a pre-signed URL, after this: ${what}`, async () => {
      const here = await scene()
      const done = change(here)
      if (done !== null) await house.change(done)
      const token = here.link.slice(here.link.indexOf('?t=') + 3)
      for (const [kind, url, credential] of [
        ['link', here.link, { form: 'query', text: token }],
        ['presigned', here.presigned, here.proof],
      ] as const) {
        const said = await house.read(here.file.path, credential)
        const told = await ask(url)
        assert.deepEqual([told.kind, told.verified, told.decision.reason], [kind, true, said])
        assert.equal(failed(told).length > 0, said !== 'ok')
        assert.deepEqual(new Set(told.owners.map(({ path }) => path)), new Set([`/apps/${here.app}`]))
      }
    })
  }

  test('a pre-signed URL at its end, of another file, and with a part changed or missing', async () => {
    const { presigned, file, app } = await scene()
    const other = await house.share(app, 'c')
    const rows: readonly (readonly [url: string, kind: string, reason: string, failing: string[]])[] = [
      [presigned.replace(file.path, other.path), 'presigned', 'signature_invalid', ['proof']],
      [presigned.replace(/Expires=\d/, 'Expires=9'), 'presigned', 'signature_invalid', ['proof']],
      [presigned.replace(`Key-Pair-Id=${app}`, 'Key-Pair-Id=other'), 'presigned', 'signature_invalid', ['proof']],
      [presigned.replace(/Signature=[^&]+/, 'Signature=abc'), 'presigned', 'credential_malformed', ['proof']],
      [presigned.replace(/&Subject=[^&]+/, ''), 'url', 'credential_malformed', ['form']],
      [`${presigned}&t=abc`, 'url', 'credential_conflict', ['form']],
    ]
    for (const [url, kind, reason, failing] of rows) {
      const told = await ask(url)
      assert.deepEqual(
        [told.kind, told.verified, told.decision.reason, failed(told)],
        [kind, false, reason, failing],
        url,
      )
    }
    house.clock += 400_000
    const late = await ask(presigned)
    house.clock -= 400_000
    assert.deepEqual([late.verified, late.decision.reason, failed(late)], [true, 'presigned_expired', ['expiry']])
  })

  test('a URL without a credential opens what is open, and nothing else', async () => {
    const { app, file } = await scene()
    const open = await house.share(app, 'c', { access: 'public' })
    const rows: readonly (readonly [path: string, reason: string])[] = [
      [file.path, 'credential_missing'],
      [open.path, 'ok'],
      [`${open.path}?t=`, 'ok'],
      [`${file.path}?t=`, 'credential_malformed'],
    ]
    for (const [path, reason] of rows) {
      const told = await ask(`https://media.test${path}`)
      assert.deepEqual([told.kind, told.verified, told.decision.reason], ['url', false, reason], path)
    }
    assert.equal((await ask('https://media.test/')).decision.reason, 'credential_missing')
  })

  test('a URL given beside it says where it is shown', async () => {
    const { link, file, app } = await scene()
    const other = await house.share(app, 'c')
    assert.equal((await ask(link, file.path)).decision.reason, 'ok')
    assert.equal((await ask(link, `https://media.test${other.path}`)).decision.reason, 'signature_invalid')
  })
})

test('a login wall in front of a URL is looked through, and counts where it is that of the app', async () => {
  const secret = `sha256:${createHash('sha256').update(WORD).digest('hex')}`
  const { link, presigned, file, bob, app } = await scene({ loginWall: WALL, loginWallSecret: secret })
  assert.ok(link.startsWith(`${WALL}https://media.test/apps/`))
  const direct = link.slice(WALL.length)
  const own = { form: 'query', text: link.slice(link.indexOf('?t=') + 3) } as const
  const rows: readonly (readonly [url: string, reason: string, place: RegExp])[] = [
    [link, 'ok', /stands in front/],
    [presigned, 'ok', /stands in front/],
    [`${WALL}${direct.replace('https://', 'https:/')}`, 'ok', /stands in front/],
    [`${WALL}${encodeURIComponent(direct)}`, 'ok', /stands in front/],
    [`https://other.test/?to=${direct}`, 'wall_missing', /not the loginWall/],
    [direct, 'wall_missing', /^$/],
  ]
  for (const [url, reason, place] of rows) {
    const told = await ask(url)
    assert.deepEqual([told.verified, told.decision.reason], [true, reason], url)
    assert.match(detailOf(told, 'place'), place)
  }
  assert.equal(await house.read(file.path, own, { headers: { 'x-gatehouse-wall': WORD } }), 'ok')
  assert.equal(await house.read(file.path, own), 'wall_missing')
  assert.equal((await ask(own.text, link)).decision.reason, 'ok', 'in the URL that is told beside the token, too')
  await house.change({ kind: 'user', app, user: bob.user, to: 'suspended' })
  assert.equal((await ask(link)).decision.reason, 'subject_suspended')
})

/** Signed as anybody who holds the secret would. */
function signed(key: { id: string; secret: string }, claims: object): string {
  const parts = [{ typ: 'JWT', alg: 'HS256', kid: key.id }, claims]
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${createHmac('sha256', key.secret).update(input).digest('base64url')}`
}

describe('the JWT of a key', () => {
  test('is told like the gate of a surface judges it, claim by claim', async () => {
    const { app, key } = await scene()
    const now = house.clock / 1000
    const rows: readonly (readonly [claims: object, failing: string[]])[] = [
      [{ scope: 'app' }, []],
      [{ scope: 'app', exp: now }, ['expiry']],
      [{ scope: 'app', iat: now + 60 }, ['issue time']],
      [{ scope: 'app', exp: 'soon' }, ['times']],
      [{ scope: 'account' }, ['scope']],
      [{ scope: 'appUser', userId: 'ann' }, ['scope']],
      [{ scope: 'integration' }, ['kind', 'scope']],
      [{ scope: 'app', apikey: key.id, exp: -1 }, ['kind', 'times']],
    ]
    for (const [claims, failing] of rows) {
      const text = signed(key, claims)
      const said = await house.call(app, 'read', { form: 'key-jwt', text }, ['key'])
      const told = await ask(text)
      assert.deepEqual(
        [told.kind, told.decision.reason, failed(told)],
        ['key-jwt', said, failing],
        JSON.stringify(claims),
      )
      assert.deepEqual([told.claims, told.key], [claims, { id: key.id, state: 'active' }])
      assert.equal(told.verified, !['kind', 'times', 'scope'].some((check) => failing.includes(check)))
    }
    const foreign = await ask(signed({ ...key, secret: 'another' }, { scope: 'app', exp: 'soon' }))
    assert.deepEqual([foreign.decision.reason, failed(foreign)], ['signature_invalid', ['proof']])
    const unknown = await ask(signed({ id: 'f'.repeat(24), secret: 'another' }, { scope: 'app' }))
    assert.deepEqual([unknown.decision.reason, failed(unknown)], ['credential_unknown', ['proof']])
    assert.equal((await ask(signed(ADMIN, { scope: 'account' }))).decision.reason, 'ok')
  })

  test('ends with its key', async () => {
    const { app, key } = await scene()
    const text = signed(key, { scope: 'app' })
    await house.change({ kind: 'key', app, key: key.id, to: 'suspended' })
    const told = await ask(text)
    assert.deepEqual([told.verified, told.decision.reason, failed(told)], [true, 'key_suspended', ['key']])
  })

  test('opens no media, and says so', async () => {
    const { file, key } = await scene()
    const text = signed(key, { scope: 'app' })
    const told = await ask(text, file.path)
    assert.equal(told.decision.reason, await house.read(file.path, { form: 'bearer', text }))
    assert.deepEqual([told.kind, told.verified, failed(told)], ['key-jwt', false, ['door']])
    const api = await ask(text, 'https://media.test/v2/apps')
    assert.deepEqual([api.verified, api.decision.reason, failed(api)], [true, 'ok', []])
  })
})
