import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import type { List, Problem } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createApp, expect, keyed, refusal } from './support/tenant.ts'

/** Every refusal is a problem document with a stable code (native-api.md, Manners; RFC 9457). */

const house = await startGatehouse()
after(() => house.stop())
const app = await createApp(house.admin)
await app.users('ann', 'bob')
await app.conversation('c', ['ann', 'bob'])
const { admin, base } = app
const key = await app.key()
const everything = `/apps/${app.id}`
const token = { grants: [{ actions: ['read'], resource: everything }], seconds: 60 }

test('a body that does not fit its schema is refused, and the problem says where', async () => {
  const rows: readonly (readonly [method: string, path: string, body: unknown, at: string])[] = [
    ['POST', '/v1/apps', {}, 'name'],
    ['POST', '/v1/apps', { name: 7 }, 'name'],
    ['POST', '/v1/apps', { name: 'x', colour: 'red' }, 'colour'],
    ['POST', '/v1/apps', { name: 'x', settings: { tokenizedMedia: 'yes' } }, 'tokenizedMedia'],
    ['POST', '/v1/apps', { name: 'x', settings: { unheard: 1 } }, 'unheard'],
    ['PATCH', base, { settings: { linkSeconds: -1 } }, 'linkSeconds'],
    ['PATCH', base, { settings: { linkSeconds: 1.5 } }, 'linkSeconds'],
    ['PATCH', base, { settings: { allowedOrigins: 'https://a.example' } }, 'allowedOrigins'],
    ['PUT', `${base}/users/x`, { name: ['x'] }, 'name'],
    ['PUT', `${base}/users/x`, { unheard: true }, 'unheard'],
    ['PUT', `${base}/conversations/x`, { type: 'crowd', members: [] }, 'type'],
    ['PUT', `${base}/conversations/x`, { type: 'group', members: 'ann' }, 'members'],
    ['PUT', `${base}/conversations/x`, { type: 'group', members: ['a/b'] }, 'members'],
    ['POST', `${base}/messages`, { from: 'ann' }, 'conversation'],
    ['POST', `${base}/tokens`, { ...token, seconds: 0 }, 'seconds'],
    ['POST', `${base}/tokens`, { ...token, seconds: '60' }, 'seconds'],
    ['POST', `${base}/tokens`, { seconds: 60 }, 'grants'],
    ['POST', `${base}/tokens`, { ...token, grants: [{ actions: ['fly'], resource: everything }] }, 'actions'],
    [
      'POST',
      `${base}/tokens`,
      { ...token, grants: [{ actions: ['read'], resource: `${everything}/../x` }] },
      'resource',
    ],
    ['POST', `${base}/keys`, { name: 'x', seconds: 'soon' }, 'seconds'],
  ]
  for (const [method, path, body, at] of rows) {
    const answer = await admin.send(method, path, { body: body as object })
    refusal(answer, 400, 422)
    const { errors = [] } = answer.json<Problem>()
    const told = errors.map((one) => `${one.path} ${one.message}`).join('\n')
    assert.ok(told.includes(at), `${method} ${path}: nothing about ${at} in ${answer.text}`)
  }
})

