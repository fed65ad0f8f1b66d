import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Answer, basic, bearer, type Headers } from './support/client.ts'
import { ADMIN, filesBelow, runGatehouse, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { logIn } from './support/login.ts'
import { createApp, expect, keyed } from './support/tenant.ts'
import { offlineToken, readClaims } from './support/tokens.ts'

/** Secrets are in no log, metric, error or list, and not in the clear on the disk (security.md, B6 and T8). */

const data = temporaryFolder()
const house = await startGatehouse({ data, flags: ['--log-level', 'debug', '--trusted-proxies', '127.0.0.0/8'] })
let running = true
after(() => (running ? house.kill() : undefined))
const app = await createApp(house.admin)
await app.users('ann', 'bob')
await app.conversation('c', ['ann', 'bob'])
const file = await app.upload(Buffer.from('x'))
const link = await app.link(file.id, 'bob')
const everything = `/apps/${app.id}`
const grants = [{ actions: ['read'], resource: everything }]

const key = await app.key()
const again = { 'idempotency-key': 'canary-1' }
const kept = expect(await app.admin.post(`${app.base}/keys`, { name: 'kept' }, again), 201).json<{
  id: string
  secret: string
}>()
const issued = expect(
  await app.admin.post(`${app.base}/tokens`, { grants, seconds: 600 }, { 'idempotency-key': 'canary-2' }),
  201,
).json<{ token: string }>().token
const offline = offlineToken(key, readClaims(everything))
const dead = offlineToken(key, readClaims(everything))
const logins = `${app.base}/users/ann/logins`
const begun = async (headers?: Headers) =>
  expect(await app.admin.post(logins, '', headers), 201).json<{ token: string }>().token
const [login, keptLogin, ended] = [await begun(), await begun({ 'idempotency-key': 'canary-3' }), await begun()]
const session = await logIn(app, 'bob')
const pass = await session.pass()
const wall = randomBytes(24).toString('hex')
const presigned = expect(await app.bare.get(`${file.path}?fat=${pass}`), 302).headers.location ?? ''
const service = expect(await app.bare.get(file.path, { apikey: key.secret }), 200).json<{ data: { url: string } }>()
const unknown = `unknown${randomBytes(24).toString('base64url')}`

/** What must be nowhere. Signatures stand for tokens, since their payload may be told. */
const SECRETS: Readonly<Record<string, string>> = {
  'admin secret': ADMIN.secret,
  'key secret': key.secret,
  'secret of a key made with an Idempotency-Key': kept.secret,
  'Basic header': basic(key.id, key.secret).authorization?.slice(6) ?? '',
  link: link.split('?t=')[1] ?? '',
  'issued token': issued.split('.')[2] ?? '',
  'offline token': offline.split('.')[2] ?? '',
  'revoked token': dead.split('.')[2] ?? '',
  'login token': login,
  'login token made with an Idempotency-Key': keptLogin,
  'login token that was revoked': ended,
  'login token of a client': session.authToken,
  'media pass': pass,
  "login wall's word": wall,
  'unknown token': unknown,
}

/** The same, but that redirects and documents tell them to whoever may have them. */
const TOLD: Readonly<Record<string, string>> = {
  'signature of a pre-signed URL': /Signature=([^&]+)/.exec(presigned)?.[1] ?? '',
  'service token': service.data.url.split('?fat=')[1] ?? '',
}

function assertAbsent(text: string | Buffer, sink: string, secrets = { ...SECRETS, ...TOLD }): void {
  for (const [name, secret] of Object.entries(secrets)) {
    assert.ok(secret.length >= 20, `${name} is too short to be searched for`)
    for (const spelling of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').slice(0, -4)]) {
      assert.ok(!text.includes(spelling), `${name} is in ${sink}`)
    }
  }
}

/** Every way to show a credential, where it belongs and where it does not. */
async function workload(): Promise<Answer[]> {
  const answers: Answer[] = []
  const get = async (target: string, headers: Headers = {}) => void answers.push(await app.bare.get(target, headers))
  const everyone: readonly string[] = [...Object.values({ ...SECRETS, ...TOLD }), issued, offline, dead]
  for (const secret of everyone) {
    for (const path of [file.path, `${app.base}/users/bob`, '/v1/nothing', '/nothing', '/metrics', '/v3.0/me']) {
      await get(`${path}?t=${secret}`)
      await get(`${path}?access_token=${secret}&fat=${secret}`)
      await get(path, bearer(secret))
      await get(path, { authorization: `Basic ${secret}` })
      await get(path, { authorization: secret })
      await get(path, basic(key.id, secret))
      await get(path, { cookie: `gatehouse_media=${secret}; other=${secret}` })
      await get(path, { apikey: secret, appid: app.id, fat: secret, 'x-api-key': secret, authtoken: secret })
      for (const name of ['apikey', 'fat', 'authtoken']) await get(path, { appid: app.id, [name]: secret })
      await get(`${path}?fat=${secret}`, { 'x-gatehouse-wall': secret, appid: app.id })
      await get(`${path}?Expires=1&Signature=${secret}&Key-Pair-Id=${secret}&Subject=${secret}`)
      await get(path, { referer: `https://chat.example/?t=${secret}`, 'x-request-id': 'canary' })
    }
    await get(`${file.path}?t=${secret}`, bearer(secret))
    await get('/v1/verify', { 'x-original-uri': `${file.path}?t=${secret}` })
    await get('/v1/verify', { 'x-forwarded-uri': `${file.path}?t=${secret}`, authorization: `Bearer ${secret}` })
    const inspect = await app.admin.post('/v1/tokens/inspect', {
      token: secret,
      url: `${house.url}${file.path}?t=${secret}`,
    })
    assert.ok(inspect.status < 500, inspect.text)
    answers.push(await app.admin.post('/v1/tokens/inspect', { token: 7, nonsense: secret.slice(0, 0) }))
  }
  for (const target of [link, `${file.path}?t=${issued}`, `${file.path}?t=${offline}`])
    expect(await app.bare.get(target), 200)
  expect(await app.bare.get(file.path, keyed(key)), 200)
  expect(await app.bare.get(presigned.slice(house.url.length)), 200)
  await app.settings({ loginWallSecret: wall })
  expect(await app.bare.get(link, { 'x-gatehouse-wall': wall }), 200)
  await get(presigned.slice(house.url.length))
  await app.settings({ loginWallSecret: null })
  await app.revoke({ token: dead })
  await app.revoke({ token: ended })
  await get(`${file.path}?t=${dead}`)
  await app.deactivate('bob')
  await get(link)
  await app.activate('bob')
  return answers
}

test('after everything, no secret is in any sink', { timeout: 300_000 }, async () => {
  const refused = await workload()
  for (const answer of refused) {
    assert.ok(answer.status < 500, answer.text)
    // Media bytes and issued things are answered to whoever may have them; refusals must not repeat what they refuse.
    if (answer.status >= 400) {
      const headers = Object.entries(answer.headers).filter(([name]) => name !== 'date')
      assertAbsent(answer.text + JSON.stringify(headers), `a refusal (${answer.status})`)
    }
    if (answer.headers.location !== undefined) assertAbsent(answer.headers.location, 'a redirect', SECRETS)
  }
  for (const path of [
    '/metrics',
    `${app.base}/keys`,
    logins,
    `${app.base}/revocations`,
    `${app.base}/views?limit=1000`,
    app.base,
    '/openapi.json',
  ]) {
    assertAbsent(expect(await house.admin.get(path), 200).text, path)
  }
  await house.stop()
  running = false
  assert.ok(house.stderr().length + house.stdout().length > 1000, 'at level debug there is something to be searched')
  assertAbsent(house.stdout(), 'standard output')
  assertAbsent(house.stderr(), 'the log')
})

test('nor is one in the clear in the data folder', () => {
  const files = filesBelow(data)
  assert.ok(
    files.some((name) => /db|sqlite/.test(name)),
    files.join(),
  )
  for (const name of files) assertAbsent(readFileSync(join(data, name)), `the file ${name}`)
})

test('nor does a failed start show one', async () => {
  const env = {
    GATEHOUSE_ADMIN_KEY: `admin:${ADMIN.secret}`,
    GATEHOUSE_DATABASE_URL: `postgres://u:${key.secret}@127.0.0.1:1/x`,
  }
  const command = runGatehouse(['serve', '--port', '0', '--data', temporaryFolder(), '--log-level', 'debug'], env)
  const { code } = await command.exited
  assert.notEqual(code, 0)
  assertAbsent(command.stdout() + command.stderr(), 'the output of a failed start')
})
