import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  fetchMedia,
  openChat,
  picture,
  type Shown,
  sendFiles,
  sendText,
  urlOf,
  urlsOf,
} from './support/cometchat-messages.ts'
import { expect } from './support/tenant.ts'
import { startReceiver, type Told } from './support/webhook-receiver.ts'

const chat = await openChat(['ann', 'bob'], { team: ['ann', 'bob'] }, { flags: ['--allow-loopback', 'true'] })
after(() => chat.server.stop())
const receiver = await startReceiver()
after(() => receiver.close())
const { rest, app, server } = chat
const { ann, bob } = chat.users

/** What this vendor's consumers read. */
type MessageSent = {
  readonly trigger: string
  readonly data: { readonly message: Shown }
  readonly appId: string
  readonly region: string
  readonly webhook: string
}

const sentOf = ({ body }: Told) => body as unknown as MessageSent
const credentials = { user: 'hook', password: 'pass:word' }
const hook = { url: receiver.url, events: ['message_sent'], credentials }
const { id: webhook } = expect(await server.admin.post(`/v1/apps/${app.id}/webhooks`, hook), 201).json<{ id: string }>()
const about = (id: string) => receiver.wait(`message ${id}`, (told) => sentOf(told).data.message.id === id)

test('a sent message is told in the vendor’s words, with Basic credentials and no token', async () => {
  await chat.settings({ loginWall: 'https://wall.example/see?to=' })
  const sent = await sendFiles(ann, '#team', [picture('w.png')], [['caption', 'look']])
  const told = await about(sent.id)
  await chat.settings({ loginWall: null })
  const { trigger, appId, region, webhook: named, data, ...more } = sentOf(told)
  assert.deepEqual([trigger, appId, region, named, more], ['message_sent', app.id, 'us', webhook, {}])
  assert.deepEqual(
    [data.message.sender, data.message.data.text, data.message.conversationId],
    ['ann', 'look', 'group_team'],
  )
  assert.doesNotMatch(told.text, /fat=|[?&]t=|wall\.example/, 'the wall is for people')
  const basic = `Basic ${Buffer.from('hook:pass:word').toString('base64')}`
  assert.equal(told.headers.authorization, basic)

  const url = urlOf(data.message)
  assert.equal((await fetchMedia(server, url)).status, 401, 'a bare request gets nothing')
  const answer = await fetchMedia(server, url, { appid: app.id, apikey: rest.apiKey })
  const { data: exchanged } = answer.json<{ data: { url: string } }>()
  assert.ok((await fetchMedia(server, exchanged.url)).body.equals(picture('w.png').bytes))
  const narrow = await rest.ok('POST', '/apikeys', { name: 'narrow', scope: 'authOnly' })
  assert.equal((await fetchMedia(server, url, { appid: app.id, apikey: narrow.apiKey })).status, 403)
})

test('texts and messages between two are told as well', async () => {
  const text = await sendText(bob, 'ann', 'hi')
  const { message } = sentOf(await about(text.id)).data
  assert.deepEqual([message.receiver, message.conversationId, urlsOf(message)], ['ann', 'ann_user_bob', []])
})
