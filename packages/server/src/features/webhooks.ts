import type { OutgoingDelivery, Webhook } from '@gatehouse/storage/records/port'
import { type Static, Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { NotSent } from '../outgoing/not-sent.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { time } from '../presenters.ts'
import { invalid, problem } from '../problems.ts'
import { Exactly, Id, List, Nullable, PageQuery, Time } from '../schemas.ts'
import { newId } from '../secrets.ts'
import type { Bodies } from '../webhooks/bodies.ts'
import { EVENT_TYPES, isEventType } from '../webhooks/events.ts'
import { openWebhook, sealWebhook, type WebhookSecrets } from '../webhooks/secrets.ts'
import { isWebhookSecret, newWebhookSecret } from '../webhooks/signature.ts'

/** Webhooks of one app at most: every event is written once for each that asked. */
const MOST = 100

const OVERLAP_SECONDS = 24 * 3600

const WebhookView = Type.Object({
  id: Type.String({ examples: ['0a1b2c3d4e5f60718293a4b5'] }),
  url: Type.String(),
  events: Type.Array(Type.String()),
  credentials: Nullable(
    Type.Object({ user: Type.String() }, { description: 'For HTTP Basic; the password is never shown.' }),
  ),
  previousSecretUntil: Nullable(Time),
  createdAt: Time,
  updatedAt: Time,
})

const Secret = Type.Refine(
  Type.String({
    maxLength: 256,
    description: '`whsec_` and the base64 of 24 to 64 random bytes; made here where absent.',
  }),
  isWebhookSecret,
  () => 'must be whsec_ and the base64 of 24 to 64 bytes',
)

const Credentials = Exactly({
  user: Type.Refine(
    Type.String({ minLength: 1, maxLength: 256 }),
    (text) => !/[:\p{Cc}]/u.test(text),
    () => 'must hold neither a colon nor control characters',
  ),
  password: Type.String({ minLength: 1, maxLength: 1024 }),
})

const State = Type.Union([Type.Literal('pending'), Type.Literal('delivered'), Type.Literal('failed')])

const DeliveryView = Type.Object({
  id: Type.String({ examples: ['42'] }),
  event: Type.String({ description: 'The id that the receiver sees in `webhook-id`.' }),
  type: Type.String({ examples: ['attachment.created'] }),
  resource: Type.String(),
  state: State,
  tries: Type.Integer(),
  nextTryAt: Nullable(Time),
  lastTryAt: Nullable(Time),
  lastStatus: Nullable(Type.Integer({ description: 'The status that the receiver answered.' })),
  lastError: Nullable(
    Type.String({ description: 'Why the last try failed.', examples: ['connection_failed: ECONNREFUSED'] }),
  ),
  createdAt: Time,
})

function showDelivery(delivery: OutgoingDelivery): Static<typeof DeliveryView> {
  const { id, event, name, resource, state, tries, dueAt, lastTryAt, lastStatus, lastError, createdAt } = delivery
  return {
    ...{ id, event, type: name, resource, state, tries, lastStatus, lastError },
    nextTryAt: state === 'pending' ? time(dueAt) : null,
    lastTryAt: lastTryAt === null ? null : time(lastTryAt),
    createdAt: time(createdAt),
  }
}

/** Webhooks out: who is told what, and what became of it. `bodies` are the events that surfaces know by names of their own. */
export function createWebhooks(parts: Parts, bodies: Bodies) {
  const { records, vault, outgoing, now } = parts
  const pager = createPager(vault)
  const params = { app: Id, webhook: Id }
  const names: readonly string[] = [...EVENT_TYPES, ...Object.keys(bodies)]
  const Events = Type.Array(Type.Union(names.map((name) => Type.Literal(name))), {
    minItems: 1,
    maxItems: names.length,
    uniqueItems: true,
    examples: [['attachment.created', 'revocation.applied']],
  })
  const Url = Type.String({ minLength: 1, maxLength: 2048, examples: ['https://example.org/gatehouse'] })

  function checkUrl(url: string): string {
    try {
      outgoing.check(url)
      return url
    } catch (error) {
      if (!(error instanceof NotSent)) throw error
      const message =
        error.code === 'bad_url'
          ? 'must be an http or https URL without user and password'
          : 'must lead to the internet; addresses of this machine and of private networks are refused'
      throw invalid({ path: '/url', message })
    }
  }

  const subscriptionsOf = (events: readonly string[]) =>
    events.map((name) => ({ event: isEventType(name) ? name : (bodies[name]?.tells ?? name), name }))

  async function find(app: string, id: string): Promise<Webhook> {
    const webhook = await records.webhooks.find(app, id)
    if (webhook === null) throw problem('not_found')
    return webhook
  }

  function show({ id, url, subscriptions, sealed, createdAt, updatedAt }: Webhook): Static<typeof WebhookView> {
    const { credentials, previous } = openWebhook(vault, sealed)
    return {
      ...{ id, url, events: subscriptions.map(({ name }) => name) },
      credentials: credentials === null ? null : { user: credentials.user },
      previousSecretUntil: previous === null || previous.until <= now() ? null : time(previous.until),
      ...{ createdAt: time(createdAt), updatedAt: time(updatedAt) },
    }
  }

  async function update(
    app: string,
    id: string,
    change: { url?: string; events?: string[] } & Partial<WebhookSecrets>,
  ) {
    const { url, events, ...secrets } = change
    const webhook = await find(app, id)
    const updated = await records.webhooks.update(app, id, {
      at: now(),
      ...(url !== undefined && { url: checkUrl(url) }),
      ...(events !== undefined && { subscriptions: subscriptionsOf(events) }),
      ...(Object.keys(secrets).length > 0 && {
        sealed: sealWebhook(vault, { ...openWebhook(vault, webhook.sealed), ...secrets }),
      }),
    })
    if (updated === null) throw problem('not_found')
    return show(updated)
  }

  return {
    create: endpoint({
      summary: 'Be told what happens in the app',
      description:
        'Each event is sent at least once, signed as Standard Webhooks describes. The secret is shown this once.',
      params: { app: Id },
      body: Exactly({
        url: Url,
        events: Events,
        secret: Type.Optional(Secret),
        credentials: Type.Optional(Nullable(Credentials)),
      }),
      answers: { 201: Type.Object({ ...WebhookView.properties, secret: Type.String() }) },
      idempotent: true,
      handle: async ({ params: { app }, body }) => {
        const { url, events, secret = newWebhookSecret(), credentials = null } = body
        const present = await records.webhooks.list(app, { after: null, limit: MOST })
        if (present.items.length === MOST) throw problem('conflict', `An app has at most ${MOST} webhooks.`)
        const webhook = await records.webhooks.create({
          app,
          id: newId(),
          url: checkUrl(url),
          subscriptions: subscriptionsOf(events),
          sealed: sealWebhook(vault, { secret, previous: null, credentials }),
          at: now(),
        })
        return { status: 201, body: { ...show(webhook), secret }, location: `/v1/apps/${app}/webhooks/${webhook.id}` }
      },
    }),

    list: endpoint({
      summary: 'List the webhooks of an app',
      params: { app: Id },
      query: PageQuery,
      answers: { 200: List(WebhookView) },
      handle: async ({ params: { app }, query }) => {
        const page = await records.webhooks.list(app, pager.read(query, `webhooks ${app}`))
        return { status: 200, body: pager.write(page, `webhooks ${app}`, show) }
      },
    }),

    get: endpoint({
      summary: 'Read a webhook',
      params,
      answers: { 200: WebhookView },
      handle: async ({ params: { app, webhook } }) => ({ status: 200, body: show(await find(app, webhook)) }),
    }),

    change: endpoint({
      summary: 'Change where a webhook leads and what it is told',
      description: 'What is on its way already goes to the new address, in the form it was asked for.',
      params,
      body: Exactly({
        url: Type.Optional(Url),
        events: Type.Optional(Events),
        credentials: Type.Optional(Nullable(Credentials)),
      }),
      answers: { 200: WebhookView },
      handle: async ({ params: { app, webhook }, body }) => ({ status: 200, body: await update(app, webhook, body) }),
    }),

    delete: endpoint({
      summary: 'Delete a webhook and what was still to be sent to it',
      params,
      answers: { 204: null },
      handle: async ({ params: { app, webhook } }) => {
        if (!(await records.webhooks.delete(app, webhook))) throw problem('not_found')
        return { status: 204 }
      },
    }),

    rotateSecret: endpoint({
      summary: 'Give a webhook a new secret',
      description: 'Both secrets sign until the overlap is over, so that the receiver can change at its own time.',
      params,
      body: Exactly({
        secret: Type.Optional(Secret),
        overlapSeconds: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: 2_592_000,
            default: OVERLAP_SECONDS,
            description: 'A day where absent.',
          }),
        ),
      }),
      bodyOptional: true,
      answers: { 200: Type.Object({ ...WebhookView.properties, secret: Type.String() }) },
      handle: async ({ params: { app, webhook }, body }) => {
        const { secret = newWebhookSecret(), overlapSeconds = OVERLAP_SECONDS } = body
        const { sealed } = await find(app, webhook)
        const previous = { secret: openWebhook(vault, sealed).secret, until: now() + overlapSeconds * 1000 }
        return { status: 200, body: { ...(await update(app, webhook, { secret, previous })), secret } }
      },
    }),

    deliveries: endpoint({
      summary: 'List what a webhook was told and what it is still to be told, newest first',
      description:
        'What could not be delivered within a day is `failed` and kept for 30 days; what was delivered is kept for a day.',
      params,
      query: { ...PageQuery, state: Type.Optional(State) },
      answers: { 200: List(DeliveryView) },
      handle: async ({ params: { app, webhook }, query: { state, ...query } }) => {
        await find(app, webhook)
        const list = `deliveries ${app} ${webhook} ${state ?? ''}`
        const paging = { ...pager.read(query, list), ...(state !== undefined && { state }) }
        const page = await records.outbox.list(app, webhook, paging)
        return { status: 200, body: pager.write(page, list, showDelivery) }
      },
    }),

    replay: endpoint({
      summary: 'Send one event again, with the same id',
      description: 'What is still being tried is due at its own time and cannot be replayed.',
      params: { ...params, delivery: Id },
      answers: { 200: DeliveryView },
      handle: async ({ params: { app, webhook, delivery } }) => {
        const replayed = await records.outbox.replay(app, webhook, { delivery }, now())
        const found = await records.outbox.find(app, webhook, delivery)
        if (found === null) throw problem('not_found')
        if (replayed === 0) throw problem('conflict', 'This event is still being tried.')
        return { status: 200, body: showDelivery(found) }
      },
    }),

    replayFailed: endpoint({
      summary: 'Send everything again that was given up',
      params,
      answers: { 200: Type.Object({ replayed: Type.Integer() }) },
      handle: async ({ params: { app, webhook } }) => {
        await find(app, webhook)
        return { status: 200, body: { replayed: await records.outbox.replay(app, webhook, 'failed', now()) } }
      },
    }),
  }
}
