import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { REASONS } from '@gatehouse/core/reasons'
import { parseResource } from '@gatehouse/core/resource'
import { BlobsUnavailable, DiskFull } from '@gatehouse/storage/blobs/port'
import { Conflict, Full, Unavailable } from '@gatehouse/storage/records/port'
import { Registry } from 'prom-client'
import { EVERYTHING, openApi } from '../test/api.ts'
import { createApi } from './api.ts'
import { open } from './ask.ts'
import { refusal } from './gate/refuse.ts'
import { exposeOwn } from './metrics.ts'
import { PROBLEMS, problemOf } from './problems.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })

test('every error is a problem document with a stable code, whatever goes wrong where', async () => {
  const json = { 'content-type': 'application/json' }
  const rows: readonly (readonly [
    method: string,
    url: string,
    body: unknown,
    headers: object,
    status: number,
    code: string,
  ])[] = [
    ['GET', '/nowhere', undefined, {}, 404, 'route_not_found'],
    ['POST', '/v1/nowhere', 'text', { 'content-type': 'text/odd' }, 404, 'route_not_found'],
    ['GET', '/v1/apps/', undefined, {}, 404, 'not_found'],
    ['DELETE', '/v1/apps', undefined, {}, 405, 'method_not_allowed'],
    ['OPTIONS', '/v1/apps', undefined, {}, 405, 'method_not_allowed'],
    ['POST', '/v1/apps', '{', json, 400, 'malformed_body'],
    ['POST', '/v1/apps', '{"name":"x","__proto__":{}}', json, 400, 'malformed_body'],
    ['POST', '/v1/apps', Buffer.from([0x22, 0xff, 0x22]), json, 400, 'malformed_body'],
    ['POST', '/v1/apps', '', json, 400, 'validation_failed'],
    ['POST', '/v1/apps', undefined, {}, 400, 'validation_failed'],
    [
      'POST',
      '/v1/apps',
      'name=x',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported_media_type',
    ],
    ['POST', '/v1/apps', '{}', { ...json, 'content-encoding': 'gzip' }, 415, 'unsupported_encoding'],
    ['POST', '/v1/apps', JSON.stringify({ name: 'x'.repeat(1_100_000) }), json, 413, 'body_too_large'],
    ['GET', '/v1/apps/%zz', undefined, {}, 400, 'malformed_path'],
    ['GET', '/v1/apps/none', undefined, {}, 404, 'not_found'],
    ['POST', '/v1/apps/none/keys', { name: 'k' }, {}, 404, 'not_found'],
    ['GET', `/v1/apps/${'a'.repeat(3000)}`, undefined, {}, 400, 'malformed_path'],
  ]
  for (const [method, url, body, headers, status, code] of rows) {
    const answer = await house.call(method, url, body, headers as Record<string, string>)
    const what = `${method} ${url.slice(0, 40)} ${String(body).slice(0, 30)}`
    assert.deepEqual([answer.status, answer.body?.code], [status, code], `${what}: ${answer.text}`)
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/, what)
    assert.equal(answer.headers['cache-control'], 'no-store', what)
    assert.equal(answer.body.status, status)
    assert.equal(answer.body.type, `/docs/errors#${code}`)
    assert.equal(answer.body.instance, `urn:request:${answer.headers['x-request-id']}`)
    assert.doesNotMatch(answer.text, /FST_|node_modules|\.ts:|SyntaxError/)
  }
  assert.equal((await house.call('DELETE', '/v1/apps')).headers.allow, 'POST, GET, HEAD')
})

test('what storage raises has a status of its own, and what nobody foresaw tells nothing', () => {
  const rows: readonly (readonly [error: unknown, status: number, code: string])[] = [
    [new Unavailable('db at 10.0.0.1 is gone'), 503, 'unavailable'],
    [new BlobsUnavailable('x'), 503, 'unavailable'],
    [new Full('x'), 507, 'disk_full'],
    [new DiskFull('x'), 507, 'disk_full'],
    [new Conflict('app'), 409, 'conflict'],
    [new Conflict('quota'), 403, 'quota_exceeded'],
    [new Error('secret detail'), 500, 'internal'],
    ['a thrown text', 500, 'internal'],
    [undefined, 500, 'internal'],
    [Object.assign(new Error('x'), { statusCode: 418 }), 400, 'malformed_request'],
  ]
  for (const [error, status, code] of rows) {
    const shown = problemOf(error)
    assert.deepEqual([shown.status, shown.code], [status, code])
    assert.doesNotMatch(shown.message, /secret|10\.0/)
  }
})

test('every request has an id: its own where that is harmless', async () => {
  const rows = [
    ['abc-123', 'abc-123'],
    ['a\tb', null],
    ['<script>', null],
    ['x'.repeat(200), null],
    ['', null],
  ] as const
  for (const [given, kept] of rows) {
    const { headers } = await house.call('GET', '/livez', undefined, { 'x-request-id': given })
    if (kept === null) assert.match(String(headers['x-request-id']), /^[0-9a-f]{24}$/)
    else assert.equal(headers['x-request-id'], kept)
  }
})

