import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  fetchMedia,
  openChat,
  parted,
  picture,
  read,
  type Shown,
  sendFiles,
  sendPicture,
  textBody,
  to,
  urlBody,
  urlOf,
  urlsOf,
} from './support/cometchat-messages.ts'

const chat = await openChat(['ann', 'bob', 'carol', 'dave', 'fatima'], { team: ['ann', 'bob', 'carol'] })
after(() => chat.server.stop())
const { rest, app, server } = chat
const { ann, bob, carol, dave, fatima } = chat.users
const host = new URL(server.url).host
const status = async (url: string) => (await fetchMedia(server, url)).status

test('a forwarded file is a new one on the same bytes, with nothing left of who forwarded it', async () => {
  const first = await sendPicture(ann, '#team', 'holiday.png')
  const bobs = urlOf(await read(bob, first))
  const forwarded: Shown = await bob.ok('POST', '/messages', urlBody('dave', { url: bobs, name: 'holiday.png' }))
  const daves = urlOf(await read(dave, forwarded))
  assert.notEqual(parted(daves).clean, parted(bobs).clean)
  assert.equal(new Set([bobs, daves, urlOf(forwarded), urlOf(first)].map((url) => parted(url).token)).size, 4)
  const told = JSON.stringify([forwarded, await read(dave, forwarded), await read(rest, forwarded)])
  assert.doesNotMatch(told, new RegExp(parted(bobs).token ?? '-'))
  const { body } = await fetchMedia(server, daves)
  assert.ok(body.equals(picture('holiday.png').bytes))
  assert.deepEqual(
    forwarded.data.attachments?.map(({ url: _url, ...file }) => file),
    [{ name: 'holiday.png', mimeType: 'image/png', extension: 'png', size: body.length }],
  )
  await ann.ok('DELETE', `/messages/${first.id}`)
  assert.deepEqual([await status(bobs), await status(daves)], [404, 200], 'they live and die apart')
  await bob.ok('DELETE', `/messages/${forwarded.id}`)
  assert.equal(await status(daves), 404)
})

test('nobody passes on what they may not read, and none of the refusals tells whether it is there', async () => {
  const between = await sendPicture(ann, 'bob')
  const { clean } = parted(urlOf(between))
  const attempts = [
    clean,
    urlOf(between),
    clean.replace(/[\w-]{24}\.png$/, `${'x'.repeat(24)}.png`),
    `${server.url}/apps/${app.id}/elsewhere`,
    `${server.url}/v1/apps`,
    `${server.url}/apps/${app.id}/%2e%2e/x`,
  ]
  for (const url of attempts) {
    assert.equal(await dave.fails('POST', '/messages', urlBody('carol', { url })), '403 ERR_PERMISSION_DENIED', url)
  }
  await rest.ok('POST', '/groups', {
    guid: 'out',
    name: 'Out',
    type: 'public',
    members: { participants: ['ann', 'carol'] },
  })
  const shared = await sendPicture(ann, '#out')
  const carols = urlOf(await read(carol, shared))
  await rest.ok('DELETE', '/groups/out/members/carol')
  assert.equal(await carol.fails('POST', '/messages', urlBody('dave', { url: carols })), '403 ERR_PERMISSION_DENIED')
  await rest.ok('POST', '/groups/out/members', { participants: ['carol'] })
  assert.equal((await carol.call('POST', '/messages', urlBody('dave', { url: carols }))).status, 200)
})

test('several files are kept in their order, wherever they come from', async () => {
  const first = await sendFiles(ann, '#team', [picture('a.png'), picture('b.png')])
  const [a = '', b = ''] = urlsOf(first)
  const elsewhere = 'https://cdn.test/c.png?size=large'
  const sent: Shown = await ann.ok(
    'POST',
    '/messages',
    urlBody('bob', { url: b, name: 'b.png' }, { url: elsewhere }, { url: a, name: 'a.png' }),
  )
  assert.deepEqual(
    sent.data.attachments?.map(({ name }) => name),
    ['b.png', 'x.png', 'a.png'],
  )
  assert.equal(urlsOf(sent)[1], elsewhere, 'links elsewhere stay as they are, and get no token')
  assert.equal(await status(urlsOf(await read(bob, sent))[2] ?? ''), 200)
})

test('nobody’s token is kept or told on, wherever it is written', async () => {
  const first = await sendPicture(ann, '#team')
  const bobs = urlOf(await read(bob, first))
  const { clean, token } = parted(bobs)
  await chat.settings({ loginWall: 'https://wall.example/see?to=' })
  const walled = urlOf(await read(bob, first))
  const body = {
    ...{ type: 'text', category: 'message', ...to('dave'), tags: [bobs.slice(0, 250)] },
    data: {
      text: `see ${bobs} and ${walled}, ${host}${bobs.slice(server.url.length)}`,
      metadata: { deep: [{ walled }] },
      customData: bobs,
    },
  }
  const sent: Shown = await bob.ok('POST', '/messages', body)
  for (const reader of [bob, dave, rest]) {
    assert.doesNotMatch(JSON.stringify(await read(reader, sent)), new RegExp(`${token}|fat=`))
  }
  assert.ok((await read(dave, sent)).data.text?.startsWith(`see ${clean} and ${clean}`))
  const edited = await bob.ok('PUT', `/messages/${sent.id}`, { data: { text: walled, metadata: { walled } } })
  assert.doesNotMatch(JSON.stringify(edited), new RegExp(`${token}|fat=`))
  const forwarded: Shown = await bob.ok('POST', '/messages', urlBody('dave', { url: walled }))
  assert.ok(urlOf(await read(dave, forwarded)).startsWith('https://wall.example/see?to='))
  await chat.settings({ loginWall: null })
  assert.equal(await status(urlOf(await read(dave, forwarded))), 200)
})

