import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { form, type Headers, targetOf } from './support/client.ts'
import { ADMIN, startGatehouse } from './support/gatehouse.ts'
import { BYTES, keyHeaders, locationOf, mediaScene, notKept, opened, presigned, urlIn } from './support/media-scene.ts'
import { createApp, expect, refusal } from './support/tenant.ts'

/** What CometChat's servers, pages and login walls are given at media paths (contract, sections 2 and 3.1: M6, M9), and what it ends with. */

const house = await startGatehouse({ faketime: '+0' })
after(() => house.stop())
const scene = (settings?: Readonly<Record<string, unknown>>) => mediaScene(house.admin, settings)

test('M6: an API key is told of a URL that opens for an hour, and dies with the key', async () => {
  const { app, file, key } = await scene()
  const told = await app.bare.get(file.path, keyHeaders(app, key))
  notKept(told)
  const url = urlIn(told)
  assert.ok(url.startsWith(`${file.path}?fat=`), url)
  assert.match(url.slice(url.indexOf('=') + 1), /^[A-Za-z0-9_-]{1,43}$/)
  opened(await app.bare.get(url))
  opened(await app.bare.get(`${url}&redirect=0`))
  assert.equal(
    locationOf(await app.bare.get(`${file.path}?redirect=1`, keyHeaders(app, key))).split('=')[0],
    url.split('=')[0],
  )
  house.setClock('+3601')
  try {
    assert.equal(refusal(await app.bare.get(url), 401), 'token_expired')
  } finally {
    house.setClock('+0')
  }
  const fresh = urlIn(await app.bare.get(file.path, keyHeaders(app, key)))
  opened(await app.bare.get(fresh))
  expect(await app.admin.delete(`${app.base}/keys/${key.id}`), 200, 204)
  refusal(await app.bare.get(fresh), 401)
  refusal(await app.bare.get(file.path, keyHeaders(app, key)), 401)
})

test('M6: a key that may not read is refused, one of another app is unknown', async () => {
  const { app, file, login } = await scene()
  const other = await createApp(house.admin)
  const authOnly = await app.key([{ actions: ['issue'], resource: `/apps/${app.id}/users` }])
  assert.equal(refusal(await app.bare.get(file.path, keyHeaders(app, authOnly)), 403), 'resource_not_granted')
  const foreign = await other.key()
  assert.equal(refusal(await app.bare.get(file.path, keyHeaders(app, foreign)), 401), 'credential_unknown')
  refusal(await app.bare.get(file.path, keyHeaders(other, await app.key())), 401)
  refusal(await app.bare.get(file.path, keyHeaders(other, foreign)), 401)
  refusal(await app.bare.get('/apps/nowhere/k/f', { appid: 'nowhere', apikey: ADMIN.secret }), 404)
  assert.equal(refusal(await app.bare.get(file.path, { apiKey: login.authToken }), 401), 'credential_unknown')
  assert.equal(refusal(await app.bare.get(file.path, { apiKey: 'nonsense' }), 401), 'credential_unknown')
})

test('M6: on behalf of a user a server is told of their own link, where it may issue one', async () => {
  const { app, file, link, key } = await scene()
  const headers = keyHeaders(app, key)
  assert.equal(urlIn(await app.bare.get(file.path, { ...headers, onBehalfOf: 'bob' })), `${file.path}?fat=${link}`)
  assert.equal(urlIn(await app.bare.get(file.path, { ...headers, onBehalfOf: 'BOB' })), `${file.path}?fat=${link}`)
  const sent = await app.bare.get(`${file.path}?redirect=1`, { ...headers, onBehalfOf: 'bob' })
  assert.equal(locationOf(sent), `${file.path}?fat=${link}`)
  for (const nobody of ['zoe', 'nobody', 'a/b', 'x'.repeat(300)]) {
    assert.equal(refusal(await app.bare.get(file.path, { ...headers, onBehalfOf: nobody }), 404), 'not_found')
  }
  await app.deactivate('eve')
  refusal(await app.bare.get(file.path, { ...headers, onBehalfOf: 'eve' }), 404)
  const reader = await app.key([{ actions: ['read'], resource: `/apps/${app.id}` }])
  const asked = await app.bare.get(file.path, { ...keyHeaders(app, reader), onBehalfOf: 'bob' })
  assert.equal(refusal(asked, 403), 'action_not_granted')
  // Without a key it means nothing.
  opened(await app.bare.get(`${file.path}?fat=${link}`, { onBehalfOf: 'ann' }))
})

