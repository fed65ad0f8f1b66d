import assert from 'node:assert/strict'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createWebhookVerifier } from '@gatehouse/sdk/webhook'
import { eventually } from './gatehouse.ts'

/** One request that a receiver got. */
export type Told = {
  readonly id: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }
}

/** A receiver of webhooks on this machine. */
export type Receiver = {
  readonly url: string
  /** Everything that came, oldest first, repetitions too. */
  readonly told: Told[]
  /** Decides what is answered from now on; `never` leaves the sender waiting. */
  answer: (told: Told) => number | 'never'
  /** Waits for an event that fits. */
  readonly wait: (what: string, fits: (told: Told) => boolean, seconds?: number) => Promise<Told>
  readonly close: () => void
}

/** Starts a receiver that answers 204. */
export async function startReceiver(host = '127.0.0.1'): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    const raw = await text(request).catch(() => null)
    if (raw === null) return
    const told = {
      id: String(request.headers['webhook-id']),
      headers: request.headers,
      text: raw,
      body: JSON.parse(raw),
    }
    receiver.told.push(told)
    const status = receiver.answer(told)
    if (status !== 'never') response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const receiver: Receiver = {
    url: `http://${host}:${(server.address() as AddressInfo).port}/hook`,
    told: [],
    answer: () => 204,
    wait: (what, fits, seconds = 15) => eventually(what, () => receiver.told.find(fits), seconds),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return receiver
}

/** Asserts that one of the signatures is that of this secret over what arrived (Standard Webhooks), by hand and to those who use the SDK. */
export function assertSigned({ headers, text: raw }: Told, secret: string): void {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${raw}`
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const expected = createHmac('sha256', key).update(signed).digest()
  const given = String(headers['webhook-signature']).split(' ')
  const matches = given.some((each) => {
    const signature = Buffer.from(each.replace(/^v1,/, ''), 'base64')
    return signature.length === expected.length && timingSafeEqual(signature, expected)
  })
  assert.ok(matches, 'no signature is that of the secret')
  assert.equal(createWebhookVerifier({ secrets: [secret] })(headers, raw).valid, true)
}
