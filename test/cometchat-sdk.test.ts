/**
 * The official JavaScript SDK of CometChat, unmodified, against a real server: each user has it in a process of their own. It is
 * proprietary, so it is fetched for this test and kept nowhere (script/cometchat-sdk.ts); where it cannot be had, `npm test` says
 * so and leaves these files out. Everything they show is tested without it, too.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { after, test } from 'node:test'
import type { Told } from './support/cometchat/calls.ts'
import { png, startJourney, taken, urlOf, urlsOf } from './support/cometchat/journey.ts'
import { expect, refusal } from './support/tenant.ts'

const journey = await startJourney({ tokenizedMedia: false })
after(() => journey.stop())
const { app, rest, get } = journey
const g = { receiver: 'g', receiverType: 'group' } as const

await journey.people('alice', 'bob', 'carol', 'dave')
await journey.group('g', 'alice', 'bob', 'carol')
const bobsToken = await journey.token('bob')
const [alice, bob, carol, dave] = await Promise.all([
  journey.enter('alice'),
  journey.sdk('4.2.0'),
  journey.enter('carol', '4.1.7'),
  journey.enter('dave'),
])

/** Messages of the group as a user sees them now. */
const inGroup = async (user: typeof alice) =>
  (await user.do('history', { guid: 'g', limit: 30, pages: 1 })).flat() as Told[]

/** What was sent in the journey so far, by name of file. */
const seen = new Map<string, { readonly bob: string; readonly carol: string; readonly alice: string }>()
let old = ''

