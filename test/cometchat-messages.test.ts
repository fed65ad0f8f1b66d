import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Caller } from './support/cometchat-http.ts'
import {
  formOf,
  mediaForm,
  openChat,
  type Part,
  parted,
  picture,
  read,
  type Shown,
  sendFiles,
  sendPicture,
  sendText,
  textBody,
  to,
  urlBody,
  urlsOf,
} from './support/cometchat-messages.ts'

const chat = await openChat(['ann', 'bob', 'carol', 'dave'], { team: ['ann', 'bob', 'carol'] })
after(() => chat.server.stop())
const { rest, app } = chat
const { ann, bob, carol, dave } = chat.users

const user = (uid: string) => ({ uid, name: `Name of ${uid}`, role: 'default', status: 'offline' })

/** An entity without the times that nobody foresees. */
function bare({ entity, entityType }: { entity: Record<string, unknown>; entityType: string }) {
  const { createdAt, updatedAt, joinedAt: _joined, ...rest } = entity
  assert.ok(Number.isInteger(createdAt) && Number.isInteger(updatedAt))
  return { entity: rest, entityType }
}

test('a media message has the shape that clients read', async () => {
  const before = Math.floor(Date.now() / 1000)
  const sent = await sendFiles(ann, 'bob', [picture('one.PNG'), picture('two.png')], [['caption', 'Look!']])
  const { id, sentAt, updatedAt, data, ...rest } = sent as Shown & { data: { entities: Record<string, never> } }
  assert.deepEqual(rest, {
    ...{ conversationId: 'ann_user_bob', sender: 'ann', receiverType: 'user', receiver: 'bob' },
    ...{ category: 'message', type: 'image' },
  })
  assert.match(id, /^[1-9]\d*$/)
  assert.ok(sentAt >= before && sentAt <= before + 60 && updatedAt === sentAt, 'times are whole seconds')
  const { entities, attachments = [], url, ...others } = data
  assert.deepEqual(others, { text: 'Look!' })
  assert.deepEqual(bare(entities.sender as never), { entity: user('ann'), entityType: 'user' })
  assert.deepEqual(bare(entities.receiver as never), { entity: user('bob'), entityType: 'user' })
  assert.equal(url, attachments[0]?.url)
  assert.deepEqual(
    attachments.map(({ url: _url, ...file }) => file),
    [
      { name: 'one.PNG', mimeType: 'image/png', extension: 'png', size: picture('one.PNG').bytes.length },
      { name: 'two.png', mimeType: 'image/png', extension: 'png', size: picture('two.png').bytes.length },
    ],
  )
})

test('files lie under random names in an opaque conversation', async () => {
  const { clean } = parted(urlsOf(await sendPicture(ann, 'bob', 'my father.png'))[0] ?? '')
  const path = new URL(clean).pathname
  assert.match(path, new RegExp(`^/apps/${app.id}/conversations/[0-9a-f]{24}/[\\w-]{24}/[\\w-]{24}\\.png$`))
  assert.doesNotMatch(clean, /fat|father|ann|bob/)
})

