import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { basic, bearer, type Headers } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { logIn } from './support/login.ts'
import { BYTES, keyHeaders, locationOf, mediaScene, notKept, opened, presigned, urlIn } from './support/media-scene.ts'
import { exchange, requestHead } from './support/raw.ts'
import { expect, refusal } from './support/tenant.ts'

/** What media paths answer to the credentials of CometChat's clients (contract, section 3.1: M1 to M5, M7 to M12). */

const house = await startGatehouse({ faketime: '+0' })
after(() => house.stop())
const scene = (settings?: Readonly<Record<string, unknown>>) => mediaScene(house.admin, settings)

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
  const { app, file, link, login, pass } = await scene()
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
    [`${file.path}?fat=${login.authToken}`, {}],
    [file.path, { fat: login.authToken }],
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

test('M12: a media token of the other doors opens the same path, as a bearer and as a cookie', async () => {
  const { app, file } = await scene()
  const talk = file.path.split('/').slice(0, 5).join('/')
  const made = expect(await app.admin.post(`${app.base}/media-tokens`, { paths: [talk] }), 201)
  const token = made.json<{ tokens: Record<string, string> }>().tokens[talk] ?? ''
  opened(await app.bare.get(file.path, bearer(token)))
  opened(await app.bare.get(file.path, { cookie: `gatehouse_media=${token}` }))
  await app.conversation('d', ['ann'])
  const other = await app.upload(BYTES, { conversation: 'd', from: 'ann' })
  refusal(await app.bare.get(other.path, bearer(token)), 403)
  refusal(await app.bare.get(`${file.path}?fat=${token}`), 401)
})

test('P8, C5: a receiver’s URL, a pass and an auth token do not end because years pass', async () => {
  const { app, file, link, login, pass } = await scene()
  house.setClock(`+${5 * 366 * 24 * 3600}`)
  try {
    opened(await app.bare.get(`${file.path}?fat=${link}`))
    opened(await app.bare.get(locationOf(await app.bare.get(`${file.path}?fat=${pass}`))))
    expect(await app.bare.get('/v3.0/me', { appid: app.id, authtoken: login.authToken }), 200)
    await app.deactivate('bob')
    refusal(await app.bare.get(`${file.path}?fat=${link}`), 401)
    await app.activate('bob')
    opened(await app.bare.get(`${file.path}?fat=${link}`))
  } finally {
    house.setClock('+0')
  }
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