test('what is no JSON, or too much of it, is refused', async () => {
  const json = { 'content-type': 'application/json' }
  const rows: readonly (readonly [
    name: string,
    body: Buffer,
    headers: Record<string, string>,
    statuses: readonly number[],
  ])[] = [
    ['cut off', Buffer.from('{"name":'), json, [400]],
    ['an array', Buffer.from('[]'), json, [400, 422]],
    ['null', Buffer.from('null'), json, [400, 422]],
    ['a string', Buffer.from('"x"'), json, [400, 422]],
    ['no type', Buffer.from('{"name":"x"}'), {}, [400, 415]],
    ['a form', Buffer.from('name=x'), { 'content-type': 'application/x-www-form-urlencoded' }, [400, 415]],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]), json, [400, 422]],
    ['oversize', Buffer.from(JSON.stringify({ name: 'x'.repeat(20_000_000) })), json, [413]],
    ['deep', Buffer.from(`{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), json, [400, 413, 422]],
    ['prototype', Buffer.from('{"name":"x","__proto__":{"admin":true}}'), json, [400, 422]],
    ['constructor', Buffer.from('{"name":"x","constructor":{"prototype":{"admin":true}}}'), json, [400, 422]],
  ]
  for (const [name, body, headers, statuses] of rows) {
    const answer = await admin.post('/v1/apps', body, headers).catch((error: NodeJS.ErrnoException) => {
      assert.equal(name, 'oversize', `${name}: ${error.message}`)
      return null
    })
    if (answer !== null) refusal(answer, ...statuses)
  }
})

test('ids that cannot be are refused, and ids that look odd but can be work', async () => {
  for (const id of ['.', '..', 'a%2Fb', 'a%5Cb', 'a%25b', 'a%00', '%0a', 'x'.repeat(129), '%ff', '%']) {
    const answer = await admin.put(`${base}/users/${id}`, {})
    assert.ok([400, 404, 405, 422].includes(answer.status), `${id}: ${answer.status}`)
    refusal(answer, answer.status)
  }
  for (const id of [
    'Ann',
    'a b',
    'ü',
    '日本',
    'a.b',
    '...',
    '-',
    'a@b.example',
    'x'.repeat(128),
    'constructor',
    '__proto__',
  ]) {
    const path = `${base}/users/${encodeURIComponent(id)}`
    expect(await admin.put(path, { name: 'x' }), 201)
    assert.equal(expect(await admin.get(path), 200).json<{ id: string }>().id, id)
    expect(await admin.put(path, { name: 'y' }), 200)
  }
})

test('a list pages from end to end, and refuses cursors and limits that it did not give', async () => {
  for (let n = 0; n < 7; n++) await app.users(`page-${n}`)
  const seen: string[] = []
  let cursor = ''
  do {
    const page = expect(await admin.get(`${base}/users?limit=3${cursor}`), 200).json<List<{ id: string }>>()
    assert.ok(page.items.length <= 3)
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.next === null ? '' : `&cursor=${encodeURIComponent(page.next)}`
  } while (cursor !== '')
  assert.equal(new Set(seen).size, seen.length)
  for (let n = 0; n < 7; n++) assert.ok(seen.includes(`page-${n}`))
  for (const query of [
    'limit=0',
    'limit=1001',
    'limit=-1',
    'limit=x',
    'limit=1.5',
    'limit=',
    'cursor=%00',
    'cursor=..%2f',
    `cursor=${'x'.repeat(5000)}`,
  ]) {
    const answer = await admin.get(`${base}/users?${query}`)
    refusal(answer, 400, 422)
  }
})

test('what is not there is 404 to one who may know, and a wrong method is 405 or 404', async () => {
  for (const path of [
    `${base}/users/nobody`,
    `${base}/conversations/nowhere`,
    `${base}/attachments/${'0'.repeat(24)}`,
    `${base}/attachments/constructor`,
    `/v1/apps/${'0'.repeat(24)}`,
    '/v1/nothing',
    '/nothing',
    '/v1',
  ]) {
    refusal(await admin.get(path), 404)
  }
  for (const [method, path] of [
    ['DELETE', '/v1/apps'],
    ['POST', base],
    ['PUT', `${base}/keys`],
  ] as const) {
    refusal(await admin.send(method, path), 404, 405)
  }
})

test('to one who may not know, foreign, absent and existing look the same', async () => {
  const other = await createApp(house.admin)
  await other.conversation('c', ['ann', 'bob'])
  const theirs = await other.upload(Buffer.from('x'))
  const mine = await app.upload(Buffer.from('x'))
  const client = app.bare.as(keyed(key))
  const pairs: readonly (readonly [string, string])[] = [
    [`${other.base}/attachments/${theirs.id}`, `${other.base}/attachments/${'0'.repeat(24)}`],
    [other.base, `/v1/apps/${'0'.repeat(24)}`],
    [theirs.path, theirs.path.replace(/[^/]+\/file\.bin$/, `${'A'.repeat(24)}/file.bin`)],
  ]
  for (const [existing, absent] of pairs) {
    const [a, b] = [await client.get(existing), await client.get(absent)]
    assert.deepEqual([a.status, faceless(a.text)], [b.status, faceless(b.text)], existing)
  }
  const [a, b] = [
    await app.bare.get(mine.path),
    await app.bare.get(mine.path.replace(/[^/]+\/file\.bin$/, `${'A'.repeat(24)}/file.bin`)),
  ]
  assert.deepEqual([a.status, faceless(a.text)], [b.status, faceless(b.text)])
  assert.deepEqual(Object.keys(a.headers).sort(), Object.keys(b.headers).sort())
})

test('an Idempotency-Key gives the first answer again, and is not for another request', async () => {
  const header = { 'idempotency-key': randomUUID() }
  const first = expect(await admin.post('/v1/apps', { name: 'once' }, header), 201)
  const again = expect(await admin.post('/v1/apps', { name: 'once' }, header), 201)
  assert.equal(again.json<{ id: string }>().id, first.json<{ id: string }>().id)
  assert.equal(again.headers.location, first.headers.location)
  refusal(await admin.post('/v1/apps', { name: 'another' }, header), 409, 422)
  for (const bad of ['', 'x'.repeat(1000), 'a\tb'])
    refusal(await admin.post('/v1/apps', { name: 'x' }, { 'idempotency-key': bad }), 400, 422)

  const message = { conversation: 'c', from: 'ann', text: randomBytes(8).toString('hex'), attachments: [] }
  const racing = { 'idempotency-key': randomUUID() }
  const answers = await Promise.all(Array.from({ length: 16 }, () => admin.post(`${base}/messages`, message, racing)))
  for (const answer of answers) assert.ok(answer.status === 201 || answer.status === 409, `racing: ${answer.status}`)
  const list = expect(await admin.get(`${base}/conversations/c/messages?limit=1000`), 200).json<
    List<{ text: string }>
  >()
  assert.equal(list.items.filter(({ text }) => text === message.text).length, 1)
})

test('a request id is echoed where it is a proper one, and made where it is not', async () => {
  const id = 'trace-0123.abc_DEF'
  for (const path of ['/livez', '/v1/nothing', base]) {
    assert.equal((await admin.get(path, { 'x-request-id': id })).headers['x-request-id'], id)
    assert.ok(String((await admin.get(path)).headers['x-request-id']).length >= 8)
  }
  for (const bad of ['x'.repeat(5000), 'a b', '<script>', '"', 'é']) {
    const { headers } = await admin.get('/livez', { 'x-request-id': bad })
    assert.notEqual(headers['x-request-id'], bad)
    assert.ok(headers['x-request-id'])
  }
})

test('401 carries a challenge that says no more than it may', async () => {
  refusal(await app.bare.get(base), 401)
  refusal(await app.bare.post('/v1/apps', { name: 'x' }), 401)
  const dead = await app.bare.get(base, { authorization: 'Bearer nonsense' })
  refusal(dead, 401)
  assert.match(String(dead.headers['www-authenticate']), /Bearer .*error="invalid_token"/)
  assert.doesNotMatch(
    String((await app.bare.get(base)).headers['www-authenticate']),
    /error=/,
    'RFC 6750, 3.1: no error code without a credential',
  )
})

/** A problem without what names the request. */
function faceless(text: string): string {
  const { instance: _instance, ...problem } = JSON.parse(text) as Problem
  return JSON.stringify(problem)
}