test('every form of message that clients and servers send is taken', async () => {
  const elsewhere = { url: 'https://cdn.test/a.png', name: 'a.png', mimeType: 'image/png', extension: 'png', size: 5 }
  const fields = (data: string): readonly Part[] => [
    ['type', 'image'],
    ['receiverType', 'group'],
    ['category', 'message'],
    ['data', data],
    ['receiver', 'team'],
  ]
  const named = formOf(fields(JSON.stringify({ url: '', attachments: [elsewhere] })))
  const rows: readonly (readonly [string, Caller, object | Buffer, Record<string, string>, Partial<Shown['data']>])[] =
    [
      ['text', ann, textBody('#team', 'hi'), {}, { text: 'hi' }],
      ['by URL as JSON', ann, urlBody('#team', elsewhere), {}, { url: elsewhere.url, attachments: [elsewhere] }],
      ['by URL as a form', ann, named.body, named.headers, { url: elsewhere.url, attachments: [elsewhere] }],
      [
        'custom',
        ann,
        { type: 'place', category: 'custom', ...to('#team'), data: { customData: { lat: 1 } } },
        {},
        { customData: { lat: 1 } } as object,
      ],
      ['a server for a user', rest, textBody('#team', 'hi'), { onBehalfOf: 'ann' }, { text: 'hi' }],
    ]
  for (const [what, caller, body, headers, wanted] of rows) {
    const sent = await caller.ok('POST', '/messages', body, headers)
    const { entities, ...data } = sent.data
    assert.deepEqual(data, wanted, what)
    assert.equal(entities.receiver.entity.conversationId, 'group_team', what)
    assert.deepEqual([sent.sender, sent.conversationId], ['ann', 'group_team'], what)
    assert.deepEqual((await read(bob, sent)).data.text, wanted.text, what)
  }
})

test('a server takes files, too, and speaks for itself where it names nobody', async () => {
  const { headers, body } = mediaForm('bob', [picture('x.png')])
  const own: Shown = await rest.ok('POST', '/messages', body, headers)
  assert.deepEqual([own.sender, own.conversationId], ['app_system', 'app_system_user_bob'])
  assert.equal(parted(urlsOf(own)[0] ?? '').token, null, 'a server opens clean URLs with its key')
  const seen: Shown = (await bob.ok('GET', '/users/app_system/messages'))[0]
  assert.equal(seen.id, own.id)
  assert.notEqual(parted(urlsOf(seen)[0] ?? '').token, null)
  const forAnn: Shown = await rest.ok('POST', '/messages', body, { ...headers, onBehalfOf: 'ann' })
  assert.equal(forAnn.sender, 'ann')
  assert.notEqual(parted(urlsOf(forAnn)[0] ?? '').token, null, 'the answer is made for the user it was sent for')
  assert.equal(
    (await rest.call('POST', '/messages', body, { ...headers, onBehalfOf: 'nobody' })).error?.code,
    'ERR_UID_NOT_FOUND',
  )
})

test('a reply stands in its thread and names its parent', async () => {
  const parent = await sendPicture(ann, '#team')
  const { headers, body } = mediaForm('#team', [picture('r.png')], [['parentMessageId', parent.id]])
  const reply: Shown = await bob.ok('POST', `/messages/${parent.id}/thread`, body, headers)
  assert.equal(reply.parentId, parent.id)
  const text = await rest.ok('POST', `/messages/${parent.id}/thread`, textBody('#team', 'x'), { onBehalfOf: 'carol' })
  assert.equal(text.parentId, parent.id)
  const thread: readonly Shown[] = await carol.ok('GET', `/messages/${parent.id}/thread?per_page=10`)
  assert.deepEqual(
    thread.map(({ id }) => id),
    [reply.id, text.id],
  )
  assert.equal(
    await dave.fails('POST', `/messages/${parent.id}/thread`, textBody('#team', 'x')),
    '403 ERR_GROUP_NOT_JOINED',
  )
  assert.equal(await ann.fails('POST', `/messages/${parent.id}/thread`, textBody('bob', 'x')), '400 ERR_BAD_REQUEST')
  assert.equal(
    await ann.fails('POST', '/messages/999999/thread', textBody('#team', 'x')),
    '404 ERR_MESSAGE_ID_NOT_FOUND',
  )
  assert.equal(await dave.fails('GET', `/messages/${parent.id}/thread`), '403 ERR_MESSAGE_NO_ACCESS')
})