test('the gate is asked before the body is read, for what the table of routes says', async () => {
  const at = (path: string) => parseResource(path)
  const here = `/apps/${app.id}`
  const attachment = `${here}/conversations/c/key/f.bin`
  await house.call('PUT', `/v1/apps/${app.id}/conversations/c`, { type: 'direct', members: ['ann', 'bob'] })
  await house.parts.records.attachments.create({
    ...{ app: app.id, id: 'known', path: attachment, conversation: 'c', filename: 'f.bin', contentType: 'a/b' },
    ...{ size: 1, sha256: '00', blob: `${app.id}/b`, access: 'private', from: null, recipients: null, at: 1 },
  })
  const rows: readonly (readonly [method: string, url: string, action: string, path: string])[] = [
    ['POST', '/v1/apps', 'manage', '/'],
    ['GET', `/v1${here}`, 'manage', here],
    ['PUT', `/v1${here}/users/a%20b`, 'manage', `${here}/users/a%20b`],
    ['PUT', `/v1${here}/users/a%2Fb`, 'manage', `${here}/users`],
    ['POST', `/v1${here}/tokens`, 'issue', here],
    ['POST', `/v1${here}/conversations/c/attachments`, 'write', `${here}/conversations/c`],
    ['POST', `/v1${here}/attachments`, 'write', here],
    ['GET', `/v1${here}/attachments/known`, 'manage', attachment],
    ['DELETE', `/v1${here}/attachments/known`, 'write', attachment],
    ['GET', `/v1${here}/attachments/known/links`, 'issue', attachment],
    ['GET', `/v1${here}/attachments/unknown/links/bob`, 'issue', here],
    ['GET', `/v1${here}/conversations/c/messages`, 'manage', `${here}/conversations/c`],
    ['GET', `/v1${here}/conversations/c/messages?for=bob`, 'issue', `${here}/conversations/c`],
    ['GET', '/v1/apps/another/users', 'manage', '/apps/another'],
  ]
  house.as(null)
  for (const [method, url, action, path] of rows) {
    const before = house.asked.length
    const answer = await house.call(method, url, '{ no json', { 'content-type': 'application/json' })
    assert.equal(answer.status, 401, `${method} ${url}`)
    assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
    assert.deepEqual(house.asked.slice(before), [{ action, resource: at(path) }], `${method} ${url}`)
  }
  for (const url of ['/livez', '/readyz', '/openapi.json', '/docs/errors', '/.well-known/jwks.json']) {
    const before = house.asked.length
    assert.equal((await house.call('GET', url)).status, 200, url)
    assert.equal(house.asked.length, before)
  }
  house.as(EVERYTHING)
})

test('an id that does not exist looks like one that may not be known', async () => {
  house.as([
    {
      actions: ['manage'],
      resource: parseResource(`/apps/${app.id}/conversations/other`) ?? assert.fail(),
      limits: {},
    },
  ])
  const [known, unknown] = await Promise.all(
    ['known', 'unknown'].map((id) => house.call('GET', `/v1/apps/${app.id}/attachments/${id}`)),
  )
  const plain = ({ instance: _instance, ...body }: Record<string, unknown>) => body
  assert.deepEqual([known?.status, plain(known?.body)], [unknown?.status, plain(unknown?.body)])
  assert.equal(known?.status, 403)
  house.as(EVERYTHING)
  assert.equal((await house.call('GET', `/v1/apps/${app.id}/attachments/unknown`)).status, 404)
})

test('a route that does not say what it asks for stops the start', async () => {
  const nothing = async () => ({}) as never
  const options = { parts: house.parts, judge: nothing, inspect: nothing, version: '0', draining: () => false }
  const make = () => createApi({ ...options, verify: nothing, metrics: exposeOwn(new Registry()) })
  const silent = await make()
  silent.get('/v2/forgotten', async () => 'x')
  await assert.rejects(async () => silent.ready(), /\/v2\/forgotten/)
  const saying = await make()
  saying.get('/v2/said', { config: { asking: open('a test') } }, async () => 'x')
  await saying.ready()
  await saying.close()
})

test('a creating POST with an Idempotency-Key is done once', async () => {
  const keyed = (key: string, body: object) => house.call('POST', '/v1/apps', body, { 'idempotency-key': key })
  const first = await keyed('k1', { name: 'Once' })
  const second = await keyed('k1', { name: 'Once' })
  assert.deepEqual([second.status, second.body], [first.status, first.body])
  assert.equal(second.headers.location, first.headers.location)
  assert.deepEqual([first.headers['idempotency-replayed'], second.headers['idempotency-replayed']], [undefined, 'true'])
  const other = await keyed('k1', { name: 'Other' })
  assert.deepEqual([other.status, other.body.code], [422, 'idempotency_conflict'])
  assert.equal((await keyed('k2', { name: '' })).status, 400)
  assert.equal((await keyed('k2', { name: 'ok' })).status, 201, 'a refused request does not use its key up')
  assert.equal((await keyed('with space', { name: 'ok' })).body.errors[0].path, 'Idempotency-Key')
  const racers = await Promise.all(Array.from({ length: 8 }, () => keyed('race', { name: 'Race' })))
  const made = racers.filter(({ status }) => status === 201)
  assert.equal(new Set(made.map(({ body }) => body.id)).size, 1)
  for (const { status, body } of racers)
    assert.ok(status === 201 || body.code === 'idempotency_in_progress', String(status))

  const secret = await house.call('POST', `/v1/apps/${app.id}/keys`, { name: 'k' }, { 'idempotency-key': 'k3' })
  const claim = await house.parts.records.idempotency.claim('test-key', 'k3', 'x', 1)
  assert.ok(!claim.claimed && claim.answer !== null)
  const kept = Buffer.from(claim.answer.body, 'base64').toString('latin1')
  assert.ok(!kept.includes(secret.body.secret), 'kept answers are sealed')
})

