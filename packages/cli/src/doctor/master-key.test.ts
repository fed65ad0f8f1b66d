import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Config, readConfig } from '@gatehouse/server/config'
import { openRecords, openStorage } from '@gatehouse/server/open-storage'
import { openGrantKeys } from '@gatehouse/server/signing/grant-keys'
import { LINK_KEY_PURPOSE } from '@gatehouse/server/signing/links'
import { MEDIA_KEY_PURPOSE } from '@gatehouse/server/signing/media-keys'
import { createVault } from '@gatehouse/server/signing/vault'
import type { App, Key, Paging } from '@gatehouse/storage/records/port'
import { createLocalKey } from '../local-key.ts'
import type { Finding } from './finding.ts'
import { masterKeyFindings } from './master-key.ts'

let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
})

after(() => rmSync(folder, { recursive: true }))

const OTHER = { GATEHOUSE_MASTER_KEY: '4b'.repeat(32) }
const everything: Paging = { after: null, limit: 1000 }

function configFor(name: string, env: Readonly<Record<string, string>> = {}): Config {
  const read = readConfig(['--data', join(folder, name)], env)
  assert.ok(read.ok)
  return read.config
}

/** What is found, when the command is given this environment. */
async function findings(name: string, env: Readonly<Record<string, string>> = {}): Promise<readonly Finding[]> {
  const records = await openRecords(configFor(name))
  try {
    const apps: readonly App[] = (await records.apps.list(everything)).items
    const keys: readonly Key[] = (await records.keys.list(null, everything)).items
    return await masterKeyFindings(configFor(name, env), records, { apps, keys })
  } finally {
    await records.close()
  }
}

const codes = async (...asked: Parameters<typeof findings>) => (await findings(...asked)).map(({ code }) => code)

/** An installation that has been started once. */
async function installation(name: string, seal: { app?: boolean; key?: boolean } = {}): Promise<void> {
  const { records, vault, close } = await openStorage(configFor(name))
  await openGrantKeys(records, vault)
  if (seal.app) {
    await records.apps.create({
      id: 'a',
      name: 'A',
      settings: {},
      linkKey: vault.seal(Buffer.alloc(32), LINK_KEY_PURPOSE),
      at: 1,
    })
  }
  await close()
  if (seal.key) await createLocalKey(configFor(name), { name: 'first', grants: undefined })
}

/** Puts a key into the installation `mixed` whose secret is sealed with this master key. */
async function keySealedWith(masterKey: string): Promise<void> {
  const records = await openRecords(configFor('mixed'))
  const sealedSecret = createVault(Buffer.from(masterKey, 'hex')).seal(Buffer.from('secret'), 'api-key')
  await records.keys.create({
    id: 'odd',
    app: null,
    name: 'Odd',
    grants: [],
    secretHash: '0',
    sealedSecret,
    expiresAt: null,
    at: 1,
  })
  await records.close()
}

describe('the master key', () => {
  const rows: readonly (readonly [sentence: string, seal: { app?: boolean; key?: boolean }])[] = [
    ['of an installation that was only ever started', {}],
    ['of one with an app', { app: true }],
    ['of one with an app and a key', { app: true, key: true }],
  ]
  for (const [at, [sentence, seal]] of rows.entries()) {
    test(`${sentence}: right, another, none, unreadable`, async () => {
      const name = `row-${at}`
      await installation(name, seal)
      assert.deepEqual(await codes(name), [])
      assert.deepEqual(await codes(name, OTHER), ['master_key_wrong'])
      assert.deepEqual(await codes(name), [], 'nothing was changed')
      const file = join(folder, name, 'master.key')
      writeFileSync(file, 'nonsense')
      assert.deepEqual(await codes(name), ['master_key_unreadable'])
      rmSync(file)
      assert.deepEqual(await codes(name), ['master_key_missing'])
      assert.deepEqual(await codes(name), ['master_key_missing'], 'none was made')
    })
  }

  test('a key of media tokens that was sealed with another one is named', async () => {
    await installation('media', { app: true })
    const records = await openRecords(configFor('media'))
    const sealed = createVault(Buffer.from(OTHER.GATEHOUSE_MASTER_KEY, 'hex')).seal(
      Buffer.from('pem'),
      MEDIA_KEY_PURPOSE,
    )
    await records.changes.append({ kind: 'media-key', app: null, to: 'next', key: 'K', jwk: {}, sealed }, 'test', 1)
    await records.close()
    const [found] = await findings('media')
    assert.deepEqual([found?.code, found?.sentence.includes('the key of media tokens K')], ['secrets_closed', true])
  })

  test('before the first start there is none, and that is in order', async () => {
    mkdirSync(join(folder, 'empty'))
    assert.deepEqual(await codes('empty'), [])
  })

  test('what alone is sealed with another one is named', async () => {
    await installation('mixed', { app: true })
    await keySealedWith(OTHER.GATEHOUSE_MASTER_KEY)
    const [found, ...more] = await findings('mixed')
    assert.deepEqual(more, [])
    assert.equal(found?.code, 'secrets_closed')
    assert.match(found?.sentence ?? '', /: the API key odd\.$/)
  })
})
