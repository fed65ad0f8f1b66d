import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { openMemoryRecords } from '@gatehouse/storage/records/memory'
import { pino } from 'pino'
import { createOutgoing } from '../outgoing/outgoing.ts'
import { createVault } from '../signing/vault.ts'
import type { Bodies } from './bodies.ts'
import { createDispatcher } from './dispatcher.ts'
import { sealWebhook, type WebhookSecrets } from './secrets.ts'
import { newWebhookSecret } from './signature.ts'

const SECOND = 1000
const DAY = 24 * 3600 * SECOND
const vault = createVault(randomBytes(32))
const records = await openMemoryRecords()
const closing: (() => void)[] = []
after(async () => {
  for (const close of closing) close()
  await records.close()
})

type Got = { readonly headers: IncomingHttpHeaders; readonly text: string; readonly body: Record<string, unknown> }

/** A receiver of webhooks: keeps what arrives, and answers with the status that `answer` gives, once it gives one. */
async function receiver(answer: (got: Got, count: number) => number | Promise<number> = () => 204) {
  const got: Got[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    got.push({ headers: request.headers, text: body, body: JSON.parse(body) })
    const status = await answer(got.at(-1) as Got, got.length)
    response.writeHead(status, { 'retry-after': '20' }).end('thanks')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }
}

/** An app of its own with a clock of its own, and dispatchers over it. */
async function house({ bodies = {}, allowLoopback = true }: { bodies?: Bodies; allowLoopback?: boolean } = {}) {
  // One database serves all tests; each runs far later than the one before, so that none finds what another left.
  const clock = { now: 0 }
  const app = randomBytes(12).toString('hex')
  await records.apps.create({ id: app, name: 'An app', settings: {}, linkKey: new Uint8Array(32), at: 0 })
  const settled: string[] = []
  const dispatcher = () =>
    createDispatcher({
      records: { ...records, outbox: { ...records.outbox, due: ofThisApp } },
      vault,
      outgoing: createOutgoing({ allowLoopback }),
      bodies,
      nativeBody: async ({ id, type, data }) => ({ id, type, data }),
      log: pino({ level: 'silent' }),
      now: () => clock.now,
      random: () => 0,
      settled: ({ outcome, error }) => settled.push(`${typeof outcome === 'string' ? outcome : 'again'} ${error}`),
    })
  async function ofThisApp(at: number) {
    const due = await records.outbox.due(at)
    const own = await records.webhooks.list(app, { after: null, limit: 100 })
    return due.filter((serial) => own.items.some((webhook) => webhook.serial === serial))
  }
  const one = dispatcher()
  return {
    app,
    clock,
    settled,
    dispatcher,
    async webhook(url: string, secrets: Partial<WebhookSecrets> = {}, name = 'stream.started') {
      const sealed = sealWebhook(vault, { secret: newWebhookSecret(), previous: null, credentials: null, ...secrets })
      const subscriptions = [{ event: 'stream.started', name }]
      return records.webhooks.create({ app, id: randomBytes(12).toString('hex'), url, subscriptions, sealed, at: 0 })
    },
    happen: (resource: string, n: number) =>
      records.outbox.add([{ app, type: 'stream.started', resource, at: clock.now, data: { n } }]),
    async deliver() {
      await one.round()
      await one.idle()
    },
    states: async (id: string) =>
      (await records.outbox.list(app, id, { after: null, limit: 100 })).items.map(({ state }) => state).toReversed(),
  }
}

const numbers = (got: readonly Got[]) => got.map(({ body }) => (body.data as { n: number }).n)

