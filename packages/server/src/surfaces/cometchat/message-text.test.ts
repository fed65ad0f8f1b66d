import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Json, Message } from '@gatehouse/storage/records/port'
import { openApi } from '../../../test/api.ts'
import { settingsOf } from '../../settings.ts'
import { type Context, textOf } from './call.ts'
import { createScenes, type Viewer } from './message-scene.ts'
import { createMessageTexts } from './message-text.ts'
import { showMessage } from './message-view.ts'
import { queryOf } from './request.ts'
import { createTalkCalls } from './talk.ts'

const house = await openApi()
after(() => house.close())
const { records, standings } = house.parts
const { id: app } = (await house.call('POST', '/v1/apps', { name: 'Chat' })).body
const found = (await records.apps.find(app)) ?? assert.fail()
await house.call('PUT', `/v1/apps/${app}/conversations/team`, { type: 'group', members: ['ann', 'bob'] })
await house.call('PUT', `/v1/apps/${app}/conversations/old`, { type: 'group', members: ['ann', 'bob'] })
const [ann, bob] = await records.users.findMany(app, ['ann', 'bob'])
if (ann === undefined || bob === undefined) throw new Error('nobody is there')
const READERS: readonly Viewer['reader'][] = [ann, bob, null]

const list = createTalkCalls(house.parts).find(({ path }) => path === '/groups/{guid}/messages') ?? assert.fail()
const scenes = createScenes(house.parts)

const change = (what: Parameters<typeof standings.change>[0]) => standings.change(what, 'tester')
let files = 0

async function share(access: 'private' | 'public', conversation: string | null = 'team'): Promise<string> {
  const id = String(++files).padStart(24, '0')
  const { id: made } = await records.attachments.create({
    ...{ app, id, path: `/apps/${app}/${id}/father "1".png`, conversation, filename: `fa"${files}\u2028.png`, access },
    ...{
      contentType: 'image/png',
      size: files,
      sha256: '00',
      blob: `${app}/${id}`,
      from: 'ann',
      recipients: null,
      at: 1,
    },
  })
  return made
}

function send(attachments: readonly string[], content: Json = {}, more: Partial<Message> = {}): Promise<Message> {
  const data = { receiverType: 'group', receiver: 'team', content, files: attachments }
  return records.messages.create({
    ...{ app, conversation: 'team', from: 'ann', text: null, type: 'image', attachments, at: 5000, data },
    ...more,
  })
}

type Reading = { readonly reader: Viewer['reader']; readonly links?: 'session' }

/** A page as it leaves, and as it reads when each message is looked up by itself and shown from nothing. */
async function both({ reader, links }: Reading): Promise<readonly [page: string, plain: string]> {
  const settings = { ...settingsOf(found.settings), ...(links !== undefined && { cometchatLinks: links }) }
  const tenant = { app: found, settings }
  const context = {
    tenant,
    app,
    who: reader === null ? 'rest' : 'client',
    reader,
    params: { guid: 'team' },
    query: queryOf({}),
  }
  const answer = textOf(await list.handle(context as unknown as Context))
  const { data } = JSON.parse(answer) as { data: { id: string }[] }
  const messages: Message[] = []
  for (const { id } of data) messages.push((await records.messages.find(app, id)) ?? assert.fail())
  const scene = await scenes({ tenant, reader }, messages)
  return [JSON.stringify(data), JSON.stringify(messages.map((message) => showMessage(message, scene)))]
}

/** Compares for every reader, twice, since the second time everything is known; answers what ann and bob read. */
async function compare(sentence: string): Promise<string> {
  const read: string[] = []
  for (const round of [1, 2]) {
    for (const reader of READERS) {
      for (const links of [undefined, 'session'] as const) {
        const [page, plain] = await both({ reader, ...(links !== undefined && { links }) })
        assert.equal(page, plain, `${sentence}: ${reader?.id}, ${links}, round ${round}`)
        if (round === 2 && reader !== null && links === undefined) read.push(page)
      }
    }
  }
  const [ofAnn = '', ofBob = ''] = read
  const tokens = new Set(tokensIn(ofAnn))
  assert.ok(
    tokensIn(ofBob).every((token) => !tokens.has(token)),
    `${sentence}: a URL of another reader`,
  )
  return ofAnn + ofBob
}

const tokensIn = (page: string) => page.match(/fat=[\w-]+/g) ?? []

