import assert from 'node:assert/strict'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Attachment } from '@gatehouse/storage/records/port'
import { type GateFixture, openGate } from '../../test/gate.ts'
import { keepMediaKeys, rotateMediaKeys } from '../signing/media-keys.ts'
import { tokenId } from '../token-id.ts'
import type { Credential } from './credential.ts'

const cookie = (text: string): Credential => ({ form: 'cookie', text })
const bearer = (text: string): Credential => ({ form: 'bearer', text })

let house: GateFixture
before(async () => {
  house = await openGate()
})
after(() => house.close())

let apps = 0
type Scene = { app: string; file: Attachment; sibling: Attachment; outside: Attachment; talk: string }

/** A new app with a file in each of the conversations `c` and `cx`, and one outside of any. */
async function scene(): Promise<Scene> {
  const app = `app${apps++}`
  await house.app(app)
  await house.group(app, 'c', ['ann', 'bob'])
  await house.group(app, 'cx', ['ann'])
  const [file, sibling, outside] = [
    await house.share(app, 'c'),
    await house.share(app, 'cx'),
    await house.share(app, null),
  ]
  return { app, file, sibling, outside, talk: `/apps/${app}/conversations/c` }
}

const media = async (app: string, path: string) => (await house.media(app, path))[0] ?? ''
const partsOf = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')))

test('a media token has exactly the header and claims of the contract', async () => {
  const { app, file } = await scene()
  const token = await media(app, file.path)
  const [header, claims] = partsOf(token)
  assert.deepEqual(Object.keys(header), ['alg', 'typ', 'kid'])
  assert.equal(header.alg, 'RS512')
  assert.match(header.kid, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/)
  assert.deepEqual(Object.entries(claims), [
    ['path', file.path],
    ['exp', house.clock / 1000 + 7200],
    ['iat', house.clock / 1000],
  ])
})

test('it opens what lies below its path, whole segments, and nothing else', async () => {
  const { app, file, sibling, outside, talk } = await scene()
  const other = await scene()
  const rows: [path: string, opens: Attachment[]][] = [
    [`/apps/${app}`, [file, sibling, outside]],
    [talk, [file]],
    [file.path, [file]],
    [outside.path, [outside]],
  ]
  for (const [path, opens] of rows) {
    const token = await media(app, path)
    for (const each of [file, sibling, outside, other.file]) {
      const wanted = opens.includes(each) ? 'ok' : 'resource_not_granted'
      assert.equal(await house.read(each.path, cookie(token)), wanted, `${path} at ${each.path}`)
      assert.equal(await house.read(each.path, bearer(token)), wanted)
    }
    assert.equal(await house.read(`${file.path}/more`, cookie(token)), 'resource_not_granted')
    assert.equal(
      await house.read(`/apps/${app}/streams/${file.path.split('/')[5]}/x/y`, cookie(token)),
      'resource_not_granted',
    )
  }
})

test('it ends at its end, to the second, and is not believed before it was issued', async () => {
  const { app, file } = await scene()
  const token = await media(app, file.path)
  const began = house.clock
  house.clock = began + 7_199_999
  assert.equal(await house.read(file.path, cookie(token)), 'ok')
  house.clock = began + 7_200_000
  assert.equal(await house.read(file.path, cookie(token)), 'token_expired')
  house.clock = began - 6000
  assert.equal(await house.read(file.path, cookie(token)), 'token_not_yet_valid')
  house.clock = began
})

test('each revocation that it lies under voids it, and what is issued afterwards is good', async () => {
  const rows = ['app', 'media', 'conversation', 'resource', 'file', 'token'] as const
  for (const row of rows) {
    const { app, file, talk, sibling } = await scene()
    const token = await media(app, talk)
    const elsewhere = await media(app, sibling.path)
    const remembered = await media(app, `/apps/${app}`)
    for (const one of [token, remembered]) assert.equal(await house.read(file.path, cookie(one)), 'ok')
    const target = {
      app: { app: true },
      media: { media: true },
      conversation: { conversation: 'c' },
      resource: { resource: talk },
      file: { resource: file.path },
      token: { token: tokenId(token) ?? '' },
    } as const
    await house.change({ kind: 'revoke', app, target: target[row] })
    const wanted = row === 'token' ? 'token_revoked' : 'issued_before_revocation'
    assert.equal(await house.read(file.path, cookie(token)), wanted, row)
    assert.equal(await house.read(file.path, cookie(remembered)), row === 'token' ? 'ok' : wanted, row)
    const far = row === 'app' || row === 'media'
    assert.equal(await house.read(sibling.path, cookie(elsewhere)), far ? wanted : 'ok', row)
    // What is issued later has a later second: issuing waits it out.
    house.clock += 1000
    assert.equal(await house.read(file.path, cookie(token)), wanted, row)
    assert.equal(await house.read(file.path, cookie(await media(app, talk))), 'ok', row)
  }
})

