import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Answer, bearer, type Client, form, type Headers, targetOf } from './support/client.ts'
import { ADMIN, startGatehouse } from './support/gatehouse.ts'
import { logIn } from './support/login.ts'
import { createApp, expect, keyed } from './support/tenant.ts'
import { offlineToken, readClaims } from './support/tokens.ts'

/**
 * Every kind of token tries every class of route (security.md, T6), in every place where such a thing may stand: headers and the query,
 * by our own names and by those of a surface.
 */

const house = await startGatehouse()
after(() => house.stop())
const app = await createApp(house.admin)
const other = await createApp(house.admin)
for (const tenant of [app, other]) await tenant.conversation('c', ['ann', 'bob'])
await app.conversation('d', ['ann', 'bob'])
const file = await app.upload(Buffer.from('the file'))
const second = await app.upload(Buffer.from('the other file'), { conversation: 'd' })
const outside = await app.upload(Buffer.from('the file outside'), { conversation: null, recipients: ['bob'] })
const foreign = await other.upload(Buffer.from('their file'))

const everything = `/apps/${app.id}`
const hour = () => readClaims(everything)
const grants = (...actions: string[]) => ({ ...hour(), grants: [{ actions, resource: everything }] })
const appKey = await app.key()
const otherKey = await other.key()
const readKey = await app.key([{ actions: ['read'], resource: `${everything}/conversations/c` }])
const issueKey = await app.key([{ actions: ['issue'], resource: everything }])
const writeKey = await app.key([{ actions: ['write'], resource: everything }])
const ask = [{ actions: ['read'], resource: everything }]
const linkOf = async (tenant: typeof app, id: string) => (await tenant.link(id, 'bob')).split('?t=')[1] ?? ''

type Route = { readonly name: string; readonly call: (client: Client, query: string) => Promise<Answer> }

let serial = 0
const inApp = { appid: app.id }
const MESSAGE = { conversation: 'c', from: 'ann', text: 'x', attachments: [] }
const ROUTES = [
  { name: 'read the file', call: (client, query) => client.get(`${file.path}${query}`) },
  { name: 'read in another conversation', call: (client, query) => client.get(`${second.path}${query}`) },
  { name: 'read outside of conversations', call: (client, query) => client.get(`${outside.path}${query}`) },
  { name: "read another app's file", call: (client, query) => client.get(`${foreign.path}${query}`) },
  { name: 'list links', call: (client, query) => client.get(`${app.base}/attachments/${file.id}/links${query}`) },
  { name: 'write', call: (client, query) => client.post(`${app.base}/messages${query}`, MESSAGE) },
  {
    name: 'issue',
    call: (client, query) => client.post(`${app.base}/tokens${query}`, { grants: ask, seconds: 60 }),
  },
  { name: 'manage', call: (client, query) => client.put(`${app.base}/users/u${serial++}${query}`, {}) },
  { name: 'write to another app', call: (client, query) => client.post(`${other.base}/messages${query}`, MESSAGE) },
  {
    name: 'issue media tokens',
    call: (client, query) => client.post(`${app.base}/media-tokens${query}`, { paths: [everything] }),
  },
  { name: 'get a cookie', call: (client, query) => client.get(`/v1/cookie${query}`) },
  { name: 'rotate keys', call: (client, query) => client.get(`/v1/media-keys${query}`) },
  { name: 'make an app', call: (client, query) => client.post(`/v1/apps${query}`, { name: `a${serial++}` }) },
  { name: "be a surface's client", call: (client, query) => client.get(`/v3.0/me${query}`, inApp) },
  {
    name: "be a surface's server",
    call: (client, query) => client.get(`/v3/users/bob/auth_tokens${query}`, inApp),
  },
  {
    name: "be a surface's client in another app",
    call: (client, query) => client.get(`/v3.0/me${query}`, { appid: other.id }),
  },
  {
    name: "be a surface's server in another app",
    call: (client, query) => client.get(`/v3/users/bob/auth_tokens${query}`, { appid: other.id }),
  },
  { name: "be another surface's server", call: (client, query) => client.get(`/v2/apps/${app.id}${query}`) },
  {
    name: "be another surface's server in another app",
    call: (client, query) => client.get(`/v2/apps/${other.id}${query}`),
  },
  { name: "be another surface's operator", call: (client, query) => client.get(`/v2/apps${query}`) },
  {
    name: 'get a cookie of a surface',
    call: (client, query) => client.get(`/v2${everything}/attachments/cookie${query}`),
  },
] as const satisfies readonly Route[]

