import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Storage } from '@gatehouse/server/open-storage'
import type { AuditProgress, StorageAudit, StorageProblem } from '@gatehouse/storage/audit'
import { Command } from 'commander'
import { configOf, configured } from '../configured.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import { sizeText } from '../import/progress.ts'
import { teach } from '../teach.ts'
import { note, print, type Terminal } from '../terminal.ts'
import { refuseUpgrade } from '../upgrade-note.ts'

type CheckOptions = { readonly deep?: boolean; readonly repair?: boolean; readonly json?: boolean }

/** `gatehouse check`: proves that every record has its bytes, and that no bytes are left over. */
export function checkCommand(terminal: Terminal, end: (code: ExitCode) => void): Command {
  const command = configured(new Command('check').description('prove that every stored file is there and whole'))
    .option('--deep', 'read every file and compare its hash')
    .option('--repair', 'first remove what interrupted uploads left behind')
    .option('--json', 'the result as JSON')
    .action(async (options: CheckOptions) => {
      const config = configOf(terminal, command.args, 'check')
      const { DATABASE_FILE, openStorage } = await import('@gatehouse/server/open-storage')
      if (config.databaseUrl === null && !existsSync(join(config.data, DATABASE_FILE))) {
        throw new Failure(EXIT.failed, 'installation_not_found', `There is no installation in ${config.data}.`, {
          cure: 'Say where it is with --data or GATEHOUSE_DATA.',
        })
      }
      const storage = await openStorage(config, refuseUpgrade)
      try {
        end(await check(terminal, storage, options))
      } finally {
        await storage.close()
      }
    })
  return teach(command, {
    examples: ['gatehouse check --data /var/lib/gatehouse', 'gatehouse check --deep --repair'],
    next: ['gatehouse doctor   looks at the configuration'],
    more:
      'Run it with the flags and variables of `gatehouse serve`. It may run beside a server at work, and changes nothing without\n' +
      '--repair. Findings end it with 5.',
  })
}

/** Leftovers younger than this may belong to an upload whose record is about to be written. */
const GRACE_MILLISECONDS = 60 * 60 * 1000

async function check(terminal: Terminal, { records, blobs }: Storage, options: CheckOptions): Promise<ExitCode> {
  const { auditStorage, sweepStorage } = await import('@gatehouse/storage/audit')
  const swept =
    options.repair === true
      ? await sweepStorage({ records, blobs, graceMs: GRACE_MILLISECONDS, now: Date.now() })
      : null
  const progress = progressLine(terminal)
  const audit = await auditStorage({
    records,
    blobs,
    graceMs: GRACE_MILLISECONDS,
    deep: options.deep === true,
    onProgress: progress.show,
  })
  progress.end()
  if (swept !== null && options.json !== true) {
    note(terminal, `removed ${swept.interrupted} interrupted uploads and ${swept.unreferenced} files without a record`)
  }
  print(terminal, options.json, { ...audit, swept }, auditText(audit, options.deep === true))
  return Object.values(audit.counts).some((count) => count > 0) ? EXIT.findings : EXIT.ok
}

/** A line that is drawn again and again on a terminal; nothing elsewhere. */
function progressLine({ stderr }: Terminal) {
  if (stderr.isTTY !== true) return { show: () => {}, end: () => {} }
  return {
    show({ recorded, stored, bytes }: AuditProgress) {
      stderr.write(`\r\x1b[K${recorded} records (${sizeText(bytes)}), ${stored} stored files looked at`)
    },
    end: () => stderr.write('\r\x1b[K'),
  }
}

function auditText({ recorded, stored, bytes, counts, problems }: StorageAudit, deep: boolean): string {
  const found = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const looked = `${recorded} recorded files (${sizeText(bytes)}) against ${stored} stored ones${deep ? ', with their hashes' : ''}`
  const hidden = found - problems.length
  return [
    found === 0 ? `sound: ${looked}` : `${found} found: ${looked}`,
    ...problems.map((problem) => `  ${problem.kind.padEnd(12)}  ${problem.blob}  ${detailOf(problem)}`.trimEnd()),
    ...(hidden > 0 ? [`  … and ${hidden} more`] : []),
    ...(counts.unreferenced > 0 ? ['Files without a record waste room; --repair removes them.'] : []),
    ...(found > counts.unreferenced ? ['What is missing or damaged has to come from a backup.'] : []),
  ].join('\n')
}

function detailOf(problem: StorageProblem): string {
  switch (problem.kind) {
    case 'missing':
      return 'recorded, but not stored'
    case 'size':
      return `recorded with ${problem.recorded} bytes, stored with ${problem.found}`
    case 'hash':
      return `recorded with ${problem.recorded}, stored with ${problem.found}`
    case 'unreadable':
      return problem.fault
    case 'unreferenced':
      return `stored (${sizeText(problem.size)}), but not recorded`
  }
}