test('an event arrives signed with both secrets while they change, and with what the receiver asks for', async () => {
  const { webhook, happen, deliver, clock } = await house()
  const { got, url } = await receiver()
  const [secret, old] = [newWebhookSecret(), newWebhookSecret()]
  const credentials = { user: 'me', password: 'pä:ss' }
  await webhook(url, { secret, previous: { secret: old, until: 1000 * SECOND }, credentials })
  clock.now = 999 * SECOND + 999
  await happen('/a', 1)
  await deliver()
  clock.now = 1000 * SECOND
  await happen('/a', 2)
  await deliver()
  const used = [[secret, old], [secret]]
  for (const [index, { headers, text: raw }] of got.entries()) {
    const id = String(headers['webhook-id'])
    assert.match(id, /^evt_[0-9a-f]{32}$/)
    assert.equal(headers['webhook-timestamp'], index === 0 ? '999' : '1000')
    const expected = used[index]?.map((each) => {
      const key = Buffer.from(each.slice('whsec_'.length), 'base64')
      return `v1,${createHmac('sha256', key).update(`${id}.${headers['webhook-timestamp']}.${raw}`).digest('base64')}`
    })
    assert.equal(headers['webhook-signature'], expected?.join(' '))
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers.authorization, `Basic ${Buffer.from('me:pä:ss').toString('base64')}`)
  }
  assert.deepEqual(numbers(got), [1, 2])
})

test('a failed delivery is tried again later with the same id; its resource waits, others go on', async () => {
  const { webhook, happen, deliver, clock, states } = await house()
  let broken = true
  const { got, url } = await receiver(({ body }) => (broken && (body.data as { n: number }).n === 1 ? 500 : 200))
  const { id } = await webhook(url)
  await happen('/a', 1)
  await happen('/a', 2)
  await happen('/b', 3)
  await deliver()
  assert.deepEqual(numbers(got).toSorted(), [1, 3])
  // The receiver asked for 20 seconds.
  clock.now = 20 * SECOND - 1
  await deliver()
  assert.equal(got.length, 2)
  broken = false
  clock.now = 20 * SECOND
  await deliver()
  assert.deepEqual(numbers(got).slice(2), [1, 2])
  const again = got.filter(({ body }) => (body.data as { n: number }).n === 1)
  assert.equal(again[0]?.headers['webhook-id'], again[1]?.headers['webhook-id'])
  assert.deepEqual(await states(id), ['delivered', 'delivered', 'delivered'])
})

test('a receiver that does not answer delays no other, nor what else is for itself', async () => {
  const { webhook, happen, dispatcher, settled } = await house()
  const { promise: never, resolve: answer } = Promise.withResolvers<number>()
  const slow = await receiver(({ body }) => ((body.data as { n: number }).n === 0 ? never : 204))
  const quick = await receiver()
  await webhook(slow.url)
  await webhook(quick.url)
  await happen('/slow', 0)
  for (let n = 1; n <= 40; n++) await happen(`/${n}`, n)
  const { round, idle } = dispatcher()
  await round()
  for (let since = 0; settled.length < 81; since++) {
    assert.ok(since < 10_000, 'the others wait for the slow one')
    await new Promise((resolve) => setImmediate(resolve))
    await round()
  }
  assert.equal(quick.got.length, 41)
  assert.equal(slow.got.length, 41)
  answer(204)
  await idle()
  assert.equal(settled.length, 82)
})

test('after a day of failures an event is given up, and delivered once it is replayed', async () => {
  const { app, webhook, happen, deliver, clock, states } = await house()
  let broken = true
  const { got, url } = await receiver(() => (broken ? 503 : 202))
  const { id } = await webhook(url)
  await happen('/a', 1)
  await happen('/a', 2)
  for (; (await states(id))[0] === 'pending'; clock.now += 600 * SECOND) await deliver()
  assert.ok(clock.now > DAY && clock.now < 1.1 * DAY, `given up after ${clock.now / DAY} days`)
  assert.ok(numbers(got).filter((n) => n === 1).length >= 10)
  const [failed] = (await records.outbox.list(app, id, { after: null, limit: 9, state: 'failed' })).items
  assert.deepEqual([failed?.lastStatus, failed?.lastError], [503, 'status'])
  broken = false
  got.length = 0
  await records.outbox.replay(app, id, 'failed', clock.now)
  await deliver()
  assert.deepEqual(numbers(got).toSorted(), [1, 2])
  assert.deepEqual(await states(id), ['delivered', 'delivered'])
})

