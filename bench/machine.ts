import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { installCommand, missingTools, TOOLS } from '../script/test/tools.ts'
import { CORES } from './process.ts'

const NEEDED = ['nginx', 'wrk']

/** What has to be installed first, as one sentence; null where everything is there. */
export function whatIsMissing(): string | null {
  const missing = missingTools(TOOLS.filter((tool) => NEEDED.includes(tool.package)))
  if (missing.length === 0) return null
  const names = missing.map((tool) => tool.package).join(' and ')
  return `The benchmark needs ${names}. Install with: ${installCommand(missing)}`
}

/** The machine in a few words, without its name. */
export function machine(): string {
  const [first] = cpus()
  const nginx = /nginx\/([\d.]+)/.exec(execFileSync('sh', ['-c', 'nginx -v 2>&1'], { encoding: 'utf8' }))?.[1]
  const wrk = /wrk \S*?(\d[\d.]*)/.exec(execFileSync('sh', ['-c', 'wrk -v 2>&1; true'], { encoding: 'utf8' }))?.[1]
  const where =
    CORES === null
      ? 'servers and load generator share the one core'
      : `servers on core ${CORES.server}, load generator on core ${CORES.load}`
  return [
    `${cpus().length} × ${first?.model.trim() || 'unknown processor'}`,
    `${process.platform} ${process.arch}`,
    `Node ${process.versions.node}`,
    `nginx ${nginx ?? 'of unknown version'}`,
    `wrk ${wrk ?? 'of unknown version'}`,
    where,
    `load average ${(loadavg()[0] ?? 0).toFixed(1)} when the section had ended`,
  ].join('; ')
}
