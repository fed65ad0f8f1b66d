import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startGatehouse } from './support/gatehouse.ts'
import { exchange } from './support/raw.ts'
import { createApp, expect, refusal } from './support/tenant.ts'

/** What an answer lets a browser do: pages of other sites, caches, frames (security.md, B1, B2 and B4). */

const house = await startGatehouse()
after(() => house.stop())
const OWN = 'https://chat.example'
const app = await createApp(house.admin, { allowedOrigins: [OWN, 'https://other.example:8443'] })
await app.conversation('c', ['ann', 'bob'])
const file = await app.upload(Buffer.from('the file'))
const link = await app.link(file.id, 'bob')

const crossing = (headers: Readonly<Record<string, unknown>>) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'))

test('pages of the exact origins that an app lists may read its media, and no others', async () => {
  for (const origin of [OWN, 'https://other.example:8443']) {
    const { headers } = expect(await app.bare.get(link, { origin }), 200)
    assert.equal(headers['access-control-allow-origin'], origin)
    assert.match(String(headers.vary), /Origin/)
    assert.match(String(headers['access-control-expose-headers']), /Content-Range/)
  }
  const others = ['null', '*', 'http://chat.example', `${OWN}:443`, `${OWN}.evil.test`, 'https://evil-chat.example']
  others.push('https://sub.chat.example', 'https://CHAT.example', `${OWN}/`, `${OWN}, https://evil.test`)
  for (const origin of others) {
    const answer = expect(await app.bare.get(link, { origin }), 200)
    assert.deepEqual(crossing(answer.headers), [], origin)
    assert.match(String(answer.headers.vary), /Origin/)
  }
  assert.deepEqual(crossing((await app.bare.get(link)).headers), [])
})

test('refusals and the API tell pages of other sites nothing', async () => {
  for (const target of [file.path, `${file.path}?t=nonsense`, app.base, '/v1/nothing', '/openapi.json']) {
    assert.deepEqual(crossing((await app.bare.get(target, { origin: OWN })).headers), [], target)
  }
  refusal(await app.bare.get(file.path, { origin: OWN }), 401)
})

test('a preflight is answered for media and listed origins only, and allows no more than reading', async () => {
  const ask = (target: string, origin: string, method: string) =>
    app.bare.send('OPTIONS', target, { headers: { origin, 'access-control-request-method': method } })
  const { headers } = expect(await ask(file.path, OWN, 'GET'), 204)
  assert.equal(headers['access-control-allow-origin'], OWN)
  assert.equal(headers['access-control-allow-methods'], 'GET, HEAD')
  const elsewhere = await ask(file.path, 'https://evil.test', 'GET')
  assert.equal(elsewhere.status, 403)
  assert.deepEqual(crossing(elsewhere.headers), [])
  for (const method of ['GET', 'POST', 'DELETE']) {
    assert.deepEqual(crossing((await ask(app.base, OWN, method)).headers), [], `${method} of the API`)
  }
})

test('an app may forbid that anything of it is stored', async () => {
  await app.settings({ noStore: true })
  for (const headers of [{}, { range: 'bytes=0-2' }]) {
    const answer = expect(await app.bare.get(link, headers as Record<string, string>), 200, 206)
    assert.equal(answer.headers['cache-control'], 'no-store')
  }
  await app.settings({ noStore: null })
  assert.equal((await app.bare.get(link)).headers['cache-control'], 'private, no-cache')
})

test('every answer forbids sniffing, frames and what it does not need, and sends no address on', async () => {
  const pages = [
    '/docs',
    '/docs/static/swagger-ui-bundle.js',
    '/docs/static/nothing.js',
    '/docs/errors',
    '/openapi.json',
  ]
  const others = ['/livez', '/nothing', '/v3/users/ann', '/%', `${file.path}?t=nonsense`, '/apps/none/of/these']
  for (const target of [link, file.path, app.base, ...pages, ...others]) {
    const { headers } = await app.bare.get(target)
    assert.equal(headers['x-content-type-options'], 'nosniff', target)
    assert.equal(headers['referrer-policy'], 'no-referrer', target)
    assert.equal(headers['x-frame-options'], 'DENY', target)
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'/, target)
    assert.match(policy, /frame-ancestors 'none'/, target)
    assert.doesNotMatch(policy, /script-src(?! 'self';)|unsafe-eval|\*/, target)
  }
  const { responses } = await exchange(house.port, 'NONSENSE\r\n\r\n')
  assert.equal(responses[0]?.status, 400)
  assert.match(String(responses[0]?.headers.get('content-security-policy')), /frame-ancestors 'none'/)
})
