import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createWebhookVerifier, type WebhookHeaders } from './webhook.ts'

const NOW = 1_769_860_800_000
const [FIRST, SECOND, OTHER] = [1, 2, 3].map(() => randomBytes(32)) as [Buffer, Buffer, Buffer]
const text = (secret: Buffer) => `whsec_${secret.toString('base64')}`
const BODY = '{"type":"attachment.created","data":{"name":"übersicht.png"}}'

/** The signature as the standard's own text describes it, on nothing but `node:crypto`. */
function sign(secret: Buffer, id: string, seconds: number, body: string | Uint8Array): string {
  return `v1,${createHmac('sha256', secret).update(`${id}.${seconds}.`).update(body).digest('base64')}`
}

function delivery(change: { secret?: Buffer; seconds?: number; more?: string } = {}): WebhookHeaders {
  const { secret = FIRST, seconds = NOW / 1000, more = '' } = change
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(seconds),
    'webhook-signature': sign(secret, 'msg_1', seconds, BODY) + more,
  }
}

const verify = createWebhookVerifier({ secrets: [text(FIRST), text(SECOND)], now: () => NOW })

test('what was signed with one of the secrets, about now, is an event', () => {
  const rows: readonly [string, WebhookHeaders][] = [
    ['the first secret', delivery()],
    ['the second one, during rotation', delivery({ secret: SECOND })],
    ['beside a signature of another secret', delivery({ secret: FIRST, more: ` ${sign(OTHER, 'x', 1, 'x')}` })],
    ['beside an asymmetric signature', delivery({ more: ' v1a,AAAA' })],
    ['five minutes ago', delivery({ seconds: NOW / 1000 - 300 })],
    ['by a clock that is five minutes ahead', delivery({ seconds: NOW / 1000 + 300 })],
  ]
  for (const [name, headers] of rows) {
    const sentAt = Number(headers['webhook-timestamp']) * 1000
    const event = JSON.parse(BODY)
    for (const body of [BODY, Buffer.from(BODY)])
      assert.deepEqual(verify(headers, body), { valid: true, id: 'msg_1', sentAt, event }, name)
  }
})

test('anything else is none, with the reason', () => {
  const good = delivery()
  const rows: readonly [string, WebhookHeaders, string, string][] = [
    ['another secret', delivery({ secret: OTHER }), BODY, 'signature'],
    ['another body', good, BODY.replace('created', 'deleted'), 'signature'],
    ['another id', { ...good, 'webhook-id': 'msg_2' }, BODY, 'signature'],
    ['another time', { ...good, 'webhook-timestamp': String(NOW / 1000 + 1) }, BODY, 'signature'],
    ['the same JSON with other spaces', good, `${BODY} `, 'signature'],
    [
      'a signature cut short',
      { ...good, 'webhook-signature': String(good['webhook-signature']).slice(0, -8) },
      BODY,
      'signature',
    ],
    ['no signature at all', { ...good, 'webhook-signature': '' }, BODY, 'signature'],
    ['a scheme alone', { ...good, 'webhook-signature': 'v1,' }, BODY, 'signature'],
    ['too old', delivery({ seconds: NOW / 1000 - 301 }), BODY, 'time'],
    ['from the future', delivery({ seconds: NOW / 1000 + 301 }), BODY, 'time'],
    ['no time', { ...good, 'webhook-timestamp': undefined }, BODY, 'headers'],
    ['a time that is no number', { ...good, 'webhook-timestamp': '1e9' }, BODY, 'headers'],
    ['no id', { ...good, 'webhook-id': '' }, BODY, 'headers'],
    ['two ids', { ...good, 'webhook-id': ['a', 'b'] }, BODY, 'headers'],
    ['no headers', {}, BODY, 'headers'],
  ]
  for (const [name, headers, body, reason] of rows)
    assert.deepEqual(verify(headers, body), { valid: false, reason }, name)
})

test('a signed body that is no JSON, or no UTF-8, is no event', () => {
  for (const body of [Buffer.from('not json'), Buffer.from([0x22, 0xff, 0x22])]) {
    const seconds = NOW / 1000
    const headers = { ...delivery(), 'webhook-signature': sign(FIRST, 'msg_1', seconds, body) }
    assert.deepEqual(verify(headers, body), { valid: false, reason: 'body' })
  }
})

test('a secret that cannot be one is refused at once', () => {
  for (const secrets of [[], [''], ['whsec_'], ['whsec_short'], [`whsec_${'!'.repeat(40)}`]])
    assert.throws(() => createWebhookVerifier({ secrets }), TypeError)
})
