import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { bearer, targetOf } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createSunshineApp, type SunshineApp } from './support/sunshine-http.ts'
import { formOf, PNG, talkWith, tokensFor, uploadTo } from './support/sunshine-media.ts'
import { expect, openApp, refusal } from './support/tenant.ts'

/** Messages by the vendor's calls, and what they do to files (contract, sections 2.2, 2.3, 3.4, 4 and 7). */

const server = await startGatehouse()
after(() => server.stop())
const bare = server.admin.as({})
const app = await createSunshineApp(server.admin, { attachmentsAccess: 'private' })
const HOME = app.home
const { user, conversation } = await talkWith(app, 'ann')
const TALK = `${HOME}/conversations/${conversation}`
const MESSAGES = `${TALK}/messages`
const business = { type: 'business' }

async function post(content: object, author: object = business, at = MESSAGES) {
  const { messages } = await app.v2.ok('POST', at, { author, content })
  assert.equal(messages.length, 1)
  return messages[0]
}

/** Opens a file with a token for the whole app. */
async function open(path: string, of: SunshineApp = app) {
  const { [of.home]: token = '' } = await tokensFor(of, of.home)
  return bare.get(path, bearer(token))
}

/** Sends an image as a user or the business, the role behind the file. */
function image(
  of: SunshineApp,
  who: string,
  role: string | readonly string[] | null,
  bytes: Buffer | string = PNG,
  filename = 'me & you.png',
) {
  const { headers, body } = formOf([
    { name: 'source', value: bytes, type: 'image/png', filename },
    ...[role ?? []].flat().map((value) => ({ name: 'role', value })),
  ])
  return of.old.call('POST', `/appusers/${who}/images`, body, headers)
}