test('users log in with a token, or with their uid and the key', async () => {
  assert.deepEqual(await bob.do('login', { token: bobsToken }), { uid: 'bob', name: 'BOB' })
  const byKey = await journey.sdk('4.1.7')
  assert.deepEqual(await byKey.do('login', { uid: 'carol', key: rest.apiKey }), { uid: 'carol', name: 'CAROL' })
  const stranger = await journey.sdk('4.2.0')
  assert.equal((await stranger.fails('login', { token: 'bob_1700000000aa' })).code, 'AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  assert.equal((await stranger.fails('login', { uid: 'nobody', key: rest.apiKey })).code, 'ERR_UID_NOT_FOUND')
})

test('with the switch off media have plain URLs, which go on working once it is on', async () => {
  await alice.do('sendFiles', { ...g, files: [png('old.png')] })
  old = urlOf((await inGroup(bob)).at(-1))
  assert.equal(taken(old).clean, old)
  assert.deepEqual(expect(await get(old), 200).body, png('old.png').bytes)
  await app.settings({ tokenizedMedia: true })
  expect(await get(old), 200)
  expect(await get(`${old}?fat=nonsense`), 200)
})

test('what is sent now reaches the sender with URLs that end in a token', async () => {
  const messages = [
    await alice.do('sendFiles', { ...g, files: [png('one.png')] }),
    await alice.do('sendFiles', { ...g, files: [png('two.png'), png('three.png')], caption: 'both' }),
    await alice.do('sendFiles', { receiver: 'bob', receiverType: 'user', files: [png('for-bob.png')] }),
  ]
  assert.deepEqual(
    messages.map(({ attachments }) => attachments.map(({ name }) => name)),
    [['one.png'], ['two.png', 'three.png'], ['for-bob.png']],
  )
  for (const url of messages.flatMap(urlsOf)) {
    const { clean, token } = taken(url)
    assert.ok(token !== null && url.startsWith('https://') && !/fat/i.test(clean), url)
  }
  assert.equal(messages[1]?.caption, 'both')
})

test('each reader sees the same paths with tokens of their own, the same whenever they look', async () => {
  const views = { alice: await inGroup(alice), bob: await inGroup(bob), carol: await inGroup(carol) }
  const urls = (view: readonly Told[]) => view.flatMap(urlsOf).filter((url) => url !== old)
  const names = views.bob.flatMap(({ attachments }) => attachments.map(({ name }) => name)).slice(1)
  assert.deepEqual(names, ['one.png', 'two.png', 'three.png'])
  const [ofAlice, ofBob, ofCarol] = [urls(views.alice), urls(views.bob), urls(views.carol)]
  for (const [at, name] of names.entries()) {
    const [a, b, c] = [ofAlice[at] ?? '', ofBob[at] ?? '', ofCarol[at] ?? '']
    assert.equal(new Set([a, b, c].map((url) => taken(url).clean)).size, 1, 'one path')
    seen.set(name, { alice: a, bob: b, carol: c })
  }
  const tokens = [...ofAlice, ...ofBob, ...ofCarol].map((url) => taken(url).token)
  assert.equal(new Set(tokens).size, 9, 'three readers, three files: nine tokens')
  assert.deepEqual(urls(await inGroup(bob)), ofBob)
  const last = (await bob.do('conversations')).find(({ id }) => id === 'group_g')?.last
  assert.deepEqual(last === null || last === undefined ? [] : urlsOf(last), ofBob.slice(1))
  const [direct] = (await bob.do('history', { uid: 'alice', limit: 30, pages: 1 })).flat() as Told[]
  seen.set('for-bob.png', { alice: '', bob: urlOf(direct), carol: '' })
})

test('a browser that has the URL needs nothing else, and nothing less', async () => {
  for (const [name, { bob: url }] of seen) {
    const { bytes } = png(name)
    const whole = expect(await get(url), 200)
    assert.deepEqual(whole.body, bytes)
    assert.equal(whole.headers['content-type'], 'image/png')
    const head = expect(await app.bare.head(url.slice(journey.front.url.length)), 200)
    assert.deepEqual([head.headers.etag, head.body.length], [whole.headers.etag, 0])
    const part = expect(await get(url, { range: 'bytes=0-9' }), 206)
    assert.deepEqual(part.body, bytes.subarray(0, 10))
    expect(await get(url, { 'if-none-match': whole.headers.etag ?? '' }), 304)
    refusal(await get(taken(url).clean), 401)
  }
})

test('five messages come in pages of two, and then no more', async () => {
  for (const text of ['1', '2', '3', '4', '5'])
    await dave.do('sendText', { receiver: 'carol', receiverType: 'user', text })
  for (const reader of [carol, dave]) {
    const uid = reader === carol ? 'dave' : 'carol'
    const pages = await reader.do('history', { uid, limit: 2, pages: 9 })
    assert.deepEqual(
      pages.map((page) => page.map(({ text }) => text)),
      [['4', '5'], ['2', '3'], ['1'], []],
    )
  }
})

test('a stranger opens nothing with the path alone, a token of their own, or a forged one', async () => {
  await dave.do('sendFiles', { receiver: 'bob', receiverType: 'user', files: [png('of-dave.png')] })
  const own = taken(urlOf((await bob.do('history', { uid: 'dave', limit: 9, pages: 1 })).flat()[0] as Told))
  const [sent] = (await dave.do('history', { uid: 'bob', limit: 9, pages: 1 })).flat() as Told[]
  const { clean, token } = taken(seen.get('one.png')?.bob ?? '')
  refusal(await get(clean), 401)
  refusal(await get(`${clean}?fat=${taken(urlOf(sent)).token}`), 401)
  refusal(await get(`${clean}?fat=${own.token}`), 401)
  refusal(await get(`${clean}?fat=${'A'.repeat(token?.length ?? 0)}`), 401)
  assert.equal((await dave.fails('history', { guid: 'g', limit: 9, pages: 1 })).code, 'ERR_GROUP_NOT_JOINED')
})

test('a deactivated user\u2019s URLs stop at once, with what is running; everybody else\u2019s go on', async () => {
  const film = await app.upload(randomBytes(32 * 1024 ** 2), { conversation: 'g', from: 'alice' })
  const running = await begun(app.bare.url + (await app.link(film.id, 'bob')))
  await rest.ok('DELETE', '/users', { uidsToDeactivate: ['bob'] })
  for (const { bob: url } of seen.values()) refusal(await get(url), 401)
  await assert.rejects(arrayOf(running), { code: 'ECONNRESET' })
  for (const { alice: a, carol: c } of seen.values())
    for (const url of [a, c].filter((one) => one !== '')) expect(await get(url), 200)
  expect(await get(old), 200)
  assert.equal((await bob.fails('user', { uid: 'alice' })).code, 'AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  const again = await journey.sdk('4.2.0')
  assert.equal((await again.fails('login', { token: bobsToken })).code, 'AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  assert.equal((await again.fails('login', { uid: 'bob', key: rest.apiKey })).code, 'ERR_UID_NOT_FOUND')
})

test('reactivation brings the very same URLs back, and the old login token', async () => {
  await rest.ok('PUT', '/users', { uidsToActivate: ['bob'] })
  for (const { bob: url } of seen.values()) expect(await get(url), 200)
  const again = await journey.sdk('4.1.7')
  assert.equal((await again.do('login', { token: bobsToken })).uid, 'bob')
})

test('deactivating the sender changes nothing for the receivers', async () => {
  await rest.ok('DELETE', '/users', { uidsToDeactivate: ['alice'] })
  for (const { alice: a, bob: b, carol: c } of seen.values()) {
    if (a !== '') refusal(await get(a), 401)
    for (const url of [b, c].filter((one) => one !== '')) expect(await get(url), 200)
  }
  await rest.ok('PUT', '/users', { uidsToActivate: ['alice'] })
  expect(await get(seen.get('one.png')?.alice ?? ''), 200)
})

test('the older SDK sends files and forwards them as well', async () => {
  const to = { receiver: 'dave', receiverType: 'user' } as const
  const sent = await carol.do('sendFiles', { ...to, files: [png('a.png'), png('b.png')], caption: 'older' })
  assert.deepEqual(
    sent.attachments.map(({ name }) => name),
    ['a.png', 'b.png'],
  )
  const own = urlsOf(sent)[0] ?? ''
  await carol.do('sendUrl', { ...to, url: own, name: 'a.png' })
  const [first, forwarded] = (await dave.do('history', { uid: 'carol', limit: 2, pages: 1 })).flat() as Told[]
  assert.equal(first?.caption, 'older')
  for (const url of [...urlsOf(first as Told), urlOf(forwarded)]) expect(await get(url), 200)
  assert.deepEqual((await get(urlOf(forwarded))).body, png('a.png').bytes)
  assert.notEqual(taken(urlOf(forwarded)).clean, taken(own).clean)
})

test('a client that asks again gets what has come meanwhile', async () => {
  const before = (await inGroup(carol)).at(-1)?.id ?? ''
  for (const text of ['a', 'b', 'c']) await alice.do('sendText', { ...g, text })
  const newer = await carol.do('newer', { guid: 'g', after: before, limit: 30 })
  assert.deepEqual(
    newer.map(({ text }) => text),
    ['a', 'b', 'c'],
  )
})

test('a client that wants a socket logs in all the same, and media work', async () => {
  const { host } = journey.front
  const eager = await journey.sdk('4.2.0')
  await eager.do('init', { app: app.id, host, headerMode: false, socket: true })
  assert.equal((await eager.do('login', { token: await journey.token('carol') })).uid, 'carol')
  const urls = (await inGroup(eager)).flatMap(urlsOf)
  assert.deepEqual(urls, (await inGroup(carol)).flatMap(urlsOf))
})

test('what was shared with the switch off can be protected, and the other way round', async () => {
  expect(await app.admin.post(`${app.base}/attachments/protect`, {}), 200)
  refusal(await get(old), 401)
  const guarded = urlOf((await inGroup(carol))[0])
  assert.deepEqual([taken(guarded).clean, taken(guarded).token !== null], [old, true])
  assert.deepEqual(expect(await get(guarded), 200).body, png('old.png').bytes)
  expect(await app.admin.post(`${app.base}/attachments/unprotect`, {}), 200)
  expect(await get(old), 200)
  assert.equal(urlOf((await inGroup(carol))[0]), old)
})

/** A response whose head is there and whose body is not read yet. */
async function begun(url: string): Promise<IncomingMessage> {
  const outgoing = request(url, { agent: false })
  outgoing.end()
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  assert.equal(incoming.statusCode, 200)
  return incoming
}

async function arrayOf(incoming: IncomingMessage): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return chunks
}