test('in session style URLs are clean, and `fat` stands nowhere by accident', async () => {
  await chat.settings({ cometchatLinks: 'session' })
  await rest.ok('POST', '/groups', {
    guid: 'fat-fathers',
    name: 'F',
    type: 'private',
    members: { participants: ['ann', 'fatima'] },
  })
  const { items } = (await server.admin.get(`/v1/apps/${app.id}/conversations?limit=100`)).json<{
    items: { id: string }[]
  }>()
  assert.ok(items.some(({ id }) => id === 'fat-fathers'))
  const upload = new FormData()
  upload.append('from', 'ann')
  upload.append('file', new Blob([new Uint8Array(picture('x').bytes)], { type: 'image/png' }), 'father.png')
  const at = `/v1/apps/${app.id}`
  const native = await fetch(`${server.url}${at}/conversations/fat-fathers/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${rest.apiKey}` },
    body: upload,
  })
  const { id } = (await native.json()) as { id: string }
  const post = { conversation: 'fat-fathers', from: 'ann', attachments: [id] }
  assert.equal((await server.admin.post(`${at}/messages`, post)).status, 201)
  await sendPicture(ann, '#fat-fathers')
  const seen: readonly Shown[] = await fatima.ok('GET', '/groups/fat-fathers/messages')
  const me = await fatima.ok('PUT', '/me')
  for (const url of seen.flatMap(urlsOf)) {
    assert.doesNotMatch(url, /fat|\?/, 'a clean URL, to which the client can add its own')
    const answer = await fetchMedia(server, `${url}?fat=${me.fat}`)
    assert.equal(answer.status, 302)
    assert.equal((await fetchMedia(server, answer.headers.location ?? '')).status, 200)
  }
  assert.ok(seen.flatMap(urlsOf).some((url) => url.endsWith('/f%61ther.png')))
  await chat.settings({ cometchatLinks: null })
})

test('in session style nothing that others wrote draws out a reader’s token', async () => {
  const bait = { url: `https://evil.test/${host}/x.png` }
  const lenient: Shown = await ann.ok('POST', '/messages', urlBody('bob', bait))
  assert.equal(urlOf(lenient), bait.url, 'in recipient style clients add nothing, and it is any link')
  await chat.settings({ cometchatLinks: 'session' })
  assert.equal(await ann.fails('POST', '/messages', urlBody('bob', bait)), '400 ERR_BAD_REQUEST')
  assert.equal(
    await ann.fails('POST', '/messages', urlBody('bob', { url: `http://${host}.evil.test/x.png` })),
    '400 ERR_BAD_REQUEST',
  )
  assert.equal(
    await ann.fails('POST', '/messages', urlBody('bob', { url: `http://${host}@evil.test/x.png` })),
    '400 ERR_BAD_REQUEST',
  )
  assert.ok(!urlOf(await read(bob, lenient)).includes(host), 'what was sent before is broken on its way out')
  const caption = { ...urlBody('bob', { url: 'https://cdn.test/x.png', name: `at ${host}` }), metadata: {} }
  const data = {
    ...caption.data,
    text: `find me at ${host} or https://${host}.evil.test/`,
    metadata: { list: [`x ${host} y`] },
  }
  const sent: Shown = await ann.ok('POST', '/messages', { ...caption, data })
  await rest.ok('PUT', '/users/ann', { name: `Ann of ${host}` })
  const seen = JSON.stringify(await read(bob, sent))
  assert.ok(!seen.includes(host), seen)
  const broken = `${host.slice(0, 1)}\u200b${host.slice(1)}`
  assert.ok(seen.includes(`find me at ${broken} or`) && seen.includes(`Ann of ${broken}`))
  const own = await sendPicture(ann, 'bob')
  assert.ok(urlOf(await read(bob, own)).startsWith(`${server.url}/apps/`), 'our own URLs stay whole')
  await rest.ok('PUT', '/users/ann', { name: 'Ann' })
  await chat.settings({ cometchatLinks: null })
})

test('no answer about messages holds an auth token, which clients would take for their own', async () => {
  const sent = await ann.ok('POST', '/messages', {
    ...textBody('bob', 'x'),
    data: { text: 'x', authToken: 'stolen', metadata: { authToken: 'stolen' } },
  })
  assert.ok(!Object.hasOwn(sent, 'authToken'), 'not where clients look')
})
