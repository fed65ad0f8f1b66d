import assert from 'node:assert/strict'
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { basic, bearer, targetOf } from './support/client.ts'
import { filesBelow, startGatehouse } from './support/gatehouse.ts'
import { createSunshineApp } from './support/sunshine-http.ts'
import {
  callsOf,
  cookieFor,
  cookieOf,
  formOf,
  PNG,
  sourceOf,
  talkWith,
  tokensFor,
  uploadTo,
} from './support/sunshine-media.ts'
import { expect, openApp, refusal } from './support/tenant.ts'
import { base64url } from './support/tokens.ts'

/** Files, media tokens and cookies by the vendor's calls (contract, sections 2.1, 2.5, 3 and 4). */

const server = await startGatehouse()
after(() => server.stop())
const bare = server.admin.as({})
const app = await createSunshineApp(server.admin, {
  attachmentsAccess: 'private',
  attachmentsTokenExpirationSeconds: 60,
})
const other = await createSunshineApp(server.admin)
const { conversation } = await talkWith(app, 'ann')
const { conversation: sibling } = await talkWith(app, 'bob')
const HOME = `/apps/${app.id}`
const TALK = `${HOME}/conversations/${conversation}`
const file = await uploadTo(app, `access=private&for=message&conversationId=${conversation}`, 'sponge bob.png')
const outside = await uploadTo(app, 'access=private')
const beside = await uploadTo(app, `access=private&conversationId=${sibling}`)
const KEY = '[A-Za-z0-9_-]{24}'

test('an upload lies where it was said, and only a public one opens bare', async () => {
  assert.match(file, new RegExp(`^${TALK}/${KEY}/sponge%20bob\\.png$`))
  assert.match(outside, new RegExp(`^${HOME}/${KEY}/bob\\.png$`))
  for (const path of [file, outside, beside]) assert.equal(refusal(await bare.get(path), 401), 'credential_missing')
  const open = await uploadTo(app, `access=public&conversationId=${conversation}`)
  assert.deepEqual(expect(await bare.get(open), 200).body, PNG)
  // The access that the caller states counts, whatever the app says of files that users send.
  const closed = await uploadTo(other, 'access=private')
  refusal(await bare.get(closed), 401)
})

test('what an upload cannot be', async () => {
  const at = `${HOME}/attachments`
  const blobs = () => filesBelow(join(server.data, 'blobs'))
  const stored = blobs()
  assert.ok(stored.length > 0)
  const rows: readonly (readonly [query: string, form: ReturnType<typeof sourceOf>, told: string])[] = [
    ['', sourceOf(PNG, 'a.png'), "400 bad_request: should have required property 'access'"],
    ['?access=bogus', sourceOf(PNG, 'a.png'), "400 bad_request: 'access' should be equal to one of the allowed values"],
    ['?access=private&access=public', sourceOf(PNG, 'a.png'), "400 bad_request: 'access' should be given once"],
    ['?access=public&for=ever', sourceOf(PNG, 'a.png'), "400 bad_request: 'for' should be equal to one of"],
    ['?access=public&conversationId=none', sourceOf(PNG, 'a.png'), '404 conversation_not_found: '],
    ['?access=public', formOf([]), "400 bad_request: should have required property 'source'"],
    [
      '?access=public',
      formOf([{ name: 'source', value: 'text' }]),
      "400 bad_request: should have required property 'source'",
    ],
    [
      '?access=public',
      formOf([{ name: 'file', value: PNG, type: 'image/png', filename: 'a.png' }]),
      '400 bad_request: ',
    ],
    ['?access=public', sourceOf(PNG, 'a.exe'), '415 unsupported_media_type: File rejected. File extension not allowed'],
    ['?access=public', sourceOf(PNG, 'png'), '415 unsupported_media_type: File rejected. File extension not allowed'],
    [
      '?access=public',
      sourceOf('hello'),
      '415 unsupported_media_type: File rejected. File type could not be retrieved',
    ],
    ['?access=public', sourceOf('hello', 'a.png'), '415 unsupported_media_type: File rejected. File type could not be'],
    [
      '?access=public',
      sourceOf(Buffer.from('MZ\x90\x00'.padEnd(200, '\0'), 'latin1'), 'a.png'),
      '415 unsupported_media_type: File rejected. File type not allowed',
    ],
    ['?access=public', sourceOf(Buffer.alloc(9, 0), 'a.txt'), '415 unsupported_media_type: '],
  ]
  for (const [query, { headers, body }, told] of rows) {
    const what = `${query} ${body.toString('latin1', 0, 120)}`
    assert.ok((await app.v2.fails('POST', at + query, body, headers)).startsWith(told), what)
  }
  assert.deepEqual(blobs(), stored, 'what was refused is not kept')
  const large = sourceOf(Buffer.concat([PNG, Buffer.alloc(51 * 1024 * 1024)]), 'a.png')
  assert.match(await app.v2.fails('POST', `${at}?access=public`, large.body, large.headers), /^413 payload_too_large: /)
  const early = `${at}?access=public&conversationId=none`
  const unread = sourceOf(Buffer.concat([PNG, Buffer.alloc(8 * 1024 * 1024)]), 'a.png')
  assert.match(await app.v2.fails('POST', early, unread.body, unread.headers), /^404 conversation_not_found: /)
  const words = { 'content-type': 'text/plain;charset=UTF-8' }
  assert.match(
    await app.old.fails('POST', '/attachments?access=public', '[object FormData]', words),
    /^400 bad_request: /,
  )
  assert.match(await app.v2.fails('POST', `${at}?access=public`, {}), /^400 bad_request: /)
})