test('a revocation by a clock that runs behind reaches what was issued, and a clock set back revives nothing', async () => {
  const { app, file, talk } = await scene()
  const token = await media(app, talk)
  const began = house.clock
  house.clock = began - 3000
  await house.change({ kind: 'revoke', app, target: { media: true } })
  assert.equal(await house.read(file.path, cookie(token)), 'issued_before_revocation')
  house.clock = began - 7000
  await assert.rejects(media(app, talk), { code: 'unavailable' })
  house.clock = began + 1000
  assert.equal(await house.read(file.path, cookie(token)), 'issued_before_revocation')
  assert.equal(await house.read(file.path, cookie(await media(app, talk))), 'ok')
})

test('revoking users, links and other apps leaves it', async () => {
  const { app, file, talk } = await scene()
  const other = await scene()
  const token = await media(app, talk)
  await house.change({ kind: 'revoke', app, target: { user: 'ann' } })
  await house.change({ kind: 'revoke', app: other.app, target: { media: true } })
  await house.change({ kind: 'link-key', app, linkKey: Buffer.alloc(32, 1) })
  assert.equal(await house.read(file.path, cookie(token)), 'ok')
  await house.change({ kind: 'app', app, to: 'suspended' })
  assert.equal(await house.read(file.path, cookie(token)), 'app_suspended')
  await house.change({ kind: 'app', app, to: 'active' })
  assert.equal(await house.read(file.path, cookie(token)), 'ok')
})

test('keys rotate with overlap: what a retiring key has signed is good until it ends, of a retired one nothing is', async () => {
  const { app, file, talk } = await scene()
  const stateOf = async (token: string) => {
    const [header] = partsOf(token)
    return (await house.records.mediaKeys.list()).find(({ id }) => id === header.kid)?.state
  }
  const old = await media(app, talk)
  assert.equal(await stateOf(old), 'active')
  await rotateMediaKeys(house.mediaKeys, 'test')
  const young = await media(app, talk)
  assert.notEqual(partsOf(young)[0].kid, partsOf(old)[0].kid)
  assert.deepEqual([await stateOf(old), await stateOf(young)], ['retiring', 'active'])
  for (const token of [old, young]) assert.equal(await house.read(file.path, cookie(token)), 'ok')
  const keep = () => keepMediaKeys(house.mediaKeys, { days: 90, now: () => house.clock, stopped: () => false })
  await keep()
  assert.equal(await stateOf(old), 'retiring')
  // Retired at once: the token is refused though it has not ended.
  await house.change({ kind: 'media-key', app: null, key: partsOf(old)[0].kid, to: 'retired' })
  assert.equal(await house.read(file.path, cookie(old)), 'key_revoked')
  assert.equal(await house.read(file.path, cookie(young)), 'ok')
  // On schedule: the next key signs after ninety days, and the old one is retired when its last token has ended.
  house.clock += 90 * 24 * 3600 * 1000
  const last = await media(app, talk)
  assert.equal(partsOf(last)[0].kid, partsOf(young)[0].kid)
  await keep()
  assert.equal(await stateOf(last), 'retiring')
  assert.equal(await house.read(file.path, cookie(last)), 'ok')
  assert.equal(await stateOf(await media(app, talk)), 'active')
  house.clock += 7200 * 1000
  await keep()
  assert.equal(await stateOf(last), 'retired')
  const states = (await house.records.mediaKeys.list()).map(({ state }) => state)
  assert.deepEqual(states.slice(0, 2), ['next', 'active'])
})