test('readiness follows the database, the files and the end of the process', async () => {
  assert.equal((await house.call('GET', '/readyz')).status, 200)
  house.setDraining(true)
  assert.deepEqual((await house.call('GET', '/readyz')).body.code, 'not_ready')
  assert.equal((await house.call('GET', '/livez')).status, 200)
  house.setDraining(false)
  const folder = join(house.folder, 'blobs')
  await rename(folder, `${folder}-gone`)
  assert.deepEqual((await house.call('GET', '/readyz')).body.code, 'unavailable')
  await rename(`${folder}-gone`, folder)
  assert.equal((await house.call('GET', '/readyz')).status, 200)
})

test('the figures are open to this machine itself, and to nobody else without a key', async () => {
  house.as(null)
  assert.equal((await house.call('GET', '/metrics')).status, 200)
  for (const header of ['x-forwarded-for', 'forwarded', 'via']) {
    assert.equal((await house.call('GET', '/metrics', undefined, { [header]: '127.0.0.1' })).status, 401, header)
  }
  const outside = await house.api.inject({ url: '/metrics', remoteAddress: '203.0.113.9' })
  assert.equal(outside.statusCode, 401)
  house.as(EVERYTHING)
  assert.equal((await house.call('GET', '/metrics', undefined, { via: 'x' })).status, 200)
})

test('forward-auth answers what the gate has made of it', async () => {
  const answer = await house.call('GET', '/v1/verify')
  assert.deepEqual([answer.status, answer.body.code], [401, 'credential_missing'])
  assert.equal(answer.text, refusal('credential_missing', String(answer.headers['x-request-id'])).body)
})

test('the OpenAPI document describes every route with names, tags, problems and security', async () => {
  const { body: document } = await house.call('GET', '/openapi.json')
  assert.equal(document.openapi, '3.1.0')
  const operations = Object.entries<Record<string, never>>(document.paths).flatMap(([path, methods]) =>
    // biome-ignore lint/suspicious/noExplicitAny: the document is plain JSON here
    Object.entries<any>(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  assert.ok(operations.length > 45, String(operations.length))
  const ids = operations.map(({ operation }) => operation.operationId)
  assert.equal(new Set(ids).size, ids.length)
  for (const { path, method, operation } of operations) {
    const name = `${method} ${path}`
    assert.match(operation.operationId, /^[a-z][A-Za-z]+$/, name)
    assert.equal(operation.tags.length, 1, name)
    assert.ok(operation.summary.length > 5, name)
    assert.ok(operation.responses['4XX'].content['application/problem+json'], name)
    for (const [, parameter] of path.matchAll(/\{(\w+)\}/g)) {
      assert.ok(
        operation.parameters.some(({ name: one }: { name: string }) => one === parameter),
        name,
      )
    }
  }
  const upload = document.paths['/v1/apps/{app}/attachments'].post
  assert.ok(upload.requestBody.content['multipart/form-data'].schema.properties.file)
  assert.deepEqual(document.paths['/livez'].get.security, [])
  assert.deepEqual(Object.keys(document.components.securitySchemes), ['key', 'token'])
})

test('the documentation is readable, offline, and explains every code', async () => {
  const { text } = await house.call('GET', '/docs/errors')
  for (const code of [...Object.keys(PROBLEMS), ...Object.keys(REASONS)]) assert.ok(text.includes(`id="${code}"`), code)
  const page = await house.call('GET', '/docs')
  assert.equal(page.status, 200)
  assert.match(page.text, /swagger/i)
  assert.doesNotMatch(page.text, /(src|href)="https?:/)
})

test('a raw path is never repaired', async () => {
  const url = new URL(await house.api.listen({ host: '127.0.0.1', port: 0 }))
  const ask = (target: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(url.port), '127.0.0.1')
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('end', () => resolve(text.split('\r\n', 1)[0] ?? ''))
      socket.on('error', reject)
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    })
  const users = `/v1/apps/${app.id}/users`
  for (const target of [
    `${users}/..`,
    `${users}/%2e%2e`,
    `${users}/.`,
    `/v1//apps`,
    `${users}/a%5Cb`,
    `${users}/%FF`,
  ]) {
    assert.match(await ask(target), / (400|404) /, target)
  }
})
