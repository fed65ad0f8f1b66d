import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { findFiles } from './files.ts'
import { openLedger } from './ledger.ts'
import { sizeText } from './progress.ts'

let folder = ''
const destination = { server: 'http://h', app: 'a', conversation: 'c', from: null, access: null }
const found = { path: 'a/b.txt', file: '/x/a/b.txt', size: 3, modified: 1000 }

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
})

after(() => rmSync(folder, { recursive: true }))

test('what was added is known after opening again', () => {
  const file = join(folder, 'one.jsonl')
  const ledger = openLedger(file, destination)
  const key = ledger.keyOf(found)
  assert.ok(!ledger.has(key))
  ledger.add(key, { path: found.path, id: '1', url: 'u' })
  assert.ok(openLedger(file, destination).has(key))
})

const changes = [
  { size: 4 },
  { modified: 1001 },
  { path: 'a/c.txt' },
  { server: 'http://i' },
  { app: 'b' },
  { conversation: 'd' },
  { from: 'anna' },
  { access: 'public' },
]

for (const change of changes) {
  test(`another ${Object.keys(change)[0]} is another upload`, () => {
    const file = join(folder, 'none.jsonl')
    const before = openLedger(file, destination).keyOf(found)
    assert.notEqual(openLedger(file, { ...destination, ...change }).keyOf({ ...found, ...change }), before)
  })
}

test('a last line that was cut off is ignored and does not spoil the next one', () => {
  const file = join(folder, 'torn.jsonl')
  const ledger = openLedger(file, destination)
  ledger.add('first', { path: 'p', id: '1', url: 'u' })
  appendFileSync(file, '{"key":"sec')
  const again = openLedger(file, destination)
  assert.ok(again.has('first') && !again.has('sec'))
  again.add('third', { path: 'p', id: '3', url: 'u' })
  const last = openLedger(file, destination)
  assert.ok(last.has('first') && last.has('third'))
  assert.equal(readFileSync(file, 'utf8').split('\n').length, 4)
})

test('files are found at every depth, by path; links and the state file are left out', async () => {
  const root = join(folder, 'tree')
  mkdirSync(join(root, 'deep', 'er'), { recursive: true })
  writeFileSync(join(root, 'deep', 'er', 'b.txt'), 'bb')
  writeFileSync(join(root, 'a.txt'), 'a')
  writeFileSync(join(root, '.hidden'), '')
  writeFileSync(join(root, 'state'), '')
  symlinkSync('/etc/passwd', join(root, 'link'))
  symlinkSync('/etc', join(root, 'linked-folder'))
  const { files, skipped } = await findFiles(root, join(root, 'state'))
  assert.deepEqual(
    files.map(({ path, size }) => [path, size]),
    [
      ['.hidden', 0],
      ['a.txt', 1],
      ['deep/er/b.txt', 2],
    ],
  )
  assert.deepEqual([...skipped].sort(), ['link', 'linked-folder'])
})

const sizes: readonly [number, string][] = [
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [1024 ** 3, '1.0 GiB'],
]

for (const [bytes, text] of sizes) test(`${bytes} bytes are ${text}`, () => assert.equal(sizeText(bytes), text))
