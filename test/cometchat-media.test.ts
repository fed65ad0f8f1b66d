import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { loginOf } from './support/cometchat-http.ts'
import {
  fetchMedia,
  openChat,
  parted,
  picture,
  read,
  type Shown,
  sendFiles,
  sendPicture,
  urlOf,
  urlsOf,
} from './support/cometchat-messages.ts'

const chat = await openChat(['ann', 'bob', 'carol', 'dave'], { team: ['ann', 'bob', 'carol'] })
after(() => chat.server.stop())
const { rest, app, server } = chat
const { ann, bob, carol, dave } = chat.users
const status = async (url: string, headers = {}) => (await fetchMedia(server, url, headers)).status
const deactivate = (uid: string) => rest.ok('DELETE', '/users', { uidsToDeactivate: [uid] })
const activate = (uid: string) => rest.ok('PUT', '/users', { uidsToActivate: [uid] })

test('each user has a URL of their own for an attachment, and each attachment a token of its own', async () => {
  for (const address of ['#team', 'bob']) {
    const sent = await sendFiles(ann, address, [picture('1.png'), picture('2.png')])
    const readers = address === 'bob' ? [ann, bob] : [ann, bob, carol]
    const seen = await Promise.all(readers.map((reader) => read(reader, sent)))
    const urls = seen.flatMap(urlsOf)
    assert.equal(urls.length, readers.length * 2)
    assert.equal(new Set(urls).size, urls.length, 'no two users hold the same URL')
    assert.equal(new Set(urls.map((url) => parted(url).token)).size, urls.length, 'and no token serves twice')
    assert.equal(new Set(urls.map((url) => parted(url).clean)).size, 2, 'on the same two paths')
    for (const [index, name] of ['1.png', '2.png'].entries()) {
      for (const message of seen) {
        const { status, body, headers } = await fetchMedia(server, urlsOf(message)[index] ?? '')
        assert.deepEqual([status, body.equals(picture(name).bytes)], [200, true])
        assert.match(headers['content-disposition'] ?? '', new RegExp(`^inline.*${name.replace('.', '\\.')}`))
      }
    }
    assert.deepEqual(urlsOf(await read(bob, sent)), urlsOf(seen[1] as Shown), 'asked again, it is the same')
  }
})

test('who is not an active receiver gets nothing', async () => {
  const sent = await sendPicture(ann, '#team')
  const other = await sendPicture(ann, 'dave')
  const own = urlOf(await read(bob, sent))
  const { clean, token } = parted(own)
  const foreign = parted(urlOf(await read(dave, other))).token
  const forged = `${token?.slice(0, -1)}${token?.endsWith('A') ? 'B' : 'A'}`
  const rows: readonly (readonly [string, string, Record<string, string>, number])[] = [
    ['their own', own, {}, 200],
    ['none', clean, {}, 401],
    ["another file's", `${clean}?fat=${foreign}`, {}, 401],
    ['forged', `${clean}?fat=${forged}`, {}, 401],
    ['malformed', `${clean}?fat=nonsense`, {}, 401],
    ['an auth token', `${clean}?fat=${bob.authToken}`, {}, 401],
    ['an auth token as bearer', clean, { authorization: `Bearer ${bob.authToken}` }, 401],
    ['two kinds at once', own, { apikey: rest.apiKey }, 400],
    ['the native form of the same token', `${clean}?t=${token}`, {}, 200],
  ]
  for (const [what, url, headers, wanted] of rows) assert.equal(await status(url, headers), wanted, what)
})

