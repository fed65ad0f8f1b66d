import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createWebhookVerifier } from '@gatehouse/sdk/webhook'
import { startGatehouse } from './support/gatehouse.ts'
import { createApp, expect } from './support/tenant.ts'
import { startReceiver } from './support/webhook-receiver.ts'

/** What the server signs, the SDK's verifier accepts, before, during and after a change of the secret. */

const house = await startGatehouse({ flags: ['--allow-loopback', 'true'] })
after(() => house.stop())

test('a delivery of the real server is verified with the secret it was signed with, and no other', async () => {
  const app = await createApp(house.admin)
  await app.conversation('c', ['ann', 'bob'])
  const receiver = await startReceiver()
  const body = { url: receiver.url, events: ['attachment.created'] }
  const made = expect(await app.admin.post(`${app.base}/webhooks`, body), 201).json<{ id: string; secret: string }>()
  const delivered = async (name: string) => {
    await app.upload(Buffer.from(name), { name })
    return receiver.wait(name, (told) => told.body.data.filename === name)
  }

  const first = await delivered('first.bin')
  const verify = createWebhookVerifier({ secrets: [made.secret] })
  const verified = verify(first.headers, first.text)
  assert.ok(verified.valid)
  assert.deepEqual([verified.id, verified.event], [first.id, first.body])
  assert.deepEqual(verify(first.headers, `${first.text} `), { valid: false, reason: 'signature' })

  const path = `${app.base}/webhooks/${made.id}/rotate-secret`
  const turned = expect(await app.admin.post(path), 200).json<{ secret: string }>()
  const fresh = createWebhookVerifier({ secrets: [turned.secret] })
  const during = await delivered('during.bin')
  for (const check of [verify, fresh]) assert.equal(check(during.headers, during.text).valid, true)

  const last = expect(await app.admin.post(path, { overlapSeconds: 0 }), 200).json<{ secret: string }>()
  const after = await delivered('after.bin')
  assert.deepEqual(fresh(after.headers, after.text), { valid: false, reason: 'signature' })
  assert.equal(createWebhookVerifier({ secrets: [turned.secret, last.secret] })(after.headers, after.text).valid, true)
  receiver.close()
})
