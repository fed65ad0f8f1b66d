import { relative } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'

/** One thing that failed: a test by its names from the outermost in, or a file. */
export type Failure = { readonly file: string; readonly name: string; readonly why: string }

/** What came of some tests. */
export type Result = { readonly passed: number; readonly failures: readonly Failure[] }

/** A file that takes longer than this has hung, in milliseconds. */
const HUNG = 15 * 60_000

/**
 * Runs test files, each in a process of its own, and says one line for each file that has ended.
 *
 * A test that was skipped or put off has failed, and so has a file without any test: what is not run proves nothing.
 */
export async function runFiles(
  files: readonly string[],
  { root, concurrency, say }: { root: string; concurrency: number; say: (line: string) => void },
): Promise<Result> {
  const tallies = new Map<string, Tally>()
  const tally = (file: string) => {
    const known = tallies.get(file) ?? createTally(relative(root, file))
    tallies.set(file, known)
    return known
  }
  const events = run({
    files: [...files],
    concurrency,
    execArgv: ['--conditions=gatehouse-source'],
    timeout: HUNG,
  })
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') tally(data.file ?? '').output += data.message
    if (type === 'test:diagnostic' && data.file !== undefined) tally(data.file).output += `${data.message}\n`
    if (type === 'test:enqueue' && data.file !== undefined && data.name !== data.file) tally(data.file).enqueue(data)
    // Unlike test:pass and test:fail, this comes as soon as something has ended, not in the order of the files.
    if (type !== 'test:complete' || data.file === undefined) continue
    const known = tally(data.file)
    if (data.name !== data.file) known.test(data)
    else {
      known.file(data.details.passed)
      say(known.line(data.details.duration_ms))
    }
  }
  const all = [...tallies.values()]
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failures: all.flatMap(({ failures, output }) =>
      failures.map((failure, index) => (index === 0 ? { ...failure, why: failure.why + tail(output) } : failure)),
    ),
  }
}

type Enqueued = { readonly name: string; readonly testId?: number; readonly parentId?: number }

type Ended = Enqueued & {
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: { readonly type?: string | undefined; readonly passed: boolean; readonly error?: unknown }
}

type Tally = ReturnType<typeof createTally>

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
    line(milliseconds: number) {
      const bad = tally.failures.length
      const counts = bad === 0 ? `${tally.passed} passed` : `${tally.passed} passed, ${bad} FAILED`
      return `${bad === 0 ? '✔' : '✖'} ${file}  ${counts}  ${(milliseconds / 1000).toFixed(1)} s`
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
