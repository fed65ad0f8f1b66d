import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWebhookSecret, newWebhookSecret, signed } from './signature.ts'

test('the signature is that of the published example', () => {
  const headers = signed(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    at: 1_614_265_330_999,
    body: '{"test": 2432232314}',
  })
  assert.deepEqual(headers, {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

test('two secrets give two signatures, each as if alone', () => {
  const [one, two] = [newWebhookSecret(), newWebhookSecret()]
  const message = { id: 'a', at: 0, body: 'ä' }
  const alone = [one, two].map((secret) => signed([secret], message)['webhook-signature'])
  assert.equal(signed([one, two], message)['webhook-signature'], alone.join(' '))
  assert.notEqual(alone[0], alone[1])
})

test('a secret has its prefix and 24 to 64 bytes in base64', () => {
  const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`
  for (const good of [newWebhookSecret(), of(24), of(64), of(25).replaceAll('=', '')]) {
    assert.ok(isWebhookSecret(good), good)
  }
  for (const bad of [
    '',
    'whsec_',
    of(23),
    of(65),
    of(32).slice(6),
    `${of(32)}!`,
    ` ${of(32)}`,
    of(32).replace('B', '-'),
  ]) {
    assert.ok(!isWebhookSecret(bad), bad)
  }
})