type Name = (typeof ROUTES)[number]['name']
const RECEIVED: readonly Name[] = ['read the file', 'read in another conversation']
const OWN: readonly Name[] = [...RECEIVED, 'read outside of conversations']
const SURFACE = /^be a surface/

type Kind = {
  readonly kind: string
  readonly headers?: Headers
  /** The whole query in which it stands: `t=…`. */
  readonly query?: string
  readonly opens: readonly Name[]
}

const issued = (await app.token(ask)).token
const keyJwt = offlineToken(appKey, { scope: 'app' })
const write = offlineToken(appKey, grants('write'))
const manage = offlineToken(appKey, grants('manage'))
const ways = (kind: string, token: string, opens: readonly Name[]): readonly Kind[] => [
  { kind: `${kind}, bearer`, headers: bearer(token), opens },
  // A token in a query is for media only (RFC 6750, section 5.3: URLs are logged and shared).
  // Where a surface takes other things, and nothing like this.
  { kind: `${kind}, query of a surface`, query: `fat=${token}`, opens: [] },
  { kind: `${kind}, auth token of a surface`, headers: { authtoken: token }, opens: [] },
  { kind: `${kind}, key of a surface`, headers: { apikey: token }, opens: [] },
  { kind: `${kind}, query`, query: `t=${token}`, opens: opens.filter((name) => name.startsWith('read')) },
]

const mediaPaths = [everything, `${everything}/conversations/c`, file.path, outside.path]
const askMedia = async (tenant: typeof app, paths: readonly string[]) =>
  (await tenant.admin.post(`${tenant.base}/media-tokens`, { paths })).json<{ tokens: Record<string, string> }>().tokens
const media = await askMedia(app, mediaPaths)
const mediaFor = (path: string) => media[path] ?? ''
const otherMedia = (await askMedia(other, [`/apps/${other.id}`]))[`/apps/${other.id}`] ?? ''
/** Everywhere that a media token may stand, and where it may not. */
const mediaWays = (kind: string, token: string, reads: readonly Name[]): readonly Kind[] => [
  {
    kind: `${kind}, bearer`,
    headers: bearer(token),
    opens: [...reads, 'get a cookie', ...(token === otherMedia ? [] : (['get a cookie of a surface'] as const))],
  },
  { kind: `${kind}, query`, query: `t=${token}`, opens: [] },
  { kind: `${kind}, cookie`, headers: { cookie: `gatehouse_media=${token}` }, opens: reads },
  { kind: `${kind}, another cookie`, headers: { cookie: `zendesk_media_token=${token}` }, opens: reads },
  { kind: `${kind}, cookie of nothing`, headers: { cookie: `media=${token}` }, opens: [] },
  { kind: `${kind}, query of a surface`, query: `fat=${token}`, opens: [] },
  { kind: `${kind}, as a login session`, headers: { authtoken: token }, opens: [] },
  { kind: `${kind}, as a key`, headers: { apikey: token }, opens: [] },
]
const link = await linkOf(app, file.id)
const login = await logIn(app, 'bob')
const pass = await login.pass()
await app.users('zoe')
const strangersPass = await (await logIn(app, 'zoe')).pass()
const otherPass = await (await logIn(other, 'bob')).pass()
const ended = await logIn(app, 'bob')
const endedPass = await ended.pass()
await app.revoke({ session: ended.id })

const reads = (name: Name) => name.startsWith('read')
const serves = (name: Name) => name.startsWith("be a surface's server")
const names = (...some: readonly ((name: Name) => boolean)[]): readonly Name[] =>
  ROUTES.map(({ name }) => name).filter((name) => some.some((is) => is(name)))
