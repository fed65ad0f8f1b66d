import { relative } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'

/** One thing that failed: a test by its names from the outermost in, or a file. */
export type Failure = { readonly file: string; readonly name: string; readonly why: string }

/** What came of some tests. */
export type Result = { readonly passed: number; readonly failures: readonly Failure[] }

/** How test files are run. */
export type RunOptions = {
  /** The folder that paths are shown from. */
  readonly root: string
  /** How many run at once. */
  readonly concurrency: number
  readonly say: (line: string) => void
  /** How long a file may stay after its last test has ended, in milliseconds; two minutes where nothing is said. */
  readonly lingering?: number
}

/** A file that takes longer than this has hung, in milliseconds. */
const HUNG = 30 * 60_000

const LINGERING = 120_000

const FLAGS = ['--conditions=gatehouse-source', `--import=${import.meta.resolve('./preload.ts')}`]

/**
 * Runs test files, each in a process of its own, and says one line for each file that has ended.
 *
 * A test that was skipped or put off has failed, and so has a file without any test (what is not run proves nothing) and one
 * that does not end after its tests (it leaves something running).
 */
export async function runFiles(
  files: readonly string[],
  { root, concurrency, say, lingering = LINGERING }: RunOptions,
): Promise<Result> {
  const results: Result[] = []
  const waiting = files.values()
  const takeTurns = async () => {
    for (const file of waiting) {
      const begun = Date.now()
      const result = await runFile(file, relative(root, file), lingering)
      results.push(result)
      say(line(relative(root, file), result, Date.now() - begun))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, takeTurns))
  return {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failures: results.flatMap(({ failures }) => failures),
  }
}

async function runFile(file: string, shown: string, lingering: number): Promise<Result> {
  const tally = createTally(shown)
  const stop = new AbortController()
  let open = 0
  let timer: NodeJS.Timeout | undefined
  const linger = () => {
    tally.failures.push({ file: shown, name: shown, why: 'does not end after its tests: it leaves something running' })
    stop.abort()
  }
  const events = run({ files: [file], execArgv: FLAGS, timeout: HUNG, signal: stop.signal })
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') tally.output += data.message
    if (type === 'test:diagnostic' && data.file !== undefined) tally.output += `${data.message}\n`
    if (type !== 'test:enqueue' && type !== 'test:complete') continue
    if (data.name === file) {
      if (type === 'test:complete') tally.file(data.details.passed)
    } else {
      open += type === 'test:enqueue' ? 1 : -1
      if (type === 'test:enqueue') tally.enqueue(data)
      else tally.test(data)
    }
    clearTimeout(timer)
    if (open === 0 && data.name !== file) timer = setTimeout(linger, lingering)
  }
  clearTimeout(timer)
  const [first, ...others] = tally.failures
  return {
    passed: tally.passed,
    failures: first === undefined ? [] : [{ ...first, why: first.why + tail(tally.output) }, ...others],
  }
}

function line(file: string, { passed, failures }: Result, milliseconds: number): string {
  const counts = failures.length === 0 ? `${passed} passed` : `${passed} passed, ${failures.length} FAILED`
  return `${failures.length === 0 ? '✔' : '✖'} ${file}  ${counts}  ${(milliseconds / 1000).toFixed(1)} s`
}

type Enqueued = { readonly name: string; readonly testId?: number; readonly parentId?: number }

type Ended = Enqueued & {
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: { readonly type?: string | undefined; readonly passed: boolean; readonly error?: unknown }
}

/** Counts what one file's tests come to. */
function createTally(file: string) {
  const names = new Map<number, Enqueued>()
  const pathOf = (id: number | undefined): string[] => {
    const found = id === undefined ? undefined : names.get(id)
    return found === undefined ? [] : [...pathOf(found.parentId), found.name]
  }
  const tally = {
    passed: 0,
    output: '',
    failures: [] as Failure[],
    enqueue(event: Enqueued) {
      if (event.testId !== undefined) names.set(event.testId, event)
    },
    test(event: Ended) {
      const { type, passed, error } = event.details
      const left = event.skip !== undefined || event.todo !== undefined
      if (isOnlyOfSubtests(error) || (type === 'suite' && passed && !left)) return
      if (passed && !left) tally.passed += 1
      else {
        const name = [...pathOf(event.parentId), event.name].join(' › ')
        const why = left ? 'was left out: every test runs' : tellError(error)
        tally.failures.push({ file, name, why })
      }
    },
    /** What Node says of the file as a whole: it ended badly, or held nothing. */
    file(passed: boolean) {
      if (!passed && tally.failures.length === 0)
        tally.failures.push({ file, name: file, why: 'the file itself failed' })
      if (passed && tally.passed + tally.failures.length === 0)
        tally.failures.push({ file, name: file, why: 'holds no test' })
    },
  }
  return tally
}

/** A test whose parts failed fails with them; only the parts are counted. */
function isOnlyOfSubtests(error: unknown): boolean {
  return (error as { failureType?: string } | undefined)?.failureType === 'subtestsFailed'
}

function tellError(error: unknown): string {
  const cause = (error as { cause?: unknown } | undefined)?.cause ?? error
  if (cause instanceof Error) return cause.stack ?? cause.message
  return typeof cause === 'string' ? cause : inspect(cause, { depth: 4 })
}

/** The end of what a file printed. */
function tail(output: string): string {
  const lines = output.trimEnd().split('\n').slice(-30)
  return output.trim() === '' ? '' : `\nIt printed:\n${lines.join('\n')}`
}
