import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Caller } from './support/cometchat-http.ts'
import { openChat, type Shown, sendPicture, sendText, urlsOf } from './support/cometchat-messages.ts'

const chat = await openChat(['ann', 'bob', 'carol', 'dave', 'erin'], { team: ['ann', 'bob', 'carol'] })
after(() => chat.server.stop())
const { rest } = chat
const { ann, bob, carol, dave, erin } = chat.users

const ids = (messages: readonly Shown[]) => messages.map(({ id }) => id)

/** Walks through a list as clients do: on with the cursor until a page says that it is the only one left. */
async function walk(caller: Caller, path: string, query: string, affix: 'prepend' | 'append'): Promise<string[][]> {
  const pages: string[][] = []
  let cursor = ''
  for (let tries = 0; tries < 20; tries++) {
    const { data, meta } = await caller.call('GET', `${path}?affix=${affix}&${query}${cursor}`)
    pages.push(ids(data))
    assert.equal(meta.cursor.affix, affix)
    if (meta.pagination.total_pages === 1) return pages
    cursor = `&id=${meta.cursor.id}&sentAt=${meta.cursor.sentAt}`
  }
  throw new Error('a walk without an end')
}

const sent: string[] = []
for (let i = 0; i < 5; i++)
  sent.push((i % 2 === 0 ? await sendPicture(ann, '#team') : await sendText(bob, '#team', `${i}`)).id)
const [m1, m2, m3, m4, m5] = sent as [string, string, string, string, string]
const direct = [(await sendText(ann, 'bob', 'a')).id, (await sendPicture(bob, 'ann')).id]

test('pages go back from the newest, and forth from the oldest, each ascending', async () => {
  assert.deepEqual(await walk(bob, '/groups/team/messages', 'per_page=2', 'prepend'), [[m4, m5], [m2, m3], [m1]])
  assert.deepEqual(await walk(bob, '/groups/team/messages', 'per_page=2', 'append'), [[m1, m2], [m3, m4], [m5]])
  assert.deepEqual(await walk(rest, '/groups/team/messages', 'perPage=3', 'prepend'), [
    [m3, m4, m5],
    [m1, m2],
  ])
  assert.deepEqual(await walk(rest, '/groups/team/messages', 'limit=5', 'append'), [[m1, m2, m3, m4, m5]])
})

test('a page tells where it lies, and always has a cursor', async () => {
  const full = await bob.call('GET', '/groups/team/messages?per_page=2&affix=prepend')
  assert.deepEqual(full.meta.pagination, { total: 3, count: 2, per_page: 2, current_page: 1, total_pages: 2 })
  assert.deepEqual(full.meta.cursor, { id: m4, sentAt: full.data[0].sentAt, affix: 'prepend' })
  assert.deepEqual(full.meta.current, { limit: 2, count: 2 })
  assert.deepEqual(full.meta.next, { affix: 'prepend', sentAt: full.data[0].sentAt, id: m4 })
  const rows = [
    ['/groups/team/messages?affix=append', { id: m5, sentAt: 1 }],
    ['/groups/team/messages?affix=prepend', { id: m1, sentAt: 2_000_000_000 }],
    ['/users/dave/messages?affix=prepend', { id: '7', sentAt: 7 }],
  ] as const
  for (const [path, at] of rows) {
    const empty = await bob.call('GET', `${path}&id=${at.id}&sentAt=${at.sentAt}`)
    assert.deepEqual([empty.data, empty.meta.pagination.total_pages], [[], 1], path)
    assert.deepEqual([empty.meta.cursor.id, empty.meta.cursor.sentAt], [at.id, at.sentAt], path)
  }
  const never = await bob.call('GET', '/users/dave/messages')
  assert.deepEqual(never.meta.cursor, { id: '0', sentAt: 0, affix: 'prepend' })
})

