import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { after, test } from 'node:test'
import { basic, bearer, type Headers } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { exchange, requestHead } from './support/raw.ts'
import { createApp, expect, keyed, refusal } from './support/tenant.ts'
import { base64url, type Claims, offlineToken, readClaims, signText } from './support/tokens.ts'

const house = await startGatehouse()
after(() => house.stop())
const app = await createApp(house.admin)
await app.conversation('c', ['ann', 'bob'])
const file = await app.upload(Buffer.from('the file'))
const key = await app.key()
const link = await app.link(file.id, 'bob')
const t = link.slice(link.indexOf('?t=') + 3)
const everything = `/apps/${app.id}`
const good = offlineToken(key, readClaims(everything))

test('each form of each credential opens by itself', async () => {
  const rows: readonly (readonly [target: string, headers: Headers])[] = [
    [link, {}],
    [`${file.path}?t=${good}`, {}],
    [file.path, bearer(good)],
    [file.path, { authorization: `bearer ${good}` }],
    [file.path, keyed(key)],
    [file.path, { authorization: keyed(key).authorization?.replace('Basic', 'BASIC') ?? '' }],
    [file.path, keyed(key, 'bearer')],
    [file.path, { cookie: `gatehouse_media=${good}` }],
    [file.path, { cookie: `a=b; gatehouse_media=${good}; c=d` }],
  ]
  for (const [target, headers] of rows) {
    assert.equal(
      expect(await app.bare.get(target, headers), 200).text,
      'the file',
      JSON.stringify(Object.keys(headers)),
    )
  }
})

test('two explicit credentials are a conflict, even where each would do', async () => {
  for (const headers of [bearer(good), keyed(key), bearer('nonsense'), basic('nobody', 'x')]) {
    assert.equal(refusal(await app.bare.get(link, headers), 400), 'credential_conflict')
  }
  refusal(await app.bare.get(`${file.path}?t=${t}&t=${good}`), 400)
  const twice = `Authorization: Bearer ${good}\r\n`
  const head = requestHead('GET', file.path).replace('\r\n\r\n', `\r\n${twice}Authorization: Basic eDp5\r\n\r\n`)
  const [answer] = (await exchange(house.port, head)).responses
  assert.ok(answer?.status === 400 || answer?.status === 401, `two Authorization headers: ${answer?.status}`)
})

test('a cookie beside an explicit credential is ignored, whichever of the two is good', async () => {
  expect(await app.bare.get(link, { cookie: 'gatehouse_media=nonsense' }), 200)
  expect(await app.bare.get(file.path, { ...bearer(good), cookie: 'gatehouse_media=nonsense' }), 200)
  refusal(await app.bare.get(`${file.path}?t=nonsense`, { cookie: `gatehouse_media=${good}` }), 401)
  refusal(await app.bare.get(file.path, { ...bearer('nonsense'), cookie: `gatehouse_media=${good}` }), 401)
})

test('the API is opened by the Authorization header alone, since browsers send cookies from any page', async () => {
  const { token } = await app.token([{ actions: ['manage'], resource: everything }])
  expect(await app.bare.get(app.base, bearer(token)), 200)
  assert.equal(refusal(await app.bare.get(app.base, { cookie: `gatehouse_media=${token}` }), 401), 'credential_missing')
})

test('several cookies of the name are each tried, up to sixteen', async () => {
  const cookies = (before: number) => ({
    cookie: [...Array.from({ length: before }, (_, n) => `gatehouse_media=bad${n}`), `gatehouse_media=${good}`].join(
      '; ',
    ),
  })
  expect(await app.bare.get(file.path, cookies(1)), 200)
  expect(await app.bare.get(file.path, cookies(15)), 200)
  refusal(await app.bare.get(file.path, cookies(16)), 400, 401)
  refusal(await app.bare.get(file.path, { cookie: `Gatehouse_Media=${good}` }), 401)
})

