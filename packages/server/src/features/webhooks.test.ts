import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openApi } from '../../test/api.ts'
import { createNativeBody } from '../webhooks/native-body.ts'
import { newWebhookSecret } from '../webhooks/signature.ts'

const house = await openApi()
after(() => house.close())
const { records } = house.parts
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const { body: other } = await house.call('POST', '/v1/apps', { name: 'Other' })
const base = `/v1/apps/${app.id}`
const url = 'https://hook.example/in'

const make = (more: object = {}) =>
  house.call('POST', `${base}/webhooks`, { url, events: ['user.deactivated'], ...more })

test('a webhook is made, shown, changed, listed and deleted; its secret is shown once', async () => {
  const secret = newWebhookSecret()
  const made = await make({ secret, credentials: { user: 'me', password: 'hidden' } })
  assert.equal(made.status, 201)
  const { secret: shown, ...rest } = made.body
  assert.equal(shown, secret)
  const path = `${base}/webhooks/${rest.id}`
  assert.equal(made.headers.location, path)
  assert.deepEqual([rest.url, rest.events, rest.credentials], [url, ['user.deactivated'], { user: 'me' }])
  assert.deepEqual((await house.call('GET', path)).body, rest)
  const changed = await house.call('PATCH', path, { url: 'https://new.example/', events: ['revocation.applied'] })
  assert.deepEqual(
    [changed.status, changed.body.url, changed.body.events],
    [200, 'https://new.example/', ['revocation.applied']],
  )
  assert.deepEqual(changed.body.credentials, { user: 'me' })
  assert.equal((await house.call('PATCH', path, { credentials: null })).body.credentials, null)
  const list = await house.call('GET', `${base}/webhooks`)
  assert.ok(list.body.items.some(({ id }: { id: string }) => id === rest.id))
  assert.ok(!list.text.includes('whsec_') && !list.text.includes('hidden'))
  assert.equal((await house.call('DELETE', path)).status, 204)
  for (const [method, at] of [
    ['GET', path],
    ['DELETE', path],
    ['GET', `${path}/deliveries`],
    ['POST', `${path}/replay`],
    ['POST', `${path}/rotate-secret`],
    ['GET', path.replace(app.id, other.id)],
  ] as const) {
    assert.equal((await house.call(method, at)).status, 404, `${method} ${at}`)
  }
})

test('a new secret signs beside the old one for a while', async () => {
  const { body } = await make()
  const path = `${base}/webhooks/${body.id}`
  const turned = await house.call('POST', `${path}/rotate-secret`, { overlapSeconds: 60 })
  assert.equal(turned.status, 200)
  assert.match(turned.body.secret, /^whsec_/)
  assert.notEqual(turned.body.secret, body.secret)
  const until = Date.parse(turned.body.previousSecretUntil) - Date.parse(turned.body.updatedAt)
  assert.ok(Math.abs(until - 60_000) < 5000)
  const own = newWebhookSecret()
  const at_once = await house.call('POST', `${path}/rotate-secret`, { secret: own, overlapSeconds: 0 })
  assert.deepEqual([at_once.body.secret, at_once.body.previousSecretUntil], [own, null])
})

test('what can be no webhook is refused', async () => {
  const rows: readonly (readonly [change: object, path: string])[] = [
    [{ url: 'file:///etc/passwd' }, '/url'],
    [{ url: 'https://user:pass@hook.example/' }, '/url'],
    [{ url: 'http://127.0.0.1/' }, '/url'],
    [{ url: 'http://[::ffff:10.0.0.1]/' }, '/url'],
    [{ url: 'http://0x7f.1/' }, '/url'],
    [{ url: 'no url' }, '/url'],
    [{ events: [] }, '/events'],
    [{ events: ['thing.done'] }, '/events/0'],
    [{ events: ['user.deactivated', 'user.deactivated'] }, '/events'],
    [{ secret: 'whsec_short' }, '/secret'],
    [{ credentials: { user: 'a:b', password: 'x' } }, '/credentials/user'],
    [{ unknown: 1 }, '/unknown'],
  ]
  for (const [change, path] of rows) {
    const { status, body } = await make(change)
    assert.deepEqual([status, body.code], [400, 'validation_failed'], JSON.stringify(change))
    assert.ok(
      body.errors.some((error: { path: string }) => error.path === path),
      JSON.stringify(body.errors),
    )
  }
})

test('an app has at most a hundred webhooks', async () => {
  const { body: full } = await house.call('POST', '/v1/apps', { name: 'Full' })
  const one = () => house.call('POST', `/v1/apps/${full.id}/webhooks`, { url, events: ['user.deactivated'] })
  for (let made = 0; made < 100; made++) assert.equal((await one()).status, 201)
  assert.deepEqual([(await one()).status, (await one()).body.code], [409, 'conflict'])
})

