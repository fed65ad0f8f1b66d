import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { bearer } from './support/client.ts'
import { ROOT, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { createApp, expect, keyed } from './support/tenant.ts'

/** What docs/operating/keys.md says to do when the key of grant tokens is out. */

type Jwks = { readonly keys: readonly { readonly kid: string; readonly kty: string }[] }

test('removing the key of grant tokens as documented makes a new one, and voids what the old one has signed', async (t) => {
  const page = readFileSync(join(ROOT, 'docs/operating/keys.md'), 'utf8')
  const [, statement] = /gatehouse\.db "(delete from [^"]+)"/.exec(page) ?? []
  assert.ok(statement)

  const data = temporaryFolder()
  const before = await startGatehouse({ data })
  t.after(before.kill)
  const app = await createApp(before.admin)
  const key = await app.key()
  const grants = [{ actions: ['read'], resource: `/apps/${app.id}` }]
  await app.conversation('c', ['ann'])
  const { path } = await app.upload(Buffer.from('the file'))
  const { token: old } = await app.token(grants)
  expect(await app.bare.get(path, bearer(old)), 200)
  const signers = async ({ admin }: typeof before) =>
    expect(await admin.as({}).get('/.well-known/jwks.json'), 200)
      .json<Jwks>()
      .keys.filter(({ kty }) => kty === 'OKP')
      .map(({ kid }) => kid)
  const [oldSigner, ...others] = await signers(before)
  assert.deepEqual(others, [])
  await before.stop()

  const database = new DatabaseSync(join(data, 'gatehouse.db'))
  database.exec(statement)
  database.close()

  const after = await startGatehouse({ data })
  t.after(after.kill)
  const bare = after.admin.as({})
  const [newSigner] = await signers(after)
  assert.ok(newSigner)
  assert.notEqual(newSigner, oldSigner)
  expect(await bare.get(path, bearer(old)), 401)
  expect(await bare.get(path, keyed(key)), 200)
  const issued = await after.admin.post(`${app.base}/tokens`, { grants, seconds: 60 })
  const { token } = expect(issued, 200, 201).json<{ token: string }>()
  expect(await bare.get(path, bearer(token)), 200)
  await after.stop()
})