const queryIn = (url = '') => targetOf(url).split('?')[1] ?? ''
const told = (answer: Answer) => queryIn(answer.json<{ data: { url: string } }>().data.url)
const presigned = queryIn((await app.bare.get(`${file.path}?fat=${pass}`)).headers.location)
const presignedByLink = told(await app.bare.get(`${file.path}?fat=${link}&redirect=0`))
const service = told(await app.bare.get(file.path, { apikey: appKey.secret })).replace('fat=', '')

const asked = expect(
  await app.bare.post(
    '/v3.0/files/upload-url',
    {
      files: { f: { fileId: 'f', name: 'a.txt', size: 5, mimeType: 'text/plain' } },
      receiver: 'ann',
      receiverType: 'user',
    },
    { ...inApp, authtoken: login.authToken },
  ),
  200,
).json<{ data: { f: { request: { url: string; body: { ticket: string } } } } }>().data.f.request
const { ticket } = asked.body

/** Places where no MAC may stand. */
const elsewhere = (kind: string, token: string): readonly Kind[] => [
  { kind: `${kind}, bearer`, headers: bearer(token), opens: [] },
  { kind: `${kind}, as a login session`, headers: { authtoken: token }, opens: [] },
  { kind: `${kind}, as a key`, headers: { apikey: token }, opens: [] },
  { kind: `${kind}, cookie`, headers: { cookie: `gatehouse_media=${token}` }, opens: [] },
]

