import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { type Caller, loginOf, restOf } from './support/cometchat-http.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { usePostgres } from './support/postgres.ts'
import { createApp } from './support/tenant.ts'

const RUNS = 250

/** Every call of the surface that takes JSON or nothing. */
const CALLS: readonly (readonly [methods: string, path: string])[] = [
  ['PUT GET', '/me'],
  ['GET', '/settings'],
  ['POST GET PUT DELETE', '/users'],
  ['GET PUT DELETE', '/users/{id}'],
  ['POST GET DELETE', '/users/{id}/auth_tokens'],
  ['GET PUT DELETE', '/users/{id}/auth_tokens/{other}'],
  ['POST GET', '/groups'],
  ['GET PUT DELETE', '/groups/{id}'],
  ['PATCH', '/groups/{id}/owner'],
  ['GET POST PUT DELETE', '/groups/{id}/members'],
  ['PUT DELETE', '/groups/{id}/members/{other}'],
  ['GET', '/groups/{id}/bannedusers'],
  ['POST DELETE', '/groups/{id}/bannedusers/{other}'],
  ['POST GET', '/apikeys'],
  ['GET PUT DELETE', '/apikeys/{other}'],
  ['GET', '/conversations'],
  ['GET', '/users/{id}/conversation'],
  ['GET', '/groups/{id}/conversation'],
  ['GET POST', '/messages'],
  ['GET PUT DELETE', '/messages/{id}'],
  ['GET POST', '/messages/{id}/thread'],
  ['GET', '/users/{id}/messages'],
  ['GET', '/groups/{id}/messages'],
  ['POST', '/files/upload-url'],
]
const FIELDS = [
  ...['uid', 'name', 'avatar', 'role', 'metadata', 'tags', 'unset', 'withAuthToken', 'statusMessage', 'permanent'],
  ...['uidsToDeactivate', 'uidsToActivate', 'guid', 'type', 'password', 'owner', 'members', 'icon', 'scope'],
  ...['admins', 'moderators', 'participants', 'usersToBan', 'receiver', 'receiverType', 'category', 'data', 'text'],
  ...['files', 'parentMessageId', 'id', 'attachments', 'url', 'multipleReceivers', 'mentions', 'link', 'description'],
]
const PARAMETERS = [
  ...['perPage', 'per_page', 'limit', 'page', 'searchKey', 'role', 'roles[]', 'tags', 'types', 'categories', 'scopes'],
  ...['hasJoined', 'withDeactivated', 'onlyDeactivated', 'affix', 'id', 'sentAt', 'hideReplies', 'hideDeleted', 'uid'],
  ...['uids', 'count', 'unread', 'onlyUpdates', 'updatedAt', 'hasAttachments', 'attachmentTypes'],
]

/** Texts that break what is careless: NUL, lone surrogates, quotes, wildcards, numbers out of range, names of prototypes. */
const word = fc.oneof(
  fc.constantFrom('ann', 'bob', 'g', 'user', 'group', 'message', 'public', 'password', 'authOnly', 'text', 'image'),
  fc.constantFrom('\u0000', 'a\u0000b', '\ud800', '__proto__', 'constructor', 'toString', "'", '%', '_', '\\', ''),
  fc.constantFrom('-1', '0', '1', '1e9', '9007199254740993', '99999999999999999999', 'NaN', '1.5', 'null', '[]', '{}'),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const leaf = fc.oneof(word, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(2 ** 53))
const value = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 2, arbitrary: fc.array(leaf, { maxLength: 4 }) },
  { weight: 2, arbitrary: fc.dictionary(fc.oneof(fc.constantFrom(...FIELDS), word), leaf, { maxKeys: 4 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.dictionary(fc.constantFrom(...FIELDS), leaf, { maxKeys: 4 }), { maxLength: 3 }),
  },
)
const request = fc.record({
  place: fc.constantFrom(...CALLS.flatMap(([methods, path]) => methods.split(' ').map((method) => ({ method, path })))),
  id: word,
  other: word,
  query: fc.array(fc.tuple(fc.constantFrom(...PARAMETERS), word), { maxLength: 4 }),
  body: fc.option(fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 8 }), { nil: undefined }),
  as: fc.constantFrom('client', 'server', 'behalf'),
})

/** No lone surrogate can be percent-encoded. */
const encoded = (text: string) => encodeURIComponent(text.toWellFormed()) || '%20'

for (const kind of ['sqlite', 'postgres'] as const) {
  test(`nothing that is sent is a fault of the server, and every answer is one of the two forms (${kind})`, async () => {
    const database = kind === 'postgres' ? await usePostgres() : null
    const server = await startGatehouse(database === null ? {} : { database: database.url })
    after(async () => {
      await server.stop()
      await database?.end()
    })
    const app = await createApp(server.admin)
    const rest = await restOf(app)
    const prepare = async () => {
      for (const uid of ['ann', 'bob']) await rest.call('POST', '/users', { uid, name: uid })
      await rest.call('POST', '/groups', { guid: 'g', name: 'G', type: 'public', owner: 'ann' })
      await rest.call('PUT', '/users', { uidsToActivate: ['ann', 'bob'] })
      return loginOf(app, rest, 'ann')
    }
    let client: Caller = await prepare()
    let seen = 0
    await fc.assert(
      fc.asyncProperty(request, async ({ place: { method, path }, id, other, query, body, as }) => {
        if (seen++ % 20 === 0) client = await prepare()
        const filled = path.replace('{id}', encoded(id)).replace('{other}', encoded(other))
        const search = query.map(([name, text]) => `${name}=${encoded(text)}`).join('&')
        const headers = as === 'behalf' ? { onBehalfOf: 'ann' } : {}
        const caller = as === 'client' ? client : rest
        // What holds of every answer is asserted by the caller.
        const { status, answer } = await caller.call(method, `${filled}?${search}`, body, headers)
        assert.ok(status < 500, `${method} ${path}: ${answer.text}\n${server.stderr().slice(-2000)}`)
      }),
      { numRuns: RUNS },
    )
  })
}
