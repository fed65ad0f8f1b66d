/** The vendor's clients send, list and delete messages and files, before and after the feature went (contract, 9, steps 18 to 21). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { bearer } from './support/client.ts'
import { refused } from './support/sunshine/client.ts'
import { closed, fileOf, opens, pathOf, picture, startJourney } from './support/sunshine/journey.ts'

const journey = await startJourney({ attachmentsAccess: 'private' })
after(() => journey.stop())
const { app, account, key, business, as, get } = journey
const HOME = `/apps/${app}`
const ann = await journey.user('ann')
const talk = await journey.conversation('ann')
const all = async () => bearer((await journey.tokens(HOME))[HOME] ?? '')
const there = async (url: string, name: string) => opens(await get(url, await all()), picture(name))
/** Gone for who may know, and for everybody else as before. */
const gone = async (url: string) => {
  closed(await get(url, await all()), 404)
  closed(await get(url), 401)
}

for (const version of ['12.5.0', '9.0.1', '14.1.0'] as const) {
  const client = as(key, { version })
  const upload = async (name: string, conversationId = talk) => {
    const options = { _for: 'message', conversationId }
    const { attachment } = await client.attachments.uploadAttachment(
      app,
      'private',
      fileOf(name, picture(name)),
      options,
    )
    assert.equal(attachment.mediaType, 'image/png')
    assert.match(pathOf(attachment.mediaUrl), new RegExp(`^${HOME}/conversations/${talk}/[A-Za-z0-9_-]{24}/${name}$`))
    return attachment.mediaUrl
  }

  test(`${version}: a message tells of its file, is listed, and takes the file along when it is deleted`, async () => {
    const url = await upload('message.png')
    const author = { type: 'business' }
    const plain = await client.messages.postMessage(app, talk, { author, content: { type: 'text', text: 'hello' } })
    const sent = await client.messages.postMessage(app, talk, { author, content: { type: 'image', mediaUrl: url } })
    const [message, ...more] = sent.messages
    assert.ok(message !== undefined && more.length === 0)
    const { mediaUrl, mediaType, mediaSize, altText } = message.content
    // The oldest client drops altText from answers.
    assert.deepEqual(
      [mediaUrl, mediaType, altText],
      [url, 'image/png', version === '9.0.1' ? undefined : 'message.png'],
    )
    assert.equal(mediaSize, picture('message.png').length)
    assert.equal(new Date(message.received).toISOString(), message.received)
    const listed = async () => (await client.messages.listMessages(app, talk)).messages
    const found = (await listed()).find(({ id }) => id === message.id)
    assert.deepEqual(found?.content, message.content)
    await there(url, 'message.png')
    assert.equal(await client.messages.deleteMessage(app, talk, message.id), '{}')
    await gone(url)
    const left = await listed()
    assert.ok(!left.some(({ id }) => id === message.id))
    assert.equal(left.find(({ id }) => id === plain.messages[0]?.id)?.content.text, 'hello')
    await refused(client.messages.deleteMessage(app, talk, message.id), 404, 'not_found')
  })

  test(`${version}: a file is deleted by its URL, once`, async () => {
    const url = await upload('file.png')
    await there(url, 'file.png')
    assert.equal(await client.attachments.deleteAttachment(app, { mediaUrl: url }), '{}')
    await gone(url)
    const again = await refused(client.attachments.deleteAttachment(app, { mediaUrl: url }), 404, 'not_found')
    assert.deepEqual(again, ['Attachment not found'])
    const foreign = 'https://media.example.com/a.png'
    const unsupported = await refused(
      client.attachments.deleteAttachment(app, { mediaUrl: foreign }),
      400,
      'bad_request',
    )
    assert.deepEqual(unsupported, [`Unsupported media URL for attachment deletion: ${foreign}`])
  })
}

test('a file of another app is not deleted', async () => {
  const other = (await account.apps.createApp({ displayName: 'Other' })).app.id
  const { attachment } = await account.attachments.uploadAttachment(other, 'public', picture('theirs'))
  const { mediaUrl } = attachment
  await refused(business.attachments.deleteAttachment(app, { mediaUrl }), 404, 'not_found')
  opens(await get(mediaUrl), picture('theirs'))
})

test('a link to elsewhere stays a link, and a message without content is refused', async () => {
  const author = { type: 'user', userId: ann }
  const content = { type: 'file', mediaUrl: 'https://elsewhere.example/a.pdf', altText: 'a letter' }
  const [message] = (await business.messages.postMessage(app, talk, { author, content })).messages
  assert.equal(message?.content.mediaUrl, content.mediaUrl)
  assert.equal(message?.content.altText, 'a letter')
  for (const body of [{ author }, { content }, { author, content: { type: 'image' } }])
    await refused(business.messages.postMessage(app, talk, body), 400, 'bad_request')
  const text = { author: { type: 'business' }, content: { type: 'text', text: 'x' } }
  await refused(business.messages.postMessage(app, 'nowhere', text), 404, 'conversation_not_found')
})

test('files for messages go with all messages of a conversation, with it, and with their user', async () => {
  await journey.user('zoe')
  const [home, group] = [await journey.conversation('zoe'), await journey.conversation('zoe')]
  const post = async (conversation: string, name: string) => {
    const mediaUrl = await journey.picture(name, { conversationId: conversation })
    const body = { author: { type: 'business' }, content: { type: 'image', mediaUrl } }
    await business.messages.postMessage(app, conversation, body)
    return mediaUrl
  }
  const first = await post(group, 'first.png')
  assert.equal(await business.messages.deleteAllMessages(app, group), '{}')
  assert.deepEqual((await business.messages.listMessages(app, group)).messages, [])
  await gone(first)
  const second = await post(group, 'second.png')
  const third = await post(home, 'third.png')
  const [title] = await refused(business.conversations.deleteConversation(app, home), 400, 'bad_request')
  assert.equal(title, `Conversation ${home} cannot be deleted because it is the default.`)
  assert.equal(await business.conversations.deleteConversation(app, group), '{}')
  await gone(second)
  await there(third, 'third.png')
  assert.equal(await business.users.deleteUser(app, 'zoe'), '{}')
  await gone(third)
  await refused(business.users.getUser(app, 'zoe'), 404, 'user_not_found')
})

test('long conversations are listed page by page, the newest page first', async () => {
  const { conversation } = await business.conversations.createConversation(app, {
    type: 'personal',
    participants: [{ userExternalId: 'ann' }],
  })
  const sent: string[] = []
  for (let at = 0; at < 103; at += 1) {
    const body = { author: { type: 'business' }, content: { type: 'text', text: `${at}` } }
    sent.push((await business.messages.postMessage(app, conversation.id, body)).messages[0]?.id ?? '')
  }
  const newest = await business.messages.listMessages(app, conversation.id)
  assert.equal(newest.messages.length, 100)
  assert.deepEqual(new Set(newest.messages.map(({ id }) => id)), new Set(sent.slice(3)))
})
