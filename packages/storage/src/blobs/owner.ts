import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

const OWNER = /^([0-9a-f]{8})-(\d+)-(\d+)-/

/**
 * The mark of this process in the names of its temporary files: `{host}-{process id}-{start of the process}-`.
 * All threads of a process have the same.
 */
export function ownerMark(): string {
  return `${hostMark()}-${process.pid}-${startOf(process.pid) ?? 0}-`
}

/**
 * Whether the process that made a temporary file is still at work: `alive`, `gone`, or `unknown` where the file was made
 * on another host (a shared folder) or has a foreign name.
 *
 * The start of the process (from /proc, where there is one) tells a process from a later one with the same id, which in
 * containers is the rule.
 */
export function ownerState(filename: string): 'alive' | 'gone' | 'unknown' {
  const match = OWNER.exec(filename)
  if (!match || match[1] !== hostMark()) return 'unknown'
  const id = Number(match[2])
  const start = startOf(id)
  if (start !== null) return start === Number(match[3]) ? 'alive' : 'gone'
  if (Number(match[3]) !== 0) return 'gone' // there is a /proc, and no such process in it
  try {
    process.kill(id, 0)
    return 'alive'
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM' ? 'alive' : 'gone'
  }
}

function hostMark(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
}

/** Ticks between the start of the machine and that of a process (proc(5), stat, field 22); null where not known. */
function startOf(id: number): number | null {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  } catch {
    return null
  }
}