test('one message is read by its parties and by servers alone', async () => {
  const between = await sendPicture(ann, 'bob')
  const inGroup = await sendPicture(ann, '#team')
  assert.equal((await read(bob, between)).id, between.id)
  assert.equal((await read(rest, inGroup)).id, inGroup.id)
  assert.equal(await carol.fails('GET', `/messages/${between.id}`), '403 ERR_MESSAGE_NO_ACCESS')
  assert.equal(await dave.fails('GET', `/messages/${inGroup.id}`), '403 ERR_MESSAGE_NO_ACCESS')
  for (const id of ['999999', '0', '-1', 'x', '1e9', '99999999999999999999', '%00', '..%2f']) {
    assert.match(await ann.fails('GET', `/messages/${id}`), /^40[04] ERR_/, id)
  }
  assert.equal(await ann.fails('GET', '/messages/999999'), '404 ERR_MESSAGE_ID_NOT_FOUND')
})

test('an edit is told as an action, and changes what it names', async () => {
  const sent = await sendFiles(ann, '#team', [picture('e.png')], [['caption', 'old']])
  const action = await ann.ok('PUT', `/messages/${sent.id}`, { data: { text: 'new', metadata: { a: 1 } } })
  assert.deepEqual([action.category, action.type, action.data.action], ['action', 'message', 'edited'])
  const { by, for: forWhom, on } = action.data.entities
  assert.deepEqual([by.entity.uid, by.entityType], ['ann', 'user'])
  assert.deepEqual([forWhom.entity.guid, forWhom.entityType], ['team', 'group'])
  assert.equal(on.entityType, 'message')
  assert.deepEqual([on.entity.id, on.entity.data.text, on.entity.data.metadata], [sent.id, 'new', { a: 1 }])
  assert.ok(Number.isInteger(on.entity.editedAt))
  const seen = await read(bob, sent)
  assert.deepEqual([seen.data.text, seen.data.metadata, urlsOf(seen).length], ['new', { a: 1 }, 1])
  assert.equal(await bob.fails('PUT', `/messages/${sent.id}`, { text: 'x' }), '403 ERR_MESSAGE_NO_ACCESS')
  assert.equal(await dave.fails('PUT', `/messages/${sent.id}`, { text: 'x' }), '403 ERR_MESSAGE_NO_ACCESS')
  assert.equal(await ann.fails('PUT', `/messages/${sent.id}`, { data: 'x' }), '400 ERR_BAD_REQUEST')
  const byServer = await rest.ok('PUT', `/messages/${sent.id}`, { text: 'newer' })
  assert.equal(byServer.data.entities.on.entity.data.text, 'newer')
})

test('a deleted message leaves a mark; with `permanent`, nothing', async () => {
  const sent = await sendFiles(ann, 'bob', [picture('d.png')], [['caption', 'secret words']])
  assert.equal(await bob.fails('DELETE', `/messages/${sent.id}`, { id: sent.id }), '403 ERR_MESSAGE_NO_ACCESS')
  const action = await ann.ok('DELETE', `/messages/${sent.id}`, { id: sent.id })
  assert.deepEqual([action.category, action.data.action], ['action', 'deleted'])
  const mark: Shown = action.data.entities.on.entity
  assert.ok(Number.isInteger(mark.deletedAt))
  assert.deepEqual([mark.deletedBy, mark.data.text, mark.data.attachments], ['ann', undefined, undefined])
  const seen = await read(bob, sent)
  assert.ok(Number.isInteger(seen.deletedAt))
  assert.doesNotMatch(JSON.stringify(seen), /secret|fat=/)
  assert.deepEqual([seen.receiver, seen.conversationId, seen.sender], ['bob', 'ann_user_bob', 'ann'])
  assert.equal(await ann.fails('PUT', `/messages/${sent.id}`, { text: 'x' }), '404 ERR_MESSAGE_ID_NOT_FOUND')

  const other = await sendText(ann, '#team', 'x')
  assert.equal((await rest.ok('DELETE', `/messages/${other.id}`, { permanent: true })).data.action, 'deleted')
  assert.equal(await rest.fails('GET', `/messages/${other.id}`), '404 ERR_MESSAGE_ID_NOT_FOUND')
  assert.equal(await rest.fails('DELETE', `/messages/${other.id}`), '404 ERR_MESSAGE_ID_NOT_FOUND')
  assert.equal(
    (await ann.call('DELETE', `/messages/${(await sendText(ann, 'bob', 'y')).id}`)).status,
    200,
    'no body is fine',
  )
})

