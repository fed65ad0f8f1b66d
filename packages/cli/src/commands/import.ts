import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { type AppOptions, appOf, appPath, connect, withinApp } from '../connection.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import { positive } from '../grants.ts'
import { type Found, findFiles } from '../import/files.ts'
import { openLedger } from '../import/ledger.ts'
import { createProgress, type Progress, sizeText } from '../import/progress.ts'
import { concernsAll, upload } from '../import/upload.ts'
import { teach } from '../teach.ts'
import { note, print, type Terminal } from '../terminal.ts'

type ImportOptions = AppOptions & {
  conversation: string
  from?: string
  access?: string
  concurrency: number
  state?: string
}

/** `gatehouse import`: uploads a folder, and goes on where it stopped. */
export function importCommand(terminal: Terminal, end: (code: ExitCode) => void): Command {
  const command = withinApp(
    new Command('import')
      .description('upload every file of a folder into a conversation')
      .argument('<folder>', 'with all folders in it'),
  )
    .requiredOption('--conversation <id>', 'the conversation to share them in')
    .option('--from <uid>', 'the user who shares them')
    .addOption(
      new Option('--access <access>', 'who may see them (default: as the app says)').choices(['private', 'public']),
    )
    .option('--concurrency <number>', 'how many at a time', positive, 4)
    .option('--state <file>', 'where to remember what is done (default: FOLDER/.gatehouse-import.jsonl)')
    .action(async (folder: string, options: ImportOptions) => {
      end(await importFolder(terminal, resolve(folder), options))
    })
  return teach(command, {
    examples: ['gatehouse import ./photos --app APP --conversation general --from anna'],
    next: ['Run the same command again after an interruption: what is done is skipped.'],
    more: 'Symbolic links are left out. A file that has changed since it was imported is imported again.',
  })
}

async function importFolder(terminal: Terminal, folder: string, options: ImportOptions): Promise<ExitCode> {
  if (!(await stat(folder).catch(() => null))?.isDirectory()) {
    throw new Failure(EXIT.usage, 'folder_not_found', `${folder} is no folder.`)
  }
  const client = connect(terminal, options)
  const app = await appOf(terminal, options, client)
  const state = resolve(options.state ?? join(folder, '.gatehouse-import.jsonl'))
  const { conversation, from = null, access = null } = options
  const ledger = openLedger(state, { server: client.url, app, conversation, from, access })
  const { files, skipped } = await findFiles(folder, state)
  const waiting = files.filter((found) => !ledger.has(ledger.keyOf(found)))
  for (const path of skipped) note(terminal, `left out: ${path} (a link, or no file)`)
  const total = { files: waiting.length, bytes: waiting.reduce((sum, { size }) => sum + size, 0) }
  const progress = createProgress(terminal, total)
  const interrupt = new AbortController()
  const onSignal = () => interrupt.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  const send = async (found: Found) => {
    const key = ledger.keyOf(found)
    const fields = { ...(from === null ? {} : { from }), ...(access === null ? {} : { access }) }
    const path = appPath(app, 'conversations', conversation, 'attachments')
    const { id, url } = await upload(client, path, found, { key, fields, signal: interrupt.signal })
    ledger.add(key, { path: found.path, id, url })
  }
  const outcome = await sendAll(waiting, send, { progress, interrupt, concurrency: options.concurrency })
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  progress.end()
  if (outcome.stop !== null) throw outcome.stop
  const already = files.length - waiting.length
  const summary = { ...outcome.counts, already, skipped: skipped.length, failures: outcome.failures, state }
  print(terminal, options.json, summary, summaryText(summary, outcome.interrupted))
  return outcome.interrupted ? EXIT.interrupted : outcome.failures.length > 0 ? EXIT.failed : EXIT.ok
}

type Outcome = {
  readonly counts: { readonly imported: number; readonly bytes: number }
  readonly failures: readonly { readonly path: string; readonly code: string; readonly message: string }[]
  readonly interrupted: boolean
  /** Why nothing more was tried. */
  readonly stop: Error | null
}

/** Sends files, a few at a time, until all are tried, somebody interrupts, or one fails in a way that concerns all. */
async function sendAll(
  files: readonly Found[],
  send: (found: Found) => Promise<void>,
  parts: { readonly progress: Progress; readonly interrupt: AbortController; readonly concurrency: number },
): Promise<Outcome> {
  const { progress, interrupt, concurrency } = parts
  const queue = files.values()
  const failures: Outcome['failures'][number][] = []
  const counts = { imported: 0, bytes: 0 }
  let stop: Error | null = null
  const work = async () => {
    for (const found of queue) {
      if (interrupt.signal.aborted) return
      try {
        await send(found)
        counts.imported++
        counts.bytes += found.size
        progress.done(found.path, found.size)
      } catch (error) {
        if (interrupt.signal.aborted) return
        if (concernsAll(error)) {
          stop = error as Error
          interrupt.abort()
          return
        }
        const message = error instanceof Error ? error.message : String(error)
        failures.push({ path: found.path, code: error instanceof Failure ? error.code : 'failed', message })
        progress.failed(found.path, message)
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return { counts, failures, interrupted: interrupt.signal.aborted && stop === null, stop }
}

type Summary = Outcome['counts'] & Pick<Outcome, 'failures'> & { already: number; skipped: number; state: string }

function summaryText({ imported, bytes, already, failures }: Summary, interrupted: boolean): string {
  return [
    `imported ${imported} files (${sizeText(bytes)}), ${already} had been imported before, ${failures.length} failed`,
    ...failures.map(({ path, message }) => `  ${path}: ${message}`),
    ...(interrupted ? ['interrupted: the same command goes on from here'] : []),
  ].join('\n')
}