test('a moment serves as an edge as well as a message', async () => {
  const [first] = await bob.ok('GET', '/groups/team/messages?affix=append&per_page=1')
  assert.deepEqual(await bob.ok('GET', `/groups/team/messages?affix=prepend&sentAt=${first.sentAt}`), [])
  assert.equal((await bob.ok('GET', `/groups/team/messages?affix=append&sentAt=${first.sentAt - 1}`))[0].id, m1)
  assert.deepEqual(await bob.ok('GET', '/groups/team/messages?affix=append&sentAt=2000000000'), [])
})

test('what is asked for is what is listed', async () => {
  const [reply] = [
    await rest.ok(
      'POST',
      `/messages/${m1}/thread`,
      { type: 'text', category: 'message', receiver: 'team', receiverType: 'group', data: { text: 're' } },
      { onBehalfOf: 'carol' },
    ),
  ]
  const gone = await sendText(carol, '#team', 'gone')
  await carol.ok('DELETE', `/messages/${gone.id}`)
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['types=image', [m1, m3, m5]],
    ['types=image,text&hideDeleted=1&hideReplies=1', sent],
    ['types=audio,video', []],
    ['categories=message&types=text', [m2, m4, reply.id, gone.id]],
    ['categories=custom', []],
    ['hideReplies=1', [...sent, gone.id]],
    ['hideDeleted=1', [...sent, reply.id]],
    ['withThreadSubscribed=0&unheardOf=1&types=', [...sent, reply.id, gone.id]],
    ['per_page=nonsense&affix=sideways&id=nonsense&sentAt=nonsense', [...sent, reply.id, gone.id]],
  ]
  for (const [query, wanted] of rows)
    assert.deepEqual(ids(await bob.ok('GET', `/groups/team/messages?${query}`)), wanted, query)
  assert.deepEqual(ids(await bob.ok('GET', `/messages/${m1}/thread`)), [reply.id])
  await rest.ok('DELETE', `/messages/${reply.id}`, { permanent: true })
  await rest.ok('DELETE', `/messages/${gone.id}`, { permanent: true })
})

test('each list holds what its reader is party to, with URLs of their own', async () => {
  assert.deepEqual(ids(await ann.ok('GET', '/users/bob/messages')), direct)
  assert.deepEqual(ids(await bob.ok('GET', '/users/ann/messages')), direct)
  assert.deepEqual(ids(await bob.ok('GET', '/messages')), [...sent, ...direct])
  assert.deepEqual(ids(await carol.ok('GET', '/messages')), sent)
  assert.deepEqual(ids(await carol.ok('GET', '/messages?per_page=2&affix=append')), [m1, m2])
  assert.deepEqual(ids(await erin.ok('GET', '/messages')), [])
  assert.deepEqual(ids(await carol.ok('GET', '/users/ann/messages')), [])
  const urls = await Promise.all(
    [ann, bob].map(async (reader) => (await reader.ok('GET', '/messages')).flatMap(urlsOf)),
  )
  assert.equal(urls.flat().length, 8)
  assert.equal(new Set(urls.flat()).size, 8)
})

test('a server reads everything, and on behalf of a user what that user may', async () => {
  const forCarol = { onBehalfOf: 'carol' }
  assert.deepEqual(ids(await rest.ok('GET', '/messages')), [...sent, ...direct])
  assert.deepEqual(ids(await rest.ok('GET', '/users/bob/messages')), [...sent, ...direct])
  assert.deepEqual(ids(await rest.ok('GET', '/users/carol/messages')), sent)
  assert.deepEqual(ids(await rest.ok('GET', '/messages', undefined, forCarol)), sent)
  assert.deepEqual(ids(await rest.ok('GET', '/users/bob/messages', undefined, { onBehalfOf: 'ann' })), direct)
  assert.deepEqual(
    (await rest.ok('GET', '/groups/team/messages')).flatMap(urlsOf).filter((url: string) => url.includes('?')),
    [],
  )
  const own = (await rest.ok('GET', '/groups/team/messages', undefined, forCarol)).flatMap(urlsOf)
  assert.deepEqual(own, (await carol.ok('GET', '/groups/team/messages')).flatMap(urlsOf))
})

