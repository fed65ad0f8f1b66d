import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { bearer, type List } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createApp, expect, type KeyView, keyed } from './support/tenant.ts'

/** Login sessions, at the real server with two threads. */

const house = await startGatehouse({ flags: ['--workers', '2'] })
after(() => house.stop())
const app = await createApp(house.admin)
await app.conversation('c', ['ann', 'bob'])
const file = await app.upload(Buffer.from('the file'))
const logins = `${app.base}/users/ann/logins`

type Login = { readonly id: string; readonly token: string }
const begin = async () => (await house.admin.post(logins)).json<Login>()

test('a login token opens neither the native API nor, by itself, media', async () => {
  const { token } = await begin()
  for (const headers of [bearer(token), { authorization: `Basic ${btoa(`ann:${token}`)}` }]) {
    const client = app.bare.as(headers)
    for (const path of [file.path, logins, `${app.base}/users/ann`, `${app.base}/attachments/${file.id}/links`]) {
      const { status, text } = await client.get(path)
      assert.ok(status === 401 || status === 403, `${path}: ${status}`)
      assert.doesNotMatch(text, /the file/)
    }
  }
  assert.equal((await app.bare.get(`${file.path}?t=${token}`)).status, 401)
})

test('the inspector explains a login token to whoever manages its app, and tells others what it tells of none', async () => {
  const { token } = await begin()
  const other = await createApp(house.admin)
  const [mine, theirs] = [await app.key(), await other.key()]
  const ask = async (key: KeyView, asked: string) => {
    const answer = await house.admin.as(keyed(key)).post('/v1/tokens/inspect', { token: asked })
    return expect(answer, 200).json<{ kind: string; verified: boolean; decision: { reason: string } }>()
  }
  const told = await ask(mine, token)
  assert.deepEqual([told.kind, told.verified, told.decision.reason], ['login', true, 'ok'])
  assert.deepEqual(await ask(theirs, token), await ask(theirs, `ghl_${'x'.repeat(43)}`))
})

test('sessions that many callers begin and end at once are each open or ended, and never both', async () => {
  const begun: string[] = []
  const ended: string[] = []
  const turn = async () => {
    const { id } = await begin()
    begun.push(id)
    if ((await house.admin.delete(`${logins}/${id}`)).status === 204) ended.push(id)
    begun.push((await begin()).id)
  }
  const before = new Set(await open())
  await Promise.all(Array.from({ length: 20 }, turn))
  const left = (await open()).filter((id) => !before.has(id))
  assert.deepEqual([...left, ...ended].toSorted(), begun.toSorted())
  assert.equal(ended.length, 20)
  assert.equal((await house.admin.delete(logins)).status, 204)
  assert.deepEqual(await open(), [])
})

async function open(): Promise<readonly string[]> {
  const { items } = (await house.admin.get(`${logins}?limit=1000`)).json<List<Login>>()
  return items.map(({ id }) => id)
}
