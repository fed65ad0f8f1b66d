import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { tidy } from './build.mjs'
import { isAtLeast } from './node.mjs'
import { difference } from './packages.mjs'
import { takeTurn } from './turn.mjs'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bootstrap-'))
after(() => rmSync(folder, { recursive: true }))

/** Starts a program that may import the bootstrap's parts. */
function start(text) {
  const program = text.replaceAll("from './", `from '${import.meta.dirname}/`)
  return spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] })
}

for (const [version, oldest, answer] of [
  ['22.13.0', [22, 13], true],
  ['22.12.9', [22, 13], false],
  ['24.0.0', [22, 13], true],
  ['20.20.2', [22, 13], false],
  ['23.1.0', [24, 0], false],
]) {
  test(`Node ${version} is ${answer ? '' : 'not '}at least ${oldest.join('.')}`, () => {
    assert.equal(isAtLeast(version, oldest), answer)
  })
}

const lock = {
  '': { version: '1' },
  'packages/a': { version: '1' },
  'node_modules/@gatehouse/a': { link: true },
  'node_modules/x': { version: '1', integrity: 'i' },
  'node_modules/only-elsewhere': { version: '1', optional: true },
}
const { '': _root, 'node_modules/only-elsewhere': _elsewhere, ...installed } = lock

for (const [is, present, answer] of [
  ['nothing installed', null, /nothing is installed/],
  ['all but what is for other platforms', installed, null],
  ['a package missing', { ...installed, 'node_modules/x': undefined }, /node_modules\/x is missing/],
  ['another version', { ...installed, 'node_modules/x': { version: '2', integrity: 'i' } }, /another version/],
  ['other content', { ...installed, 'node_modules/x': { version: '1', integrity: 'j' } }, /another version/],
  [
    'a published package in place of a workspace',
    { ...installed, 'node_modules/@gatehouse/a': { version: '1' } },
    /another/,
  ],
]) {
  test(`node_modules with ${is}`, () => {
    const found = difference(lock, present)
    if (answer === null) assert.equal(found, null)
    else assert.match(found ?? '', answer)
  })
}

test('turns are taken one after the other, by processes that all start at once', async () => {
  const path = join(folder, 'turns', 'turn')
  const log = join(folder, 'log')
  const workers = Array.from({ length: 6 }, () =>
    start(`
      import { appendFileSync } from 'node:fs'
      import { setTimeout } from 'node:timers/promises'
      import { takeTurn } from './turn.mjs'
      const release = await takeTurn(${JSON.stringify(path)}, () => {})
      appendFileSync(${JSON.stringify(log)}, '(')
      await setTimeout(20)
      appendFileSync(${JSON.stringify(log)}, ')')
      release()`),
  )
  await Promise.all(workers.map((worker) => once(worker, 'close')))
  assert.equal(readFileSync(log, 'utf8'), '()'.repeat(6))
  assert.deepEqual(readdirSync(join(folder, 'turns')), [])
})

test('a turn whose process was killed is taken over', async () => {
  const path = join(folder, 'killed')
  const worker = start(`
    import { takeTurn } from './turn.mjs'
    await takeTurn(${JSON.stringify(path)}, () => {})
    console.log('mine')
    setInterval(() => {}, 1000)`)
  await once(worker.stdout, 'data')
  worker.kill('SIGKILL')
  await once(worker, 'close')
  assert.ok(existsSync(path))
  const waited = []
  const release = await takeTurn(path, (pid) => waited.push(pid))
  release()
  assert.deepEqual(waited, [])
  assert.ok(!existsSync(path))
})

test('a turn whose process id was given away again is taken over, since it shows no life', async () => {
  const path = join(folder, 'stale')
  writeFileSync(path, `${process.pid} long-ago`)
  utimesSync(path, 1, 1)
  const release = await takeTurn(path, () => assert.fail('nobody is there to wait for'))
  release()
})

test('a task is told its signal once, and its exit code is kept', async () => {
  const child = start(`
    import { run } from './process.mjs'
    const program = \`
      let count = 0
      process.on('SIGTERM', () => { count += 1; setTimeout(() => process.exit(40 + count), 300) })
      console.log('up')
      setInterval(() => {}, 1000)\`
    const { code } = await run(process.execPath, ['--eval', program], { env: process.env, cwd: '.' })
    process.exitCode = code`)
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  child.kill('SIGTERM')
  const [code] = await once(child, 'close')
  assert.equal(code, 41)
})

test('a task ends when the shell that npm put between dies without a word', async () => {
  const program = `
    import { run } from ${JSON.stringify(import.meta.resolve('./process.mjs'))}
    const task = "console.log(process.pid); setInterval(() => {}, 1000)"
    await run(process.execPath, ['--eval', task], { env: process.env, cwd: '.' })`
  const main = join(folder, 'between.mjs')
  writeFileSync(main, program)
  const env = { ...process.env, npm_lifecycle_event: 'start' }
  // What comes after it keeps the shell from giving its own place to the program.
  const shell = spawn('sh', ['-c', `"${process.execPath}" "${main}"; true`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  })
  await once(shell.stdout, 'data')
  shell.kill('SIGTERM')
  // Both hold the pipe: it closes when both have ended.
  await once(shell.stdout, 'close')
})

test('an unknown task is refused in one sentence', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, '../bootstrap.mjs'), 'dance'])
  assert.equal(status, 1)
  assert.match(stderr.toString(), /^gatehouse: There is no task "dance": take one of start, example, build, .*\.\n$/)
})

test('what has no source any more leaves dist, and what is no TypeScript is copied', () => {
  const home = join(folder, 'package')
  for (const path of ['src/a', 'dist/a', 'dist/gone']) mkdirSync(join(home, path), { recursive: true })
  const files = {
    'tsconfig.build.json': '{ "compilerOptions": { "rootDir": "src" } }',
    'src/a/b.ts': '',
    'src/a/b.test.ts': '',
    'src/a/page.html': '<p>',
    'src/README.md': '',
    'dist/.built': '',
    'dist/.tsbuildinfo': '',
    'dist/a/b.js': '',
    'dist/a/b.d.ts': '',
    'dist/a/b.test.js': '',
    'dist/gone/c.js': '',
  }
  for (const [path, text] of Object.entries(files)) appendFileSync(join(home, path), text)
  tidy(home)
  const left = readdirSync(join(home, 'dist'), { recursive: true, withFileTypes: true })
  assert.deepEqual(
    left
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort(),
    ['.built', '.tsbuildinfo', 'b.d.ts', 'b.js', 'page.html'],
  )
})