test('a file is what its bytes show, or, where they show little, what its name says', async () => {
  const zip = Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\0\0', 'latin1'), Buffer.alloc(40)])
  // Its directory lies where most programs write it: behind the picture.
  const tiff = Buffer.concat([Buffer.from('II*\0\0\x20\0\0', 'latin1'), Buffer.alloc(0x2000, 7)])
  const rows: readonly (readonly [bytes: Buffer | string, filename: string | undefined, type: string, name: RegExp])[] =
    [
      [PNG, undefined, 'image/png', new RegExp(`^${KEY}\\.png$`)],
      [PNG, 'a.pdf', 'image/png', /^a\.pdf$/],
      [PNG, '../../etc/a.png', 'image/png', /^a\.png$/],
      [PNG, 'C:\\x\\ä.png', 'image/png', /^%C3%A4\.png$/],
      ['a,b', 'a.csv', 'text/csv', /^a\.csv$/],
      ['a: b', 'a.yml', 'application/yaml', /^a\.yml$/],
      ['<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', 'a.svg', 'image/svg+xml', /^a\.svg$/],
      ['<?xml version="1.0"?><svg/>', 'a.svg', 'image/svg+xml', /^a\.svg$/],
      [zip, 'a.key', 'application/vnd.apple.keynote', /^a\.key$/],
      [zip, 'a.zip', 'application/zip', /^a\.zip$/],
      [tiff, 'a.tiff', 'image/tiff', /^a\.tiff$/],
    ]
  for (const [bytes, filename, type, name] of rows) {
    const { headers, body } = sourceOf(bytes, filename, 'text/html')
    const form = filename === undefined ? sourceOf(bytes) : { headers, body }
    const { attachment } = await app.v2.ok('POST', `${HOME}/attachments?access=public`, form.body, form.headers)
    assert.equal(attachment.mediaType, type, filename)
    const target = targetOf(attachment.mediaUrl)
    assert.match(target.split('/').at(-1) ?? '', name)
    const answer = expect(await bare.get(target), 200)
    assert.equal(answer.headers['content-type'], type)
    assert.match(answer.headers['content-disposition'] ?? '', type === 'image/png' ? /^inline/ : /^attachment/)
  }
})

