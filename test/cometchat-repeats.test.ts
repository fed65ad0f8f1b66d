import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Caller } from './support/cometchat-http.ts'
import { mediaForm, openChat, type Part, picture, type Shown, textBody, urlsOf } from './support/cometchat-messages.ts'

/** A client that does not hear the answer sends its message again, with the `muid` that it gave it. */

const chat = await openChat(['ann', 'bob', 'carol'], { team: ['ann', 'bob'] }, { faketime: '+0' })
after(() => chat.server.stop())
const { rest, app, server } = chat
const { ann, bob } = chat.users

const history = async (guid = 'team'): Promise<readonly Shown[]> =>
  ann.ok('GET', `/groups/${guid}/messages?per_page=100`)
const usage = async () => (await server.admin.get(`${app.base}`)).json<{ usage: object }>().usage
const say = (caller: Caller, address: string, muid: string, text = 'hi', headers = {}): Promise<Shown> =>
  caller.ok('POST', '/messages', { ...textBody(address, text), muid }, headers)

test('a text that is sent again is the first one, as it is now', async () => {
  const first = await say(ann, '#team', 'web_1', 'once')
  assert.deepEqual(await say(ann, '#team', 'web_1', 'once'), first)
  assert.deepEqual((await say(ann, '#team', 'web_1', 'something else')).id, first.id)
  await ann.ok('PUT', `/messages/${first.id}`, { text: 'edited' })
  assert.equal((await say(ann, '#team', 'web_1', 'once')).data.text, 'edited')
  assert.deepEqual(
    (await history()).map(({ id }) => id),
    [first.id],
  )
})

test('sent many times at once, it is there once', async () => {
  const before = (await history()).length
  const replies = await Promise.all(Array.from({ length: 12 }, () => say(ann, '#team', 'web_2')))
  assert.equal(new Set(replies.map(({ id }) => id)).size, 1)
  assert.equal((await history()).length, before + 1)
})

test('files that come along again leave nothing behind, one after the other or at once', async () => {
  const files = [picture('one.png'), picture('two.png')]
  const send = async (muid: string): Promise<Shown> => {
    const more: readonly Part[] = [['muid', muid]]
    const { headers, body } = mediaForm('#team', files, more)
    return ann.ok('POST', '/messages', body, headers)
  }
  const first = await send('web_3')
  const after = await usage()
  assert.deepEqual(await send('web_3'), first)
  assert.deepEqual(await usage(), after)
  const replies = await Promise.all(Array.from({ length: 6 }, () => send('web_4')))
  for (const each of replies) assert.deepEqual(urlsOf(each), urlsOf(replies[0] as Shown))
  const listed = await app.admin.get(`${app.base}/attachments?limit=100`)
  assert.equal(listed.json<{ items: object[] }>().items.length, 4, 'two files of each message')
})

test('another sender, conversation or muid, and none at all, is another message', async () => {
  const ids = [
    (await say(ann, '#team', 'web_5')).id,
    (await say(bob, '#team', 'web_5')).id,
    (await say(ann, 'bob', 'web_5')).id,
    (await say(ann, 'carol', 'web_5')).id,
    (await say(ann, '#team', 'web_6')).id,
    (await say(ann, '#team', '')).id,
    (await say(ann, '#team', '')).id,
    (await ann.ok('POST', '/messages', textBody('#team', 'hi'))).id,
    (await ann.ok('POST', '/messages', textBody('#team', 'hi'))).id,
    (await say(rest, '#team', 'web_5')).id,
  ]
  assert.equal(new Set(ids).size, ids.length)
  assert.equal((await say(rest, '#team', 'web_5', 'hi', { onBehalfOf: 'ann' })).id, ids[0], 'a server on behalf, too')
  assert.equal((await say(rest, '#team', 'web_5')).id, ids.at(-1))
})

test('a reply is known again, too, and what is gone for good is sent anew', async () => {
  const parent = await say(ann, '#team', 'web_7')
  const reply = (): Promise<Shown> =>
    ann.ok('POST', `/messages/${parent.id}/thread`, { ...textBody('#team', 'x'), muid: 'web_8' })
  const first = await reply()
  assert.deepEqual([(await reply()).id, first.parentId], [first.id, parent.id])
  await ann.ok('DELETE', `/messages/${first.id}`)
  assert.ok((await reply()).deletedAt, 'the mark of it')
  await rest.ok('DELETE', `/messages/${first.id}`, { permanent: true })
  const anew = await reply()
  assert.ok(anew.id !== first.id && anew.deletedAt === undefined)
})

test('after a day a muid is free again', async () => {
  const first = await say(ann, '#team', 'web_9')
  server.setClock(`+${23 * 3600}`)
  assert.equal((await say(ann, '#team', 'web_9')).id, first.id)
  server.setClock(`+${25 * 3600}`)
  assert.notEqual((await say(ann, '#team', 'web_9')).id, first.id)
})
