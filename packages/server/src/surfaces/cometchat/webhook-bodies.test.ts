import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Json, Message } from '@gatehouse/storage/records/port'
import { openApi } from '../../../test/api.ts'
import type { OutgoingEvent } from '../../webhooks/bodies.ts'
import { createWebhookBodies } from './webhook-bodies.ts'

const house = await openApi()
after(() => house.close())
const { records } = house.parts
const { id: app } = (await house.call('POST', '/v1/apps', { name: 'Chat' })).body
await house.call('PUT', `/v1/apps/${app}/conversations/c`, { type: 'group', members: ['ann', 'bob'] })
const { message_sent: body } = createWebhookBodies(house.parts)

async function sent(): Promise<Message> {
  return records.messages.create({ app, conversation: 'c', from: 'ann', text: 'hi', attachments: [], at: 1000 })
}

function eventOf(message: Message): OutgoingEvent {
  const data = { message: message as unknown as Json }
  return { id: 'e', app: message.app, type: 'message.created', at: 1000, webhook: 'w', data }
}

test('a message is told as it is now', async () => {
  const message = await sent()
  await records.messages.update(app, message.id, { text: 'better' }, 'ann', 2000)
  const { data, ...rest } = (await body?.of(eventOf(message))) ?? {}
  assert.deepEqual(rest, { trigger: 'message_sent', appId: app, region: 'us', webhook: 'w' })
  assert.deepEqual((data as { message: { data: { text: string } } }).message.data.text, 'better')
})

test('what was deleted before it could be told is not told', async () => {
  const [marked, gone] = [await sent(), await sent()]
  await records.messages.markDeleted(app, marked.id, 'ann', 2000)
  await records.messages.delete(app, gone.id)
  assert.equal(await body?.of(eventOf(marked)), null)
  assert.equal(await body?.of(eventOf(gone)), null)
  assert.equal(await body?.of(eventOf({ ...gone, app: 'none' })), null)
})