test('a message with a file says what the file is', async () => {
  const path = await uploadTo(app, `access=private&for=message&conversationId=${conversation}`)
  const mediaUrl = server.url + path
  const message = await post({ type: 'image', mediaUrl, mediaType: 'text/html', mediaSize: 1, text: 'look\nhere' })
  assert.match(message.received, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.deepEqual(message.author, business)
  assert.deepEqual(message.source, { type: 'api:conversations' })
  assert.deepEqual(message.content, {
    ...{ type: 'image', text: 'look\nhere', altText: 'bob.png' },
    ...{ mediaUrl, mediaType: 'image/png', mediaSize: PNG.length },
  })
  const named = await post(
    { type: 'file', mediaUrl: `${mediaUrl}?t=secret#x`, altText: 'A file' },
    { type: 'user', userExternalId: 'ann', displayName: null },
  )
  assert.deepEqual(named.author, { type: 'user', userId: user, userExternalId: 'ann' })
  assert.equal(named.content.altText, 'A file')
  assert.equal(named.content.mediaUrl, mediaUrl)
  const items = [{ title: 'One', mediaUrl, actions: [] }, { title: 'Two' }]
  const list = await post({ type: 'list', items })
  assert.deepEqual(list.content.items[0], {
    title: 'One',
    actions: [],
    mediaUrl,
    mediaType: 'image/png',
    mediaSize: PNG.length,
  })
})

test('what lies elsewhere stays a link', async () => {
  const mediaUrl = 'https://elsewhere.invalid/a/b%20c.png?x=1'
  const { content } = await post({ type: 'image', mediaUrl })
  assert.deepEqual(content, { type: 'image', altText: 'b c.png', mediaUrl })
  // Of a file of another app nothing is told.
  const other = await createSunshineApp(server.admin)
  const foreign = server.url + (await uploadTo(other, 'access=public'))
  assert.deepEqual((await post({ type: 'image', mediaUrl: foreign })).content, { type: 'image', mediaUrl: foreign })
})

test('what no message can be', async () => {
  await app.v2.ok('POST', `${HOME}/users`, { externalId: 'out' })
  const said = { type: 'text', text: 'x' }
  const rows: readonly (readonly [body: object, told: RegExp])[] = [
    [{}, /^400 bad_request: should have required property 'author'/],
    [{ author: business }, /^400 bad_request: should have required property 'content'/],
    [{ author: {}, content: said }, /^400 bad_request: should have required property 'author.type'/],
    [{ author: { type: 'bot' }, content: said }, /^400 bad_request: 'type' should be equal to one/],
    [{ author: { type: 'user' }, content: said }, /^400 bad_request: should have required property 'author.userId'/],
    [{ author: { type: 'user', userId: 'none' }, content: said }, /^404 user_not_found: /],
    [{ author: { type: 'user', userId: 'out' }, content: said }, /^400 bad_request: 'author' should be a participant/],
    [{ author: business, content: {} }, /^400 bad_request: should have required property 'type'/],
    [{ author: business, content: { type: '__proto__' } }, /^400 bad_request: 'type' should be/],
    [{ author: business, content: { type: 'text' } }, /^400 bad_request: should have required property 'text'/],
    [{ author: business, content: { type: 'text', text: 7 } }, /^400 bad_request: 'text' should be string/],
    [{ author: business, content: { type: 'image' } }, /^400 bad_request: should have required property 'mediaUrl'/],
    [{ author: business, content: { type: 'image', mediaUrl: 'javascript:alert(1)' } }, /^400 bad_request: 'mediaUrl'/],
    [
      { author: business, content: { type: 'file', mediaUrl: `${server.url}/apps/..` } },
      /^400 bad_request: 'mediaUrl'/,
    ],
    [{ author: business, content: { type: 'list', items: [] } }, /^400 bad_request: 'items' should have 1 to 10/],
    [{ author: business, content: { type: 'carousel', items: [7] } }, /^400 bad_request: /],
    [{ author: business, content: said, metadata: { deep: {} } }, /^400 bad_request: 'metadata.deep'/],
  ]
  for (const [body, told] of rows) assert.match(await app.v2.fails('POST', MESSAGES, body), told)
  const nowhere = `${HOME}/conversations/none/messages`
  assert.match(await app.v2.fails('POST', nowhere, { author: business, content: said }), /^404 conversation_not_found/)
  assert.match(
    await app.v2.fails('GET', `${MESSAGES}?page[after]=x`),
    /^400 bad_request: Invalid page query parameters/,
  )
})

test('messages are listed by a hundred, the newest page first', async () => {
  const { conversation: long } = await talkWith(app, 'long')
  const at = `${HOME}/conversations/${long}/messages`
  for (let n = 0; n < 205; n++) await post({ type: 'text', text: String(n) }, business, at)
  const page = async (query: string) => {
    const { messages, meta, links } = await app.v2.ok('GET', at + query)
    const texts = messages.map(({ content }: { content: { text: string } }) => Number(content.text))
    return { first: texts[0], last: texts.at(-1), count: texts.length, meta, links }
  }
  const newest = await page('')
  assert.deepEqual([newest.first, newest.last, newest.count, newest.meta.hasMore], [105, 204, 100, true])
  assert.equal(newest.meta.afterCursor, undefined)
  const middle = await page(`?page%5Bbefore%5D=${newest.meta.beforeCursor}`)
  assert.deepEqual([middle.first, middle.last, middle.meta.hasMore], [5, 104, true])
  const oldest = await page(new URL(middle.links.prev).search)
  assert.deepEqual([oldest.first, oldest.last, oldest.meta.hasMore, oldest.links.prev], [0, 4, false, undefined])
  const back = await page(new URL(oldest.links.next).search)
  assert.deepEqual([back.first, back.last, back.meta.hasMore], [5, 104, true])
})

test('a message takes along what was uploaded for it, and nothing else', async () => {
  const inside = `conversationId=${conversation}`
  const [own, free, kept] = [
    await uploadTo(app, `access=private&for=message&${inside}`),
    await uploadTo(app, 'access=private&for=message'),
    await uploadTo(app, `access=private&${inside}`),
  ]
  const said = []
  for (const path of [own, free, kept]) said.push(await post({ type: 'image', mediaUrl: server.url + path }))
  const text = await post({ type: 'text', text: 'stays' })
  for (const { id } of said) assert.deepEqual(await app.v2.ok('DELETE', `${MESSAGES}/${id}`), {})
  expect(await open(own), 404)
  expect(await open(free), 404)
  expect(await open(kept), 200)
  const { messages } = await app.v2.ok('GET', MESSAGES)
  assert.equal(messages.at(-1).id, text.id)
  for (const id of [said[0].id, 'x', '0']) {
    assert.match(await app.v2.fails('DELETE', `${MESSAGES}/${id}`), /^404 not_found: Message not found/)
  }
})

test('all messages go at once', async () => {
  const talk = await talkWith(app, 'gone')
  const at = `${HOME}/conversations/${talk.conversation}/messages`
  const path = await uploadTo(app, 'access=private&for=message')
  for (let n = 0; n < 101; n++) await post({ type: 'text', text: 'x' }, business, at)
  await post({ type: 'file', mediaUrl: server.url + path }, business, at)
  assert.deepEqual(await app.v2.ok('DELETE', at), {})
  assert.deepEqual((await app.v2.ok('GET', at)).messages, [])
  expect(await open(path), 404)
})

test('a conversation and a user take along what was uploaded for their messages', async () => {
  const { user: eve, conversation: home } = await talkWith(app, 'eve')
  const participants = [{ userId: eve }, { userId: user }]
  const { conversation: group } = await app.v2.ok('POST', `${HOME}/conversations`, { type: 'sdkGroup', participants })
  const at = `${HOME}/conversations/${group.id}/messages`
  const by = { type: 'user', userId: eve }
  const [hers, theirs, inside, atHome] = [
    await uploadTo(app, `access=private&for=message&conversationId=${group.id}`),
    await uploadTo(app, 'access=private&for=message'),
    await uploadTo(app, `access=private&for=message&conversationId=${group.id}`),
    await uploadTo(app, `access=private&for=message&conversationId=${home}`),
  ]
  await post({ type: 'file', mediaUrl: server.url + hers }, by, at)
  await post({ type: 'file', mediaUrl: server.url + theirs }, business, at)
  await app.v2.ok('DELETE', `${HOME}/users/eve`)
  expect(await open(hers), 404)
  expect(await open(atHome), 404)
  expect(await open(theirs), 200)
  await app.v2.ok('DELETE', `${HOME}/conversations/${group.id}`)
  expect(await open(theirs), 404)
  expect(await open(inside), 404)
})

test('an image from a user is as private as the app says, and keeps it', async () => {
  const { message, conversation: home } = expect(await image(app, user, 'appUser'), 201).json<{
    message: Record<string, unknown>
    conversation: { _id: string }
  }>()
  assert.equal(home._id, conversation)
  const { _id, received, mediaUrl, ...rest } = message
  assert.match(String(_id), /^\d+$/)
  assert.ok(Math.abs(Number(received) - Date.now() / 1000) < 60)
  assert.deepEqual(rest, {
    ...{ type: 'image', role: 'appUser', authorId: user, altText: 'me & you.png', source: { type: 'api' } },
    ...{ mediaType: 'image/png', mediaSize: PNG.length },
  })
  const path = targetOf(String(mediaUrl))
  // Its name tells nobody anything.
  assert.match(path, new RegExp(`^${TALK}/[A-Za-z0-9_-]{24}/[A-Za-z0-9_-]{24}\\.png$`))
  refusal(await bare.get(path), 401)
  const { [TALK]: token = '' } = await tokensFor(app, TALK)
  assert.match(expect(await bare.get(path, bearer(token)), 200).headers['content-disposition'] ?? '', /me & you\.png/)
  const { messages } = await app.v2.ok('GET', MESSAGES)
  assert.equal(messages.at(-1).content.mediaUrl, mediaUrl)
  assert.equal(messages.at(-1).author.userExternalId, 'ann')

  await app.v2.call('PATCH', HOME, { settings: { attachmentsAccess: 'public' } })
  await server.admin.patch(`/v2${HOME}`, { settings: { attachmentsAccess: 'public' } })
  const open = expect(await image(app, 'ann', 'appMaker'), 201).json<{ message: { mediaUrl: string; role: string } }>()
  assert.equal(open.message.role, 'appMaker')
  assert.match(open.message.mediaUrl, /\/me%20%26%20you\.png$/)
  expect(await bare.get(targetOf(open.message.mediaUrl)), 200)
  refusal(await bare.get(path), 401)
  await server.admin.patch(`/v2${HOME}`, { settings: { attachmentsAccess: 'private' } })

  assert.deepEqual(await app.old.ok('DELETE', `/appusers/ann/messages/${_id}`), {})
  refusal(await bare.get(path, bearer(token)), 404)
})

test('what no image can be', async () => {
  const told = async (...of: Parameters<typeof image>) => {
    const answer = await image(...of)
    return `${answer.status} ${answer.json<{ error: { code: string; description: string } }>().error.description}`
  }
  assert.match(await told(app, 'ann', null), /^400 should have required property 'role'/)
  assert.match(await told(app, 'ann', 'user'), /^400 'role' should be equal to one of/)
  assert.match(await told(app, 'ann', ['appUser', 'appMaker']), /^400 'role' should be given once/)
  assert.match(await told(app, 'nobody', 'appUser'), /^404 User not found/)
  assert.match(await told(app, 'ann', 'appUser', 'a,b', 'a.csv'), /^415 File rejected\. File type not allowed/)
  assert.match(await told(app, 'ann', 'appUser', PNG, 'a.exe'), /^415 File rejected\. File extension not allowed/)
})

test('messages under v1.1', async () => {
  const path = await uploadTo(app, `access=private&for=message&conversationId=${conversation}`)
  const { message, conversation: home } = await app.old.ok('POST', `${HOME}/appusers/ann/messages`, {
    ...{ role: 'appMaker', type: 'file', mediaUrl: server.url + path, name: 'Desk', metadata: { a: 1 } },
  })
  assert.equal(home._id, conversation)
  const { _id, received, ...rest } = message
  assert.equal(typeof received, 'number')
  assert.deepEqual(rest, {
    ...{
      type: 'file',
      role: 'appMaker',
      name: 'Desk',
      altText: 'bob.png',
      source: { type: 'api' },
      metadata: { a: 1 },
    },
    ...{ mediaUrl: server.url + path, mediaType: 'image/png', mediaSize: PNG.length },
  })
  const json = { 'content-type': 'application/json' }
  assert.deepEqual(await app.old.ok('DELETE', '/appusers/ann/messages', undefined, json), {})
  expect(await open(path), 404)
  assert.deepEqual((await app.v2.ok('GET', MESSAGES)).messages, [])
  assert.match(await app.old.fails('DELETE', `/appusers/ann/messages/${_id}`), /^404 not_found: Message not found/)
  assert.match(await app.old.fails('POST', '/appusers/ann/messages', { type: 'text', text: 'x' }), /^400 .*'role'/)
})

test('what came in by the native door is shown, too', async () => {
  const native = openApp(server.admin, app.id)
  const file = await native.upload(PNG, { conversation, from: 'ann', name: 'n.png' })
  const draft = { conversation, from: 'ann', text: 'native', attachments: [file.id] }
  const { id } = expect(await server.admin.post(`${native.base}/messages`, draft), 201).json<{ id: string }>()
  const { messages } = await app.v2.ok('GET', MESSAGES)
  const { received, ...shown } = messages.at(-1)
  assert.deepEqual(shown, {
    id,
    author: { type: 'user', userExternalId: 'ann', userId: user },
    content: {
      ...{ type: 'image', text: 'native', altText: 'n.png' },
      ...{ mediaUrl: file.url, mediaType: 'image/png', mediaSize: PNG.length },
    },
    source: { type: 'api:conversations' },
  })
})

test('users who are merged bring their conversations along, with their files where they were', async () => {
  const own = await createSunshineApp(server.admin, { attachmentsAccess: 'private' })
  const ann = await talkWith(own, 'ann')
  const homes: string[] = []
  const files: string[] = []
  for (let n = 0; n < 12; n++) {
    const { user: _id, conversation: home } = await talkWith(own, `old${n}`)
    files.push(await uploadTo(own, `access=private&conversationId=${home}`))
    const at = `${own.home}/conversations/${home}/messages`
    await own.v2.ok('POST', at, { author: business, content: { type: 'image', mediaUrl: server.url + files[n] } })
    homes.push(`${own.home}/conversations/${home}`)
    assert.deepEqual(
      expect(await own.old.call('POST', '/appusers/merge', { surviving: { _id: ann.user }, discarded: { _id } }), 200)
        .text,
      '{}',
    )
  }
  const path = `${own.home}/conversations/${ann.conversation}`
  const tokens = await tokensFor(own, path)
  assert.deepEqual(Object.keys(tokens), [path, ...homes.slice(2).reverse()])
  const { messages } = await own.v2.ok('GET', `${path}/messages`)
  assert.deepEqual(
    messages.map(({ content }: { content: { mediaUrl: string } }) => targetOf(content.mediaUrl)),
    files,
  )
  for (const [n, file] of files.entries()) {
    const opens = []
    for (const [of, token] of Object.entries(tokens)) {
      if ((await bare.get(file, bearer(token))).status === 200) opens.push(of)
    }
    assert.deepEqual(opens, n < 2 ? [] : [homes[n]])
    expect(await open(file, own), 200)
  }
  assert.match(await own.v2.fails('GET', `${homes[0]}/messages`), /^404 conversation_not_found/)
  expect(await own.v2.call('POST', `${own.home}/attachments/token`, { paths: [homes[11]] }), 404)
  expect(await own.v2.call('POST', `${own.home}/attachments/token`, { paths: [files[0]] }), 200)
})
