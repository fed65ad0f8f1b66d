/** The vendor's clients swap media tokens for cookies, and what those open (contract, section 9, steps 9 to 15, 21 and 23). */
import assert from 'node:assert/strict'
import { createHmac, createPublicKey } from 'node:crypto'
import { after, test } from 'node:test'
import { type JSONWebKeySet, SignJWT } from 'jose'
import { bearer } from './support/client.ts'
import { refused } from './support/sunshine/client.ts'
import { closed, cookies, opens, pathOf, picture, startJourney } from './support/sunshine/journey.ts'

const journey = await startJourney(
  { attachmentsAccess: 'private', attachmentsTokenExpirationSeconds: 600 },
  { faketime: '+0' },
)
after(() => journey.stop())
const { house, app, account, key, as, get, tokens, bare } = journey
await journey.user('ann')
await journey.user('bea')
const [talk, sibling] = [await journey.conversation('ann'), await journey.conversation('bea')]
const HOME = `/apps/${app}`
const TALK = `${HOME}/conversations/${talk}`
const [one, two] = [await picturesIn(talk, 'one.png'), await picturesIn(talk, 'two.png')]
const other = await picturesIn(sibling, 'other.png')
const outside = await journey.picture('outside.png')
const made = (await account.apps.createApp({ displayName: 'Other' })).app.id

function picturesIn(conversationId: string, name: string): Promise<string> {
  return journey.picture(name, { conversationId })
}

async function token(path: string): Promise<string> {
  return (await tokens(path))[path] ?? ''
}

type Claims = { readonly path: string; readonly exp: number; readonly iat: number }
const partsOf = (text: string) => text.split('.') as [string, string, string]
const claimsOf = (text: string): Claims => JSON.parse(Buffer.from(partsOf(text)[1], 'base64url').toString())

for (const version of ['12.5.0', '9.0.1'] as const) {
  test(`the client ${version} gets a cookie for the path of its token, and keeps it`, async () => {
    const text = await token(TALK)
    const client = as({ token: text }, { version, cookies: true })
    const { data, response } = await client.attachments.setCookieWithHttpInfo(app)
    assert.equal(data, '{}')
    assert.equal(response.headers['cache-control'], 'no-store')
    const [set = '', ...more] = response.headers['set-cookie'] ?? []
    assert.deepEqual(more, [])
    const [pair, ...attributes] = set.split('; ')
    assert.equal(pair, `zendesk_media_token=${text}`)
    const { exp } = claimsOf(text)
    assert.ok(
      attributes.includes(`Path=${TALK}`) && attributes.includes(`Expires=${new Date(exp * 1000).toUTCString()}`),
    )
    assert.ok(attributes.includes('HttpOnly') && attributes.includes('SameSite=Lax'))
    const { jar } = client.api.agent
    const access = { domain: '127.0.0.1', path: pathOf(one), secure: false, script: false }
    const held = jar.getCookies(access)
    assert.deepEqual(
      [...held].map(({ name, value, path }) => [name, value, path]),
      [['zendesk_media_token', text, TALK]],
    )
    opens(await get(one, { cookie: held.toValueString() }), picture('one.png'))
  })
}

test('no cookie is set for what is no media token of this app', async () => {
  const swap = async (text: string | null, of = app) =>
    as(text === null ? null : { token: text }).attachments.setCookieWithHttpInfo(of)
  const apiJwt = await new SignJWT({ scope: 'app' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: key.id })
    .sign(new TextEncoder().encode(key.secret))
  const text = await token(TALK)
  const [head, body] = partsOf(text)
  for (const none of [apiJwt, null, 'x', `${head}.${body}.`, `${head}.${body}.AAAA`, key.secret])
    await refused(swap(none), 401, 'unauthorized')
  await refused(as(key).attachments.setCookieWithHttpInfo(app), 401, 'unauthorized')
  await refused(swap(text, made), 403, 'forbidden')
  await refused(swap(text, 'nowhere'), 403, 'forbidden')
  const answer = await bare.get(`/v2/apps/${made}/attachments/cookie`, bearer(text))
  assert.deepEqual([answer.status, answer.headers['set-cookie']], [403, undefined])
})

test('with the cookie the file comes whole, in parts, and its headers alone', async () => {
  const held = cookies(await token(TALK))
  const whole = await get(one, held)
  opens(whole, picture('one.png'))
  assert.match(whole.headers['cache-control'] ?? '', /^private/)
  const head = await bare.head(pathOf(one), held)
  assert.equal(head.status, 200)
  for (const name of ['content-type', 'content-length', 'etag', 'cache-control', 'content-disposition'])
    assert.equal(head.headers[name], whole.headers[name], name)
  const part = await get(one, { ...held, range: 'bytes=1-3' })
  assert.equal(part.status, 206)
  assert.equal(part.body.toString(), 'PNG')
  const again = await get(one, { ...held, 'if-none-match': whole.headers.etag ?? '' })
  assert.equal(again.status, 304)
})