test('an attachment is removed by its URL, once', async () => {
  const url = `${server.url}${await uploadTo(app, 'access=public')}`
  const remove = (mediaUrl: unknown, home = HOME) => app.v2.call('POST', `${home}/attachments/remove`, { mediaUrl })
  const rows = [
    [
      'https://elsewhere.example/a.png',
      400,
      'Unsupported media URL for attachment deletion: https://elsewhere.example/a.png',
    ],
    [url.replace('://', '://user@'), 404, 'Attachment not found'],
    [`${server.url}${await uploadTo(other, 'access=public')}`, 404, 'Attachment not found'],
    [`${server.url}/apps/..`, 404, 'Attachment not found'],
    [undefined, 400, "should have required property 'mediaUrl'"],
  ] as const
  for (const [mediaUrl, status, title] of rows) {
    const answer = expect(await remove(mediaUrl), status)
    assert.equal(answer.json<{ errors: { title: string }[] }>().errors[0]?.title, title)
  }
  assert.equal(expect(await remove(`${url}?x=1`), 200).text, '{}')
  expect(await remove(url), 404)
  expect(await bare.get(targetOf(url)), 401)
})

test('a media token has exactly the published form', async () => {
  const paths = [HOME, TALK, file, decodeURIComponent(file)]
  const tokens = await tokensFor(app, ...paths)
  assert.deepEqual(Object.keys(tokens), paths)
  const { keys } = (await bare.get('/.well-known/jwks.json')).json<{ keys: (JsonWebKey & { kid: string })[] }>()
  for (const [asked, token] of Object.entries(tokens)) {
    const [header = '', payload = '', signature = ''] = token.split('.')
    const { kid, ...rest } = JSON.parse(Buffer.from(header, 'base64url').toString())
    assert.deepEqual(rest, { alg: 'RS512', typ: 'JWT' })
    assert.match(kid, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/)
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    assert.deepEqual(Object.keys(claims), ['path', 'exp', 'iat'])
    assert.equal(claims.path, asked.replace(' ', '%20'))
    assert.equal(claims.exp - claims.iat, 60)
    const jwk = keys.find((key) => key.kid === kid) ?? assert.fail('unpublished key')
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    assert.ok(verify('sha512', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')))
  }
})

test('what no token is issued for', async () => {
  const native = openApp(server.admin, app.id)
  const narrow = await native.key([{ actions: ['write', 'read'], resource: HOME }])
  const at = `${HOME}/attachments/token`
  const key24 = file.split('/')[5]
  const rows: readonly (readonly [paths: unknown, told: string])[] = [
    [undefined, "400 bad_request: should have required property 'paths'"],
    ['/apps', "400 bad_request: 'paths' should be array"],
    [[], "400 bad_request: 'paths' should NOT have fewer than 1 items"],
    [[HOME, 7, null], "400 bad_request: 'paths[1]' should be string | 'paths[2]' should be string"],
    [
      [HOME, `${HOME}/conversations`, `${TALK}/${key24}`],
      `400 bad_request: Unusable path: ${HOME}/conversations | Unusable path: ${TALK}/${key24}`,
    ],
    [[`${HOME}/../${other.id}`], '400 bad_request: Unusable path: '],
    [[`${HOME}/`], '400 bad_request: Unusable path: '],
    [[`${HOME}?x`], '400 bad_request: Unusable path: '],
    [[`${TALK}%2F`], '400 bad_request: Unusable path: '],
    [[`/apps/${other.id}`], '403 forbidden: '],
    [[HOME, `/apps/${other.id}/conversations/x`], '403 forbidden: '],
    [[`${HOME}/conversations/none`], '404 conversation_not_found: '],
    [[file.replace('sponge', 'square')], '404 not_found: '],
    [
      Array.from({ length: 51 }, (_, n) => `${TALK}${n}`),
      "400 bad_request: 'paths' should NOT have more than 50 items",
    ],
  ]
  for (const [paths, told] of rows) assert.ok((await app.v2.fails('POST', at, { paths })).startsWith(told), told)
  assert.deepEqual(Object.keys(await tokensFor(app, ...Array.from({ length: 60 }, () => TALK))), [TALK])
  // Under an account-wide key, too, one request is for one app.
  const account = callsOf(server.admin, 'v2', { id: 'admin', secret: '' })
  expect(await account('POST', at, { paths: [HOME] }), 401)
  expect(await server.admin.post(`/v2${at}`, { paths: [`/apps/${other.id}`] }), 403)
  expect(await server.admin.post(`/v2${at}`, { paths: [HOME] }), 200)
  // A key that may not issue anything uploads, and gets no token.
  const { headers, body } = sourceOf(PNG, 'a.png')
  expect(await callsOf(bare, 'v2', narrow)('POST', `${HOME}/attachments?access=private`, body, headers), 201)
  expect(await callsOf(bare, 'v2', narrow)('POST', at, { paths: [HOME] }), 403)
})

test('a token is swapped for a cookie with its path', async () => {
  const { [TALK]: token = '' } = await tokensFor(app, TALK)
  const exp = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).exp
  for (const [method, path] of [
    ['GET', `/v2${HOME}/attachments/cookie`],
    ['POST', `/v2${HOME}/attachments/cookie`],
    ['GET', `/v1.1${HOME}/attachments/cookie`],
    ['POST', '/v1.1/attachments/cookie'],
  ] as const) {
    const answer = expect(await bare.send(method, path, { headers: bearer(token) }), 200)
    assert.equal(answer.text, '{}')
    assert.match(answer.headers['cache-control'] ?? '', /no-store/)
    const [name, ...attributes] = answer.headers['set-cookie']?.[0]?.split('; ') ?? []
    assert.equal(name, `zendesk_media_token=${token}`)
    assert.deepEqual(
      attributes.filter((attribute) => !attribute.startsWith('Max-Age')),
      [`Path=${TALK}`, `Expires=${new Date(exp * 1000).toUTCString()}`, 'HttpOnly', 'SameSite=Lax'],
    )
  }
})

test('what is no media token sets no cookie', async () => {
  const { [TALK]: token = '' } = await tokensFor(app, TALK)
  const [header = '', , signature = ''] = token.split('.')
  const wide = base64url(JSON.stringify({ path: HOME, exp: 4e9, iat: 4e9 - 60 }))
  const none = `${base64url('{"alg":"none","typ":"JWT"}')}.${wide}.`
  const at = `/v2${HOME}/attachments/cookie`
  const rows = [
    ['nothing', {}, 401],
    ['an API key', basic(app.key.id, app.key.secret), 401],
    ['another payload', bearer(`${header}.${wide}.${signature}`), 401],
    ['unsigned', bearer(none), 401],
    ['nonsense', bearer('x'), 401],
  ] as const
  for (const [what, headers, status] of rows) {
    const answer = await bare.get(at, headers)
    assert.equal(answer.status, status, what)
    assert.equal(answer.json<{ errors: { code: string }[] }>().errors[0]?.code, 'unauthorized', what)
    assert.equal(answer.headers['set-cookie'], undefined, what)
  }
  const foreign = expect(await bare.get(`/v2/apps/${other.id}/attachments/cookie`, bearer(token)), 403)
  assert.equal(foreign.headers['set-cookie'], undefined)
  // Whoever brings no token is told so by the head: no body of theirs is read.
  for (const sent of ['{', `"${'x'.repeat(2_000_000)}"`]) {
    const headers = { 'content-type': 'application/json' }
    expect(await bare.send('POST', at, { headers, body: Buffer.from(sent) }), 401)
    expect(await bare.send('POST', at, { headers: { ...headers, ...bearer(token) }, body: Buffer.from(sent) }), 200)
  }
  // As an API credential it opens nothing.
  expect(await bare.get(`/v2${HOME}`, bearer(token)), 401)
})

test('pages of listed origins may swap tokens, and no others', async () => {
  const native = openApp(server.admin, app.id)
  await native.settings({ allowedOrigins: ['https://desk.example'] })
  const { [TALK]: token = '' } = await tokensFor(app, TALK)
  const at = `/v2${HOME}/attachments/cookie`
  const from = (origin: string) => ({ origin, 'access-control-request-method': 'GET' })
  const preflight = expect(await bare.send('OPTIONS', at, { headers: from('https://desk.example') }), 204)
  assert.equal(preflight.headers['access-control-allow-origin'], 'https://desk.example')
  assert.equal(preflight.headers['access-control-allow-credentials'], 'true')
  assert.match(preflight.headers['access-control-allow-headers'] ?? '', /authorization/)
  assert.match(preflight.headers['access-control-allow-methods'] ?? '', /GET, POST/)
  const answer = expect(await bare.get(at, { origin: 'https://desk.example', ...bearer(token) }), 200)
  assert.equal(answer.headers['access-control-allow-origin'], 'https://desk.example')
  const refused = expect(await bare.get(at, { origin: 'https://evil.example', ...bearer(token) }), 403)
  assert.equal(refused.headers['access-control-allow-origin'], undefined)
  assert.equal(refused.headers['set-cookie'], undefined)
  expect(await bare.send('OPTIONS', at, { headers: from('https://evil.example') }), 403)
})

test('a cookie opens what its path covers, segment by segment', async () => {
  const tokens = await tokensFor(app, HOME, TALK, file)
  const cookie = await cookieFor(bare, app, tokens[TALK] ?? '')
  const get = (path: string, value: string) => bare.get(path, { cookie: value })
  const opened = expect(await get(file, cookie), 200)
  assert.deepEqual(opened.body, PNG)
  const head = expect(await bare.head(file, { cookie }), 200)
  assert.equal(head.headers['content-length'], String(PNG.length))
  const part = expect(await bare.get(file, { cookie, range: 'bytes=0-3' }), 206)
  assert.deepEqual(part.body, PNG.subarray(0, 4))
  for (const path of [beside, outside, file.replace(conversation, `${conversation}x`)]) {
    assert.match(refusal(await get(path, cookie), 403), /./, path)
  }
  expect(await get(`${TALK}/%2e%2e/${sibling}/x/y`, cookie), 400)
  // Of several of one name, any may open.
  const wrong = cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  expect(await get(file, `${wrong}; ${cookie}`), 200)
  refusal(await get(file, wrong), 401)
  const whole = await cookieFor(bare, app, tokens[HOME] ?? '')
  for (const path of [file, beside, outside]) expect(await get(path, whole), 200)
  const single = await cookieFor(bare, app, tokens[file] ?? '')
  expect(await get(file, single), 200)
  refusal(await get(beside, single), 403)
  const elsewhere = await uploadTo(other, 'access=private')
  refusal(await get(elsewhere, whole), 403)
})

test('v1.1 has the same calls in its own words', async () => {
  const { headers, body } = sourceOf(PNG, 'old.png')
  const made = await app.old.ok('POST', '/attachments?access=private&for=message&userId=ann', body, headers)
  assert.deepEqual(Object.keys(made), ['mediaUrl', 'mediaType'])
  const path = targetOf(made.mediaUrl)
  assert.ok(path.startsWith(`${TALK}/`), path)
  const answer = expect(await app.old.call('POST', '/attachments/token', { paths: [path] }), 200)
  const token = answer.json<{ tokens: Record<string, string> }>().tokens[path] ?? ''
  const cookie = cookieOf(expect(await bare.get('/v1.1/attachments/cookie', bearer(token)), 200))
  expect(await bare.get(path, { cookie }), 200)
  expect(await app.old.call('POST', `${HOME}/attachments/remove`, { mediaUrl: made.mediaUrl }), 200)
  refusal(await bare.get(path, bearer(token)), 404)
  assert.match(
    await app.old.fails('POST', '/attachments/remove', { mediaUrl: made.mediaUrl }),
    /^404 not_found: Attach/,
  )
  assert.match(await app.old.fails('POST', '/attachments?access=public&userId=nobody', body, headers), /^404 user_not/)
})
