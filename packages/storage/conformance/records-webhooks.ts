import assert from 'node:assert/strict'
import type { OutgoingDelivery, Records, Webhook } from '../src/records/port.ts'
import { Missing } from '../src/records/port.ts'
import { all, type Cases, fresh, ids, NOON, view, WHOLE, type World } from './records-world.ts'

const DAY = 24 * 3600 * 1000
const sealed = new Uint8Array([1, 2, 3])

async function hook({ records }: World, app: string, ...events: readonly string[]): Promise<Webhook> {
  const subscriptions = events.map((event) => ({ event, name: event }))
  return records.webhooks.create({ app, id: fresh(), url: 'https://hook.test/', subscriptions, sealed, at: NOON })
}

/** An app with one webhook for events of the test's own. */
async function asking(world: World) {
  const { id: app } = await world.app()
  const webhook = await hook(world, app, 'thing.done')
  const happen = (resource: string, at = NOON) =>
    world.records.outbox.add([{ app, type: 'thing.done', resource: `/apps/${app}/${resource}`, at, data: { at } }])
  const claim = async (at: number, limit = 10, holder = 'one', until = at + 1000) => {
    const { deliveries } = await world.records.outbox.claim({ webhook: webhook.serial, holder, at, until, limit })
    return deliveries
  }
  const settle = (
    delivery: string,
    outcome: 'delivered' | 'failed' | { againAt: number },
    at: number,
    holder = 'one',
  ) =>
    world.records.outbox.settle(
      webhook.serial,
      holder,
      [
        {
          delivery,
          outcome,
          status: outcome === 'delivered' ? 204 : 500,
          error: outcome === 'delivered' ? null : 'status',
        },
      ],
      at,
    )
  return { app, webhook, happen, claim, settle }
}

const told = async (records: Records, { app, id }: Webhook) =>
  (await all((paging) => records.outbox.list(app, id, paging))).toReversed()
const types = (deliveries: readonly OutgoingDelivery[]) => deliveries.map(({ type }) => type)
const lastSegments = (deliveries: readonly OutgoingDelivery[]) =>
  deliveries.map(({ resource }) => resource.split('/').at(-1))