test('hostile claims and headers open nothing, though the signature is the installation’s own', async () => {
  const { app, file, talk } = await scene()
  const now = house.clock / 1000
  const good = { path: talk, exp: now + 60, iat: now }
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const id = '00000000-0000-4000-8000-0000000000AB'
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: id, alg: 'RS512', use: 'sig' } as never
  // A key of which the test knows the private half, in the place of the next one.
  const [next] = await house.records.mediaKeys.list()
  assert.equal(next?.state, 'next')
  await house.change({ kind: 'media-key', app: null, key: next?.id ?? '', to: 'retired' })
  await house.change({ kind: 'media-key', app: null, key: id, to: 'next', jwk, sealed: new Uint8Array(1) })
  const encode = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
  const forge = (claims: object, header: object = {}, algorithm = 'RSA-SHA512') => {
    const input = `${encode({ typ: 'JWT', alg: 'RS512', kid: id, ...header })}.${encode(claims)}`
    return `${input}.${createSign(algorithm).update(input).sign(privateKey).toString('base64url')}`
  }
  assert.equal(await house.read(file.path, cookie(forge(good))), 'ok')
  const claims: [string, object][] = [
    ['no path', { exp: good.exp, iat: good.iat }],
    ['a fourth claim', { ...good, sub: 'ann' }],
    ['grants', { ...good, grants: [{ actions: ['manage'], resource: '/' }] }],
    ['a list of paths', { ...good, path: [talk] }],
    ['no end', { path: talk, iat: now }],
    ['an end that is text', { ...good, exp: String(good.exp) }],
    ['an end of half a second', { ...good, exp: good.exp + 0.5 }],
    ['an end before its beginning', { ...good, exp: now - 60 }],
    ['longer than any token', { ...good, exp: now + 2_592_001 }],
    ...[
      ['the root', '/'],
      ['all apps', '/apps'],
      ['all conversations', `/apps/${app}/conversations`],
      ['a slash at the end', `${talk}/`],
      ['a bare key', file.path.split('/').slice(0, -1).join('/')],
      ['a key outside', `/apps/${app}/${'k'.repeat(24)}`],
      ['below a file', `${file.path}/more`],
      ['dot segments', `${talk}/../cx`],
      ['an encoded slash', `/apps/${app}%2fconversations/c`],
      ['encoded dots', `/apps/${app}/conversations/%2e%2e`],
      ['another spelling', `/apps/${app}/conversations/%63`],
      ['a query', `${talk}?x`],
      ['a fragment', `${talk}#x`],
      ['a second slash', `//apps/${app}`],
      ['an attribute', `/apps/${app}; Domain=example.org`],
      ['a line break', `/apps/${app}\r\nSet-Cookie: a=b`],
      ['a backslash', `/apps/${app}\\conversations\\c`],
      ['streams', `/apps/${app}/streams/s`],
      ['a URL', `https://x.test${talk}`],
      ['an app that ends in a blank', `/apps/${app}%20`.replace('%20', ' ')],
    ].map(([why, path]): [string, object] => [why ?? '', { ...good, path }]),
  ]
  for (const [why, each] of claims) {
    assert.equal(await house.read(file.path, cookie(forge(each))), 'claims_invalid', why)
  }
  const headers: [string, string, object, string?][] = [
    ['none', 'signature_invalid', { alg: 'none' }],
    ['the public key as a secret', 'signature_invalid', { alg: 'HS512' }],
    ['a shorter hash', 'signature_invalid', { alg: 'RS256' }, 'RSA-SHA256'],
    ['a key along', 'credential_malformed', { jwk }],
    ['something critical', 'credential_malformed', { crit: ['x'], x: 1 }],
    ['no key', 'credential_unknown', { kid: undefined }],
    ['an unknown key', 'credential_unknown', { kid: id.replace('AB', 'AC') }],
    ['lower case', 'credential_unknown', { kid: id.toLowerCase() }],
    ['another key of the installation', 'signature_invalid', { kid: partsOf(await media(app, talk))[0].kid }],
  ]
  for (const [why, reason, header, algorithm] of headers) {
    assert.equal(await house.read(file.path, cookie(forge(good, header, algorithm))), reason, why)
  }
  const [head, body, signature = ''] = forge(good).split('.')
  const flipped = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`
  assert.equal(await house.read(file.path, cookie(`${head}.${body}.${flipped}`)), 'signature_invalid')
  const wider = encode({ ...good, path: `/apps/${app}` })
  assert.equal(await house.read(file.path, cookie(`${head}.${wider}.${signature}`)), 'signature_invalid')
})