const KINDS: readonly Kind[] = [
  { kind: 'nothing at all', opens: [] },
  {
    kind: 'account-wide key',
    headers: keyed(ADMIN),
    opens: names((name) => !SURFACE.test(name) && !name.startsWith('get a cookie')),
  },
  { kind: 'account-wide key, of a surface', headers: { apikey: ADMIN.secret }, opens: names(reads, serves) },
  { kind: 'account-wide key, as what a user shows', headers: { authtoken: ADMIN.secret }, opens: [] },
  ...(['basic', 'bearer'] as const).map((scheme) => ({
    kind: `app key, ${scheme}`,
    headers: keyed(appKey, scheme),
    opens: [
      ...OWN,
      'list links',
      'write',
      'issue',
      'issue media tokens',
      'manage',
      ...(scheme === 'basic' ? (["be another surface's server"] as const) : []),
    ] satisfies Name[],
  })),
  { kind: 'app key, of a surface', headers: { apikey: appKey.secret }, opens: [...OWN, "be a surface's server"] },
  { kind: 'app key, as what a user shows', headers: { authtoken: appKey.secret }, opens: [] },
  { kind: 'app key, in a query', query: `fat=${appKey.secret}`, opens: [] },
  { kind: 'key that reads one conversation', headers: keyed(readKey), opens: ['read the file'] },
  {
    kind: 'key that reads one conversation, of a surface',
    headers: { apikey: readKey.secret },
    opens: ['read the file'],
  },
  {
    kind: "other app's key",
    headers: keyed(otherKey),
    opens: ["read another app's file", 'write to another app', "be another surface's server in another app"],
  },
  { kind: 'JWT of an app key', headers: bearer(keyJwt), opens: ["be another surface's server"] },
  { kind: 'JWT of an app key, query', query: `t=${keyJwt}`, opens: [] },
  { kind: 'JWT of an app key, query of a surface', query: `fat=${keyJwt}`, opens: [] },
  { kind: 'JWT of an app key, cookie', headers: { cookie: `gatehouse_media=${keyJwt}` }, opens: [] },
  { kind: 'JWT of an app key, as a key', headers: { apikey: keyJwt }, opens: [] },
  { kind: 'JWT of an app key, as a login session', headers: { authtoken: keyJwt }, opens: [] },
  {
    kind: 'JWT of an app key for a user',
    headers: bearer(offlineToken(appKey, { scope: 'appUser', userId: 'bob' })),
    opens: [],
  },
  {
    kind: 'JWT of an app key that is a grant token, too',
    headers: bearer(offlineToken(appKey, { ...hour(), scope: 'app' })),
    opens: [],
  },
  {
    kind: 'JWT of a key that reads one conversation',
    headers: bearer(offlineToken(readKey, { scope: 'app' })),
    opens: [],
  },
  {
    kind: 'JWT of an account-wide key',
    headers: bearer(offlineToken(ADMIN, { scope: 'account' })),
    opens: names((name) => name.startsWith('be another surface')),
  },
  {
    kind: "other app's key, of a surface",
    headers: { apikey: otherKey.secret },
    opens: ["read another app's file", "be a surface's server in another app"],
  },
  { kind: 'recipient link', query: `t=${link}`, opens: ['read the file'] },
  { kind: 'recipient link, of a surface', query: `fat=${link}`, opens: ['read the file'] },
  { kind: 'recipient link, header of a surface', headers: { fat: link }, opens: ['read the file'] },
  ...elsewhere('recipient link', link),
  {
    kind: "other app's recipient link",
    query: `t=${await linkOf(other, foreign.id)}`,
    opens: ["read another app's file"],
  },
  { kind: 'login session', headers: { authtoken: login.authToken }, opens: ["be a surface's client"] },
  { kind: 'login session, in a query', query: `fat=${login.authToken}`, opens: [] },
  { kind: 'login session, header of media', headers: { fat: login.authToken }, opens: [] },
  { kind: 'login session, in our own query', query: `t=${login.authToken}`, opens: [] },
  { kind: 'login session, bearer', headers: bearer(login.authToken), opens: [] },
  { kind: 'login session, as a key', headers: { apikey: login.authToken }, opens: [] },
  { kind: 'login session that has ended', headers: { authtoken: ended.authToken }, opens: [] },
  { kind: 'media pass, query', query: `fat=${pass}`, opens: RECEIVED },
  { kind: 'media pass, query, told', query: `fat=${pass}&redirect=0`, opens: RECEIVED },
  { kind: 'media pass, header', headers: { fat: pass }, opens: RECEIVED },
  { kind: 'media pass, bearer', headers: bearer(pass), opens: RECEIVED },
  { kind: 'media pass, in our own query', query: `t=${pass}`, opens: [] },
  { kind: 'media pass, as a login session', headers: { authtoken: pass }, opens: [] },
  { kind: 'media pass, as a key', headers: { apikey: pass }, opens: [] },
  { kind: 'media pass, cookie', headers: { cookie: `gatehouse_media=${pass}` }, opens: [] },
  { kind: 'media pass of somebody who receives nothing', query: `fat=${strangersPass}`, opens: [] },
  { kind: 'media pass of a session that has ended', query: `fat=${endedPass}`, opens: [] },
  { kind: "other app's media pass", query: `fat=${otherPass}`, opens: ["read another app's file"] },
  { kind: 'pre-signed URL', query: presigned, opens: ['read the file'] },
  { kind: 'pre-signed URL made for a link', query: presignedByLink, opens: ['read the file'] },
  { kind: 'service token', query: `fat=${service}`, opens: ['read the file'] },
  ...elsewhere('service token', service),
  { kind: 'upload ticket, query', query: `fat=${ticket}`, opens: [] },
  { kind: 'upload ticket, in our own query', query: `t=${ticket}`, opens: [] },
  ...elsewhere('upload ticket', ticket),
  ...mediaWays('media token of the app', mediaFor(everything), OWN),
  ...mediaWays('media token of a conversation', mediaFor(`${everything}/conversations/c`), ['read the file']),
  ...mediaWays('media token of a file', mediaFor(file.path), ['read the file']),
  ...mediaWays('media token of a file outside', mediaFor(outside.path), ['read outside of conversations']),
  ...mediaWays("other app's media token", otherMedia, ["read another app's file"]),
  ...ways('forged media token', `${mediaFor(everything).slice(0, -4)}AAAA`, []),
  ...ways('grant token of the server, read', issued, OWN),
  ...ways('offline token, read', offlineToken(appKey, hour()), OWN),
  ...ways('offline token, write', write, ['write']),
  ...ways('offline token, no action', offlineToken(appKey, grants()), []),
  ...ways(
    'offline token of a key that reads one conversation',
    offlineToken(readKey, readClaims(`${everything}/conversations/c`)),
    ['read the file'],
  ),
  ...ways(
    'offline token of a read key asking for write',
    offlineToken(readKey, grants('write', 'issue', 'manage')),
    [],
  ),
  ...ways("offline token of another app's key", offlineToken(otherKey, hour()), []),
  ...ways('forged: secret of another key', offlineToken({ ...appKey, secret: otherKey.secret }, hour()), []),
  ...ways('forged: last character changed', `${issued.slice(0, -2)}${issued.endsWith('AA') ? 'BA' : 'AA'}`, []),
  { kind: 'key with a wrong secret', headers: keyed({ ...appKey, secret: otherKey.secret }), opens: [] },
  { kind: 'key with no secret', headers: keyed({ ...appKey, secret: '' }), opens: [] },
]