test('what was told is listed, and what was given up is sent again on demand', async () => {
  const { body: hook } = await make({ events: ['user.deactivated', 'revocation.applied'] })
  const path = `${base}/webhooks/${hook.id}`
  await house.call('PUT', `${base}/users/bob`)
  await house.call('POST', `${base}/users/bob/deactivate`)
  const { body: told } = await house.call('GET', `${path}/deliveries`)
  assert.deepEqual(
    told.items.map(({ type, state, tries, resource }: Record<string, unknown>) => [type, state, tries, resource]),
    [
      ['revocation.applied', 'pending', 0, `/apps/${app.id}/users/bob`],
      ['user.deactivated', 'pending', 0, `/apps/${app.id}/users/bob`],
    ],
  )
  const [, first] = told.items
  const replay = () => house.call('POST', `${path}/deliveries/${first.id}/replay`)
  assert.equal((await replay()).status, 409)
  const webhook = await records.webhooks.find(app.id, hook.id)
  const at = Date.now() + 5000
  const claim = { webhook: webhook?.serial ?? 0, holder: 'x', at, until: at + 1, limit: 9 }
  await records.outbox.claim(claim)
  const failed = { delivery: first.id, outcome: 'failed', status: 500, error: 'status' } as const
  await records.outbox.settle(claim.webhook, 'x', [failed], at)
  const { body: given } = await house.call('GET', `${path}/deliveries?state=failed`)
  assert.deepEqual([given.items.length, given.items[0].lastStatus, given.items[0].nextTryAt], [1, 500, null])
  const again = await replay()
  assert.deepEqual([again.status, again.body.state], [200, 'pending'])
  assert.deepEqual((await house.call('POST', `${path}/replay`)).body, { replayed: 0 })
  assert.equal((await house.call('POST', `${path}/deliveries/999999/replay`)).status, 404)
  assert.equal((await house.call('GET', `${path}/deliveries?state=perhaps`)).status, 400)
})

test('a native body shows what the API shows, with URLs that hold no token', async () => {
  const { body: hook } = await make({
    events: ['attachment.created', 'message.created', 'attachment.viewed', 'user.deleted', 'revocation.applied'],
  })
  await house.call('PUT', `${base}/conversations/c`, { type: 'direct', members: ['ann', 'eve'] })
  const path = `/apps/${app.id}/conversations/c/k/f.bin`
  const attachment = await records.attachments.create({
    ...{ app: app.id, id: 'one', path, conversation: 'c', filename: 'f.bin', contentType: 'application/octet-stream' },
    ...{ size: 100, sha256: '00', blob: `${app.id}/b`, access: 'private', from: 'ann', recipients: null, at: 1000 },
  })
  await house.call('POST', `${base}/messages`, { conversation: 'c', from: 'ann', text: 'hi', attachments: ['one'] })
  await records.views.append([
    {
      ...{ app: app.id, at: 1000, lastAt: 2000, action: 'read', resource: path, attachment: 'one', user: 'eve' },
      ...{ userSerial: null, credential: 'link', key: null, status: 200, method: 'GET', ip: '203.0.113.7' },
      ...{ userAgent: 'Player/1', bytes: 25, count: 1, allowed: true, reason: 'ok' },
    },
  ])
  await house.call('DELETE', `${base}/users/eve`)
  const nativeBody = createNativeBody(house.parts)
  const { items } = await records.outbox.list(app.id, hook.id, { after: null, limit: 9 })
  const bodies = []
  for (const { event, app: of, type, createdAt, data } of items.toReversed()) {
    bodies.push(
      await nativeBody({ id: event, app: of, type: type as 'message.created', at: createdAt, webhook: hook.id, data }),
    )
  }
  const [shared, message, viewed, deleted, revoked, ...none] = bodies as {
    type: string
    data: Record<string, unknown>
  }[]
  assert.equal(none.length, 0)
  const { body: shown } = await house.call('GET', `${base}/attachments/one`)
  assert.deepEqual(shared, {
    ...{ id: items.at(-1)?.event, type: 'attachment.created', timestamp: new Date(attachment.createdAt).toISOString() },
    ...{ app: app.id, data: shown },
  })
  assert.equal(shown.url, `http://media.test${path}`)
  const { body: recorded } = await house.call('GET', `${base}/messages/${message?.data.id}`)
  for (const [name, value] of Object.entries(recorded)) assert.deepEqual(message?.data[name], value, name)
  assert.deepEqual(
    [viewed?.type, viewed?.data.user, viewed?.data.at],
    ['attachment.viewed', 'eve', '1970-01-01T00:00:01.000Z'],
  )
  assert.deepEqual([deleted?.type, deleted?.data.user, deleted?.data.by], ['user.deleted', 'eve', 'test-key'])
  assert.deepEqual([revoked?.data.kind, revoked?.data.target, revoked?.data.to], ['user', { user: 'eve' }, 'deleted'])
})