test('a file whose links have ended is not passed on, which would give it new ones', async () => {
  const { app, file, login } = await scene({ linkSeconds: 600 })
  const send = () =>
    app.bare.post(
      '/v3.0/messages',
      {
        ...{ type: 'image', category: 'message', receiver: 'ann', receiverType: 'user' },
        data: { attachments: [{ url: file.url, name: 'a.bin', mimeType: 'image/png', extension: 'bin', size: 10 }] },
      },
      { appid: app.id, authtoken: login.authToken },
    )
  expect(await send(), 200)
  house.setClock('+601')
  try {
    assert.match(expect(await send(), 403).text, /ERR_PERMISSION_DENIED/)
  } finally {
    house.setClock('+0')
  }
})

test('an upload ticket ends with the session or the key that asked for it', async () => {
  const { app, login, key } = await scene()
  const files = { f: { fileId: 'f', name: 'a.txt', size: 5, mimeType: 'text/plain' } }
  const ask = async (headers: Headers) => {
    const to = { files, receiver: 'ann', receiverType: 'user' }
    const answer = expect(await app.bare.post('/v3/files/upload-url', to, { appid: app.id, ...headers }), 200)
    type Offer = { data: { f: { request: { url: string; body: { ticket: string } } } } }
    const { url, body } = answer.json<Offer>().data.f.request
    const sent = form(Object.entries(body), { name: 'a.txt', type: 'text/plain', bytes: Buffer.from('12345') })
    return async () => (await app.bare.post(targetOf(url), sent.body, sent.headers)).status
  }
  const byClient = await ask({ authtoken: login.authToken })
  const byServer = await ask({ apikey: key.secret, onbehalfof: 'bob' })
  const byOperator = await ask({ apikey: ADMIN.secret, onbehalfof: 'bob' })
  await app.revoke({ session: login.id })
  assert.equal(await byClient(), 403)
  expect(await app.admin.post(`${app.base}/keys/${key.id}/deactivate`), 200)
  assert.equal(await byServer(), 403)
  expect(await app.admin.post(`${app.base}/keys/${key.id}/activate`), 200)
  assert.equal(await byServer(), 204)
  await app.revoke({ key: key.id })
  assert.equal(await byServer(), 403)
  await app.deactivate('bob')
  assert.equal(await byOperator(), 403)
  await app.activate('bob')
  assert.equal(await byOperator(), 204)
})

test('names that would be taken for a token are spelt otherwise in URLs, and open', async () => {
  const { app, pass } = await scene()
  const file = await app.upload(BYTES, { name: 'father.png' })
  const url = await presigned(app, file, pass)
  assert.ok(url.includes('/f%61ther.png?'), url)
  opened(await app.bare.get(url))
})

