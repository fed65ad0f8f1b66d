import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import { readConfig } from '@gatehouse/server/config'
import { openStorage } from '@gatehouse/server/open-storage'
import { EXIT } from '../exit-code.ts'
import { run } from '../run.ts'

let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
})

after(() => rmSync(folder, { recursive: true }))

async function check(data: string, ...flags: readonly string[]) {
  let stdout = ''
  const out = new PassThrough().on('data', (chunk) => (stdout += chunk))
  const terminal = { env: {}, stdin: new PassThrough(), stdout: out, stderr: new PassThrough().resume() }
  const code = await run(['check', '--json', '--data', data, ...flags], terminal)
  return { code, audit: stdout === '' ? null : JSON.parse(stdout) }
}

/** An installation with one attachment; answers the path of its bytes. */
async function installation(name: string): Promise<{ data: string; file: string }> {
  const data = join(folder, name)
  const read = readConfig(['--data', data], {})
  assert.ok(read.ok)
  const { records, blobs, close } = await openStorage(read.config)
  try {
    const app = await records.apps.create({ id: 'a', name: 'A', settings: {}, linkKey: Buffer.alloc(32), at: 1 })
    const source = (async function* () {
      yield Buffer.from('the bytes of an attachment')
    })()
    const stored = await blobs.put(app.id, source, { maxBytes: 1000 })
    await records.attachments.create({
      ...stored,
      app: app.id,
      id: 'one',
      path: '/apps/a/key/a.txt',
      conversation: null,
      filename: 'a.txt',
      contentType: 'text/plain',
      access: 'private',
      from: null,
      recipients: [],
      at: 1,
    })
    return { data, file: await find(join(data, 'blobs'), stored.blob.split('/').at(-1) ?? '') }
  } finally {
    await close()
  }
}

async function find(root: string, name: string): Promise<string> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const entry = entries.find((each) => each.isFile() && each.name.includes(name.slice(-28)))
  assert.ok(entry, `no file for ${name}`)
  return join(entry.parentPath, entry.name)
}

test('a sound installation ends with 0, deep and not', async () => {
  const { data } = await installation('sound')
  for (const flags of [[], ['--deep']]) {
    const { code, audit } = await check(data, ...flags)
    assert.equal(code, EXIT.ok)
    assert.equal(audit.sound, true)
    assert.equal(audit.recorded, 1)
  }
})

test('bytes that are gone are found', async () => {
  const { data, file } = await installation('gone')
  rmSync(file)
  const { code, audit } = await check(data)
  assert.equal(code, EXIT.findings)
  assert.equal(audit.counts.missing, 1)
})

test('bytes that are fewer are found', async () => {
  const { data, file } = await installation('fewer')
  truncateSync(file, 3)
  const { code, audit } = await check(data)
  assert.equal(code, EXIT.findings)
  assert.equal(audit.counts.size, 1)
})

test('bytes that are others are found only deep', async () => {
  const { data, file } = await installation('others')
  writeFileSync(file, 'THE BYTES OF AN ATTACHMENT')
  assert.equal((await check(data)).code, EXIT.ok)
  const { code, audit } = await check(data, '--deep')
  assert.equal(code, EXIT.findings)
  assert.equal(audit.counts.hash, 1)
})

test('bytes without a record are found, and removed with --repair', async () => {
  const { data } = await installation('leftover')
  const left = join(data, 'blobs', 'a', 'ab', `ab${'0'.repeat(30)}`)
  await mkdir(join(left, '..'), { recursive: true })
  writeFileSync(left, 'left')
  await utimes(left, 1, 1)
  const { code, audit } = await check(data)
  assert.equal(code, EXIT.findings)
  assert.equal(audit.counts.unreferenced, 1)
  const repaired = await check(data, '--repair')
  assert.equal(repaired.code, EXIT.ok)
  assert.equal(repaired.audit.swept.unreferenced, 1)
})

test('a folder without an installation is told, and nothing is made there', async () => {
  const { code } = await check(join(folder, 'none'))
  assert.equal(code, EXIT.failed)
  assert.ok(!(await readdir(folder)).includes('none'))
})