test('a cookie opens what lies below its path by segments, and nothing beside it', async () => {
  const held = cookies(await token(TALK))
  for (const url of [one, two]) assert.equal((await get(url, held)).status, 200)
  for (const url of [other, outside, `${house.url}${TALK}x${pathOf(one).slice(TALK.length)}`])
    closed(await get(url, held), 403)
  for (const dots of ['..', '%2e%2e', '%2E.', '.%252e'])
    closed(
      await get(`${house.url}${TALK}/${dots}/${sibling}/${pathOf(other).split('/').slice(-2).join('/')}`, held),
      400,
      404,
    )
})

test('of several cookies of one name any that covers the file opens it', async () => {
  const [wide, narrow, apart] = [
    await token(TALK),
    await token(pathOf(two)),
    await token(`${HOME}/conversations/${sibling}`),
  ]
  const bad = `${wide.slice(0, -4)}AAAA`
  for (const held of [
    [bad, wide],
    [narrow, wide],
    [apart, bad, 'x', wide],
    [wide, bad],
  ])
    opens(await get(one, cookies(...held)), picture('one.png'))
  closed(await get(one, cookies(bad, narrow, apart)), 403)
  closed(await get(one, cookies(bad, 'x')), 401)
  closed(await get(one, { cookie: `other=1; ZENDESK_MEDIA_TOKEN=${wide}` }), 401)
})

test('a token of an app opens all of it and nothing of another, one of a file that file alone', async () => {
  const all = cookies(await token(HOME))
  for (const url of [one, two, other, outside]) assert.equal((await get(url, all)).status, 200)
  const { attachment } = await account.attachments.uploadAttachment(made, 'private', picture('theirs.png'))
  closed(await get(attachment.mediaUrl, all), 403)
  const single = await token(pathOf(one))
  opens(await get(one, cookies(single)), picture('one.png'))
  opens(await get(one, bearer(single)), picture('one.png'))
  for (const url of [two, other, outside, attachment.mediaUrl]) closed(await get(url, cookies(single)), 403)
  closed(await get(`${one}x`, cookies(single)), 403)
  closed(await get(`${one}x`, all), 404)
  closed(await get(`${one}x`), 401)
})

test('what was altered, signed by another key or not at all opens nothing', async () => {
  const text = await token(TALK)
  const [head, body, signature] = partsOf(text)
  const { keys } = (await bare.get('/.well-known/jwks.json')).json<JSONWebKeySet>()
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string }
  const published = keys.find(({ kid }) => kid === header.kid)
  assert.ok(published)
  const pem = createPublicKey({ key: published, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const confused = `${encode({ ...header, alg: 'HS256' })}.${body}`
  const forged = [
    `${head}.${encode({ ...claimsOf(text), path: HOME })}.${signature}`,
    `${head}.${encode({ ...claimsOf(text), exp: claimsOf(text).exp + 1 })}.${signature}`,
    `${encode({ ...header, alg: 'none' })}.${body}.`,
    `${confused}.${createHmac('sha256', pem).update(confused).digest('base64url')}`,
    `${encode({ ...header, kid: '00000000-0000-4000-8000-000000000000' })}.${body}.${signature}`,
    `${encode({ ...header, alg: 'RS256' })}.${body}.${signature}`,
    `${text}.${signature}`,
  ]
  for (const bad of forged) {
    closed(await get(one, cookies(bad)), 401)
    closed(await get(one, bearer(bad)), 401)
    await refused(as({ token: bad }).attachments.setCookieWithHttpInfo(app), 401, 'unauthorized')
  }
})

test('after "revoke all media tokens" older ones open nothing, and new ones do', async () => {
  const before = await token(TALK)
  const answer = await house.admin.post(`/v1/apps/${app}/revocations`, { mediaTokens: true })
  assert.equal(answer.status, 200, answer.text)
  closed(await get(one, cookies(before)), 401)
  await refused(as({ token: before }).attachments.setCookieWithHttpInfo(app), 401, 'unauthorized')
  opens(await get(one, cookies(await token(TALK))), picture('one.png'))
})

test('a token ends when it says', async () => {
  const text = await token(TALK)
  house.setClock('+590')
  opens(await get(one, cookies(text)), picture('one.png'))
  house.setClock('+601')
  closed(await get(one, cookies(text)), 401)
  await refused(as({ token: text }).attachments.setCookieWithHttpInfo(app), 401, 'unauthorized')
  // An ended one does not stand in the way of another.
  opens(await get(one, cookies(text, await token(pathOf(one)))), picture('one.png'))
})
