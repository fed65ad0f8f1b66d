import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createClient } from './support/client.ts'
import { type Gatehouse, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { createApp, openApp, type Tenant } from './support/tenant.ts'

/** Media tokens where several threads serve, and over a power cut. */

const data = temporaryFolder()
let house: Gatehouse = await startGatehouse({ data, flags: ['--workers', '3'] })
after(() => house.stop())
let app = await createApp(house.admin)
await app.conversation('c', ['ann', 'bob', 'eve'])
const file = await app.upload(Buffer.from('in c'))
const talk = `/apps/${app.id}/conversations/c`

async function token(tenant: Tenant): Promise<string> {
  const answer = await tenant.admin.post(`${tenant.base}/media-tokens`, { paths: [talk] })
  assert.equal(answer.status, 201, answer.text)
  return answer.json<{ tokens: Record<string, string> }>().tokens[talk] ?? ''
}

/** The statuses that many connections, and so all threads, answer. */
async function statuses(text: string): Promise<readonly number[]> {
  const cookie = `gatehouse_media=${text}`
  const answers = await Promise.all(
    Array.from({ length: 48 }, () => createClient(house.url, { cookie, connection: 'close' }).get(file.path)),
  )
  return [...new Set(answers.map(({ status }) => status))]
}

const kid = (text: string) => JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString()).kid as string

test('every thread believes what any of them has issued, and nothing that was revoked', async () => {
  const first = await Promise.all(Array.from({ length: 12 }, () => token(app)))
  assert.equal(new Set(first.map(kid)).size, 1, 'one key signs, whichever thread was asked first')
  for (const text of first) assert.deepEqual(await statuses(text), [200])
  for (const target of [{ mediaTokens: true }, { conversation: 'c' }]) {
    const text = await token(app)
    assert.deepEqual(await statuses(text), [200])
    await app.revoke(target)
    assert.deepEqual(await statuses(text), [401], JSON.stringify(target))
    assert.deepEqual(await statuses(await token(app)), [200], JSON.stringify(target))
  }
})

test('every thread takes the next key, and refuses the one that is retired', async () => {
  const old = await token(app)
  assert.equal((await house.admin.post('/v1/media-keys/rotate')).status, 200)
  const young = await Promise.all(Array.from({ length: 12 }, () => token(app)))
  for (const text of young) assert.notEqual(kid(text), kid(old))
  for (const text of [old, ...young.slice(0, 2)]) assert.deepEqual(await statuses(text), [200])
  assert.equal((await house.admin.post(`/v1/media-keys/${kid(old)}/retire`)).status, 200)
  assert.deepEqual(await statuses(old), [401])
  assert.deepEqual(await statuses(young[0] ?? ''), [200])
})

test('a power cut changes nothing: keys, what they have signed, and what was revoked', async () => {
  const [revoked, retired] = [await token(app), await token(app)]
  await app.revoke({ mediaTokens: true })
  const good = await token(app)
  await house.admin.post('/v1/media-keys/rotate')
  const later = await token(app)
  await house.kill()
  house = await startGatehouse({ data })
  app = openApp(house.admin, app.id)
  assert.deepEqual(await statuses(revoked), [401])
  assert.deepEqual(await statuses(retired), [401])
  assert.deepEqual(await statuses(good), [200])
  assert.deepEqual(await statuses(later), [200])
  assert.equal(kid(await token(app)), kid(later))
})
