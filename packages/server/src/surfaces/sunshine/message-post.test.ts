import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openApi } from '../../../test/api.ts'
import { createPost, requireRoom } from './message-post.ts'

const house = await openApi()
after(() => house.close())
const { records } = house.parts

/** The real records, of which every question about room is counted; `full` answers it. */
function counting(full: boolean) {
  const asked: number[] = []
  const holds = async (app: string, conversation: string, count: number) => {
    asked.push(count)
    return full || records.messages.holds(app, conversation, count)
  }
  return { asked, parts: { ...house.parts, records: { ...records, messages: { ...records.messages, holds } } } }
}

test('a message asks once whether there is room, and not at all where its caller has asked', async () => {
  const { body: app } = await house.call('POST', '/v1/apps', { name: 'Desk' })
  await house.call('PUT', `/v1/apps/${app.id}/conversations/c`, { type: 'direct', members: ['ann', 'bob'] })
  const conversation = (await records.conversations.find(app.id, 'c')) ?? assert.fail()
  const caller = { by: 'a test' } as Parameters<ReturnType<typeof createPost>>[0]['caller']
  const draft = { user: null, named: { type: 'business' }, fields: { type: 'text', text: 'hello' } } as const

  const { asked, parts } = counting(false)
  const post = createPost(parts)
  await post({ app: app.id, caller }, conversation, draft)
  assert.deepEqual(asked.splice(0), [30_000])
  await requireRoom(parts.records, conversation)
  await post({ app: app.id, caller }, conversation, { ...draft, hasRoom: true })
  assert.deepEqual(asked, [30_000])
  assert.deepEqual(
    [await records.messages.holds(app.id, 'c', 2), await records.messages.holds(app.id, 'c', 3)],
    [true, false],
  )

  const full = createPost(counting(true).parts)
  await assert.rejects(full({ app: app.id, caller }, conversation, draft), { status: 423, code: 'locked' })
  assert.equal(await records.messages.holds(app.id, 'c', 3), false)
})
