import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Unavailable } from '@gatehouse/storage/records/port'
import { openApi } from '../test/api.ts'
import { attachFile } from '../test/attach.ts'
import {
  deleteConversation,
  deleteMessage,
  directConversation,
  editMessage,
  sendMessage,
  unshareForMessages,
} from './talk.ts'

const house = await openApi()
after(() => house.close())
const { parts } = house
const { records, blobs } = parts
const { body: made } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const app: string = made.id
for (const id of ['ann', 'bob']) await records.users.put({ app, id, at: 1 })
await records.conversations.put({ app, id: 'c', type: 'group', members: ['ann', 'bob'], at: 1 })
const draft = { app, conversation: 'c', from: 'ann', text: 'look', at: 1 }

test('two users keep one conversation, and find it complete', async () => {
  const first = await directConversation(parts, app, ['ann', 'bob'])
  assert.equal((await directConversation(parts, app, ['bob', 'ann']))?.id, first?.id)
  await records.conversations.removeMember(app, first?.id ?? '', 'bob', 1)
  const again = await directConversation(parts, app, ['ann', 'bob'])
  assert.deepEqual([again?.id, again?.membersCount], [first?.id, 2])
  assert.equal(await directConversation(parts, app, ['ann', 'nobody']), null)
  const alone = await directConversation(parts, app, ['ann', 'ann'])
  assert.equal((await directConversation(parts, app, ['ann', 'ann']))?.id, alone?.id)
})

test('what is held is given to the members before its message can be seen', async () => {
  const held = await attachFile(parts, app, 'c', { from: 'ann', held: true })
  const message = await sendMessage(parts, { ...draft, attachments: [held.id] }, 'ann', [held])
  assert.deepEqual(message.attachments, [held.id])
  const shared = (await records.attachments.find(app, held.id)) ?? assert.fail()
  assert.equal(shared.held, false)
  assert.equal((await records.attachments.receiver(shared, 'bob'))?.id, 'bob')
  assert.equal((await editMessage(parts, app, message.id, { text: 'see' }, 'ann'))?.text, 'see')
})

test('a deleted message takes its attachments along before it goes, wherever the first call ended', async (t) => {
  const files = [await attachFile(parts, app, 'c'), await attachFile(parts, app, 'c')]
  const twin = await records.attachments.create({
    ...{
      app,
      id: 'twin',
      path: `/apps/${app}/conversations/c/twin/f.txt`,
      conversation: 'c',
      blob: files[1]?.blob ?? '',
    },
    ...{ filename: 'f.txt', contentType: 'text/plain', access: 'private', from: null, recipients: null, at: 1 },
    ...{ size: 1, sha256: '00' },
  })
  const message = await records.messages.create({ ...draft, attachments: files.map(({ id }) => id) })
  const how = { by: 'ann', mark: true, attachments: true }
  const failing = t.mock.method(records.messages, 'markDeleted', async () => {
    throw new Unavailable('the database is gone')
  })
  await assert.rejects(deleteMessage(parts, message, how), Unavailable)
  assert.deepEqual(await records.attachments.findMany(app, message.attachments), [])
  failing.mock.restore()
  const marked = await deleteMessage(parts, message, how)
  assert.deepEqual([marked?.text, marked?.deletedBy], [null, 'ann'])
  assert.equal(await blobs.stat(files[0]?.blob ?? ''), null)
  assert.notEqual(await blobs.stat(twin.blob), null, 'another attachment holds these bytes')
  assert.equal((await deleteMessage(parts, message, { ...how, mark: false }))?.id, message.id)
  assert.equal(await deleteMessage(parts, message, { ...how, mark: false }), null)
})

test('a deleted conversation is refused to everybody at once, and its bytes go', async () => {
  await records.conversations.put({ app, id: 'gone', type: 'group', members: ['ann'], at: 1 })
  const file = await attachFile(parts, app, 'gone')
  assert.equal(await deleteConversation(parts, app, 'gone', 'ann'), true)
  assert.equal(await deleteConversation(parts, app, 'gone', 'ann'), false)
  assert.equal(await blobs.stat(file.blob), null)
  const [last] = await records.changes.since((await records.changes.last()) - 1, 1)
  assert.deepEqual(last?.paths, [file.path])
})

test('what was shared for messages alone goes with them, wherever it lies', async () => {
  await records.conversations.put({ app, id: 'd', type: 'group', members: ['ann'], at: 1 })
  const [away, kept, last] = [
    await attachFile(parts, app, 'c', { forMessage: true }),
    await attachFile(parts, app, 'c'),
    await attachFile(parts, app, 'c', { forMessage: true }),
  ]
  const said = { ...draft, conversation: 'd' }
  const message = await records.messages.create({ ...said, attachments: [away.id, kept.id] })
  await records.messages.create({ ...said, attachments: [last.id, kept.id] })
  await deleteMessage(parts, message, { by: 'ann', mark: false, attachments: 'for message' })
  const left = async () => (await records.attachments.findMany(app, [away.id, kept.id, last.id])).map(({ id }) => id)
  assert.deepEqual(await left(), [kept.id, last.id])
  await unshareForMessages(parts, { app, id: 'd' }, 'ann', () => false)
  assert.deepEqual(await left(), [kept.id, last.id])
  assert.equal(await deleteConversation(parts, app, 'd', 'ann'), true)
  assert.deepEqual(await left(), [kept.id])
})
