import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Answer, basic, bearer, form, type Headers, targetOf } from './support/client.ts'
import { ADMIN, startGatehouse } from './support/gatehouse.ts'
import { logIn } from './support/login.ts'
import { exchange, requestHead } from './support/raw.ts'
import { type AttachmentView, createApp, expect, refusal, type Tenant } from './support/tenant.ts'

/** What media paths answer to the credentials of CometChat's clients and servers (contract, section 3.1: M1 to M11). */

const house = await startGatehouse({ faketime: '+0' })
after(() => house.stop())

const BYTES = Buffer.from('0123456789')

/** An app with the group `c` of ann and bob, a file for them, and what opens it. */
async function scene(settings: Readonly<Record<string, unknown>> = {}) {
  const app = await createApp(house.admin, settings)
  await app.conversation('c', ['ann', 'bob', 'eve'])
  await app.users('zoe')
  const file = await app.upload(BYTES, { from: 'ann' })
  const link = tokenIn(await app.link(file.id, 'bob'))
  const login = await logIn(app, 'bob')
  const pass = await login.pass()
  const key = await app.key()
  return { app, file, link, login, pass, key }
}

const tokenIn = (url: string) => url.slice(url.indexOf('?t=') + 3)
const opened = (answer: Answer) => assert.deepEqual(expect(answer, 200).body, BYTES)
const locationOf = (answer: Answer) => targetOf(expect(answer, 302).headers.location ?? '')
const urlIn = (answer: Answer) => targetOf(expect(answer, 200).json<{ data: { url: string } }>().data.url)
const keyHeaders = (app: Tenant, { secret }: { secret: string }): Headers => ({ appId: app.id, apiKey: secret })
const presigned = async (app: Tenant, { path }: AttachmentView, pass: string) =>
  locationOf(await app.bare.get(`${path}?fat=${pass}`))

/** Asserts an answer that nobody may keep. */
function notKept(answer: Answer) {
  assert.match(answer.headers['cache-control'] ?? '', /no-store/)
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
}

test('M1: without a credential 401', async () => {
  const { app, file } = await scene()
  assert.equal(refusal(await app.bare.get(file.path), 401), 'credential_missing')
})

test('M2: a recipient link opens at once, under either name, with ranges and revalidation', async () => {
  const { app, file, link } = await scene()
  for (const name of ['fat', 't']) {
    const target = `${file.path}?${name}=${link}`
    const whole = await app.bare.get(target)
    opened(whole)
    assert.match(whole.headers['cache-control'] ?? '', /private, no-cache/)
    assert.equal(expect(await app.bare.get(target, { range: 'bytes=2-4' }), 206).text, '234')
    expect(await app.bare.get(target, { 'if-none-match': whole.headers.etag ?? '' }), 304)
    assert.equal(expect(await app.bare.head(target), 200).headers['content-length'], '10')
  }
})

test('M3, M4: a pass is exchanged for a pre-signed URL, wherever it stands', async () => {
  const { app, file, pass } = await scene()
  assert.match(pass, /^[A-Za-z0-9_-]{1,64}$/)
  const ways: readonly (readonly [string, Headers])[] = [
    [`${file.path}?fat=${pass}`, {}],
    [file.path, { fat: pass }],
    [file.path, bearer(pass)],
  ]
  for (const [target, headers] of ways) {
    const answer = await app.bare.get(target, headers)
    const location = answer.headers.location ?? ''
    assert.ok(location.startsWith(`${house.url}${file.path}?Expires=`), location)
    assert.match(location, /\?Expires=\d+&Signature=[\w-]+&Key-Pair-Id=[\w-]+&Subject=[\w-]+$/)
    assert.equal(answer.text, '')
    notKept(answer)
    opened(await app.bare.get(locationOf(answer)))
    assert.equal(
      expect(await app.bare.head(target, headers), 302).headers.location?.slice(0, 30),
      location.slice(0, 30),
    )
  }
})

test('M5: with redirect=0 the URL is told in JSON, for links and passes', async () => {
  const { app, file, link, pass } = await scene()
  const ways: readonly (readonly [string, Headers])[] = [
    [`${file.path}?fat=${pass}&redirect=0`, {}],
    [`${file.path}?redirect=0&fat=${pass}`, {}],
    [`${file.path}?redirect=0`, { fat: pass }],
    [`${file.path}?redirect=0`, bearer(pass)],
    [`${file.path}?fat=${link}&redirect=0`, {}],
    [`${file.path}?t=${link}&redirect=0`, {}],
  ]
  for (const [target, headers] of ways) {
    const answer = await app.bare.get(target, headers)
    assert.match(expect(answer, 200).headers['content-type'] ?? '', /^application\/json/)
    notKept(answer)
    assert.deepEqual(Object.keys(answer.json<{ data: object }>()), ['data'])
    const url = urlIn(answer)
    assert.match(url, /\?Expires=/)
    opened(await app.bare.get(url))
    assert.equal(expect(await app.bare.head(target, headers), 200).text, '')
  }
})