test('a page is what its messages are, one by one, after whatever was written, for every reader', async () => {
  const [own, open, elsewhere] = [await share('private'), await share('public'), await share('private', null)]
  const first = await send([own])
  const second = await send([open, own, elsewhere], { text: 'caption', entities: 'mine', url: 1, '7': [null] })
  const away = { url: 'https://elsewhere.test/a', name: 'a', mimeType: 'image/png', extension: 'png', size: 1 }
  await send([own], {}, { data: { receiverType: 'user', receiver: 'bob', content: {}, files: [own, away], muid: 'm' } })
  await send([own], {}, { data: { "from another's": 'hands' }, type: 'text', text: '"\ud800\u0000' })
  await send([own], {}, { conversation: 'old', from: null, tags: ['t'], parent: first.id })
  let before = await compare('sent')
  assert.ok(tokensIn(before).length > 0, 'there are URLs to compare')

  const rows: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['edited', () => records.messages.update(app, first.id, { text: 'now' }, 'bob', 6000)],
    ['edited by a server', () => records.messages.update(app, second.id, { data: { files: [] } }, 'key', 7000)],
    ['made public', () => change({ kind: 'attachment', app, attachment: own, to: 'public' })],
    ['made private again', () => change({ kind: 'attachment', app, attachment: own, to: 'private' })],
    ['protected', () => change({ kind: 'protect', app, to: 'private', before: null, limit: 10 })],
    ['a user renamed', () => records.users.put({ app, id: 'ann', name: 'Ann "A"', at: 8000 })],
    ['the group renamed', () => records.conversations.update(app, 'team', { name: 'Us' }, 8000)],
    ['merged', () => records.conversations.merge(app, 'team', 'old', 8000)],
    ['void what was issued', () => change({ kind: 'revoke', app, target: { conversation: 'team' } } as never)],
    ['links voided for one', () => change({ kind: 'revoke', app, target: { subject: 'bob', issuedBefore: 2 ** 31 } })],
    ['a member is more', () => records.conversations.setRole(app, 'team', 'bob', 'admin')],
    ['marked as deleted', () => records.messages.markDeleted(app, first.id, 'bob', 9000)],
    ['deleted', () => records.messages.delete(app, second.id)],
    ['its file deleted', () => change({ kind: 'attachment', app, attachment: own, to: 'deleted' })],
  ]
  for (const [sentence, write] of rows) {
    assert.ok(await write(), sentence)
    const now = await compare(sentence)
    assert.notEqual(now, before, sentence)
    before = now
  }
})

test('a URL is written with its escapes, whether they are in its path, in the login wall in front of it, or nowhere', async () => {
  const settings = settingsOf(found.settings)
  const message = await send([await share('private')])
  for (const loginWall of [null, 'https://wall.example/?a="&to=', 'https://wall.example/?a=\\\u2028\ud800&to=']) {
    const tenant = { app: found, settings: { ...settings, loginWall } }
    const scene = await scenes({ tenant, reader: ann }, [message])
    const front = `${loginWall ?? ''}https://media.example`
    for (const names of [
      ['a', 'b'],
      ['a"', 'b'],
      ['a', 'b\\'],
      ['ä', 'b'],
    ]) {
      const attachments = names.map((name, n) => {
        const [own] = scene.attachments.values()
        return { ...(own ?? assert.fail()), id: String(n), path: `/apps/${app}/x/${name}` }
      })
      const page = {
        ...scene,
        attachments: new Map(attachments.map((each) => [each.id, each])),
        url: ({ path }: { path: string }) => `${front}${path}?fat=x`,
      }
      const messages = attachments.map(({ id }) => ({
        ...message,
        attachments: [id],
        data: { receiverType: 'group', receiver: 'team', content: {}, files: [id] },
      }))
      const plain = JSON.stringify(messages.map((each) => showMessage(each, page)))
      assert.equal(createMessageTexts().list(messages, page), plain, `${loginWall} ${names}`)
      assert.ok(plain.includes('?fat=x'))
    }
  }
})

test('what people write is never taken for a place that is filled in', async () => {
  const texts = createMessageTexts()
  const message = await send([], { a: `"${'0'.repeat(32)}0"`, b: '0'.repeat(32) })
  const scene = await scenes({ tenant: { app: found, settings: settingsOf(found.settings) }, reader: ann }, [message])
  assert.equal(texts.list([message], scene), JSON.stringify([showMessage(message, scene)]))
  assert.equal(texts.list([], scene), '[]')
})