test('who moderates a group may edit and delete what others said there', async () => {
  await rest.ok('PUT', '/groups/team/members/carol', { scope: 'moderator' })
  const sent = await sendText(ann, '#team', 'rude')
  assert.equal((await carol.ok('DELETE', `/messages/${sent.id}`, { id: sent.id })).data.entities.by.entity.uid, 'carol')
  assert.equal((await read(bob, sent)).deletedBy, 'carol')
  const said = await sendText(ann, '#team', 'rude')
  const editors = [
    [ann, 'ann'],
    [carol, 'carol'],
    [rest, 'app_system'],
  ] as const
  for (const [editor, name] of editors) {
    const { on, by } = (await editor.ok('PUT', `/messages/${said.id}`, { text: `by ${name}` })).data.entities
    assert.deepEqual([on.entity.editedBy, on.entity.sender, by.entity.uid], [name, 'ann', name])
    const seen = await read(bob, said)
    assert.deepEqual([seen.editedBy, seen.sender, seen.data.text], [name, 'ann', `by ${name}`])
  }
  await carol.ok('PUT', `/messages/${said.id}`, { text: 'kind' })
  const native = await chat.server.admin.get(`${app.base}/messages/${said.id}`)
  assert.equal(native.json<{ editedBy: string }>().editedBy, 'carol')
  await rest.ok('PUT', '/groups/team/members/carol', { scope: 'participant' })
})

test('what cannot be sent is refused by name, and leaves nothing behind', async () => {
  const form = (parts: readonly Part[]) => formOf(parts)
  const image = (more: readonly Part[]): readonly Part[] => [['type', 'image'], ['category', 'message'], ...more]
  const file: Part = ['files[]', picture('x.png')]
  const rows: readonly (readonly [string, { body: unknown; headers?: Record<string, string> }, string])[] = [
    ['no receiver', form(image([['receiverType', 'user'], file])), '400 ERR_BAD_REQUEST'],
    ['no receiver type', form(image([file, ['receiver', 'bob']])), '400 ERR_BAD_REQUEST'],
    ['nobody', form(image([['receiverType', 'user'], file, ['receiver', 'nobody']])), '404 ERR_UID_NOT_FOUND'],
    ['no group', form(image([['receiverType', 'group'], file, ['receiver', 'none']])), '404 ERR_GUID_NOT_FOUND'],
    [
      'no file',
      form(
        image([
          ['receiverType', 'user'],
          ['receiver', 'bob'],
        ]),
      ),
      '400 ERR_EMPTY_MESSAGE_FILE',
    ],
    ['no file in JSON', { body: { ...urlBody('bob'), data: {} } }, '400 ERR_EMPTY_MESSAGE_FILE'],
    [
      'broken data',
      form(image([['receiverType', 'user'], ['data', '{'], file, ['receiver', 'bob']])),
      '400 ERR_BAD_REQUEST',
    ],
    [
      'many files',
      form(image([['receiverType', 'user'], ...Array<Part>(11).fill(file), ['receiver', 'bob']])),
      '400 ERR_BAD_REQUEST',
    ],
    [
      'a cut form',
      { ...form(image([['receiverType', 'user'], file])), body: form(image([file])).body.subarray(0, -40) },
      '400 ERR_BAD_REQUEST',
    ],
    [
      'several receivers',
      { body: { ...textBody('bob', 'x'), multipleReceivers: { uids: ['bob', 'carol'] } } },
      '400 ERR_BAD_REQUEST',
    ],
    ['a long text', { body: textBody('bob', 'x'.repeat(65_536)) }, '400 ERR_BAD_REQUEST'],
    [
      'much data',
      { body: { ...textBody('bob', 'x'), data: { text: 'x', metadata: { a: 'x'.repeat(10_240) } } } },
      '400 ERR_BAD_REQUEST',
    ],
    [
      'many tags',
      { body: { ...textBody('bob', 'x'), tags: Array.from({ length: 26 }, (_, n) => `t${n}`) } },
      '400 ERR_BAD_REQUEST',
    ],
    ['an action', { body: { ...textBody('bob', 'x'), category: 'action' } }, '400 ERR_BAD_REQUEST'],
    ['no JSON', { body: '{"type":', headers: { 'content-type': 'application/json' } }, '400 ERR_BAD_REQUEST'],
    ['a list', { body: [] }, '400 ERR_BAD_REQUEST'],
  ]
  for (const [what, { body, headers }, wanted] of rows) {
    assert.equal(await ann.fails('POST', '/messages', body, headers ?? {}), wanted, what)
  }
  const full = { ...textBody('bob', 'x'.repeat(30_000)), tags: Array.from({ length: 25 }, (_, n) => `t${n}`) }
  assert.equal((await ann.ok('POST', '/messages', full)).tags.length, 25, 'what just fits is taken')
  const outside = mediaForm('#team', [picture('x.png')])
  assert.equal(await dave.fails('POST', '/messages', outside.body, outside.headers), '403 ERR_GROUP_NOT_JOINED')
  assert.equal(
    await rest.fails('POST', '/messages', outside.body, { ...outside.headers, onBehalfOf: 'dave' }),
    '403 ERR_NOT_A_MEMBER',
  )
  const { items } = (await chat.server.admin.get(`/v1/apps/${app.id}/attachments?limit=1000`)).json<{
    items: { id: string }[]
  }>()
  const before = items.length
  await ann.fails('POST', '/messages', outside.body.subarray(0, -60), outside.headers)
  const now = (await chat.server.admin.get(`/v1/apps/${app.id}/attachments?limit=1000`)).json<{ items: unknown[] }>()
  assert.equal(now.items.length, before)
})

