import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Answer, bearer, type Client, type Headers } from './support/client.ts'
import { ADMIN, startGatehouse } from './support/gatehouse.ts'
import { createApp, keyed } from './support/tenant.ts'
import { offlineToken, readClaims } from './support/tokens.ts'

/**
 * Every kind of token tries every class of route (security.md, T6). A credential stands in the header, or in the query for links
 * and grant tokens, since both are ways in.
 */

const house = await startGatehouse()
after(() => house.stop())
const app = await createApp(house.admin)
const other = await createApp(house.admin)
for (const tenant of [app, other]) await tenant.conversation('c', ['ann', 'bob'])
await app.conversation('d', ['ann', 'bob'])
const file = await app.upload(Buffer.from('the file'))
const elsewhere = await app.upload(Buffer.from('the other file'), { conversation: 'd' })
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
const MESSAGE = { conversation: 'c', from: 'ann', text: 'x', attachments: [] }
const ROUTES = [
  { name: 'read the file', call: (client, query) => client.get(`${file.path}${query}`) },
  { name: 'read in another conversation', call: (client, query) => client.get(`${elsewhere.path}${query}`) },
  { name: "read another app's file", call: (client, query) => client.get(`${foreign.path}${query}`) },
  { name: 'list links', call: (client, query) => client.get(`${app.base}/attachments/${file.id}/links${query}`) },
  { name: 'write', call: (client, query) => client.post(`${app.base}/messages${query}`, MESSAGE) },
  {
    name: 'issue',
    call: (client, query) => client.post(`${app.base}/tokens${query}`, { grants: ask, seconds: 60 }),
  },
  { name: 'manage', call: (client, query) => client.put(`${app.base}/users/u${serial++}${query}`, {}) },
  { name: 'write to another app', call: (client, query) => client.post(`${other.base}/messages${query}`, MESSAGE) },
  { name: 'make an app', call: (client, query) => client.post(`/v1/apps${query}`, { name: `a${serial++}` }) },
] as const satisfies readonly Route[]

type Name = (typeof ROUTES)[number]['name']
const OWN: readonly Name[] = ['read the file', 'read in another conversation']

type Kind = {
  readonly kind: string
  readonly headers?: Headers
  /** The token for `?t=`. */
  readonly t?: string
  readonly opens: readonly Name[]
}

const issued = (await app.token(ask)).token
const write = offlineToken(appKey, grants('write'))
const manage = offlineToken(appKey, grants('manage'))
const ways = (kind: string, token: string, opens: readonly Name[]): readonly Kind[] => [
  { kind: `${kind}, bearer`, headers: bearer(token), opens },
  // A token in a query is for media only (RFC 6750, section 5.3: URLs are logged and shared).
  { kind: `${kind}, query`, t: token, opens: opens.filter((name) => name.startsWith('read')) },
]

const KINDS: readonly Kind[] = [
  { kind: 'nothing at all', opens: [] },
  { kind: 'account-wide key', headers: keyed(ADMIN), opens: ROUTES.map(({ name }) => name) },
  ...(['basic', 'bearer'] as const).map((scheme) => ({
    kind: `app key, ${scheme}`,
    headers: keyed(appKey, scheme),
    opens: [...OWN, 'list links', 'write', 'issue', 'manage'] satisfies Name[],
  })),
  { kind: 'key that reads one conversation', headers: keyed(readKey), opens: ['read the file'] },
  { kind: "other app's key", headers: keyed(otherKey), opens: ["read another app's file", 'write to another app'] },
  { kind: 'recipient link', t: await linkOf(app, file.id), opens: ['read the file'] },
  { kind: "other app's recipient link", t: await linkOf(other, foreign.id), opens: ["read another app's file"] },
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

for (const { kind, headers = {}, t, opens } of KINDS) {
  test(`${kind} opens ${opens.length === 0 ? 'nothing' : opens.join(', ')}`, async () => {
    const client = app.bare.as(headers)
    for (const { name, call } of ROUTES) {
      const { status, text } = await call(client, t === undefined ? '' : `?t=${t}`)
      const wanted = (opens as readonly string[]).includes(name)
      if (wanted) assert.ok(status === 200 || status === 201, `${name}: expected success, got ${status} ${text}`)
      else assert.ok([400, 401, 403, 404].includes(status), `${name}: expected a refusal, got ${status}`)
      if (!wanted) assert.doesNotMatch(text, /the file|the other file|their file/)
    }
  })
}

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