test('pages of listed origins may ask with the headers of clients, and read what they are told', async () => {
  const { app, file, pass } = await scene({ allowedOrigins: ['https://chat.test'] })
  const origin = 'https://chat.test'
  const asked = { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'fat' }
  const preflight = await app.bare.send('OPTIONS', file.path, { headers: asked })
  expect(preflight, 204)
  assert.match(preflight.headers['access-control-allow-methods'] ?? '', /GET, HEAD/)
  const allowed = (preflight.headers['access-control-allow-headers'] ?? '').split(', ')
  for (const name of ['fat', 'appid', 'apikey', 'onbehalfof', 'authorization', 'range', 'x-gatehouse-wall']) {
    assert.ok(allowed.includes(name), name)
  }
  expect(await app.bare.send('OPTIONS', file.path, { headers: { ...asked, origin: 'https://evil.test' } }), 403)
  for (const [target, headers, status] of [
    [`${file.path}?redirect=0`, { fat: pass }, 200],
    [file.path, { fat: pass }, 302],
  ] as const) {
    const answer = expect(await app.bare.get(target, { ...headers, origin }), status)
    assert.equal(answer.headers['access-control-allow-origin'], origin)
    assert.match(answer.headers.vary ?? '', /Origin/)
    const other = await app.bare.get(target, { ...headers, origin: 'https://evil.test' })
    assert.equal(other.headers['access-control-allow-origin'], undefined)
  }
  const refused = await app.bare.get(file.path, { fat: 'nonsense', origin })
  assert.equal(refused.headers['access-control-allow-origin'], undefined)
})

test('an exchange is no view; what follows its URL is', async () => {
  const { app, file, pass } = await scene()
  const url = await presigned(app, file, pass)
  opened(await app.bare.get(url))
  type Line = { status: number; count: number; user: string | null; credential: string; allowed: boolean }
  let lines: readonly Line[] = []
  while (lines.length < 2) {
    const answer = expect(await app.admin.get(`${app.base}/views?resource=${encodeURIComponent(file.path)}`), 200)
    lines = answer.json<{ items: Line[] }>().items
  }
  const told = lines.map(({ status, count, user, credential, allowed }) => ({
    status,
    count,
    user,
    credential,
    allowed,
  }))
  assert.deepEqual(
    told.sort((a, b) => a.status - b.status),
    [
      { status: 200, count: 1, user: 'bob', credential: 'presigned', allowed: true },
      { status: 302, count: 0, user: 'bob', credential: 'pass', allowed: true },
    ],
  )
})

test('M9: where the app has a login wall with a secret, users need its word', async () => {
  const { app, file, link, pass, key } = await scene()
  const url = await presigned(app, file, pass)
  const service = urlIn(await app.bare.get(file.path, keyHeaders(app, key)))
  await app.settings({
    loginWall: 'https://wall.test/see/',
    loginWallSecret: 'the word of the wall'.replaceAll(' ', '-'),
  })
  const word = { 'X-Gatehouse-Wall': 'the-word-of-the-wall' }
  for (const target of [`${file.path}?fat=${link}`, url]) {
    assert.equal(refusal(await app.bare.get(target), 403), 'wall_missing')
    assert.equal(refusal(await app.bare.get(target, { 'X-Gatehouse-Wall': 'another' }), 403), 'wall_missing')
    opened(await app.bare.get(target, word))
  }
  assert.equal(refusal(await app.bare.get(`${file.path}?fat=${pass}`), 403), 'wall_missing')
  assert.equal(
    refusal(await app.bare.get(`${file.path}?fat=${pass}`, { ...word, 'x-gatehouse-wall': 'no' }), 403),
    'wall_missing',
  )
  opened(await app.bare.get(await locationOf(await app.bare.get(`${file.path}?fat=${pass}`, word)), word))
  const document = expect(await app.bare.get(`${file.path}?fat=${pass}&redirect=0`, word), 200)
  assert.ok(document.json<{ data: { url: string } }>().data.url.startsWith(`https://wall.test/see/${house.url}`))
  opened(await app.bare.get(service))
  const shown = expect(await app.admin.get(app.base), 200).json<{ settings: { loginWallSecret: string } }>()
  assert.match(shown.settings.loginWallSecret, /^sha256:[0-9a-f]{64}$/)
  await app.settings({ loginWallSecret: shown.settings.loginWallSecret })
  opened(await app.bare.get(url, word))
  refusal(await app.bare.get(url, { 'X-Gatehouse-Wall': shown.settings.loginWallSecret }), 403)
  await app.settings({ loginWallSecret: null })
  opened(await app.bare.get(url))
})
