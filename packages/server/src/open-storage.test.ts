import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Config, readConfig } from './config.ts'
import { openStorage } from './open-storage.ts'
import { openGrantKeys } from './signing/grant-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-'))
after(() => rmSync(folder, { recursive: true }))

function configFor(name: string, env: Readonly<Record<string, string>> = {}): Config {
  const read = readConfig(['--data', join(folder, name)], env)
  assert.ok(read.ok)
  return read.config
}

const OTHER = { GATEHOUSE_MASTER_KEY: '4b'.repeat(32) }

/** Every way in which a database gets something sealed. */
const SEALED: readonly (readonly [sentence: string, seal: (storage: Opened) => Promise<unknown>])[] = [
  ['the signing key of grant tokens', ({ records, vault }) => openGrantKeys(records, vault)],
  [
    'the link key of an app',
    ({ records, vault }) =>
      records.apps.create({
        ...{ id: 'a', name: 'A', settings: {}, at: 1 },
        linkKey: vault.seal(Buffer.alloc(32), 'link-key'),
      }),
  ],
  [
    'an API key',
    ({ records, vault }) =>
      records.keys.create({
        ...{ id: 'k', app: null, name: 'K', grants: [], secretHash: '0', expiresAt: null, at: 1 },
        sealedSecret: vault.seal(Buffer.from('secret'), 'api-key'),
      }),
  ],
]
type Opened = Awaited<ReturnType<typeof openStorage>>

for (const [sentence, seal] of SEALED) {
  test(`a database that holds ${sentence} does not open without its master key, and none is made`, async () => {
    const config = configFor(sentence.replaceAll(' ', '-'))
    const storage = await openStorage(config)
    await seal(storage)
    await storage.close()
    const file = join(config.data, 'master.key')
    const key = readFileSync(file)
    rmSync(file)
    const before = readdirSync(config.data)
    await assert.rejects(openStorage(config), /master key is gone.*GATEHOUSE_MASTER_KEY.*backups/)
    assert.equal(existsSync(file), false)
    assert.deepEqual(readdirSync(config.data), before)
    writeFileSync(file, key)
    await (await openStorage(config)).close()
  })
}

test('with another master key than its own a database does not open, and is as it was', async () => {
  const config = configFor('other')
  const storage = await openStorage(config)
  const { active } = await openGrantKeys(storage.records, storage.vault)
  await storage.close()
  await assert.rejects(openStorage(configFor('other', OTHER)), /not the one that this database was made with.*Give/)
  const again = await openStorage(config)
  assert.deepEqual((await openGrantKeys(again.records, again.vault)).active.jwk, active.jwk)
  await again.close()
})

test('what is no master key is told before there is a database', async () => {
  const config = configFor('nonsense')
  await (await openStorage(config)).close()
  for (const name of readdirSync(config.data)) if (name.startsWith('gatehouse.db')) rmSync(join(config.data, name))
  writeFileSync(join(config.data, 'master.key'), 'nonsense')
  await assert.rejects(openStorage(config), /is no master key/)
  assert.equal(existsSync(join(config.data, 'gatehouse.db')), false)
})

test('simultaneous first starts end up with one master key', async () => {
  const config = configFor('together')
  const opened = await Promise.all([1, 2, 3, 4].map(() => openStorage(config)))
  const [first] = opened as [Opened, ...Opened[]]
  await Promise.all(opened.map(({ records, vault }) => openGrantKeys(records, vault)))
  const sealed = first.vault.seal(Buffer.from('x'), 'a')
  for (const { vault } of opened) assert.equal(Buffer.from(vault.open(sealed, 'a')).toString(), 'x')
  await Promise.all(opened.map(({ close }) => close()))
})
