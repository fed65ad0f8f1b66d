import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openApi } from '../../test/api.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const base = `/v1/apps/${app.id}`
await house.call('PUT', `${base}/conversations/c`, { type: 'direct', members: ['ann', 'bob'] })
const path = `/apps/${app.id}/conversations/c/k/f.bin`
await house.parts.records.attachments.create({
  ...{ app: app.id, id: 'one', path, conversation: 'c', filename: 'f.bin', contentType: 'application/octet-stream' },
  ...{ size: 100, sha256: '00', blob: `${app.id}/b`, access: 'private', from: 'ann', recipients: null, at: Date.now() },
})
const look = {
  ...{ app: app.id, at: 1000, lastAt: 2000, action: 'read', resource: path, attachment: 'one', user: 'bob' },
  ...{ userSerial: null, credential: 'link', key: null, status: 200, method: 'GET', ip: '203.0.113.7' },
  ...{ userAgent: 'Player/1', bytes: 25, count: 1, allowed: true, reason: 'ok' },
}
await house.parts.records.views.append([look])
await house.parts.records.views.append([
  { ...look, user: 'ann', allowed: false, reason: 'token_expired', status: 401, bytes: 0 },
])

test('the access log is listed newest first, by resource, user and outcome', async () => {
  const rows: readonly (readonly [query: string, users: readonly string[]])[] = [
    ['', ['ann', 'bob']],
    ['?user=bob', ['bob']],
    ['?allowed=false', ['ann']],
    [`?resource=${encodeURIComponent(`/apps/${app.id}/conversations/c`)}`, ['ann', 'bob']],
    [`?resource=${encodeURIComponent(`/apps/${app.id}/conversations/cc`)}`, []],
    ['?limit=1', ['ann']],
  ]
  for (const [query, users] of rows) {
    const { status, body } = await house.call('GET', `${base}/views${query}`)
    assert.equal(status, 200)
    assert.deepEqual(
      body.items.map(({ user }: { user: string }) => user),
      users,
      query,
    )
  }
  const [newest] = (await house.call('GET', `${base}/views`)).body.items
  assert.deepEqual([newest.reason, newest.allowed, newest.at], ['token_expired', false, '1970-01-01T00:00:01.000Z'])
  for (const query of ['?resource=..', '?allowed=perhaps', '?user=a%2Fb']) {
    assert.equal((await house.call('GET', `${base}/views${query}`)).status, 400, query)
  }
})

test('receipts say for each receiver when and how much, or not yet', async () => {
  const { body } = await house.call('GET', `${base}/attachments/one/receipts`)
  assert.deepEqual(body.items, [
    { user: 'ann', opened: false, firstOpenedAt: null, lastOpenedAt: null, share: 0 },
    {
      ...{ user: 'bob', opened: true, share: 0.25 },
      ...{ firstOpenedAt: '1970-01-01T00:00:01.000Z', lastOpenedAt: '1970-01-01T00:00:02.000Z' },
    },
  ])
})
