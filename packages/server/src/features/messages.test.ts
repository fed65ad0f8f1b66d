import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parseResource } from '@gatehouse/core/resource'
import { EVERYTHING, openApi } from '../../test/api.ts'
import { attachFile } from '../../test/attach.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const base = `/v1/apps/${app.id}`
for (const [id, members] of [
  ['c', ['ann', 'bob']],
  ['d', ['ann', 'zoe']],
] as const) {
  await house.call('PUT', `${base}/conversations/${id}`, { type: 'direct', members })
}

async function attach(id: string, conversation: string, recipients: string[] | null = null) {
  return house.parts.records.attachments.create({
    ...{ app: app.id, id, path: `/apps/${app.id}/conversations/${conversation}/${id}/f.txt`, conversation },
    ...{ filename: 'f.txt', contentType: 'text/plain', size: 1, sha256: '00', blob: `${app.id}/${id}` },
    ...{ access: 'private' as const, from: 'ann', recipients, at: Date.now() },
  })
}

test('each reader sees each attachment with a URL of their own, and what is not theirs without one', async () => {
  await attach('both', 'c')
  await attach('only-ann', 'c', ['ann'])
  const body = { conversation: 'c', from: 'ann', text: 'look', attachments: ['both', 'only-ann'] }
  const made = await house.call('POST', `${base}/messages`, body)
  assert.equal(made.status, 201, made.text)
  assert.match(made.body.id, /^\d+$/)
  assert.equal(made.headers.location, `${base}/messages/${made.body.id}`)
  assert.deepEqual([made.body.text, made.body.from, made.body.attachments.length], ['look', 'ann', 2])

  const urlsFor = async (user: string) => {
    const before = house.asked.length
    const { body: list } = await house.call('GET', `${base}/conversations/c/messages?for=${user}`)
    assert.equal(house.asked[before]?.action, 'issue', 'own links are issued')
    return list.items[0].attachments.map(({ url }: { url?: string }) => url)
  }
  const [forAnn, forBob, forZoe] = [await urlsFor('ann'), await urlsFor('bob'), await urlsFor('zoe')]
  assert.match(forAnn[0], /\?t=/)
  assert.match(forAnn[1], /\?t=/)
  assert.match(forBob[0], /\?t=/)
  assert.notEqual(forAnn[0], forBob[0])
  assert.equal(forBob[1], undefined)
  assert.deepEqual(forZoe, [undefined, undefined])
  const link = await house.call('GET', `${base}/attachments/both/links/bob`)
  assert.deepEqual(link.body, { user: 'bob', url: forBob[0] })
  assert.equal((await house.call('GET', `${base}/attachments/only-ann/links/bob`)).status, 404)

  const before = house.asked.length
  const plain = await house.call('GET', `${base}/conversations/c/messages`)
  assert.equal(house.asked[before]?.action, 'manage')
  assert.equal(plain.body.items[0].attachments[0].url, `http://media.test/apps/${app.id}/conversations/c/both/f.txt`)
})

test('messages come in order, page by page, and go', async () => {
  const ids: string[] = []
  for (let n = 0; n < 5; n++) {
    ids.push((await house.call('POST', `${base}/messages`, { conversation: 'd', text: `${n}` })).body.id)
  }
  for (const [order, expected] of [
    ['ascending', ids],
    ['descending', [...ids].reverse()],
  ] as const) {
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = `order=${order}&limit=2${cursor && `&cursor=${cursor}`}`
      const { body } = await house.call('GET', `${base}/conversations/d/messages?${query}`)
      seen.push(...body.items.map(({ id }: { id: string }) => id))
      cursor = body.next
    }
    assert.deepEqual(seen, expected)
  }
  const one = `${base}/messages/${ids[0]}`
  assert.equal((await house.call('GET', one)).body.text, '0')
  assert.equal((await house.call('DELETE', one)).status, 204)
  assert.equal((await house.call('DELETE', one)).status, 404)
  for (const id of ['x', '999999999', '-1', '9'.repeat(40)]) {
    assert.equal((await house.call('GET', `${base}/messages/${id}`)).status, 404, id)
  }
})

test('attachments have to be in the conversation, and the conversation has to be there', async () => {
  const rows = [
    [{ conversation: 'd', attachments: ['both'] }, 400],
    [{ conversation: 'c', attachments: ['none'] }, 400],
    [{ conversation: 'nowhere' }, 404],
    [{}, 400],
    [{ conversation: 'c', text: 5 }, 400],
  ] as const
  for (const [body, status] of rows) {
    assert.equal((await house.call('POST', `${base}/messages`, body)).status, status, JSON.stringify(body))
  }
})

test('who may write only in one conversation may write there, and learns nothing elsewhere', async () => {
  const resource = parseResource(`/apps/${app.id}/conversations/c`) ?? assert.fail()
  house.as([{ actions: ['write'], resource, limits: {} }])
  const rows = [
    [{ conversation: 'c' }, 201],
    [{ conversation: 'd' }, 403],
    [{ conversation: 'nowhere' }, 403],
    [{ conversation: 7 }, 403],
    [{}, 403],
    [undefined, 403],
  ] as const
  for (const [body, status] of rows) {
    assert.equal((await house.call('POST', `${base}/messages`, body)).status, status, JSON.stringify(body))
  }
  house.as(null)
  const nobody = await house.call('POST', `${base}/messages`, '{ not json', { 'content-type': 'application/json' })
  assert.equal(nobody.status, 401, 'without a credential not even the body is read')
  house.as(EVERYTHING)
})