test('a pre-signed URL is the same within a minute', async () => {
  const { app, file, pass } = await scene()
  let [one, other] = ['', 'x']
  // A minute may begin between the two: then the next two lie in one.
  for (let tries = 0; tries < 3 && one !== other; tries++) {
    ;[one, other] = [await presigned(app, file, pass), await presigned(app, file, pass)]
  }
  assert.equal(one, other)
})

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

test('M7: after its end a pre-signed URL is refused with 403', async () => {
  const { app, file, pass } = await scene()
  const url = await presigned(app, file, pass)
  house.setClock('+299')
  try {
    const early = await app.bare.get(url)
    assert.ok(early.status === 200 || early.status === 403, 'up to a minute of the five may be gone')
    house.setClock('+301')
    assert.equal(refusal(await app.bare.get(url), 403), 'presigned_expired')
    opened(await app.bare.get(await presigned(app, file, pass)))
  } finally {
    house.setClock('+0')
  }
})

test('M8: what does not hold is 401, whatever is wrong with it', async () => {
  const { app, file, link, pass } = await scene()
  const url = await presigned(app, file, pass)
  const flip = (text: string) => `${text.slice(0, -6)}${text.at(-6) === 'A' ? 'B' : 'A'}${text.slice(-5)}`
  const rows: readonly (readonly [string, Headers])[] = [
    [`${file.path}?fat=`, {}],
    [`${file.path}?fat=nonsense`, {}],
    [`${file.path}?fat=${flip(link)}`, {}],
    [`${file.path}?fat=${flip(pass)}`, {}],
    [`${file.path}?fat=${flip(pass)}&redirect=0`, {}],
    [`${file.path}?fat=${pass}x`, {}],
    [`${file.path}?fat=${encodeURIComponent(`${pass} `)}`, {}],
    [file.path, { fat: flip(pass) }],
    [file.path, bearer(flip(pass))],
    [url.replace(/Signature=[^&]+/, (pair) => flip(pair)), {}],
    [url.replace(/Expires=\d+/, 'Expires=9999999999'), {}],
    [url.replace(/Expires=\d+&/, ''), {}],
    [url.replace(/Subject=[^&]+/, (pair) => flip(pair)), {}],
    [url.replace(/Key-Pair-Id=[^&]+/, 'Key-Pair-Id=other'), {}],
    [`${file.path}?${url.split('&').at(-1)}`, {}],
  ]
  for (const [target, headers] of rows) refusal(await app.bare.get(target, headers), 401)
})

test('M8: with the user or the session gone every form is 401, and comes back unchanged with the user', async () => {
  const { app, file, link, login, pass } = await scene()
  const url = await presigned(app, file, pass)
  const byLink = urlIn(await app.bare.get(`${file.path}?fat=${link}&redirect=0`))
  const forms: readonly (readonly [string, Headers])[] = [
    [`${file.path}?fat=${link}`, {}],
    [`${file.path}?fat=${pass}`, {}],
    [`${file.path}?fat=${pass}&redirect=0`, {}],
    [file.path, { fat: pass }],
    [file.path, bearer(pass)],
    [url, {}],
    [byLink, {}],
  ]
  await app.deactivate('bob')
  for (const [target, headers] of forms) {
    assert.equal(refusal(await app.bare.get(target, headers), 401), 'subject_suspended', target)
  }
  await app.activate('bob')
  for (const [target, headers] of forms) expect(await app.bare.get(target, headers), 200, 302)
  await app.deactivate('ann')
  for (const [target, headers] of forms) expect(await app.bare.get(target, headers), 200, 302)

  const out = await app.bare.send('DELETE', '/v3.0/me', { headers: { appid: app.id, authtoken: login.authToken } })
  expect(out, 200)
  for (const [target, headers] of forms) {
    const answer = await app.bare.get(target, headers)
    // The link, and what was made for it, do not belong to the session.
    if (target.includes(link) || target === byLink) expect(answer, 200)
    else assert.equal(refusal(answer, 401), 'session_ended', target)
  }
})

