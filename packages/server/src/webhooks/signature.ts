import { createHmac, randomBytes } from 'node:crypto'

/** How the secret of a webhook begins, by which scanners for leaked secrets recognise it (Standard Webhooks). */
const PREFIX = 'whsec_'

const LEAST_BYTES = 24
const MOST_BYTES = 64

/** A new secret: 256 random bits. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(32).toString('base64')
}

/** Whether a text is a secret: `whsec_` and the base64 of 24 to 64 bytes. */
export function isWebhookSecret(text: string): boolean {
  return keyOf(text) !== null
}

/**
 * The headers that prove where a body comes from (Standard Webhooks, symmetric): id, time in seconds, and one HMAC-SHA256 of
 * `id.time.body` for each secret, so that receivers can change to a new secret at their own time.
 *
 * Raises where a text is no secret.
 */
export function signed(
  secrets: readonly string[],
  { id, at, body }: { readonly id: string; readonly at: number; readonly body: string },
): Record<string, string> {
  const time = Math.floor(at / 1000)
  const signatures = secrets.map((secret) => {
    const key = keyOf(secret)
    if (key === null) throw new Error('a webhook has a secret that is none')
    return `v1,${createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': String(time), 'webhook-signature': signatures.join(' ') }
}

function keyOf(secret: string): Buffer | null {
  if (!secret.startsWith(PREFIX)) return null
  const text = secret.slice(PREFIX.length)
  const key = Buffer.from(text, 'base64')
  const same = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')
  return same && key.length >= LEAST_BYTES && key.length <= MOST_BYTES ? key : null
}