test('what is no credential is refused as one, and never breaks the server', async () => {
  const headers: readonly string[] = [
    'Basic',
    'Basic ',
    'Basic %%%',
    'Basic bm9jb2xvbg==',
    'Basic Og==',
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer \t',
    `Bearer ${'a'.repeat(9000)}`,
    'Digest username="x"',
    'Negotiate x',
    'x',
    `Basic ${'A'.repeat(9000)}`,
    'Bearer \u00e9',
    `Basic ${Buffer.from([0xff, 0xfe, 0x3a, 0x00]).toString('base64')}`,
    `Bearer ${good} ${good}`,
    `Token ${good}`,
  ]
  for (const authorization of headers) {
    const head = Buffer.from(requestHead('GET', file.path, { Authorization: authorization }), 'latin1')
    const [answer] = (await exchange(house.port, head)).responses
    assert.ok(answer && [400, 401].includes(answer.status), `${authorization.slice(0, 40)}: ${answer?.status}`)
  }
  for (const query of [
    't=',
    't',
    't=%00',
    't=a%20b',
    `t=${'a'.repeat(9000)}`,
    'T=x',
    't=%zz',
    't=..%2f',
    `t=${t}x`,
    `t=${t.slice(1)}`,
  ]) {
    const { status } = await app.bare.get(`${file.path}?${query}`)
    assert.ok([400, 401].includes(status), `${query.slice(0, 40)}: ${status}`)
  }
  for (let at = 0; at < t.length; at++) {
    const changed = `${t.slice(0, at)}${t[at] === 'A' ? 'B' : 'A'}${t.slice(at + 1)}`
    const { status } = await app.bare.get(`${file.path}?t=${changed}`)
    assert.ok(status === 401 || status === 403, `character ${at} of a link changed: ${status}`)
  }
})

