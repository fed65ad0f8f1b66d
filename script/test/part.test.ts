import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import type { Result } from './part.ts'
import { installCommand, missingTools } from './tools.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-part-'))
after(() => rmSync(folder, { recursive: true }))

/** What a test file holds, how many of it pass, and what fails: names with the beginning of why. */
const ROWS: readonly { is: string; text: string; passed: number; fails: readonly (readonly [string, RegExp])[] }[] = [
  { is: 'good', text: "test('a', () => {})", passed: 1, fails: [] },
  { is: 'good-suite', text: "describe('s', () => { test('a', () => {}); test('b', () => {}) })", passed: 2, fails: [] },
  {
    is: 'bad-in-suite',
    text: "describe('s', () => { test('a', () => { console.log('seen'); throw new Error('no') }); test('b', () => {}) })",
    passed: 1,
    fails: [['s › a', /^Error: no[\s\S]*It printed:[\s\S]*seen/]],
  },
  {
    is: 'bad-subtest',
    text: "test('a', async (t) => { await t.test('b', () => { throw new Error('no') }) })",
    passed: 0,
    fails: [['a › b', /^Error: no/]],
  },
  {
    is: 'bad-hook',
    text: "describe('s', () => { before(() => { throw new Error('hook') }); test('a', () => {}) })",
    passed: 0,
    fails: [
      ['s › a', /./],
      ['s', /hook/],
    ],
  },
  { is: 'skipped', text: `test.${'skip'}('a', () => {})`, passed: 0, fails: [['a', /was left out/]] },
  { is: 'put-off', text: "test('a', { todo: 'later' }, () => {})", passed: 0, fails: [['a', /was left out/]] },
  {
    is: 'crashed',
    text: "throw new Error('early')",
    passed: 0,
    fails: [['crashed.test.ts', /the file itself.*[\s\S]*early/]],
  },
  {
    is: 'late',
    text: "test('a', () => {}); setTimeout(() => { throw new Error('late') }, 50)",
    passed: 1,
    fails: [['late.test.ts', /late/]],
  },
  {
    is: 'all-from-elsewhere',
    text: "const { suite } = await import('./suite.ts'); suite()",
    passed: 1,
    fails: [['b', /^Error: no/]],
  },
  {
    is: 'kept-open',
    text: `import { writeFileSync } from 'node:fs'
      process.once('exit', () => writeFileSync(new URL('./ended-in-order', import.meta.url), ''))
      test('a', () => { setInterval(() => {}, 1000) })`,
    passed: 1,
    fails: [['kept-open.test.ts', /^does not end after its tests/]],
  },
  { is: 'empty', text: '', passed: 0, fails: [['empty.test.ts', /holds no test/]] },
]

const fileOf = (is: string) => join(folder, `${is}.test.ts`)
const outcome = new Map<string, { result: Result; said: string[] }>()

before(async () => {
  for (const { is, text } of ROWS) {
    const names = 'before, describe, test'
    writeFileSync(fileOf(is), `import { ${names} } from 'node:test'\n${text}\nvoid [${names}]\n`)
  }
  const suite = "export const suite = () => { test('a', () => {}); test('b', () => { throw new Error('no') }) }"
  writeFileSync(join(folder, 'suite.ts'), `import { test } from 'node:test'\n${suite}\n`)
  // A test cannot start a run of tests itself: another process does.
  const program = `
    import { runFiles } from ${JSON.stringify(import.meta.resolve('./part.ts'))}
    const outcome = {}
    for (const file of ${JSON.stringify(ROWS.map(({ is }) => fileOf(is)))}) {
      const said = []
      const parts = { root: ${JSON.stringify(folder)}, concurrency: 1, lingering: 2000, say: (line) => said.push(line) }
      outcome[file] = { result: await runFiles([file], parts), said }
    }
    console.log(JSON.stringify(outcome))`
  const main = join(folder, 'main.mjs')
  writeFileSync(main, program)
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, [main], { env })
  for (const [file, found] of Object.entries(JSON.parse(stdout))) outcome.set(file, found as never)
})

for (const { is, passed, fails } of ROWS) {
  test(`a file that is ${is}`, () => {
    const { result, said } = outcome.get(fileOf(is)) ?? assert.fail('it was not run')
    assert.deepEqual(
      result.failures.map(({ name }) => name),
      fails.map(([name]) => name),
    )
    for (const [index, [, why]] of fails.entries()) assert.match(result.failures[index]?.why ?? '', why)
    assert.equal(result.passed, passed)
    assert.equal(said.length, 1)
    assert.match(said[0] ?? '', fails.length === 0 ? /^✔.* passed {2}[\d.]+ s$/ : /^✖.* FAILED/)
  })
}

test('a file that had to be ended has run what it does on exit', () => {
  assert.ok(existsSync(join(folder, 'ended-in-order')))
})

test('a tool that is not there is named, with one command for all of them', () => {
  const tools = [
    { package: 'a', at: process.execPath, because: 'it is there' },
    { package: 'b', at: join(folder, 'none-*'), because: 'it is not' },
    { package: 'c', at: '/none', because: 'it is not' },
  ]
  const missing = missingTools(tools)
  assert.deepEqual(
    missing.map((tool) => tool.package),
    ['b', 'c'],
  )
  assert.match(installCommand(missing), /^apt-get update && apt-get install --yes .* b c$/)
})
