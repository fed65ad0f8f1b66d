import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Config, readConfig } from '@gatehouse/server/config'
import { hashSecret } from '@gatehouse/server/gate/known-keys'
import { openRecords, openStorage } from '@gatehouse/server/open-storage'
import { createLocalKey } from './local-key.ts'

let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
})

after(() => rmSync(folder, { recursive: true }))

function configFor(data: string, env: Readonly<Record<string, string>> = {}): Config {
  const read = readConfig(['--data', data], env)
  assert.ok(read.ok)
  return read.config
}

test('the first key of a new installation is account-wide, and the server finds it by its secret', async () => {
  const config = configFor(join(folder, 'new'))
  const made = await createLocalKey(config, { name: 'first', grants: undefined })
  const { records, vault, close } = await openStorage(config)
  try {
    const stored = await records.keys.findBySecretHash(hashSecret(made.secret ?? ''))
    assert.equal(stored?.id, made.id)
    assert.equal(stored.app, null)
    assert.equal(stored.expiresAt, null)
    assert.deepEqual(
      stored.grants.map(({ resource }) => resource),
      ['/'],
    )
    assert.ok(stored.grants[0]?.actions.includes('manage'))
    assert.equal(Buffer.from(vault.open(stored.sealedSecret, 'api-key')).toString(), made.secret)
  } finally {
    await close()
  }
})

test('the data folder and the master key that it makes are closed to others', async () => {
  const data = join(folder, 'closed')
  await createLocalKey(configFor(data), { name: 'first', grants: undefined })
  assert.equal(statSync(data).mode & 0o777, 0o700)
  assert.equal(statSync(join(data, 'master.key')).mode & 0o777, 0o600)
})

test('with another master key than the database was made with, or none, nothing is made', async () => {
  const data = join(folder, 'sealed')
  await createLocalKey(configFor(data), { name: 'first', grants: undefined })
  const other = configFor(data, { GATEHOUSE_MASTER_KEY: '4b'.repeat(32) })
  await assert.rejects(createLocalKey(other, { name: 'second', grants: undefined }), {
    code: 'master_key_wrong',
    exit: 1,
  })
  const masterKey = join(data, 'master.key')
  rmSync(masterKey)
  const lost = createLocalKey(configFor(data), { name: 'third', grants: undefined })
  await assert.rejects(lost, { code: 'master_key_missing', exit: 1 })
  assert.equal(existsSync(masterKey), false, 'none was made in its place')
  const records = await openRecords(other)
  try {
    const { items } = await records.keys.list(null, { after: null, limit: 10 })
    assert.deepEqual(
      items.map(({ name }) => name),
      ['first'],
    )
  } finally {
    await records.close()
  }
})

test('grants and life are as asked', async () => {
  const config = configFor(join(folder, 'asked'))
  const grants = [{ actions: ['read'], resource: '/apps/a' }]
  const before = Date.now()
  const made = await createLocalKey(config, { name: 'reader', grants, seconds: 60 })
  const { records, close } = await openStorage(config)
  try {
    const stored = await records.keys.find(made.id)
    assert.deepEqual(stored?.grants, grants)
    assert.ok((stored?.expiresAt ?? 0) >= before + 60_000)
  } finally {
    await close()
  }
})

test('an app that does not exist is told', async () => {
  const config = configFor(join(folder, 'new'))
  await assert.rejects(createLocalKey(config, { name: 'a', app: 'none', grants: undefined }), /There is no app none/)
})
