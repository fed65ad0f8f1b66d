/**
 * `npm test [-- word…]`: everything that a submission is judged by, in order. With words only the test files whose paths hold
 * one of them are run, without the house rules. The last line is `N passed, N failed` over all parts.
 */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { startS3Server } from '@gatehouse/storage/conformance/s3-server'
import { SHARED_POSTGRES, startPostgres } from '../test/support/postgres.ts'
import { SHARED_S3, toShared } from '../test/support/s3.ts'
import { CHECKS, runChecks, tell } from './check/run.ts'
import { provideCometChatSdk } from './cometchat-sdk.ts'
import { provideCometChatUiKit } from './cometchat-ui-kit.ts'
import { type Failure, type Result, runFiles } from './test/part.ts'
import { provideTools } from './test/tools.ts'

const root = join(import.meta.dirname, '..')
const say = (line: string) => console.log(line)

/** Tests beside their sources that need a database or a store of objects. */
const NEEDS_STORES = 'packages/storage/src/**/{*postgres*,upgrade,s3,*-s3,s3-*}.test.ts'

/** Tests that a vendor's own client makes; its licence lets it be fetched for them, and not be kept. */
const NEEDS_COMETCHAT_SDK = 'test/cometchat-sdk*.test.ts'
const NEEDS_COMETCHAT_UI_KIT = 'test/cometchat-uikit*.test.ts'

/**
 * The parts that are test files. `stores`: a PostgreSQL and an S3 server run meanwhile, for all files together. `provide`: fetches what
 * may be missing; where it answers why it cannot be had, the part is left out, and that is said loudly at the end.
 */
const PARTS = [
  {
    title: 'Unit tests',
    files: ['packages/*/{src,conformance}/**/*.test.ts', 'script/**/*.test.{ts,mjs}'],
    without: [NEEDS_STORES],
    stores: false,
    concurrency: 2,
    provide: null,
  },
  {
    title: 'Storage on PostgreSQL and S3',
    files: [NEEDS_STORES],
    without: [],
    stores: true,
    concurrency: 1,
    provide: null,
  },
  {
    title: 'Black box',
    files: ['test/**/*.test.ts'],
    without: [NEEDS_COMETCHAT_SDK, NEEDS_COMETCHAT_UI_KIT],
    stores: true,
    concurrency: 2,
    provide: null,
  },
  {
    title: "Journey with CometChat's official SDK",
    files: [NEEDS_COMETCHAT_SDK],
    without: [],
    stores: false,
    concurrency: 1,
    provide: provideCometChatSdk,
  },
  {
    title: "Journey with CometChat's UI kit for React",
    files: [NEEDS_COMETCHAT_UI_KIT],
    without: [],
    stores: false,
    concurrency: 1,
    provide: provideCometChatUiKit,
  },
]

async function main(words: readonly string[]): Promise<number> {
  const results: Result[] = []
  const leftOut: string[] = []
  const part = async (title: string, work: () => Promise<Result>) => {
    say(`\n── ${title} ${'─'.repeat(Math.max(0, 70 - title.length))}`)
    const begun = Date.now()
    const result = await work().catch((error: unknown) => brokenDown(title, error))
    results.push(result)
    say(`   ${result.passed} passed, ${result.failures.length} failed in ${Math.round((Date.now() - begun) / 1000)} s`)
  }
  await part('System packages', async () => toolsResult(provideTools(say)))
  if (results.every(({ failures }) => failures.length === 0)) {
    if (words.length === 0) await part('House rules', checks)
    let stop = async () => {}
    for (const { title, files, without, stores, concurrency, provide } of PARTS) {
      const found = globSync(files, { cwd: root, exclude: ['**/node_modules/**', '**/dist/**', ...without] })
      const chosen = found.filter((file) => words.length === 0 || words.some((word) => file.includes(word))).sort()
      if (chosen.length === 0 && words.length > 0) continue
      const missing = provide?.(say) ?? null
      if (missing !== null) {
        leftOut.push(`${title} was NOT made: ${missing}`)
        continue
      }
      await part(title, async () => {
        if (chosen.length === 0) throw new Error(`no file matches ${files.join(' ')}`)
        if (stores && process.env[SHARED_S3] === undefined) stop = await startStores()
        return runFiles(
          chosen.map((file) => join(root, file)),
          { root, concurrency, say },
        )
      })
    }
    await stop()
  }
  return conclude(results, leftOut)
}

function toolsResult(trouble: string | null): Result {
  if (trouble === null) return { passed: 1, failures: [] }
  return { passed: 0, failures: [{ file: 'script/test/tools.ts', name: 'system packages', why: trouble }] }
}

async function checks(): Promise<Result> {
  const outcomes = await runChecks(root, CHECKS)
  for (const outcome of outcomes) say(tell(outcome))
  const failures = outcomes.filter(({ trouble }) => trouble !== '')
  return {
    passed: outcomes.length - failures.length,
    failures: failures.map(({ name, trouble }) => ({ file: 'npm run check', name, why: trouble })),
  }
}

/** Starts the servers that tests share, and answers how to stop them. Test files find them in the environment. */
async function startStores(): Promise<() => Promise<void>> {
  say('starting PostgreSQL and Ceph')
  const postgres = await startPostgres()
  process.env[SHARED_POSTGRES] = await postgres.createDatabase()
  const s3 = await startS3Server()
  process.env[SHARED_S3] = toShared(s3)
  return async () => {
    await s3.stop()
    await postgres.end()
  }
}

function brokenDown(title: string, error: unknown): Result {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { passed: 0, failures: [{ file: 'script/test.ts', name: title, why }] }
}

/** `leftOut`: what could not be run, each in a sentence; our own tests cover the same, so it fails nothing. */
function conclude(results: readonly Result[], leftOut: readonly string[]): number {
  const failures = results.flatMap((result) => result.failures)
  if (failures.length > 0) say(`\n── Failures ${'─'.repeat(62)}`)
  for (const failure of failures) say(told(failure))
  const passed = results.reduce((sum, result) => sum + result.passed, 0)
  for (const sentence of leftOut) say(`\n⚠ ${sentence}`)
  say(`\n${passed} passed, ${failures.length} failed`)
  return failures.length === 0 ? 0 : 1
}

function told({ file, name, why }: Failure): string {
  const lines = why.split('\n')
  const cut = lines.length > 60 ? [...lines.slice(0, 60), `… ${lines.length - 60} more lines`] : lines
  return `\n✖ ${name === file ? name : `${file}: ${name}`}\n${cut.map((line) => `    ${line}`).join('\n')}`
}

// What was started is ended as this process exits; a signal alone would not run that.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
process.exit(await main(process.argv.slice(2)))