test('a message keeps type, category, data, tags and its place in a thread', async () => {
  const first = await house.call('POST', `${base}/messages`, { conversation: 'd', text: 'question' })
  assert.deepEqual(
    [first.body.type, first.body.category, first.body.data, first.body.tags, first.body.parent],
    ['text', 'message', {}, [], null],
  )
  const more = { type: 'poll', category: 'custom', data: { options: [1, 2] }, tags: ['x'], parent: first.body.id }
  const reply = await house.call('POST', `${base}/messages`, { conversation: 'd', ...more })
  assert.equal(reply.status, 201, reply.text)
  const read = (await house.call('GET', `${base}/messages/${reply.body.id}`)).body
  for (const [name, value] of Object.entries(more)) assert.deepEqual(read[name], value, name)
  const listed = async (query: string) => {
    const { body } = await house.call('GET', `${base}/conversations/d/messages?${query}`)
    return body.items.map(({ id }: { id: string }) => id)
  }
  assert.deepEqual(await listed(`parent=${first.body.id}`), [reply.body.id])
  assert.deepEqual(await listed('type=poll'), [reply.body.id])
  assert.deepEqual(await listed('category=custom&tag=x'), [reply.body.id])
  assert.deepEqual(await listed('tag=y'), [])
  assert.ok(!(await listed('hideReplies=true')).includes(reply.body.id))
  const stranger = await house.call('POST', `${base}/messages`, { conversation: 'c', parent: first.body.id })
  assert.deepEqual([stranger.status, stranger.body.errors?.[0].path], [400, '/parent'])
})

test('a message is edited, and deleted with or without a mark and its attachments', async () => {
  const say = async () => {
    const file = await attachFile(house.parts, app.id, 'c')
    const body = { conversation: 'c', from: 'ann', text: 'look', data: { a: 1 }, attachments: [file.id] }
    const { body: message } = await house.call('POST', `${base}/messages`, body)
    return { file, url: `${base}/messages/${message.id}` }
  }
  const there = async (id: string) => (await house.call('GET', `${base}/attachments/${id}`)).status === 200

  const kept = await say()
  const edited = await house.call('PATCH', kept.url, { text: 'see', tags: ['t'] })
  assert.deepEqual([edited.body.text, edited.body.tags, edited.body.data], ['see', ['t'], { a: 1 }])
  assert.ok(edited.body.editedAt !== null && edited.body.attachments.length === 1)
  assert.equal((await house.call('PATCH', kept.url, { from: 'bob' })).status, 400)
  assert.equal((await house.call('DELETE', kept.url)).status, 204)
  assert.equal(await there(kept.file.id), true)

  const marked = await say()
  assert.equal((await house.call('DELETE', `${marked.url}?attachments=true&mark=true`)).status, 204)
  const mark = (await house.call('GET', marked.url)).body
  assert.deepEqual([mark.text, mark.data, mark.attachments, mark.deletedBy], [null, {}, [], 'test-key'])
  assert.ok(mark.deletedAt !== null)
  assert.equal(await there(marked.file.id), false)
  assert.equal(await house.parts.blobs.stat(marked.file.blob), null)
  assert.equal((await house.call('PATCH', marked.url, { text: 'again' })).status, 409)
  const plain = await house.call('GET', `${base}/conversations/c/messages?hideDeleted=true`)
  assert.ok(!plain.body.items.some(({ id }: { id: string }) => marked.url.endsWith(`/${id}`)))
  assert.equal((await house.call('PATCH', `${base}/messages/999999`, { text: 'x' })).status, 404)
})

test('what is held is sent by its sender only, and becomes everybody’s with the message', async () => {
  const held = await attachFile(house.parts, app.id, 'c', { from: 'ann', held: true })
  const send = (from: string) =>
    house.call('POST', `${base}/messages`, { conversation: 'c', from, attachments: [held.id] })
  const links = async () => {
    const { body } = await house.call('GET', `${base}/attachments/${held.id}/links`)
    return body.items.map(({ user }: { user: string }) => user)
  }
  assert.deepEqual(await links(), ['ann'])
  assert.equal((await send('bob')).status, 400)
  assert.equal((await send('ann')).status, 201)
  assert.deepEqual(await links(), ['ann', 'bob'])
})

test('with `visible` only what was sent while the user was a member, unless the app shows new members more', async () => {
  const url = `${base}/conversations/history`
  await house.call('PUT', url, { type: 'group', members: ['ann', 'bob'] })
  const say = (text: string) => house.call('POST', `${base}/messages`, { conversation: 'history', from: 'ann', text })
  const file = await attachFile(house.parts, app.id, 'history', { from: 'ann' })
  await house.call('POST', `${base}/messages`, { conversation: 'history', text: '1', attachments: [file.id] })
  await house.call('DELETE', `${url}/members/bob`)
  await house.call('PUT', `${url}/members/cid`)
  await say('2')
  await house.call('PUT', `${url}/members/bob`)
  await say('3')
  const seen = async (user: string) => {
    const { body } = await house.call('GET', `${url}/messages?for=${user}&visible=true`)
    return body.items.map(({ text }: { text: string }) => text).join('')
  }
  const link = async (user: string) => (await house.call('GET', `${base}/attachments/${file.id}/links/${user}`)).status
  assert.deepEqual([await seen('ann'), await seen('bob'), await seen('cid')], ['123', '13', '23'])
  assert.deepEqual([await seen('zoe'), await seen('nobody')], ['', ''])
  assert.deepEqual([await link('bob'), await link('cid')], [200, 404])
  await house.call('PATCH', base, { settings: { historyForNewMembers: true } })
  assert.deepEqual([await seen('ann'), await seen('bob'), await seen('cid')], ['123', '123', '123'])
  assert.deepEqual([await link('bob'), await link('cid')], [200, 200])
  await house.call('PATCH', base, { settings: { historyForNewMembers: null } })
  assert.equal((await house.call('GET', `${url}/messages?visible=true`)).status, 400)
})