test('M9: whoever is no receiver, or not any more, is refused with 403', async () => {
  const { app, file, link, pass } = await scene({ revokeOnLeave: true })
  const zoe = await (await logIn(app, 'zoe')).pass()
  for (const target of [`${file.path}?fat=${zoe}`, `${file.path}?fat=${zoe}&redirect=0`]) {
    assert.equal(refusal(await app.bare.get(target), 403), 'not_a_receiver')
  }
  const url = await presigned(app, file, pass)
  expect(await app.admin.delete(`${app.base}/conversations/c/members/bob`), 200, 204)
  for (const target of [`${file.path}?fat=${link}`, `${file.path}?fat=${pass}`, url]) {
    assert.equal(refusal(await app.bare.get(target), 403), 'not_a_member')
  }
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

test('M10: what is not there is 404 to those who could read it, and to everybody else as if it were there', async () => {
  const { app, file, link, pass, key } = await scene()
  const zoe = await (await logIn(app, 'zoe')).pass()
  const url = await presigned(app, file, pass)
  const service = urlIn(await app.bare.get(file.path, keyHeaders(app, key)))
  const there = await Promise.all(
    ['', `?fat=${zoe}`, '?fat=nonsense'].map(async (query) => (await app.bare.get(file.path + query)).status),
  )
  expect(await app.admin.delete(`${app.base}/attachments/${file.id}`), 200, 204)
  const gone = await Promise.all(
    ['', `?fat=${zoe}`, '?fat=nonsense'].map(async (query) => (await app.bare.get(file.path + query)).status),
  )
  assert.deepEqual(gone, there)
  assert.deepEqual(gone, [401, 403, 401])
  for (const target of [`${file.path}?fat=${link}`, url, service]) refusal(await app.bare.get(target), 404)
  refusal(await app.bare.get(file.path, keyHeaders(app, key)), 404)
  // A pass does not say what its user received, and nobody knows any more.
  assert.equal(refusal(await app.bare.get(`${file.path}?fat=${pass}`), 403), 'not_a_receiver')
})

test('M11: two explicit credentials are 400, and a cookie beside one is ignored', async () => {
  const { app, file, link, pass, key } = await scene()
  const url = await presigned(app, file, pass)
  const one: readonly (readonly [string, string, Headers])[] = [
    ['fat', `fat=${link}`, {}],
    ['t', `t=${link}`, {}],
    ['pass', `fat=${pass}`, {}],
    ['presigned', url.slice(url.indexOf('?') + 1), {}],
    ['header', '', { fat: pass }],
    ['key', '', { apiKey: key.secret }],
    ['bearer', '', bearer(pass)],
    ['basic', '', basic(key.id, key.secret)],
  ]
  for (const [index, [name, query, headers]] of one.entries()) {
    for (const [other, otherQuery, otherHeaders] of one.slice(index + 1)) {
      const same = Object.keys(headers).find((header) => header in otherHeaders)
      if (same !== undefined) continue
      const target = `${file.path}?${[query, otherQuery].filter(Boolean).join('&')}`
      const answer = await app.bare.get(target, { ...headers, ...otherHeaders })
      assert.equal(refusal(answer, 400), 'credential_conflict', `${name} and ${other}`)
    }
  }
  const head = requestHead('GET', file.path, { fat: pass }).replace('\r\n\r\n', `\r\nFAT: ${pass}\r\n\r\n`)
  assert.equal((await exchange(house.port, head)).responses[0]?.status, 400)
  opened(await app.bare.get(`${file.path}?fat=${link}`, { cookie: 'gatehouse_media=nonsense' }))
  expect(await app.bare.get(file.path, { fat: pass, cookie: 'gatehouse_media=nonsense' }), 302)
})

test('a public attachment answers 200 whatever comes along', async () => {
  const { app, link, pass, login, key } = await scene()
  const file = await app.upload(BYTES, { access: 'public' })
  await app.deactivate('bob')
  const rows: readonly (readonly [string, Headers])[] = [
    ['', {}],
    ['?fat=nonsense', {}],
    ['?fat=', {}],
    [`?fat=${link}`, {}],
    [`?fat=${pass}`, {}],
    [`?fat=${pass}&redirect=0`, {}],
    [`?fat=${pass}&t=x`, {}],
    ['?Expires=1', {}],
    ['', { fat: pass }],
    ['', bearer(pass)],
    ['', keyHeaders(app, key)],
    ['', { apiKey: 'nonsense', onBehalfOf: 'bob' }],
    ['', { authToken: login.authToken }],
  ]
  for (const [query, headers] of rows) opened(await app.bare.get(file.path + query, headers))
})

test('a pass opens nothing outside of conversations, and no call', async () => {
  const { app, pass, login } = await scene()
  const outside = await app.upload(BYTES, { conversation: null, recipients: ['bob'] })
  for (const query of [`?fat=${pass}`, `?fat=${pass}&redirect=0`]) {
    assert.equal(refusal(await app.bare.get(outside.path + query), 403), 'resource_not_granted')
  }
  refusal(await app.bare.get(app.base, bearer(pass)), 403)
  refusal(await app.bare.get(app.base, bearer(login.authToken)), 401)
  for (const headers of [
    { appid: app.id, authtoken: pass },
    { appid: app.id, apikey: pass },
    { appid: app.id, apikey: login.authToken },
  ] as readonly Headers[]) {
    expect(await app.bare.get('/v3.0/me', headers), 401)
    expect(await app.bare.get('/v3/users', headers), 401)
  }
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
