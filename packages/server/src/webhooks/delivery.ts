import type { OutgoingDelivery, Settlement, Webhook } from '@gatehouse/storage/records/port'
import { NotSent } from '../outgoing/not-sent.ts'
import type { Outgoing } from '../outgoing/outgoing.ts'
import type { Vault } from '../parts.ts'
import { nextTry } from './backoff.ts'
import type { Bodies, OutgoingEvent } from './bodies.ts'
import { type EventType, isEventType } from './events.ts'
import { openWebhook, signingSecrets } from './secrets.ts'
import { signed } from './signature.ts'

/** Time that a receiver has for one delivery, its name and redirects included. */
export const PATIENCE = 10_000

/** What is read of an answer, so that the receiver can end it well; nothing in it is used. */
const ANSWER_BYTES = 64 * 1024

/** What delivering is made of. */
export type DeliveryParts = {
  readonly vault: Vault
  readonly outgoing: Outgoing
  readonly bodies: Bodies
  readonly nativeBody: (event: OutgoingEvent) => Promise<object | null>
  readonly now: () => number
  /** Chance, from 0 to 1. */
  readonly random: () => number
}

/**
 * Makes one try to deliver. Any 2xx is success; whatever else comes back, or does not, is tried again until the deadline. Where there is
 * nothing left to tell, that is delivered too. Never raises for what the receiver does.
 */
export async function deliver(
  parts: DeliveryParts,
  webhook: Webhook,
  delivery: OutgoingDelivery,
  signal: AbortSignal,
): Promise<Settlement> {
  const body = await bodyFor(parts, webhook, delivery)
  if (body === null) return { delivery: delivery.id, outcome: 'delivered', status: null, error: null }
  const { credentials, ...secrets } = openWebhook(parts.vault, webhook.sealed)
  const at = parts.now()
  const text = JSON.stringify(body)
  const failed = (status: number | null, error: string, wish: number | null = null) =>
    failure(delivery, { at: parts.now(), random: parts.random(), wish }, { status, error })
  try {
    const answer = await parts.outgoing.send({
      method: 'POST',
      url: webhook.url,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Gatehouse',
        ...signed(signingSecrets({ ...secrets, credentials }, at), { id: delivery.event, at, body: text }),
      },
      body: text,
      credentials,
      milliseconds: PATIENCE,
      maxBytes: ANSWER_BYTES,
      signal,
    })
    // The status says it all; how the body ends is the receiver's affair.
    answer.body.on('error', () => {}).resume()
    if (answer.status >= 200 && answer.status < 300) {
      return { delivery: delivery.id, outcome: 'delivered', status: answer.status, error: null }
    }
    return failed(answer.status, 'status', secondsOf(answer.headers['retry-after']))
  } catch (error) {
    if (!(error instanceof NotSent)) throw error
    // A server that stops leaves what it has not finished to whoever comes next.
    if (signal.aborted) return { delivery: delivery.id, outcome: { againAt: at }, status: null, error: 'stopped' }
    return failed(null, error.detail === null ? error.code : `${error.code}: ${error.detail}`)
  }
}

/** A try that has failed: there is another one, or, past the deadline, none. */
export function failure(
  delivery: OutgoingDelivery,
  { at, random, wish = null }: { readonly at: number; readonly random: number; readonly wish?: number | null },
  why: { readonly status: number | null; readonly error: string },
): Settlement {
  const again = nextTry(delivery, { at, random, wish })
  return { delivery: delivery.id, outcome: again === null ? 'failed' : { againAt: Math.round(again) }, ...why }
}

function bodyFor({ bodies, nativeBody }: DeliveryParts, webhook: Webhook, delivery: OutgoingDelivery) {
  const event: OutgoingEvent = {
    id: delivery.event,
    app: delivery.app,
    type: delivery.type as EventType,
    at: delivery.createdAt,
    webhook: webhook.id,
    data: delivery.data,
  }
  if (isEventType(delivery.name)) return nativeBody(event)
  // A name that no surface knows any more was one of an earlier version.
  return Object.hasOwn(bodies, delivery.name) ? (bodies[delivery.name]?.of(event) ?? null) : null
}

/** Retry-After in seconds (RFC 9110, section 10.2.3); the other form, a date, is not worth trusting a foreign clock. */
function secondsOf(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) : null
}