/** Webhooks and the outbox. */
export const webhookCases: Cases = {
  'a webhook is found as it was created, changed and listed, and only in its own app': async (world) => {
    const { records } = world
    const { id: app } = await world.app()
    const { id: other } = await world.app()
    const subscriptions = [{ event: 'a', name: 'b' }]
    const make = () =>
      records.webhooks.create({ app, id: fresh(), url: 'https://ä.test/\u0000', subscriptions, sealed, at: NOON })
    const made = await make()
    const { serial, id } = made
    assert.deepEqual(made, {
      ...{ app, id, serial, url: 'https://ä.test/\u0000', subscriptions, sealed, createdAt: NOON, updatedAt: NOON },
    })
    assert.deepEqual(await records.webhooks.find(app, id), made)
    assert.deepEqual(await records.webhooks.findBySerial(serial), made)
    assert.equal(await records.webhooks.find(other, id), null)
    assert.equal(await records.webhooks.update(other, id, { url: 'https://b.test/', at: NOON }), null)
    const changed = await records.webhooks.update(app, id, { url: 'https://b.test/', at: NOON + 1 })
    assert.deepEqual(changed, { ...made, url: 'https://b.test/', updatedAt: NOON + 1 })
    const all2 = [id, (await make()).id, (await make()).id]
    assert.deepEqual(ids(await all((paging) => records.webhooks.list(app, paging))), all2)
    await assert.rejects(
      records.webhooks.create({ app, id, url: 'https://c.test/', subscriptions, sealed, at: NOON }),
      { name: 'Conflict', what: 'webhook' },
    )
  },

  'a webhook needs an app': async (world) => {
    await assert.rejects(hook(world, fresh(), 'a'), Missing)
  },

  'an event is told to every webhook of its app that asked for it, under the name it asked for, with one id': async (
    world,
  ) => {
    const { records } = world
    const { id: app } = await world.app()
    const { id: other } = await world.app()
    const first = await hook(world, app, 'a', 'b')
    const second = await records.webhooks.create({
      ...{ app, id: fresh(), url: 'https://x.test/', sealed, at: NOON },
      subscriptions: [{ event: 'a', name: 'renamed' }],
    })
    const deaf = await hook(world, app, 'c')
    const foreign = await hook(world, other, 'a')
    const data = { text: 'ä\u0000\ud800𝄞', list: [1, null, true] }
    await records.outbox.add([{ app, type: 'a', resource: '/apps/x', at: NOON, data }])
    const [one] = await told(records, first)
    const [two] = await told(records, second)
    assert.ok(one && two)
    assert.match(one.event, /^[A-Za-z0-9_-]{20,64}$/)
    assert.equal(one.event, two.event)
    assert.deepEqual([one.name, two.name, one.type, two.type], ['a', 'renamed', 'a', 'a'])
    assert.deepEqual(one, {
      ...{ id: one.id, app, webhook: first.serial, event: one.event, type: 'a', name: 'a', resource: '/apps/x', data },
      ...{ createdAt: NOON, tries: 0, deadline: NOON + DAY, state: 'pending', dueAt: NOON },
      ...{ lastTryAt: null, lastStatus: null, lastError: null },
    })
    assert.deepEqual([...(await told(records, deaf)), ...(await told(records, foreign))], [])
  },

  'what is asked for may change; nothing is told that nobody asked for': async (world) => {
    const { records } = world
    const { id: app } = await world.app()
    const webhook = await hook(world, app, 'a', 'b')
    const subscriptions = [{ event: 'c', name: 'c' }]
    await records.webhooks.update(app, webhook.id, { subscriptions, at: NOON })
    const event = { app, resource: '/apps/x', at: NOON, data: {} }
    await records.outbox.add(['a', 'b', 'c', 'd'].map((type) => ({ ...event, type })))
    assert.deepEqual(types(await told(records, webhook)), ['c'])
  },

  'sharing, users and revocations are told in the transaction of what they tell': async (world) => {
    const { records } = world
    const { app } = await world.conversation('ann')
    const webhook = await hook(
      world,
      app,
      ...['attachment.created', 'user.deactivated', 'user.activated', 'user.deleted', 'revocation.applied'],
    )
    const attachment = await world.attachment(app)
    await assert.rejects(world.attachment(app, { id: attachment.id }), { name: 'Conflict' })
    await world.change({ kind: 'user', app, user: 'ann', to: 'suspended' })
    await world.change({ kind: 'user', app, user: 'ann', to: 'active' })
    await world.change({ kind: 'settings', app, settings: { noStore: true } })
    const revoked = await world.change({ kind: 'revoke', app, target: { user: 'ann' } })
    await world.change({ kind: 'link-key', app, linkKey: new Uint8Array([9, 8, 7]) })
    await world.change({ kind: 'user', app, user: 'ann', to: 'deleted' })
    assert.equal(await records.changes.append({ kind: 'user', app, user: 'nobody', to: 'deleted' }, 'x', NOON), null)
    const deliveries = await told(records, webhook)
    assert.deepEqual(types(deliveries), [
      ...['attachment.created', 'user.deactivated', 'revocation.applied', 'user.activated', 'revocation.applied'],
      ...['revocation.applied', 'user.deleted', 'revocation.applied'],
    ])
    const [shared, , , , revocation, links] = deliveries
    assert.deepEqual(shared?.data, { attachment: JSON.parse(JSON.stringify(attachment)) })
    assert.equal(shared?.resource, attachment.path)
    const { sequence, change } = revoked
    assert.deepEqual(revocation?.data, { change: { sequence, app, change, by: 'tester', at: NOON } })
    assert.deepEqual((links?.data as { change: { change: unknown } }).change.change, { kind: 'link-key', app })
    // Nobody is told before every node knows.
    assert.deepEqual([shared?.dueAt, revocation?.dueAt], [NOON, NOON + 1000])
  },

  'views and refusals of attachments are told once their lines are written': async (world) => {
    const { records } = world
    const { app } = await world.conversation('ann')
    const { user } = await records.users.put({ app, id: 'ann', at: NOON })
    const webhook = await hook(world, app, 'attachment.viewed', 'attachment.refused')
    const file = { attachment: 'file', userSerial: user.serial }
    await records.views.append([
      view(app, file),
      view(app, { ...file, count: 0 }),
      view(app, { ...file, allowed: false, reason: 'token_expired', status: 401, userSerial: null, user: 'bob' }),
      view(app, { ...file, allowed: false, action: 'manage' }),
      view(app, { attachment: null }),
    ])
    const [viewed, refused, ...others] = await told(records, webhook)
    assert.deepEqual(others, [])
    const { userSerial: _serial, ...line } = view(app, file)
    assert.deepEqual([viewed?.type, viewed?.data], ['attachment.viewed', { view: { ...line, user: 'ann' } }])
    const { reason, user: who } = (refused?.data as { view: { reason: string; user: string } }).view
    assert.deepEqual([refused?.type, reason, who], ['attachment.refused', 'token_expired', 'bob'])
  },

  'what is due is taken by one only, and given to others when its time is over': async (world) => {
    const { records } = world
    const { webhook, happen, claim } = await asking(world)
    await happen('a')
    await happen('b')
    assert.deepEqual(await claim(NOON - 1), [])
    assert.ok(!(await records.outbox.due(NOON - 1)).includes(webhook.serial))
    assert.ok((await records.outbox.due(NOON)).includes(webhook.serial))
    const rounds = await Promise.all(Array.from({ length: 8 }, (_, i) => claim(NOON, 1, `holder ${i}`)))
    const taken = rounds.flat()
    assert.deepEqual(lastSegments(taken).toSorted(), ['a', 'b'])
    assert.deepEqual(
      taken.map(({ tries, lastTryAt }) => [tries, lastTryAt]),
      [
        [1, NOON],
        [1, NOON],
      ],
    )
    assert.deepEqual(await claim(NOON + 999), [])
    assert.ok(!(await records.outbox.due(NOON + 999)).includes(webhook.serial))
    assert.deepEqual(
      (await claim(NOON + 1000)).map(({ tries }) => tries),
      [2, 2],
    )
  },

  'of one resource only the oldest is taken, and the next one once that is settled': async (world) => {
    const { happen, claim, settle } = await asking(world)
    for (const resource of ['a', 'a', 'b', 'a', 'b']) await happen(resource)
    const [a1, b1, ...none] = await claim(NOON)
    assert.deepEqual([none, lastSegments([a1 as OutgoingDelivery, b1 as OutgoingDelivery])], [[], ['a', 'b']])
    await settle(b1?.id ?? '', 'delivered', NOON + 5)
    const [b2] = await claim(NOON + 5)
    assert.equal(lastSegments([b2 as OutgoingDelivery])[0], 'b')
    await settle(a1?.id ?? '', { againAt: NOON + 500 }, NOON + 6)
    assert.deepEqual(await claim(NOON + 499), [])
    const [again, ...rest] = await claim(NOON + 500)
    assert.deepEqual([again?.id, again?.tries, rest], [a1?.id, 2, []])
    await settle(a1?.id ?? '', 'failed', NOON + 501)
    const [a2] = await claim(NOON + 501)
    assert.ok(Number(a2?.id) > Number(a1?.id))
    await settle(a2?.id ?? '', 'delivered', NOON + 502)
    assert.deepEqual(lastSegments(await claim(NOON + 502)), ['a'])
    assert.deepEqual(await claim(NOON + 503), [])
  },

  'many behind one resource do not hide what is due behind them': async (world) => {
    const { happen, claim } = await asking(world)
    for (let i = 0; i < 30; i++) await happen('crowded')
    await happen('free')
    const seen: OutgoingDelivery[] = []
    for (let round = 0; round < 20; round++) seen.push(...(await claim(NOON, 2, 'one', NOON + 9999)))
    assert.deepEqual(lastSegments(seen), ['crowded', 'free'])
  },

  'whoever lost a delivery to others settles nothing': async (world) => {
    const { records } = world
    const { app, webhook, happen, claim, settle } = await asking(world)
    await happen('a')
    const [taken] = await claim(NOON)
    await claim(NOON + 1000, 10, 'two')
    await settle(taken?.id ?? '', 'failed', NOON + 1001, 'one')
    const still = await records.outbox.find(app, webhook.id, taken?.id ?? '')
    assert.deepEqual([still?.state, still?.dueAt], ['pending', NOON + 2000])
    await settle(taken?.id ?? '', 'delivered', NOON + 1002, 'two')
    const done = await records.outbox.find(app, webhook.id, taken?.id ?? '')
    assert.deepEqual([done?.state, done?.lastStatus, done?.lastError], ['delivered', 204, null])
  },

  'what is held can be given back by the only process': async (world) => {
    const { records } = world
    const { happen, claim } = await asking(world)
    await happen('a')
    await claim(NOON, 10, 'dead', NOON + 60_000)
    await records.outbox.releaseAll(NOON + 1)
    assert.equal((await claim(NOON + 1)).length, 1)
  },

  'what was given up is listed, and due again when it is replayed': async (world) => {
    const { records } = world
    const { app, webhook, happen, claim, settle } = await asking(world)
    for (const resource of ['a', 'b', 'c']) await happen(resource)
    const [a, b, c] = await claim(NOON)
    await settle(a?.id ?? '', 'failed', NOON)
    await settle(b?.id ?? '', 'failed', NOON)
    await settle(c?.id ?? '', 'delivered', NOON)
    const list = (state: OutgoingDelivery['state']) =>
      all((paging) => records.outbox.list(app, webhook.id, { ...paging, state }))
    assert.deepEqual(ids(await list('failed')), [b?.id, a?.id])
    assert.deepEqual((await list('failed'))[0]?.lastError, 'status')
    assert.deepEqual(ids(await list('delivered')), [c?.id])
    assert.equal(await records.outbox.replay(app, webhook.id, { delivery: a?.id ?? '' }, NOON + 7), 1)
    assert.equal(await records.outbox.replay(app, webhook.id, { delivery: a?.id ?? '' }, NOON + 7), 0)
    assert.equal(await records.outbox.replay(app, fresh(), { delivery: b?.id ?? '' }, NOON + 7), 0)
    const [again] = await claim(NOON + 7)
    assert.deepEqual([again?.id, again?.event, again?.tries, again?.deadline], [a?.id, a?.event, 1, NOON + 7 + DAY])
    assert.equal(await records.outbox.replay(app, webhook.id, 'failed', NOON + 8), 1)
    assert.deepEqual(ids(await claim(NOON + 8)), [b?.id])
    assert.equal(await records.outbox.replay(app, webhook.id, { delivery: c?.id ?? '' }, NOON + 9), 1)
  },

  'settled deliveries are kept for a while, and those of each kind for their own': async (world) => {
    const { records } = world
    const { app, webhook, happen, claim, settle } = await asking(world)
    for (const resource of ['a', 'b', 'c', 'd']) await happen(resource)
    const [a, b, c] = await claim(NOON, 3)
    await settle(a?.id ?? '', 'delivered', NOON + 10)
    await settle(b?.id ?? '', 'failed', NOON + 10)
    await settle(c?.id ?? '', 'delivered', NOON + 20)
    const left = async () => lastSegments(await told(records, webhook))
    await records.outbox.prune({ delivered: NOON + 15, failed: NOON }, 1000)
    assert.deepEqual(await left(), ['b', 'c', 'd'])
    await records.outbox.prune({ delivered: NOON, failed: NOON + 15 }, 1000)
    assert.deepEqual(await left(), ['c', 'd'])
    assert.equal((await records.outbox.list(app, webhook.id, WHOLE)).items.length, 2)
  },

  'a deleted webhook takes what was for it along, and a deleted app its webhooks': async (world) => {
    const { records } = world
    const { app, webhook, happen } = await asking(world)
    const other = await hook(world, app, 'thing.done')
    await happen('a')
    assert.equal(await records.webhooks.delete(fresh(), webhook.id), false)
    assert.equal(await records.webhooks.delete(app, webhook.id), true)
    assert.equal(await records.webhooks.delete(app, webhook.id), false)
    assert.equal(await records.webhooks.findBySerial(webhook.serial), null)
    assert.deepEqual(await told(records, webhook), [])
    await happen('b')
    assert.equal((await told(records, other)).length, 2)
    await world.change({ kind: 'app', app, to: 'deleted' })
    assert.equal(await records.webhooks.find(app, other.id), null)
    assert.ok(!(await records.outbox.due(NOON)).includes(other.serial))
  },
}
