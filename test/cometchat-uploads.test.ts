import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Caller } from './support/cometchat-http.ts'
import {
  fetchMedia,
  formOf,
  openChat,
  type Part,
  parted,
  picture,
  read,
  type Shown,
  to,
  urlBody,
  urlOf,
} from './support/cometchat-messages.ts'

const ORIGIN = 'https://chat.example'
const chat = await openChat(
  ['ann', 'bob', 'carol', 'dave'],
  { team: ['ann', 'bob'] },
  { faketime: '+0', settings: { allowedOrigins: [ORIGIN] } },
)
after(() => chat.server.stop())
const { rest, app, server } = chat
const { ann, bob, carol, dave } = chat.users
const status = async (url: string) => (await fetchMedia(server, url)).status

/** What an upload URL is answered with. */
type Offer = {
  readonly request: { readonly method: string; readonly url: string; readonly body: Readonly<Record<string, string>> }
  readonly attachment: {
    readonly url: string
    readonly name: string
    readonly mimeType: string
    readonly extension: string
    readonly size: number
  }
  readonly expiresAt: number
}

const FILE = picture('up.png')

function asking(address: string, file: object = {}) {
  return {
    files: { f1: { fileId: 'f1', name: FILE.name, size: FILE.bytes.length, mimeType: FILE.type, ...file } },
    ...to(address),
  }
}

async function offer(caller: Caller, address: string, file: object = {}): Promise<Offer> {
  return (await caller.ok('POST', '/files/upload-url', asking(address, file))).f1
}

/** Uploads as a browser does: the fields, then the file, and no credential. */
async function upload(
  { request: { url, body } }: Offer,
  file: Part = ['file', FILE],
  headers: Record<string, string> = {},
) {
  const form = formOf([...Object.entries(body), file])
  const answer = await app.bare.post(url.slice(server.url.length), form.body, { ...form.headers, ...headers })
  return { ...answer, code: /<Code>(\w+)<\/Code>/.exec(answer.text)?.[1] ?? null, headers: answer.headers }
}

test('an uploaded file is its sender’s alone, until it is sent', async () => {
  const made = await offer(ann, 'bob')
  assert.equal(made.request.method, 'POST')
  assert.ok(made.request.url.startsWith(`${server.url}/v3.0/`))
  const { url, ...shown } = made.attachment
  assert.deepEqual(shown, { name: 'up.png', mimeType: 'image/png', extension: 'png', size: FILE.bytes.length })
  assert.ok(Math.abs(made.expiresAt - (Date.now() / 1000 + 900)) < 60)
  assert.equal(await status(url), 404, 'nothing is there yet')
  const { status: done, headers } = await upload(made, undefined, { origin: ORIGIN })
  assert.equal(done, 204)
  assert.equal(headers['access-control-allow-origin'], ORIGIN)
  assert.equal(await status(url), 200)
  assert.equal((await upload(made)).status, 204, 'the same file once more is no harm')
  assert.equal(
    await bob.fails('POST', '/messages', urlBody('ann', { url: parted(url).clean })),
    '403 ERR_PERMISSION_DENIED',
  )

  const sent: Shown = await ann.ok('POST', '/messages', urlBody('bob', { url, name: 'up.png' }))
  assert.equal(urlOf(sent), url, 'it keeps its place')
  const bobs = urlOf(await read(bob, sent))
  assert.deepEqual([await status(bobs), parted(bobs).clean], [200, parted(url).clean])
  assert.deepEqual((await fetchMedia(server, bobs)).body, FILE.bytes)
})

test('it can be sent elsewhere, too, and is there a file of its own', async () => {
  const made = await offer(ann, 'bob')
  await upload(made)
  const sent: Shown = await ann.ok('POST', '/messages', urlBody('#team', { url: made.attachment.url }))
  assert.notEqual(parted(urlOf(sent)).clean, parted(made.attachment.url).clean)
  assert.equal(await status(urlOf(await read(bob, sent))), 200)
})

test('many files are answered each by itself', async () => {
  const files = {
    good: { fileId: 'good', name: 'a.txt', size: 3, mimeType: 'text/plain' },
    large: { fileId: 'large', name: 'b', size: 101 * 1024 * 1024, mimeType: 'video/mp4' },
    nameless: { fileId: 'nameless', size: 1, mimeType: 'image/png' },
    odd: { fileId: 'odd', name: 'c', size: -1, mimeType: 'image/png' },
    typed: { fileId: 'typed', name: 'd', size: 1, mimeType: 'text/html\r\nx: y' },
  }
  const data = await ann.ok('POST', '/files/upload-url', { files, ...to('#team') })
  assert.equal(data.good.attachment.extension, 'txt')
  const codes = Object.fromEntries(
    Object.entries(data).map(([id, one]) => [id, (one as { error?: { code: string } }).error?.code]),
  )
  assert.deepEqual(codes, {
    ...{ good: undefined, large: 'ERR_FILE_SIZE_EXCEEDED', nameless: 'ERR_BAD_REQUEST' },
    ...{ odd: 'ERR_BAD_REQUEST', typed: 'ERR_BAD_REQUEST' },
  })
})

test('an upload URL is refused to outsiders and for nonsense', async () => {
  assert.equal(await dave.fails('POST', '/files/upload-url', asking('#team')), '403 ERR_PERMISSION_DENIED')
  assert.equal(await ann.fails('POST', '/files/upload-url', asking('nobody')), '404 ERR_UID_NOT_FOUND')
  assert.equal(await ann.fails('POST', '/files/upload-url', asking('#none')), '404 ERR_GUID_NOT_FOUND')
  for (const body of [{}, { files: [] }, { files: {} }, { files: 'x', ...to('bob') }, { files: asking('bob').files }]) {
    assert.equal(await ann.fails('POST', '/files/upload-url', body), '400 ERR_BAD_REQUEST', JSON.stringify(body))
  }
  const unnamed = await rest.ok('POST', '/files/upload-url', asking('bob'))
  assert.equal(unnamed.f1.error.code, 'ERR_PERMISSION_DENIED', 'a server names for whom')
  const named = await rest.call('POST', '/files/upload-url', asking('bob'), { onBehalfOf: 'ann' })
  assert.ok(named.data.f1.attachment.url)
})

