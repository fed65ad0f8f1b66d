import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readConfig } from '@gatehouse/server/config'
import { machineFindings } from './machine.ts'

let folder = ''
const now = Date.now()

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
})

after(() => rmSync(folder, { recursive: true }))

async function codes(data: string, more: { argv?: string[]; env?: Record<string, string>; now?: number } = {}) {
  const read = readConfig(['--data', data], {})
  assert.ok(read.ok)
  const findings = await machineFindings(read.config, { argv: [], env: {}, now, ...more })
  return findings.map(({ code }) => code).filter((code) => !code.startsWith('disk_') && code !== 'node_short_lived')
}

function dataFolder(name: string, modes: { folder: number; key?: number }): string {
  const data = join(folder, name)
  mkdirSync(data)
  if (modes.key !== undefined) {
    writeFileSync(join(data, 'master.key'), 'x')
    chmodSync(join(data, 'master.key'), modes.key)
  }
  chmodSync(data, modes.folder)
  return data
}

test('a closed folder with a closed key is in order', async () => {
  assert.deepEqual(await codes(dataFolder('closed', { folder: 0o700, key: 0o600 })), [])
})

test('a folder that others may enter is found', async () => {
  assert.deepEqual(await codes(dataFolder('open', { folder: 0o755 })), ['data_open'])
})

test('a master key that others may read is found', async () => {
  assert.deepEqual(await codes(dataFolder('key', { folder: 0o700, key: 0o640 })), ['master_key_open'])
})

test('a folder that is not there yet is a hint', async () => {
  assert.deepEqual(await codes(join(folder, 'none')), ['data_missing'])
})

test('a folder that can never be is an error', async () => {
  writeFileSync(join(folder, 'below'), '')
  for (const data of ['/proc/gatehouse/data', join(folder, 'below', 'data')]) {
    assert.deepEqual(await codes(data), ['data_impossible'], data)
  }
})

test('a file in place of the folder is found', async () => {
  writeFileSync(join(folder, 'file'), '')
  assert.deepEqual(await codes(join(folder, 'file')), ['data_no_folder'])
})

test('a secret file that everybody may read is found, one for a group is not', async () => {
  const data = dataFolder('secrets', { folder: 0o700 })
  const file = join(data, 'secret')
  writeFileSync(file, 'x')
  chmodSync(file, 0o644)
  assert.deepEqual(await codes(data, { env: { GATEHOUSE_ADMIN_KEY_FILE: file } }), ['secret_file_open'])
  chmodSync(file, 0o640)
  assert.deepEqual(await codes(data, { env: { GATEHOUSE_ADMIN_KEY_FILE: file } }), [])
})

test('a secret among the flags is found', async () => {
  const data = dataFolder('flags', { folder: 0o700 })
  assert.deepEqual(await codes(data, { argv: ['--admin-key=a:b', '--port', '1'] }), ['secret_in_flag'])
})

test('a clock before Gatehouse existed is found', async () => {
  const data = dataFolder('clock', { folder: 0o700 })
  assert.deepEqual(await codes(data, { now: Date.UTC(1970, 0, 2) }), ['clock_wrong'])
})