test('a message larger than the vendor allows, or than the app allows, is refused as too large', async () => {
  const { headers, body } = mediaForm('bob', [picture('x.png')])
  const announced = { ...headers, 'content-length': String(101 * 1024 * 1024), connection: 'close' }
  const early = await app.bare.post('/v3.0/messages', body, { ...announced, appid: app.id, authtoken: ann.authToken })
  assert.equal(early.status, 413, 'told before the rest of it is sent')
  await chat.settings({ maxUploadBytes: 10 })
  assert.equal(await ann.fails('POST', '/messages', body, headers), '413 ERR_FILE_SIZE_EXCEEDED')
  await chat.settings({ maxUploadBytes: null, quotaAttachments: 0 })
  assert.equal(await ann.fails('POST', '/messages', body, headers), '403 ERR_PERMISSION_DENIED')
  await chat.settings({ quotaAttachments: null })
})

test('the list of conversations tells the last message of each, newest first', async () => {
  await sendPicture(ann, 'dave')
  await sendPicture(bob, '#team')
  const list = await ann.ok('GET', '/conversations?per_page=2&page=1')
  assert.deepEqual(
    list.map((one: { conversationId: string }) => one.conversationId),
    ['group_team', 'ann_user_dave'],
  )
  const [group, direct] = list
  assert.deepEqual([group.conversationType, direct.conversationType], ['group', 'user'])
  assert.deepEqual([group.conversationWith.guid, direct.conversationWith.uid], ['team', 'dave'])
  assert.deepEqual([group.lastMessage.sender, group.unreadMessageCount], ['bob', 0])
  assert.notEqual(parted(urlsOf(group.lastMessage)[0] ?? '').token, null)
  const { meta } = await ann.call('GET', '/conversations?per_page=2&page=1')
  assert.deepEqual([meta.pagination.per_page, meta.pagination.current_page], [2, 1])
  assert.ok(meta.pagination.total_pages >= 2)
  const forDave = await rest.ok('GET', '/conversations', undefined, { onBehalfOf: 'dave' })
  assert.deepEqual(
    forDave.map((one: { conversationId: string }) => one.conversationId),
    ['ann_user_dave'],
  )
  assert.equal(await rest.fails('GET', '/conversations'), '400 ERR_BAD_REQUEST')
})

