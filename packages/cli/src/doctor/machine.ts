import { mkdtemp, rmdir, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '@gatehouse/server/config'
import { SETTING_NAMES, variableOf } from '@gatehouse/server/config-table'
import { because } from '../client.ts'
import { sizeText } from '../import/progress.ts'
import { error, type Finding, hint, warning } from './finding.ts'

const LITTLE_ROOM = 1024 ** 3

/** What is wrong around the process: permissions of the data folder and of secrets, room on the disk, clock, and Node. */
export async function machineFindings(
  config: Config,
  { argv, env, now }: { argv: readonly string[]; env: Readonly<Record<string, string | undefined>>; now: number },
): Promise<readonly Finding[]> {
  return [
    ...(await folderFindings(config)),
    ...(await secretFileFindings(env)),
    ...flagFindings(argv),
    ...clockFindings(now),
    ...nodeFindings(process.versions.node),
  ]
}

async function folderFindings({ data, reserveBytes }: Config): Promise<Finding[]> {
  const folder = await look(data)
  if (folder === null) return [await missingFinding(data)]
  const findings: Finding[] = []
  if (!folder.isDirectory()) return [error('data_no_folder', `${data} is no folder.`, 'Set --data to a folder.')]
  if (open(folder.mode)) {
    const sentence = `Other users of this machine may enter the data folder ${data} (${octal(folder.mode)}).`
    findings.push(error('data_open', sentence, `chmod 0700 ${data}`))
  }
  if (process.getuid !== undefined && folder.uid !== process.getuid() && process.getuid() !== 0) {
    const sentence = `The data folder ${data} belongs to another user.`
    findings.push(error('data_foreign', sentence, 'Run this as the user who runs the server.'))
  }
  const keyFile = join(data, 'master.key')
  const key = await look(keyFile)
  if (key !== null && open(key.mode)) {
    const sentence = `Other users of this machine may read the master key ${keyFile} (${octal(key.mode)}).`
    findings.push(
      error('master_key_open', sentence, `chmod 0600 ${keyFile}, and make a new key where somebody may have read it`),
    )
  }
  const { bavail, bsize } = await statfs(data)
  const free = bavail * bsize
  if (free < Math.max(reserveBytes, 64 * 1024 ** 2)) {
    const sentence = `Only ${sizeText(free)} are free where ${data} lies: uploads are refused.`
    findings.push(error('disk_full', sentence, 'Make room, or move the data folder to a larger disk.'))
  } else if (free < LITTLE_ROOM) {
    const sentence = `Only ${sizeText(free)} are free where ${data} lies.`
    findings.push(warning('disk_filling', sentence, 'Make room, or move the data folder to a larger disk.'))
  }
  return findings
}

/** A data folder that is not there yet: whether it can be made is tried with another one where it would be. */
async function missingFinding(data: string): Promise<Finding> {
  let above = dirname(resolve(data))
  while ((await look(above)) === null && above !== dirname(above)) above = dirname(above)
  try {
    await rmdir(await mkdtemp(join(above, '.gatehouse-')))
  } catch (cause) {
    const sentence = `The data folder ${data} is not to be seen, and nothing can be made in ${above} (${because(cause)}).`
    return error('data_impossible', sentence, 'Set --data to another folder, or give this user the right to make it.')
  }
  return hint('data_missing', `The data folder ${data} does not exist yet.`, '`gatehouse serve` makes it.')
}

async function secretFileFindings(env: Readonly<Record<string, string | undefined>>): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const name of SETTING_NAMES) {
    const variable = `${variableOf(name)}_FILE`
    const file = env[variable]
    const found = file === undefined || file === '' ? null : await look(file)
    if (found === null || (found.mode & 0o007) === 0) continue
    const sentence = `Everybody on this machine may read ${file}, which ${variable} names (${octal(found.mode)}).`
    findings.push(error('secret_file_open', sentence, `chmod 0600 ${file}`))
  }
  return findings
}

function flagFindings(argv: readonly string[]): Finding[] {
  const flags = argv
    .map((word) => word.split('=')[0])
    .filter((flag) => flag === '--admin-key' || flag === '--master-key')
  return flags.map((flag) => {
    const sentence = `${flag} is a flag, and everybody on this machine can see the flags of a process.`
    return warning('secret_in_flag', sentence, `Use ${flag}-file, or the variable.`)
  })
}

/** Gatehouse is younger than this, so no right clock shows an earlier time. */
const BEGINNING = Date.UTC(2026, 0, 1)

function clockFindings(now: number): Finding[] {
  if (now >= BEGINNING) return []
  const sentence = `The clock says ${new Date(now).toISOString()}, which is too early: tokens will be judged wrongly.`
  return [error('clock_wrong', sentence, 'Set the clock, and let NTP keep it right.')]
}

function nodeFindings(version: string): Finding[] {
  const major = Number(version.split('.')[0])
  if (major % 2 === 0) return []
  const sentence = `Node ${version} is a version without long-term support.`
  return [warning('node_short_lived', sentence, 'Use Node 24, or a later even version.')]
}

async function look(path: string) {
  return stat(path).catch(() => null)
}

function open(mode: number): boolean {
  return process.platform !== 'win32' && (mode & 0o077) !== 0
}

function octal(mode: number): string {
  return `0${(mode & 0o777).toString(8)}`
}