test('a surface says it in its own words, or says nothing', async () => {
  const bodies: Bodies = {
    own_words: {
      tells: 'message.created',
      of: async ({ data, webhook }) => (data.n === 2 ? null : { trigger: 'own_words', webhook, data }),
    },
  }
  const { webhook, happen, deliver, states } = await house({ bodies })
  const { got, url } = await receiver()
  const { id } = await webhook(url, {}, 'own_words')
  const { id: forgotten } = await webhook(url, {}, 'words_of_an_older_version')
  await happen('/a', 1)
  await happen('/a', 2)
  await deliver()
  assert.deepEqual(
    got.map(({ body }) => body),
    [{ trigger: 'own_words', webhook: id, data: { n: 1 } }],
  )
  assert.ok(got[0]?.headers['webhook-signature'])
  assert.deepEqual([...(await states(id)), ...(await states(forgotten))], Array(4).fill('delivered'))
})

test('several dispatchers deliver each event once', async () => {
  const { webhook, happen, dispatcher } = await house()
  const { got, url } = await receiver()
  await webhook(url)
  for (let n = 0; n < 60; n++) await happen(`/${n % 7}`, n)
  const all = [dispatcher(), dispatcher(), dispatcher()]
  for (let rounds = 0; got.length < 60 && rounds < 100; rounds++) {
    await Promise.all(all.map(({ round }) => round()))
    await Promise.all(all.map(({ idle }) => idle()))
  }
  assert.deepEqual(
    numbers(got).toSorted((a, b) => a - b),
    Array.from({ length: 60 }, (_, n) => n),
  )
  for (let resource = 0; resource < 7; resource++) {
    const own = numbers(got).filter((n) => n % 7 === resource)
    assert.deepEqual(
      own,
      own.toSorted((a, b) => a - b),
    )
  }
})

test('a dispatcher that stops gives back what it could not finish, and the next one delivers it', async () => {
  const { webhook, happen, dispatcher, states } = await house()
  const { promise: never } = Promise.withResolvers<number>()
  const arrived = Promise.withResolvers<void>()
  const { got, url } = await receiver((_got, count) => {
    arrived.resolve()
    return count === 1 ? never : 204
  })
  const { id } = await webhook(url)
  await happen('/a', 1)
  const first = dispatcher()
  first.start()
  await arrived.promise
  await first.stop()
  assert.deepEqual(await states(id), ['pending'])
  const second = dispatcher()
  await second.round()
  await second.idle()
  assert.deepEqual([await states(id), numbers(got)], [['delivered'], [1, 1]])
})

test('a receiver that may not be reached is not, and the reason is kept', async () => {
  const { app, webhook, happen, deliver } = await house({ allowLoopback: false })
  const { got, url } = await receiver()
  const { id } = await webhook(url)
  await happen('/a', 1)
  await deliver()
  const [delivery] = (await records.outbox.list(app, id, { after: null, limit: 9 })).items
  assert.deepEqual([got.length, delivery?.state, delivery?.lastError], [0, 'pending', 'address_refused'])
})

test('a redirect that keeps the method is followed without credentials, another is a failure', async () => {
  const { webhook, happen, deliver, states } = await house()
  const end = await receiver()
  const credentials = { user: 'me', password: 'secret' }
  const results: (readonly string[])[] = []
  for (const status of [307, 302]) {
    const server = createServer((_request, response) => response.writeHead(status, { location: end.url }).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => void server.close())
    const { id } = await webhook(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { credentials })
    await happen('/a', status)
    await deliver()
    results.push(await states(id))
  }
  assert.deepEqual(results[0]?.[0], 'delivered')
  assert.deepEqual(results[1], ['pending'])
  const [redirected] = end.got
  assert.equal(redirected?.headers.authorization, undefined)
  assert.ok(redirected?.headers['webhook-signature'])
})
