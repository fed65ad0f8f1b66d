import { CommanderError } from 'commander'
import { EXIT, type ExitCode } from './exit-code.ts'
import { Failure } from './failure.ts'
import { createProgram } from './program.ts'
import { coloured, type Terminal } from './terminal.ts'

/**
 * Runs one command line and answers the exit code. Never throws: what goes wrong is told on standard error, as a sentence,
 * or with `--json` as one JSON object; a stack only with `--log-level debug`.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok
  const program = createProgram(terminal, (code) => {
    exit = code
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exit
  } catch (error) {
    // Commander has said what is wrong with the command line already; help ends with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    tell(error, argv, terminal)
    return error instanceof Failure ? error.exit : EXIT.failed
  }
}

function tell(error: unknown, argv: readonly string[], terminal: Terminal): void {
  const failure = error instanceof Failure ? error : unexpected(error)
  if (argv.includes('--json')) {
    const { code, status, message, cure, exit } = failure
    terminal.stderr.write(`${JSON.stringify({ error: { code, status, message, cure, exit } })}\n`)
  } else {
    const status = failure.status === null ? '' : `${failure.status} ${failure.code}: `
    terminal.stderr.write(`${coloured(terminal.stderr, 'red', 'gatehouse:')} ${status}${failure.message}\n`)
    if (failure.cure !== null) terminal.stderr.write(`  ${failure.cure}\n`)
  }
  if (wantsStacks(argv, terminal) && error instanceof Error) terminal.stderr.write(`${error.stack}\n`)
}

function wantsStacks(argv: readonly string[], terminal: Terminal): boolean {
  const at = argv.indexOf('--log-level')
  return argv.includes('--log-level=debug') || (at < 0 ? terminal.env.GATEHOUSE_LOG_LEVEL : argv[at + 1]) === 'debug'
}

/** What the system, or a part of the server that does not know of this command, has to say. */
function unexpected(error: unknown): Failure {
  const message = error instanceof Error && error.message !== '' ? error.message : String(error)
  const code = codeOf(error)
  // What a part of the server raises in its own words has the system's fault as its cause.
  const cure = CURES.find(([codes]) => codes.test(code ?? codeOf((error as { cause?: unknown } | null)?.cause) ?? ''))
  return new Failure(
    EXIT.failed,
    (code ?? 'failed').toLowerCase(),
    message,
    cure === undefined ? {} : { cure: cure[1] },
  )
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null
}

const CURES: readonly (readonly [RegExp, string])[] = [
  [/^EADDRINUSE$/, 'Another process has this port; end it, or choose another port with --port.'],
  [/^EADDRNOTAVAIL$/, 'This machine has no such address; choose another with --host.'],
  [/^(EACCES|EPERM)$/, 'This user may not do that; ports below 1024 and foreign folders need more rights.'],
  [/^EROFS$/, 'That place can only be read.'],
  [/^(ENOSPC|SQLITE_FULL|53100)$/, 'The disk is full; make room.'],
  [/^(EEXIST|ENOTDIR)$/, 'A file lies where a folder has to be.'],
  [
    /^SQLITE_IOERR/,
    'The disk is full, failing, or not made for databases; look at it, or name another folder with --data.',
  ],
  [
    /^SQLITE_(NOTADB|CORRUPT)/,
    'The file is damaged or no database; restore it from a backup, or name another folder with --data.',
  ],
  [
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|28P01|28000|3D000)$/,
    'Check GATEHOUSE_DATABASE_URL and that the database runs; a name in --host has to be known here, too.',
  ],
]