/** Hostile spellings of an offline token (security.md, T1 to T4), each with the clause that it offends. */
function hostile(): readonly (readonly [name: string, token: string])[] {
  const claims = readClaims(everything)
  const header = { alg: 'HS256', typ: 'JWT', kid: key.id }
  const payload = JSON.stringify(claims)
  const [h = '', p = '', s = ''] = offlineToken(key, claims).split('.')
  const signed = (h2: string, p2: string) =>
    `${h2}.${p2}.${createHmac('sha256', key.secret).update(`${h2}.${p2}`).digest('base64url')}`
  const raw = (text: string | Buffer) => signText(JSON.stringify(header), text as string, key.secret)
  const withHeader = (more: Claims) => offlineToken(key, claims, more)
  const withClaims = (more: Claims) => offlineToken(key, { ...claims, ...more })
  const now = Math.floor(Date.now() / 1000)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const ed = generateKeyPairSync('ed25519')
  const by = (alg: string, hash: string | null, privateKey: typeof rsa.privateKey, more: Claims = {}) => {
    const input = `${base64url(JSON.stringify({ ...header, alg, ...more }))}.${base64url(payload)}`
    return `${input}.${sign(hash, Buffer.from(input), privateKey).toString('base64url')}`
  }
  const nested = `${'['.repeat(20)}${']'.repeat(20)}`
  return [
    ['alg none, no signature (RFC 8725, 2.1)', `${base64url(JSON.stringify({ ...header, alg: 'none' }))}.${p}.`],
    ['alg none with a signature', withHeader({ alg: 'none' })],
    ['alg nOnE', withHeader({ alg: 'nOnE' })],
    ['alg HS384 over an HS256 signature', withHeader({ alg: 'HS384' })],
    ['alg hs256', withHeader({ alg: 'hs256' })],
    ['alg missing', withHeader({ alg: undefined })],
    ['alg not a string', withHeader({ alg: ['HS256'] })],
    ['signed by RSA', by('RS256', 'sha256', rsa.privateKey)],
    ['signed by Ed25519', by('EdDSA', null, ed.privateKey)],
    [
      'key in the header (RFC 8725, 3.10)',
      by('EdDSA', null, ed.privateKey, { jwk: ed.publicKey.export({ format: 'jwk' }) }),
    ],
    ...['crit', 'b64', 'zip', 'enc', 'jku', 'x5u', 'jwk', 'x5c'].map(
      (name) =>
        [`header ${name}`, withHeader({ [name]: name === 'crit' ? ['exp'] : name === 'b64' ? true : 'x' })] as const,
    ),
    ['kid of nobody', withHeader({ kid: 'nobody' })],
    ['kid missing', withHeader({ kid: undefined })],
    ['kid a path', withHeader({ kid: '../../etc/passwd' })],
    ['kid __proto__', withHeader({ kid: '__proto__' })],
    ['kid a number', withHeader({ kid: 7 })],
    ['kid too long', withHeader({ kid: 'k'.repeat(200) })],
    ['header too large', withHeader({ pad: 'x'.repeat(2000) })],
    ['token too large', withClaims({ pad: 'x'.repeat(9000) })],
    [
      'duplicate header member (RFC 8725, 2.4)',
      signed(base64url(`{"alg":"HS256","alg":"HS256","kid":"${key.id}"}`), p),
    ],
    ['duplicate claim', raw(payload.replace('{', '{"exp":1,'))],
    ['duplicate claim, escaped', raw(payload.replace('{', '{"\\u0065xp":1,'))],
    ['depth', raw(payload.replace('{', `{"deep":${nested},`))],
    ['payload an array', raw('[]')],
    ['payload null', raw('null')],
    ['payload no JSON', raw('{')],
    [
      'payload not UTF-8',
      signed(
        h,
        Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]).toString('base64url'),
      ),
    ],
    ['byte order mark', raw(`\ufeff${payload}`)],
    ['padding', `${h}.${p}.${s}=`],
    [
      'base64 alphabet',
      signed(h, Buffer.from(payload.replace('{', '{"x":"???>>>",')).toString('base64').replace(/=/g, '')),
    ],
    ['last character respelled (RFC 4648, 3.5)', `${h}.${p}.${respelled(s)}`],
    ['payload respelled', `${h}.${p}A.${s}`],
    ['whitespace', `${h}.${p}.${s}%20`],
    ['two segments', `${h}.${p}`],
    ['four segments', `${h}.${p}.${s}.${s}`],
    ['empty payload', signed(h, '')],
    ['empty segments', '..'],
    ['signature too short', `${h}.${p}.${s.slice(0, 20)}`],
    ['signature of zeros', `${h}.${p}.${base64url(Buffer.alloc(32))}`],
    ['expired', withClaims({ exp: now - 1 })],
    ['no exp', withClaims({ exp: undefined })],
    ['exp a string', withClaims({ exp: String(now + 60) })],
    ['exp a fraction', withClaims({ exp: now + 60.5 })],
    ['exp huge', raw(payload.replace(/"exp":\d+/, '"exp":1e400'))],
    ['exp null', withClaims({ exp: null })],
    ['iat in the future', withClaims({ iat: now + 3000, exp: now + 6000 })],
    ['iat negative', withClaims({ iat: -1 })],
    ['not valid yet', withClaims({ nbf: now + 3000 })],
    ['no jti', withClaims({ jti: undefined })],
    ['jti an object', withClaims({ jti: {} })],
    ['sub a number', withClaims({ sub: 7 })],
    ['no grants', withClaims({ grants: undefined })],
    ['grants an object', withClaims({ grants: {} })],
    ['unknown action', withClaims({ grants: [{ actions: ['read', 'fly'], resource: everything }] })],
    ['resource not canonical', withClaims({ grants: [{ actions: ['read'], resource: `${everything}/../x` }] })],
    ['resource a number', withClaims({ grants: [{ actions: ['read'], resource: 1 }] })],
    ['claims of two kinds', withClaims({ apikey: key.id })],
    ['random', randomBytes(100).toString('base64url')],
  ]
}