test('outsiders are refused by name', async () => {
  assert.equal(await dave.fails('GET', '/groups/team/messages'), '403 ERR_GROUP_NOT_JOINED')
  assert.equal(
    await rest.fails('GET', '/groups/team/messages', undefined, { onBehalfOf: 'dave' }),
    '403 ERR_NOT_A_MEMBER',
  )
  assert.equal(await ann.fails('GET', '/groups/none/messages'), '404 ERR_GUID_NOT_FOUND')
  assert.equal(await ann.fails('GET', '/users/nobody/messages'), '404 ERR_UID_NOT_FOUND')
  assert.equal(await rest.fails('GET', '/users/nobody/messages'), '404 ERR_UID_NOT_FOUND')
  assert.equal(await ann.fails('GET', '/messages/999999/thread'), '404 ERR_MESSAGE_ID_NOT_FOUND')
  assert.match(await ann.fails('GET', '/groups/%00/messages'), /^40[04] ERR_/)
})

test('conversations of the native API with messages of its own are shown as well', async () => {
  const { app, server } = chat
  const at = `/v1/apps/${app.id}`
  await server.admin.put(`${at}/conversations/native`, { type: 'group', members: ['ann', 'bob'] })
  const post = await server.admin.post(`${at}/messages`, {
    conversation: 'native',
    from: 'ann',
    text: 'from elsewhere',
  })
  assert.equal(post.status, 201, post.text)
  const [seen] = await bob.ok('GET', '/groups/native/messages')
  assert.deepEqual([seen.data.text, seen.sender, seen.conversationId], ['from elsewhere', 'ann', 'group_native'])
  await server.admin.put(`${at}/conversations/pair`, { type: 'direct', members: ['ann', 'carol'] })
  const odd = { conversation: 'pair', from: 'ann', text: 'odd', data: { receiver: 5, files: 'none', content: 7 } }
  assert.equal((await server.admin.post(`${at}/messages`, odd)).status, 201)
  const last = (await carol.ok('GET', '/messages')).at(-1)
  assert.deepEqual([last.data.text, last.receiver, last.conversationId], ['odd', 'carol', 'ann_user_carol'])
})

test('what is written into messages from elsewhere breaks no list, and speaks for nobody else', async () => {
  const { app, server } = chat
  const at = `/v1/apps/${app.id}`
  await server.admin.put(`${at}/conversations/forged`, { type: 'group', members: ['ann', 'bob'] })
  const forged = { receiverType: 'user', receiver: 'carol', content: { note: 'n' }, files: [null] }
  const rows: readonly object[] = [
    forged,
    { ...forged, files: [7] },
    { ...forged, files: [[]] },
    { ...forged, files: [{ url: 'https://example.org/x' }] },
    { ...forged, files: [], content: 'text' },
    { ...forged, files: [], content: null },
    { ...forged, files: [] },
  ]
  for (const data of rows) {
    const post = await server.admin.post(`${at}/messages`, { conversation: 'forged', from: 'ann', text: 'here' })
    const { id } = post.json<{ id: string }>()
    await ann.ok('PUT', `/messages/${id}`, { data: { text: 'mine', ...data } })
    const odd = await server.admin.post(`${at}/messages`, {
      conversation: 'forged',
      from: 'ann',
      data: { ...data, files: [null] },
    })
    assert.equal(odd.status, 201, odd.text)
    const seen = await bob.ok('GET', '/groups/forged/messages?limit=2')
    for (const one of seen) {
      const said = [one.conversationId, one.receiverType, one.receiver, one.data.attachments]
      assert.deepEqual(said, ['group_forged', 'group', 'forged', undefined], JSON.stringify(data))
    }
    await bob.ok('GET', '/conversations')
  }
})
