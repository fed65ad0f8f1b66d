import { createNodePrimitives, secretKey } from '@gatehouse/core/node-primitives'

/** What a webhook's receiver sets up. */
export type WebhookVerifierParts = {
  /** The webhook's secrets as Gatehouse shows them (`whsec_…`): one, or two while they are being rotated. */
  readonly secrets: readonly string[]
  /** How far the time of sending may be from now, either way, in seconds; 300 where nothing is said. */
  readonly toleranceSeconds?: number
  /** The present time in milliseconds since 1970; the clock of this machine where nothing is said. */
  readonly now?: () => number
}

/** What came of looking at a delivery: the event, or why it is none. */
export type WebhookVerification =
  | {
      readonly valid: true
      /** The same for every attempt to deliver one event: MUST be remembered by who must not act twice. */
      readonly id: string
      /** When this attempt was sent, in milliseconds since 1970. */
      readonly sentAt: number
      /** The body as JSON. */
      readonly event: unknown
    }
  | { readonly valid: false; readonly reason: 'headers' | 'time' | 'signature' | 'body' }

/** Headers with lower-case names, as Node gives them. */
export type WebhookHeaders = { readonly [name: string]: string | readonly string[] | undefined }

/**
 * Makes the check of deliveries: it answers whether one was signed with one of the secrets, and not too long ago. The body MUST be
 * what came over the wire, byte for byte: parsed and printed again it is another one.
 *
 * Raises a TypeError where there is no secret, or one is not base64 of at least 24 bytes after `whsec_`.
 * Source: Standard Webhooks, "Verifying signatures"; only its symmetric scheme `v1`.
 */
export function createWebhookVerifier({
  secrets,
  toleranceSeconds = 300,
  now = Date.now,
}: WebhookVerifierParts): (headers: WebhookHeaders, body: string | Uint8Array) => WebhookVerification {
  if (secrets.length === 0) throw new TypeError('a webhook is verified with at least one secret')
  const primitives = createNodePrimitives()
  const keys = secrets.map((secret) => secretKey(secretBytes(secret)))

  return (headers, body) => {
    const [id, timestamp, signatures] = NAMES.map((name) => headers[name])
    if (typeof id !== 'string' || id === '' || typeof timestamp !== 'string' || typeof signatures !== 'string')
      return { valid: false, reason: 'headers' }
    if (!/^\d{1,12}$/.test(timestamp)) return { valid: false, reason: 'headers' }
    if (Math.abs(now() / 1000 - Number(timestamp)) > toleranceSeconds) return { valid: false, reason: 'time' }
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), bytes])
    const sent = signatures
      .split(' ', MOST_SIGNATURES)
      .flatMap((one) => (one.startsWith('v1,') ? [Buffer.from(one.slice(3), 'base64')] : []))
    const right = keys.some((key) => {
      const expected = primitives.mac(key, signed)
      return sent.some((signature) => primitives.equal(signature, expected))
    })
    if (!right) return { valid: false, reason: 'signature' }
    try {
      const event: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
      return { valid: true, id, sentAt: Number(timestamp) * 1000, event }
    } catch {
      return { valid: false, reason: 'body' }
    }
  }
}

const NAMES = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const

/** A delivery has as many signatures as there are secrets in rotation; more are not looked at. */
const MOST_SIGNATURES = 8

function secretBytes(secret: string): Uint8Array {
  const text = secret.replace(/^whsec_/, '')
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '') || bytes.length < 24)
    throw new TypeError('a secret of a webhook is "whsec_" and the base64 of at least 24 bytes')
  return bytes
}