test('hostile tokens are all refused with 401, in the header, the query and the cookie', async () => {
  for (const [name, token] of hostile()) {
    const ways = [
      ['bearer', file.path, { Authorization: `Bearer ${decodeURIComponent(token)}` }],
      ['query', `${file.path}?t=${token}`, {}],
      ['cookie', file.path, { Cookie: `gatehouse_media=${decodeURIComponent(token)}` }],
    ] as const
    for (const [way, target, headers] of ways) {
      // A token beyond what fits a request line or cookie may be cut off earlier, by the parser.
      // `nbf` narrows the grants, so the token is good and its time has not come.
      const early = name === 'not valid yet' ? [401, 403] : [401]
      const allowed = token.length > 8000 ? [400, 401, 414, 431] : token.includes('%20') ? [200, 400, 401] : early
      const [answer] = (await exchange(house.port, requestHead('GET', target, headers))).responses
      assert.ok(answer && allowed.includes(answer.status), `${name}, ${way}: ${answer?.status}`)
      if (answer.status === 401) {
        assert.match(answer.headers.get('www-authenticate') ?? '', /Bearer/)
        assert.ok(!answer.body.includes(token.slice(-30)), `${name}: the token comes back in the refusal`)
      }
    }
  }
})

test('limits only narrow, and an unknown one denies', async () => {
  const limited = (limits: object) =>
    offlineToken(key, readClaims(everything, { grants: [{ actions: ['read'], resource: everything, limits }] }))
  const now = new Date(Date.now() + 60_000).toISOString()
  const rows: readonly (readonly [limits: object, headers: Headers, status: number])[] = [
    [{ ip: ['127.0.0.0/8'] }, {}, 200],
    [{ ip: ['203.0.113.7', '2001:db8::/48'] }, {}, 403],
    [{ ip: ['203.0.113.7'] }, { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7' }, 403],
    [{ ip: [] }, {}, 403],
    [{ userAgent: 'Suite/1' }, { 'user-agent': 'Suite/1' }, 200],
    [{ userAgent: 'Suite/1' }, { 'user-agent': 'Suite/2' }, 403],
    [{ userAgent: 'Suite/1' }, {}, 403],
    [{ origin: ['https://a.example'] }, { origin: 'https://a.example' }, 200],
    [{ origin: ['https://a.example'] }, { referer: 'https://a.example/page?x' }, 200],
    [{ origin: ['https://a.example'] }, { origin: 'https://a.example.evil.test' }, 403],
    [{ origin: ['https://a.example'] }, {}, 403],
    [{ notBefore: now }, {}, 403],
    [{ weekday: 'monday' }, {}, 403],
  ]
  for (const [limits, headers, status] of rows) {
    const answer = await app.bare.get(file.path, { ...bearer(limited(limits)), ...headers })
    assert.equal(answer.status, status, `${JSON.stringify(limits)} with ${JSON.stringify(headers)}`)
  }
})

test('a forged link says nothing about whether its app exists', async () => {
  const forged = `A${'Q'.repeat(39)}`
  const [known, unknown] = [
    await app.bare.get(`${everything}/x?t=${forged}`),
    await app.bare.get(`/apps/nonesuch/x?t=${forged}`),
  ]
  assert.equal(refusal(known, 401), refusal(unknown, 401))
})

test('what a key has signed ends with the key, whatever it says itself', async (t) => {
  const clocked = await startGatehouse({ faketime: '+0' })
  t.after(clocked.kill)
  const own = await createApp(clocked.admin)
  await own.conversation('c', ['ann', 'bob'])
  const { path } = await own.upload(Buffer.from('x'))
  const short = expect(await own.admin.post(`${own.base}/keys`, { name: 'short', seconds: 600 }), 201)
  const token = offlineToken(short.json(), readClaims(`/apps/${own.id}`))
  expect(await own.bare.get(path, bearer(token)), 200)
  clocked.setClock('+601')
  assert.equal(refusal(await own.bare.get(path, keyed(short.json())), 401), 'token_expired')
  assert.equal(refusal(await own.bare.get(path, bearer(token)), 401), 'token_expired')
})

test('an answer kept for a repeated request is for its own credential, not for a token of the same key', async () => {
  const make = (headers: Headers) =>
    app.bare.post(`${app.base}/keys`, { name: 'kept' }, { ...headers, 'idempotency-key': 'kept' })
  const { secret } = expect(await make(keyed(key)), 201).json<{ secret: string }>()
  assert.equal(expect(await make(keyed(key)), 201).json<{ secret: string }>().secret, secret)
  const narrow = [{ actions: ['manage'], resource: everything, limits: { ip: ['127.0.0.0/8'] } }]
  const other = await make(bearer(offlineToken(key, readClaims(everything, { grants: narrow }))))
  assert.ok(!other.text.includes(secret))
})

test('a token signed offline lives no longer than its app lets tokens live', async () => {
  const own = await createApp(house.admin, { tokenSeconds: 3600 })
  await own.conversation('c', ['ann', 'bob'])
  const { path } = await own.upload(Buffer.from('x'))
  const signer = await own.key()
  const issued = (ago: number) => {
    const iat = Math.floor(Date.now() / 1000) - ago
    return offlineToken(signer, readClaims(`/apps/${own.id}`, { iat, exp: iat + 1_000_000_000 }))
  }
  expect(await own.bare.get(path, bearer(issued(3000))), 200)
  const old = issued(3700)
  assert.equal(refusal(await own.bare.get(path, bearer(old)), 401), 'token_expired')
  await own.settings({ tokenSeconds: 7200 })
  expect(await own.bare.get(path, bearer(old)), 200)
})

test('the inspector says of the keys of others only what it says of those that do not exist', async () => {
  const other = await createApp(house.admin)
  const mine = house.admin.as(keyed(key))
  const ask = async (kid: string, secret: string) => {
    const token = offlineToken({ id: kid, secret }, readClaims(everything, { jti: 't', iat: 1, exp: 2 }))
    const { text } = expect(await mine.post('/v1/tokens/inspect', { token }), 200)
    return text.replaceAll(kid, 'the key')
  }
  const unknown = await ask('f'.repeat(24), 'x')
  const foreign = await other.key()
  assert.equal(await ask(foreign.id, 'x'), unknown)
  assert.equal(await ask('admin', 'x'), unknown)
  assert.match(await ask(key.id, 'x'), /"state":"active"/)
  expect(await other.admin.post(`${other.base}/keys/${foreign.id}/deactivate`), 200)
  assert.equal(await ask(foreign.id, foreign.secret), unknown)
  const links = await Promise.all(
    [other.id, 'nonesuch'].map(async (id) => {
      const question = { token: `A${'Q'.repeat(39)}`, url: `/apps/${id}/x` }
      return expect(await mine.post('/v1/tokens/inspect', question), 200).text
    }),
  )
  assert.equal(links[0], links[1])
  const presigned = 'Expires=1&Signature=x&Key-Pair-Id=x&Subject=x'
  for (const query of [`?t=A${'Q'.repeat(39)}`, '?t=', '', `?${presigned}`, `?${presigned}&t=x`]) {
    const told = await Promise.all(
      [other.id, 'nonesuch'].map(async (id) => {
        const question = { token: `https://wall.test/${house.url}/apps/${id}/x${query}` }
        return expect(await mine.post('/v1/tokens/inspect', question), 200).text
      }),
    )
    assert.equal(told[0], told[1], query)
    assert.match(told[0] ?? '', /"verified":false/)
  }
})

/** The same signature bytes in another text: the spare low bits of the last character set. */
function respelled(segment: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return `${segment.slice(0, -1)}${alphabet[alphabet.indexOf(segment.at(-1) ?? 'A') ^ 1]}`
}