for (const { kind, headers = {}, query, opens } of KINDS) {
  test(`${kind} opens ${opens.length === 0 ? 'nothing' : opens.join(', ')}`, async () => {
    const client = app.bare.as(headers)
    for (const { name, call } of ROUTES) {
      const { status, text } = await call(client, query === undefined ? '' : `?${query}`)
      const wanted = (opens as readonly string[]).includes(name)
      if (wanted) assert.ok([200, 201, 302].includes(status), `${name}: expected success, got ${status} ${text}`)
      else assert.ok([400, 401, 403, 404].includes(status), `${name}: expected a refusal, got ${status}`)
      if (!wanted) assert.doesNotMatch(text, /the file|the other file|their file/)
    }
  })
}

test('nothing but an upload ticket uploads by a ticket', async () => {
  const upload = async (text: string, headers: Headers = {}) => {
    const body = form([['ticket', text]], { name: 'a.txt', type: 'text/plain', bytes: Buffer.from('12345') })
    return (await app.bare.post(targetOf(asked.url), body.body, { ...body.headers, ...headers })).status
  }
  const others = {
    link,
    pass,
    service,
    issued,
    write,
    authToken: login.authToken,
    key: appKey.secret,
    cut: ticket.slice(1),
  }
  for (const [kind, text] of Object.entries(others)) assert.equal(await upload(text), 403, kind)
  const authorised = { ...inApp, authtoken: login.authToken }
  assert.ok([400, 403].includes(await upload('', authorised)), 'no session in place of a ticket')
  assert.equal(await upload(ticket), 204)
})

test('keys and tokens that may only issue, write or manage do that and do not read the bytes', async () => {
  const rows: readonly (readonly [Headers, Name])[] = [
    [keyed(issueKey), 'issue'],
    [keyed(writeKey), 'write'],
    [bearer(write), 'write'],
    [bearer(manage), 'manage'],
  ]
  for (const [headers, own] of rows) {
    const client = app.bare.as(headers)
    for (const { name, call } of ROUTES) {
      if (name === own) assert.ok((await call(client, '')).status < 300, `${own} is granted`)
      else if (name.startsWith('read')) assert.equal((await call(client, '')).status, 403, `${own} does not ${name}`)
    }
  }
})

test('nobody issues more than they hold', async () => {
  const rows: readonly (readonly [Headers, string, string])[] = [
    [keyed(appKey), 'read', `/apps/${other.id}`],
    [keyed(appKey), 'read', '/'],
    [keyed(otherKey), 'read', everything],
    [keyed(readKey), 'read', everything],
  ]
  for (const [headers, action, resource] of rows) {
    const body = { grants: [{ actions: [action], resource }], seconds: 60 }
    const { status, text } = await app.bare.as(headers).post(`${app.base}/tokens`, body)
    assert.ok([400, 403, 422].includes(status), `${action} on ${resource}: ${status}`)
    assert.doesNotMatch(text, /"token"/)
    const key = await app.bare.as(headers).post(`${app.base}/keys`, { name: 'x', grants: body.grants })
    assert.ok([400, 403, 422].includes(key.status), `a key with ${action} on ${resource}: ${key.status}`)
  }
})
