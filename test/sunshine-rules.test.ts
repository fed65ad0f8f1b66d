import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { bearer, targetOf } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createSunshineApp } from './support/sunshine-http.ts'
import { cookieFor, PNG, sourceOf, talkWith, tokensFor, uploadTo } from './support/sunshine-media.ts'
import { expect, keyed, openApp, refusal } from './support/tenant.ts'

/** Smaller rules of the contract, each with its place there. */

const server = await startGatehouse({ flags: ['--allow-loopback', 'true'] })
after(() => server.stop())
const bare = server.admin.as({})
const app = await createSunshineApp(server.admin, { attachmentsAccess: 'private' })
const native = openApp(server.admin, app.id)
const { conversation } = await talkWith(app, 'ann')
const talk = `${app.home}/conversations/${conversation}`
const file = await uploadTo(app, `access=private&conversationId=${conversation}`)

test('names of files are in NFC, without control characters, and at most 200 bytes, so that cookies can name them (4, 3.5)', async () => {
  const rows = [
    ['a\u0308.png', 'ä.png'],
    ['a\u0007b.png', 'ab.png'],
    [`${'ü'.repeat(300)}.png`, /^ü+\.png$/],
    [`${'x'.repeat(300)}.png`, /^x+\.png$/],
  ] as const
  for (const [sent, expected] of rows) {
    const { headers, body } = sourceOf(PNG, sent, 'image/png')
    const answer = await app.v2.call('POST', `${app.home}/attachments?access=public`, body, headers)
    const target = targetOf(expect(answer, 201).json<{ attachment: { mediaUrl: string } }>().attachment.mediaUrl)
    const name = decodeURIComponent(target.split('/').at(-1) ?? '')
    if (typeof expected === 'string') assert.equal(name, expected)
    else assert.match(name, expected)
    assert.ok(Buffer.byteLength(name) <= 200, `${Buffer.byteLength(name)} bytes`)
    assert.ok(target.length < 1024)
    expect(await bare.get(target), 200)
  }
})

test('a credential that is shown decides, whatever the cookie beside it would open (2.5)', async () => {
  const other = await uploadTo(app, 'access=private')
  const tokens = await tokensFor(app, app.home, other)
  const cookie = await cookieFor(bare, app, tokens[app.home] ?? '')
  expect(await bare.get(file, { cookie }), 200)
  refusal(await bare.get(file, { cookie, ...bearer(tokens[other] ?? '') }), 403)
  refusal(await bare.get(file, { cookie, ...bearer('x') }), 401)
  refusal(await bare.get(`${file}?t=${'A'.repeat(40)}`, { cookie }), 401)
  const elsewhere = await createSunshineApp(server.admin)
  refusal(await bare.get(file, { cookie, ...keyed(elsewhere.key) }), 403)
  expect(await bare.get(other, { cookie, ...bearer(tokens[other] ?? '') }), 200)
})

test('a URL elsewhere in a message is never fetched (7)', async () => {
  let requests = 0
  const elsewhere = createServer((_request, response) => {
    requests++
    response.end('x')
  }).listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  const mediaUrl = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/a.png`
  for (const author of [{ type: 'business' }, { type: 'user', userExternalId: 'ann' }]) {
    await app.v2.ok('POST', `${talk}/messages`, { author, content: { type: 'image', mediaUrl } })
  }
  await app.v2.ok('GET', `${talk}/messages`)
  assert.equal(requests, 0)
  elsewhere.close()
})

test('a media token is for nobody in particular: no user and no API key takes it along (D4, D5)', async () => {
  const { key } = (await server.admin.post(`/v2${app.home}/keys`, { displayName: 'agents' })).json<{
    key: { id: string; secret: string }
  }>()
  const issued = await server.admin.as(keyed(key)).post(`/v2${app.home}/attachments/token`, { paths: [talk] })
  const token = expect(issued, 200).json<{ tokens: Record<string, string> }>().tokens[talk] ?? ''
  await native.deactivate('ann')
  expect(await server.admin.delete(`/v2${app.home}/keys/${key.id}`), 200)
  expect(await bare.get(file, bearer(token)), 200)
  await native.activate('ann')
})

test('of the switches for files without a word about access the stricter one counts (7, D15)', async () => {
  const rows = [
    [{ tokenizedMedia: false, attachmentsAccess: 'public' }, 'public'],
    [{ tokenizedMedia: true, attachmentsAccess: 'public' }, 'private'],
    [{ tokenizedMedia: false, attachmentsAccess: 'private' }, 'private'],
    [{ tokenizedMedia: true, attachmentsAccess: 'private' }, 'private'],
  ] as const
  const earlier = await uploadTo(app, 'access=public')
  for (const [settings, access] of rows) {
    await native.settings(settings)
    assert.equal((await native.upload(PNG, { conversation })).access, access, JSON.stringify(settings))
    expect(await bare.get(earlier), 200)
    refusal(await bare.get(file), 401)
  }
})