test('a deactivated user is shut out with every URL, the others are not, and all of it comes back', async () => {
  const sent = await sendPicture(ann, '#team')
  const [own, others] = [urlOf(await read(bob, sent)), urlOf(await read(carol, sent))]
  const head = await fetchMedia(server, own)
  await deactivate('bob')
  assert.deepEqual([await status(own), await status(others)], [401, 200])
  assert.equal(await status(own, { 'if-none-match': head.headers.etag ?? '' }), 401, 'nor is 304 said')
  assert.equal(await bob.fails('GET', '/groups/team/messages'), '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  await activate('bob')
  assert.deepEqual([await status(own), urlOf(await read(bob, sent))], [200, own])
  assert.equal(await status(own, { 'if-none-match': head.headers.etag ?? '' }), 304)

  await deactivate('ann')
  assert.deepEqual([await status(own), await status(others)], [200, 200], 'the sender is nobody to the receivers')
  assert.equal(await status(urlOf(sent)), 401, 'but reads with a URL of their own')
  await activate('ann')
})

test('a deleted user is shut out for good, also by whoever has the same uid later', async () => {
  await rest.ok('POST', '/users', { uid: 'erin', name: 'Erin' })
  const sent = await sendPicture(ann, 'erin')
  const erin = await loginOf(app, rest, 'erin')
  const own = urlOf(await read(erin, sent))
  assert.equal(await status(own), 200)
  await rest.ok('DELETE', '/users/erin', { permanent: true })
  assert.equal(await status(own), 401)
  await rest.ok('POST', '/users', { uid: 'erin', name: 'Another Erin' })
  assert.equal(await status(own), 401)
  const later = await loginOf(app, rest, 'erin')
  assert.equal(await later.fails('GET', `/messages/${sent.id}`), '403 ERR_MESSAGE_NO_ACCESS')
  assert.deepEqual(await later.ok('GET', '/users/ann/messages'), [])
})

test('a deleted message takes its files from everybody', async () => {
  const sent = await sendPicture(ann, '#team')
  const own = urlOf(await read(bob, sent))
  await ann.ok('DELETE', `/messages/${sent.id}`, { id: sent.id })
  assert.deepEqual(
    [await status(own), await status(urlOf(sent))],
    [404, 404],
    'who could open it is told that it is gone',
  )
  assert.equal(await status(parted(own).clean), 401, 'everybody else is told nothing')
})

test('the switch decides at upload, for good', async () => {
  await chat.settings({ tokenizedMedia: false, attachmentsAccess: 'public' })
  const open = await sendPicture(ann, '#team')
  const url = urlOf(await read(bob, open))
  assert.deepEqual([parted(url).token, await status(url), await status(`${url}?fat=nonsense`)], [null, 200, 200])
  await chat.settings({ tokenizedMedia: true, attachmentsAccess: 'private' })
  assert.deepEqual([urlOf(await read(bob, open)), await status(url)], [url, 200], 'what was open stays as it was')
  const closed = await sendPicture(ann, '#team')
  assert.equal(await status(parted(urlOf(closed)).clean), 401)
  const own = urlOf(await read(bob, closed))
  await chat.settings({ tokenizedMedia: false, attachmentsAccess: 'public' })
  assert.equal(await status(own), 200, 'turned off again, what was closed stays closed')
  assert.equal(await status(parted(own).clean), 401)
  assert.equal(urlOf(await read(bob, closed)), own)
  await deactivate('bob')
  assert.equal(await status(`${url}?fat=${parted(own).token}`), 200, 'a dead token does not close what is open')
  await activate('bob')
  for (const [tokenizedMedia, attachmentsAccess, bare, natively] of [
    [false, 'public', 200, 200],
    [true, 'public', 401, 401],
    [false, 'private', 200, 401],
    [true, 'private', 401, 401],
  ] as const) {
    await chat.settings({ tokenizedMedia, attachmentsAccess })
    const shared = await sendPicture(ann, '#team')
    const what = `${tokenizedMedia} ${attachmentsAccess}`
    assert.equal(await status(parted(urlOf(shared)).clean), bare, what)
    assert.equal(await status(urlOf(await read(bob, shared))), 200, what)
    const native = await app.upload(picture('native.png').bytes, { conversation: 'team', from: 'ann' })
    assert.equal((await app.bare.get(native.path)).status, natively, `${what}, by the native API`)
  }
  await chat.settings({ tokenizedMedia: null, attachmentsAccess: null })
})

test('who leaves loses what was shared, until they are back; who comes later finds what came later', async () => {
  await rest.ok('POST', '/groups', {
    ...{ guid: 'club', name: 'Club', type: 'public' },
    members: { participants: ['ann', 'bob', 'carol'] },
  })
  const first = await sendPicture(ann, '#club')
  const [bobs, carols] = [urlOf(await read(bob, first)), urlOf(await read(carol, first))]
  await rest.ok('DELETE', '/groups/club/members/carol')
  assert.deepEqual([await status(carols), await status(bobs)], [403, 200])
  assert.equal(await carol.fails('GET', '/groups/club/messages'), '403 ERR_GROUP_NOT_JOINED')
  assert.equal(await carol.fails('GET', `/messages/${first.id}`), '403 ERR_MESSAGE_NO_ACCESS')
  await rest.ok('POST', '/groups/club/members', { participants: ['carol', 'dave'] })
  assert.deepEqual([await status(carols), urlOf(await read(carol, first))], [200, carols])
  assert.deepEqual(await dave.ok('GET', '/groups/club/messages'), [])
  assert.equal(await dave.fails('GET', `/messages/${first.id}`), '403 ERR_MESSAGE_NO_ACCESS')
  const second = await sendPicture(ann, '#club')
  const [seen] = await dave.ok('GET', '/groups/club/messages')
  assert.equal(seen.id, second.id)
  assert.equal(await status(urlOf(seen)), 200)
  assert.equal(await status(`${parted(bobs).clean}?fat=${parted(urlOf(seen)).token}`), 401)

  await chat.settings({ historyForNewMembers: true })
  const all: readonly Shown[] = await dave.ok('GET', '/groups/club/messages')
  assert.deepEqual(
    all.map(({ id }) => id),
    [first.id, second.id],
  )
  for (const message of all) assert.equal(await status(urlOf(message)), 200, 'and meets no dead images')
  await chat.settings({ historyForNewMembers: null })
})

test('a URL is complete in itself, and behind a login wall everywhere', async () => {
  const sent = await sendPicture(ann, '#team')
  const plain = urlOf(await read(bob, sent))
  assert.equal(await status(plain, { cookie: 'x=1', referer: 'https://elsewhere.test/', 'user-agent': 'any' }), 200)
  const loginWall = 'https://wall.example/see?to='
  await chat.settings({ loginWall })
  const walled = await read(bob, sent)
  assert.deepEqual([urlOf(walled), walled.data.url], [loginWall + plain, loginWall + plain])
  const list = await bob.ok('GET', '/conversations')
  assert.ok(list.some((one: { lastMessage: Shown }) => urlsOf(one.lastMessage)[0]?.startsWith(loginWall)))
  await chat.settings({ loginWallSecret: 'the-operators-own-secret' })
  assert.equal(await status(plain), 403)
  assert.equal(await status(plain, { 'x-gatehouse-wall': 'the-operators-own-secret' }), 200)
  await chat.settings({ loginWall: null, loginWallSecret: null })
})

test('a server exchanges a clean URL for one that opens, also for a user', async () => {
  const sent = await sendPicture(ann, '#team')
  const clean = urlOf(await read(rest, sent))
  assert.equal(parted(clean).token, null)
  assert.equal(await status(clean), 401)
  const key = { appid: app.id, apikey: rest.apiKey }
  const { url } = (await fetchMedia(server, clean, key)).json<{ data: { url: string } }>().data
  assert.equal(parted(url).clean, clean)
  assert.equal(await status(url), 200)
  const forBob = (await fetchMedia(server, clean, { ...key, onbehalfof: 'bob' })).json<{ data: { url: string } }>()
  assert.equal(forBob.data.url, urlOf(await read(bob, sent)))
  const asBob: Shown = await rest.ok('GET', `/messages/${sent.id}`, undefined, { onBehalfOf: 'bob' })
  assert.equal(urlOf(asBob), urlOf(await read(bob, sent)), 'the same from the REST API on behalf of a user')
})
