import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { eventually, type Gatehouse, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { usePostgres } from './support/postgres.ts'
import { createApp, expect, openApp, refusal, type Tenant } from './support/tenant.ts'
import { assertSigned, type Receiver, startReceiver } from './support/webhook-receiver.ts'

/** What happens is told at least once, whatever happens to the process (security.md, O2), and only to whom it may be (O1). */

const LOOPBACK = ['--allow-loopback', 'true']
const closing: (() => Promise<void> | void)[] = []
after(async () => {
  for (const close of closing.toReversed()) await close()
})

async function receiver(): Promise<Receiver> {
  const made = await startReceiver()
  closing.push(made.close)
  return made
}

type HookView = { readonly id: string; readonly secret: string }

async function hook(app: Tenant, url: string, ...events: readonly string[]): Promise<HookView> {
  return expect(await app.admin.post(`${app.base}/webhooks`, { url, events }), 201).json<HookView>()
}

async function deliveries(app: Tenant, id: string) {
  const answer = expect(await app.admin.get(`${app.base}/webhooks/${id}/deliveries`), 200)
  return answer.json<{ items: readonly { state: string; lastError: string | null; tries: number }[] }>().items
}

const first = await startGatehouse({ flags: LOOPBACK })
closing.push(() => first.stop())

test('each event is told, signed, with media URLs that open nothing by themselves', async () => {
  const app = await createApp(first.admin)
  const { told, wait, url } = await receiver()
  const { secret } = await hook(
    app,
    url,
    ...['attachment.created', 'attachment.viewed', 'attachment.refused', 'message.created'],
    ...['user.deactivated', 'user.activated', 'user.deleted', 'revocation.applied'],
  )
  await app.conversation('c', ['ann', 'bob'])
  const bytes = randomBytes(500)
  const file = await app.upload(bytes, { conversation: 'c', from: 'ann' })
  const message = { conversation: 'c', from: 'ann', text: 'look', attachments: [file.id] }
  expect(await app.admin.post(`${app.base}/messages`, message), 201)
  const link = await app.link(file.id, 'bob')
  expect(await app.bare.get(link), 200)
  const viewed = await wait('a view', ({ body }) => body.type === 'attachment.viewed')
  assert.equal(viewed.body.data.user, 'bob')
  const { sequence } = await app.deactivate('bob')
  refusal(await app.bare.get(link), 401)
  await app.activate('bob')
  expect(await app.admin.delete(`${app.base}/users/bob`), 204)
  const of = (type: string) => wait(type, ({ body }) => body.type === type)
  const created = await of('attachment.created')
  const shown = expect(await app.admin.get(`${app.base}/attachments/${file.id}`), 200)
  assert.deepEqual(created.body.data, shown.json())
  const media = String(created.body.data.url)
  refusal(await app.bare.get(media.replace(/^https?:\/\/[^/]+/, '')), 401)
  assert.deepEqual(expect(await app.admin.get(media.replace(/^https?:\/\/[^/]+/, '')), 200).body, bytes)
  const { data } = (await of('message.created')).body
  assert.deepEqual([data.text, data.attachments], ['look', [shown.json()]])
  const refused = (await of('attachment.refused')).body.data
  assert.deepEqual([refused.attachment, refused.reason], [file.id, 'subject_suspended'])
  const deactivated = (await of('user.deactivated')).body.data
  assert.deepEqual([deactivated.user, deactivated.sequence], ['bob', sequence])
  await of('user.activated')
  await of('user.deleted')
  await wait('the end of a user', ({ body }) => body.type === 'revocation.applied' && body.data.to === 'deleted')
  for (const each of told) assertSigned(each, secret)
  assert.ok(!JSON.stringify(told).includes('?t='))
  // Of one resource in the order in which it happened.
  const users = told.map(({ body }) => body.type).filter((type) => type.startsWith('user.'))
  assert.deepEqual(users, ['user.deactivated', 'user.activated', 'user.deleted'])
})

test('a new secret signs beside the old one', async () => {
  const app = await createApp(first.admin)
  const { wait, url } = await receiver()
  const { id, secret } = await hook(app, url, 'attachment.created')
  const turned = await app.admin.post(`${app.base}/webhooks/${id}/rotate-secret`)
  const { secret: fresh } = expect(turned, 200).json<HookView>()
  await app.upload(Buffer.from('x'), { conversation: null })
  const told = await wait('an attachment', () => true)
  assertSigned(told, secret)
  assertSigned(told, fresh)
  assert.throws(() => assertSigned(told, `whsec_${Buffer.alloc(32).toString('base64')}`))
  assert.throws(() => assertSigned({ ...told, text: `${told.text} ` }, secret))
})

test('a receiver that never answers delays neither others nor the end of the server, and is told by the next one', async () => {
  const data = temporaryFolder()
  const server = await startGatehouse({ data, flags: LOOPBACK })
  const app = await createApp(server.admin)
  const slow = await receiver()
  slow.answer = () => 'never'
  const quick = await receiver()
  await hook(app, slow.url, 'attachment.created')
  await hook(app, quick.url, 'attachment.created')
  const ids: string[] = []
  for (let n = 0; n < 20; n++) ids.push((await app.upload(Buffer.from([n]), { conversation: null })).id)
  await quick.wait('the last one', ({ body }) => body.data.id === ids.at(-1))
  assert.ok(slow.told.length <= 8)
  await server.stop()
  slow.answer = () => 204
  const next = await startGatehouse({ data, flags: LOOPBACK })
  closing.push(() => next.stop())
  for (const id of ids) {
    await slow.wait(id, ({ body }) => body.data.id === id)
    assert.equal(quick.told.filter(({ body }) => body.data.id === id).length, 1)
  }
})

test('without the setting for development nobody is told on this machine, whatever its name', async () => {
  const server = await startGatehouse()
  closing.push(() => server.stop())
  const app = await createApp(server.admin)
  const { told, url } = await receiver()
  const inside = ['http://10.0.0.1/', 'http://169.254.169.254/latest', 'http://[::1]/', 'http://[::ffff:7f00:1]:1/']
  for (const refused of [url, url.replace('127.0.0.1', '2130706433'), ...inside]) {
    refusal(await app.admin.post(`${app.base}/webhooks`, { url: refused, events: ['attachment.created'] }), 400)
  }
  const { id } = await hook(app, url.replace('127.0.0.1', 'localhost'), 'attachment.created')
  await app.upload(Buffer.from('x'), { conversation: null })
  const [delivery] = await eventually('a try', async () => {
    const list = await deliveries(app, id)
    return list[0]?.tries === 1 && list[0].lastError !== null ? list : undefined
  })
  assert.deepEqual([delivery?.state, delivery?.lastError, told.length], ['pending', 'address_refused', 0])
})

/** Kills the server right after it has accepted something, again and again; nothing that was accepted may stay untold. */
async function killAfterAccepting(start: () => Promise<Gatehouse>, cycles: number, patience: number): Promise<void> {
  const { told, wait, url } = await receiver()
  let server = await start()
  const { id } = await createApp(server.admin)
  await hook(openApp(server.admin, id), url, 'attachment.created', 'user.deactivated', 'message.created')
  await openApp(server.admin, id).conversation('c', ['ann'])
  const accepted: { type: string; key: string; value: unknown }[] = []
  for (let cycle = 0; cycle < cycles; cycle++) {
    const app = openApp(server.admin, id)
    for (let n = 0; n <= cycle % 4; n++) {
      const file = await app.upload(randomBytes(10), { conversation: null })
      accepted.push({ type: 'attachment.created', key: 'id', value: file.id })
    }
    const uid = `u${cycle}`
    await app.users(uid)
    await app.deactivate(uid)
    accepted.push({ type: 'user.deactivated', key: 'user', value: uid })
    const text = `text ${cycle}`
    expect(await app.admin.post(`${app.base}/messages`, { conversation: 'c', from: 'ann', text }), 201)
    accepted.push({ type: 'message.created', key: 'text', value: text })
    await server.kill()
    server = await start()
  }
  closing.push(() => server.stop())
  for (const { type, key, value } of accepted) {
    await wait(`${type} ${value}`, ({ body }) => body.type === type && body.data[key] === value, patience)
  }
  // At least once; what came twice came under the same id.
  const unique = new Map(told.map(({ id: event, body }) => [event, JSON.stringify(body.data)]))
  assert.equal(unique.size, accepted.length)
  assert.equal(new Set(unique.values()).size, accepted.length)
}

test('kill -9 between acceptance and delivery loses nothing: SQLite', { timeout: 300_000 }, async () => {
  const data = temporaryFolder()
  await killAfterAccepting(() => startGatehouse({ data, flags: LOOPBACK }), 6, 15)
})

test('kill -9 between acceptance and delivery loses nothing: SQLite, several threads', {
  timeout: 300_000,
}, async () => {
  const data = temporaryFolder()
  await killAfterAccepting(() => startGatehouse({ data, flags: [...LOOPBACK, '--workers', '2'] }), 2, 15)
})

const database = await usePostgres()
closing.push(() => database.end())
const masterKey = randomBytes(32).toString('hex')
const shared = (data: string) =>
  startGatehouse({ data, flags: LOOPBACK, database: database.url, env: { GATEHOUSE_MASTER_KEY: masterKey } })

test('kill -9 between acceptance and delivery loses nothing: PostgreSQL', { timeout: 300_000 }, async () => {
  const data = temporaryFolder()
  // What the dead node had taken is free once its lease has run out.
  await killAfterAccepting(() => shared(data), 2, 60)
})

test('two nodes tell each event once, and one tells what the other had begun when it died', {
  timeout: 300_000,
}, async () => {
  const one = await shared(temporaryFolder())
  const two = await shared(temporaryFolder())
  closing.push(() => two.stop())
  const receiving = await receiver()
  const { told, wait, url } = receiving
  const app = await createApp(one.admin)
  const other = openApp(two.admin, app.id)
  await hook(app, url, 'user.deactivated')
  const names = Array.from({ length: 30 }, (_, n) => `u${n}`)
  await app.users(...names, 'last')
  await Promise.all(
    [app, other].map(async (through, half) => {
      for (const [n, uid] of names.entries()) if (n % 2 === half) await through.deactivate(uid)
    }),
  )
  for (const uid of names) await wait(uid, ({ body }) => body.data.user === uid)
  assert.equal(told.length, names.length)
  receiving.answer = () => 'never'
  await app.deactivate('last')
  await wait('the last one', ({ body }) => body.data.user === 'last')
  // Whichever of the two has begun, the one that lives ends it.
  await one.kill()
  const tries = told.length
  receiving.answer = () => 204
  await eventually('another try', () => (told.length > tries ? true : undefined), 60)
  assert.equal(told.at(-1)?.id, told.at(tries - 1)?.id)
})
