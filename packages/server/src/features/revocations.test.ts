import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openApi } from '../../test/api.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const { body: other } = await house.call('POST', '/v1/apps', { name: 'Other' })
const { body: key } = await house.call('POST', `/v1/apps/${app.id}/keys`, { name: 'k' })
const { body: foreign } = await house.call('POST', `/v1/apps/${other.id}/keys`, { name: 'k' })
await house.call('PUT', `/v1/apps/${app.id}/users/ann`, {})
await house.call('PUT', `/v1/apps/${app.id}/conversations/c`, { type: 'direct', members: ['ann', 'bob'] })
const base = `/v1/apps/${app.id}/revocations`
const here = `/apps/${app.id}`

test('every kind of target is revoked and listed', async () => {
  const rows: readonly (readonly [body: object, target: object])[] = [
    [{ user: 'ann' }, { user: 'ann' }],
    [{ key: key.id }, { key: key.id }],
    [{ session: 's1' }, { session: 's1' }],
    [{ conversation: 'c' }, { conversation: 'c' }],
    [{ resource: `${here}/conversations/%63` }, { resource: `${here}/conversations/c` }],
    [{ resource: here }, { app: true }],
    [{ token: 'some-id' }, { token: 'some-id' }],
    [
      { subject: 'nobody-yet', issuedBefore: 3 },
      { subject: 'nobody-yet', issuedBefore: 3 },
    ],
  ]
  let last = 0
  for (const [body, target] of rows) {
    const answer = await house.call('POST', base, body)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(Object.keys(answer.body), ['sequence', 'nodes', 'milliseconds', 'cut'])
    assert.ok(answer.body.sequence > last)
    last = answer.body.sequence
    const [newest] = (await house.call('GET', `${base}?limit=1`)).body.items
    assert.deepEqual(
      [newest.sequence, newest.kind, newest.target, newest.to, newest.by],
      [last, 'revoke', target, 'revoked', 'test-key'],
    )
  }
})

test('a token is revoked by its text, which is kept nowhere', async () => {
  const grants = [{ actions: ['read'], resource: here }]
  const { body: token } = await house.call('POST', `/v1/apps/${app.id}/tokens`, { grants, seconds: 60 })
  const answer = await house.call('POST', base, { token: token.token })
  assert.equal(answer.status, 200, answer.text)
  const list = await house.call('GET', `${base}?limit=1`)
  assert.deepEqual(list.body.items[0].target, { token: token.id })
  assert.ok(!list.text.includes(token.token))
  const noId = `e30.${Buffer.from('{"sub":"somebody-with-a-long-name"}').toString('base64url')}.AAAA`
  const link = `A${'Q'.repeat(39)}`
  for (const text of [noId, link, key.secret, 'a\0b']) {
    assert.equal((await house.call('POST', base, { token: text })).body.errors[0].path, '/token', text)
  }
  assert.equal((await house.call('POST', base, { session: 'a\0b' })).body.errors[0].path, '/session')
})

test('what is no target, or not in this app, is refused', async () => {
  const rows: readonly (readonly [body: object, status: number])[] = [
    [{}, 400],
    [{ user: 'ann', conversation: 'c' }, 400],
    [{ subject: 'ann' }, 400],
    [{ issuedBefore: 1 }, 400],
    [{ user: 'ann', issuedBefore: 1 }, 400],
    [{ nothing: 'x' }, 400],
    [{ resource: `/apps/${other.id}` }, 400],
    [{ resource: '/' }, 400],
    [{ resource: `${here}/../x` }, 400],
    [{ user: 'nobody' }, 404],
    [{ conversation: 'nowhere' }, 404],
    [{ key: foreign.id }, 404],
    [{ key: 'none' }, 404],
  ]
  for (const [body, status] of rows) {
    assert.equal((await house.call('POST', base, body)).status, status, JSON.stringify(body))
  }
})