test('one conversation is told to its parties, and not counted as unread', async () => {
  await sendPicture(ann, 'dave')
  await sendPicture(bob, '#team')
  const group = await ann.ok('GET', '/groups/team/conversation')
  assert.deepEqual([group.conversationId, group.conversationType, group.unreadMessageCount], ['group_team', 'group', 0])
  assert.deepEqual([group.conversationWith.guid, group.lastMessage.sender], ['team', 'bob'])
  assert.notEqual(parted(urlsOf(group.lastMessage)[0] ?? '').token, null)
  const direct = await ann.ok('GET', '/users/DAVE/conversation')
  assert.deepEqual([direct.conversationId, direct.conversationType], ['ann_user_dave', 'user'])
  assert.deepEqual([direct.conversationWith.uid, direct.lastMessage.sender], ['dave', 'ann'])
  const forDave = await rest.ok('GET', '/users/ann/conversation', undefined, { onBehalfOf: 'dave' })
  assert.equal(forDave.lastMessage.id, direct.lastMessage.id)
  assert.notEqual(urlsOf(forDave.lastMessage)[0], urlsOf(direct.lastMessage)[0])
  // Two who never spoke have none yet, and asking makes none.
  const silent = await bob.ok('GET', '/users/dave/conversation')
  assert.deepEqual(
    [silent.conversationId, silent.conversationWith.uid, silent.lastMessage],
    ['bob_user_dave', 'dave', undefined],
  )
  assert.deepEqual(await bob.ok('GET', '/users/dave/messages'), [])
  assert.equal(await dave.fails('GET', '/groups/team/conversation'), '403 ERR_GROUP_NOT_JOINED')
  assert.equal(await ann.fails('GET', '/users/nobody/conversation'), '404 ERR_UID_NOT_FOUND')
  assert.equal(await rest.fails('GET', '/groups/team/conversation'), '400 ERR_BAD_REQUEST')
})

test('nothing odd, wherever it stands, is a fault of the server', async () => {
  const odd: readonly unknown[] = [
    ...[
      null,
      0,
      -1,
      1.5,
      true,
      '',
      ' ',
      '__proto__',
      '\u0000',
      '\ud800',
      '\u202e',
      'a'.repeat(5000),
      '{"a":',
      '[]',
      'null',
    ],
    ...[[], [null], [[[]]], {}, { toString: 1 }, { length: 5 }, { url: 'x' }, [{ url: null }], [{ url: 'http://[' }]],
    [{ url: 'https://x.test/', name: 5, size: { toString: 1 }, mimeType: [], extension: {} }],
  ]
  const sent = await sendPicture(ann, 'bob')
  const fields = ['type', 'receiverType', 'receiver', 'category', 'data', 'tags', 'caption', 'parentMessageId', 'muid']
  for (const value of odd) {
    const file = { name: 'x', size: 1, mimeType: 'image/png' }
    const upload = { ...to('bob'), files: { a: { ...file, size: value }, b: { ...file, name: value }, c: value } }
    const calls: (readonly [string, string, unknown])[] = [
      ['POST', '/files/upload-url', upload],
      ['POST', '/files/upload-url', { ...upload, files: value }],
      ['POST', '/messages', { ...textBody('bob', 'x'), type: 'image', data: { attachments: value, url: value } }],
      ['PUT', `/messages/${sent.id}`, { data: value, text: value, tags: value }],
      ...fields.map((field) => ['POST', '/messages', { ...textBody('bob', 'x'), [field]: value }] as const),
    ]
    for (const [method, path, body] of calls) await ann.call(method, path, body)
  }
  assert.equal(
    (await ann.call('GET', '/users/bob/messages?per_page=1000')).status,
    200,
    'and what was taken can be shown',
  )
})
