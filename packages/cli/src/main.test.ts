import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EXIT } from './exit-code.ts'
import { nodeRefusal } from './node-version.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

/** Runs the command as a process of its own; `flags` are Node's. */
function gatehouse(argv: readonly string[], flags: readonly string[] = []) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GATEHOUSE_|NODE_)/.test(name)))
    const child = spawn(process.execPath, ['--conditions=gatehouse-source', ...flags, MAIN, ...argv], { env })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

const versions: readonly [string, boolean][] = [
  ['18.20.0', false],
  ['20.20.2', false],
  ['22.12.9', false],
  ['22.13.0', true],
  ['22.13.0-nightly', true],
  ['23.0.0', true],
  ['24.21.0', true],
  ['100.0.0', true],
]

for (const [version, accepted] of versions) {
  test(`Node ${version} is ${accepted ? 'accepted' : 'refused'}`, () => {
    assert.equal(nodeRefusal(version) === null, accepted)
  })
}

test('an old Node is refused with one sentence before anything else is loaded', async () => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`
  const { code, stdout, stderr } = await gatehouse(
    ['version'],
    ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`],
  )
  assert.equal(code, EXIT.failed)
  assert.equal(stdout, '')
  assert.equal(stderr, 'Gatehouse needs Node 22.13 or newer and this is 20.20.2; install Node 24 and try again.\n')
})

test('version tells what runs', async () => {
  const { code, stdout, stderr } = await gatehouse(['version', '--json'])
  assert.equal(code, EXIT.ok)
  assert.equal(stderr, '')
  assert.equal(JSON.parse(stdout).node, process.versions.node)
})

test('the exit code reaches the shell', async () => {
  const { code, stderr } = await gatehouse(['serve', '--port', 'x'])
  assert.equal(code, EXIT.usage)
  assert.match(stderr, /^gatehouse: --port is "x"/)
})

test('a reader that closes the pipe early is no fault', async () => {
  const { code, stdout } = await new Promise<{ code: number | null; stdout: string }>((resolve) => {
    const child = spawn('sh', [
      '-c',
      '"$0" --conditions=gatehouse-source "$1" serve --help | head -n 1',
      process.execPath,
      MAIN,
    ])
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('close', (code) => resolve({ code, stdout: stdout + stderr }))
  })
  assert.equal(code, 0)
  assert.equal(stdout, 'Usage: gatehouse serve [options] [settings]\n')
})