test('what does not fit its ticket is refused as stores do it, and leaves nothing', async () => {
  const made = await offer(ann, 'bob')
  const { ticket = '' } = made.request.body
  const withTicket = (text: string): Offer => ({ ...made, request: { ...made.request, body: { ticket: text } } })
  const rows: readonly (readonly [string, Offer, Part, number, string])[] = [
    [
      'larger',
      made,
      ['file', { ...FILE, bytes: Buffer.concat([FILE.bytes, Buffer.from('x')]) }],
      413,
      'EntityTooLarge',
    ],
    ['smaller', made, ['file', { ...FILE, bytes: FILE.bytes.subarray(1) }], 400, 'IncompleteBody'],
    ['another type', made, ['file', { ...FILE, type: 'text/html' }], 403, 'AccessDenied'],
    ['another part', made, ['files[]', FILE], 400, 'MalformedPOSTRequest'],
    ['no file', made, ['file', 'text'], 400, 'MalformedPOSTRequest'],
    ['no ticket', { ...made, request: { ...made.request, body: {} } }, ['file', FILE], 400, 'MalformedPOSTRequest'],
    ['forged ticket', withTicket(`${ticket.slice(0, -2)}AA`), ['file', FILE], 403, 'AccessDenied'],
    ['nonsense', withTicket('nonsense'), ['file', FILE], 403, 'AccessDenied'],
    ['an auth token', withTicket(ann.authToken), ['file', FILE], 403, 'AccessDenied'],
  ]
  for (const [what, from, file, code, wanted] of rows) {
    const answer = await upload(from, file, { origin: ORIGIN })
    assert.deepEqual([answer.status, answer.code], [code, wanted], what)
    assert.match(answer.headers['content-type'] ?? '', /^application\/xml/)
    assert.match(answer.text, /<Message>[^<]+<\/Message>/)
  }
  const json = await app.bare.post(made.request.url.slice(server.url.length), { ticket })
  assert.match(json.text, /MalformedPOSTRequest/)
  assert.equal(await status(made.attachment.url), 404)
  assert.equal((await upload(made)).status, 204, 'and the ticket is still good')
  const other = { ...FILE, bytes: Buffer.concat([FILE.bytes.subarray(0, -1), Buffer.from('!')]) }
  assert.equal((await upload(made, ['file', other])).code, 'AccessDenied', 'once it is used, nothing replaces its file')
  assert.deepEqual((await fetchMedia(server, made.attachment.url)).body, FILE.bytes)
})

test('a ticket ends with its user, their session, and their membership', async () => {
  const byBob = await offer(bob, '#team')
  await rest.ok('DELETE', '/users', { uidsToDeactivate: ['bob'] })
  assert.equal((await upload(byBob)).code, 'AccessDenied')
  await rest.ok('PUT', '/users', { uidsToActivate: ['bob'] })
  await rest.ok('DELETE', '/groups/team/members/bob')
  assert.equal((await upload(byBob)).code, 'AccessDenied')
  await rest.ok('POST', '/groups/team/members', { participants: ['bob'] })
  assert.equal((await upload(byBob)).status, 204)
  const byCarol = await offer(carol, 'ann')
  await carol.ok('DELETE', '/me')
  assert.equal((await upload(byCarol)).code, 'AccessDenied')
})

test('a ticket ends after a quarter of an hour', async () => {
  const made = await offer(ann, 'bob')
  server.setClock('+890')
  assert.equal((await upload(made)).status, 204)
  server.setClock('+0')
  const late = await offer(ann, 'bob')
  server.setClock('+910')
  const answer = await upload(late, undefined, { origin: ORIGIN })
  assert.deepEqual([answer.status, answer.code], [403, 'ExpiredToken'])
  assert.equal(answer.headers['access-control-allow-origin'], ORIGIN, 'the page can read why')
  server.setClock('+0')
})

test('pages of listed origins may upload', async () => {
  const made = await offer(ann, 'bob')
  const asked = {
    origin: ORIGIN,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  }
  const preflight = await app.bare.send('OPTIONS', made.request.url.slice(server.url.length), { headers: asked })
  assert.deepEqual([preflight.status, preflight.headers['access-control-allow-origin']], [204, ORIGIN])
  const elsewhere = await upload(made, undefined, { origin: 'https://evil.test' })
  assert.equal(elsewhere.headers['access-control-allow-origin'], undefined)
})

test('in session style the URL is clean, for the client to add its own token', async () => {
  await chat.settings({ cometchatLinks: 'session' })
  const made = await offer(ann, 'bob')
  await upload(made)
  assert.equal(parted(made.attachment.url).token, null)
  const { fat } = await ann.ok('PUT', '/me')
  assert.equal((await fetchMedia(server, `${made.attachment.url}?fat=${fat}`)).status, 302)
  const { fat: other } = await bob.ok('PUT', '/me')
  assert.equal(await status(`${made.attachment.url}?fat=${other}`), 403)
  const sent: Shown = await ann.ok('POST', '/messages', urlBody('bob', { url: `${made.attachment.url}?fat=${fat}` }))
  assert.equal((await fetchMedia(server, `${urlOf(sent)}?fat=${other}`)).status, 302)
  await chat.settings({ cometchatLinks: null })
})
