import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startCliHouse } from './support/cli.ts'
import { bearer, createClient } from './support/client.ts'

const { server, app, cli, json } = await startCliHouse('general')
after(() => server.stop())
const file = await app.upload(Buffer.from('in general'), { conversation: 'general' })
const talk = `/apps/${app.id}/conversations/general`
const issue = async () => (await json<{ tokens: Record<string, string> }>('token', 'media', talk)).tokens[talk] ?? ''
const read = async (token: string) => (await createClient(server.url, bearer(token)).get(file.path)).status

type Keys = { readonly items: readonly { readonly id: string; readonly state: string }[] }

test('media tokens are issued, their keys rotate and are retired, and all of an app are revoked', async () => {
  const old = await issue()
  assert.equal(await read(old), 200)
  assert.match((await cli(['token', 'media', talk])).stdout, new RegExp(`^${talk}\n  eyJ`))
  const before = await json<Keys>('media-key', 'list')
  const signer = before.items.find(({ state }) => state === 'active')?.id ?? ''

  const rotated = await cli(['media-key', 'rotate'])
  assert.match(rotated.stdout, new RegExp(`^rotated .*in force on 1 node[\\s\\S]*${signer} +retiring`))
  assert.equal(await read(old), 200)
  const young = await issue()

  assert.equal((await cli(['media-key', 'retire', signer])).code, 0)
  assert.deepEqual([await read(old), await read(young)], [401, 200])
  assert.equal((await cli(['media-key', 'retire', 'nothing'])).code, 1)

  assert.equal((await cli(['revoke', '--media-tokens'])).code, 0)
  assert.equal(await read(young), 401)
  assert.equal(await read(await issue()), 200)
  assert.equal((await cli(['revoke', '--media-tokens', '--user', 'anna'])).code, 2)
})
