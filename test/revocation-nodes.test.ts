import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { startGatehouse } from './support/gatehouse.ts'
import { usePostgres } from './support/postgres.ts'
import { LEVELS, race } from './support/race.ts'
import { useS3 } from './support/s3.ts'
import { createApp, openApp, refusal } from './support/tenant.ts'

/** No request that starts after the answer to a revocation succeeds, on any of three nodes (security.md, R1). */

const database = await usePostgres()
const { bucket, endpoint, accessKeyId, secretAccessKey, end } = await useS3()

const masterKey = randomBytes(32).toString('hex')

// Nodes of one installation share the database, the store of bytes and the master key; each has a data folder of its own.
const start = (flags: readonly string[] = []) =>
  startGatehouse({
    flags,
    database: database.url,
    blobs: `s3://${accessKeyId}:${encodeURIComponent(secretAccessKey)}@${bucket}?endpoint=${encodeURIComponent(endpoint)}`,
    env: { GATEHOUSE_MASTER_KEY: masterKey },
  })
const first = await start()
const second = await start()
const third = await start()
const nodes = [first, second, third]
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await Promise.all([database.end(), end()])
})

test('the answer to a revocation counts the nodes on which it is in force', async () => {
  const app = await createApp(first.admin)
  await app.users('bob')
  assert.equal((await app.deactivate('bob')).nodes, 3)
  assert.equal((await openApp(third.admin, app.id).revoke({ user: 'bob' })).nodes, 3)
})

for (const [level, prepare] of Object.entries(LEVELS)) {
  test(`no late success on three nodes: ${level}`, { timeout: 300_000 }, async () => {
    const ready = await prepare(first.admin)
    await race(
      nodes.map(({ port }) => port),
      ready,
    )
  })
}

test('a node that dies holds nobody up for longer than its lease, and a later one knows what was revoked', async () => {
  const app = await createApp(first.admin)
  await app.users('ann', 'bob')
  await app.conversation('c', ['ann', 'bob'])
  const file = await app.upload(randomBytes(1000))
  const link = await app.link(file.id, 'bob')
  await third.kill()
  await app.deactivate('bob')
  for (const node of [first, second]) refusal(await node.admin.as({}).get(link), 401)
  nodes[2] = await start()
  refusal(await nodes[2].admin.as({}).get(link), 401)
})

test('a node of several threads comes and goes while another revokes', { timeout: 300_000 }, async () => {
  const app = await createApp(first.admin)
  await app.users('bob')
  let over = false
  const revoking = (async () => {
    while (!over) await app.revoke({ user: 'bob' })
  })()
  for (let round = 0; round < 3; round++) await (await start(['--workers', '3'])).stop()
  over = true
  await revoking
})

test('a media token of one node opens on all, and on none once any of them has revoked it; their keys rotate together', async () => {
  const app = await createApp(first.admin)
  await app.conversation('c', ['ann'])
  const file = await app.upload(Buffer.from('in c'))
  const path = `/apps/${app.id}/conversations/c`
  const issue = async (node: (typeof nodes)[number]) => {
    const answer = await node.admin.post(`${app.base}/media-tokens`, { paths: [path] })
    assert.equal(answer.status, 201, answer.text)
    return answer.json<{ tokens: Record<string, string> }>().tokens[path] ?? ''
  }
  const statuses = (token: string) =>
    Promise.all(
      nodes.map(async (node) => (await node.admin.as({ cookie: `gatehouse_media=${token}` }).get(file.path)).status),
    )
  // All are asked at once for the first token of the installation: one key comes of it.
  const tokens = await Promise.all(nodes.map(issue))
  assert.equal(new Set(tokens.map((token) => token.split('.')[0])).size, 1)
  for (const [from, node] of nodes.entries()) {
    const token = await issue(node)
    assert.deepEqual(await statuses(token), [200, 200, 200])
    const other = nodes[(from + 1) % nodes.length] ?? first
    await openApp(other.admin, app.id).revoke({ conversation: 'c' })
    assert.deepEqual(await statuses(token), [401, 401, 401])
    assert.deepEqual(await statuses(await issue(first)), [200, 200, 200])
  }
  const old = await issue(second)
  assert.equal((await (nodes[2] ?? first).admin.post('/v1/media-keys/rotate')).status, 200)
  const young = await Promise.all(nodes.map(issue))
  for (const token of [old, ...young]) assert.deepEqual(await statuses(token), [200, 200, 200])
  assert.equal(new Set([old, ...young].map((token) => token.split('.')[0])).size, 2)
  const { kid } = JSON.parse(Buffer.from(old.split('.')[0] ?? '', 'base64url').toString())
  assert.equal((await first.admin.post(`/v1/media-keys/${kid}/retire`)).status, 200)
  assert.deepEqual(await statuses(old), [401, 401, 401])
  assert.deepEqual(await statuses(young[1] ?? ''), [200, 200, 200])
})
