import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pinned, type Running } from './process.ts'

/** One run of the load generator against one server. */
export type Load = {
  readonly url: string
  /** A file of paths, one a line, that are asked for in turn; without one it is the path of `url` every time. */
  readonly paths?: string
  readonly connections: number
  readonly seconds: number
  /** The processes whose CPU counts. */
  readonly servers: readonly Running[]
}

/** What came of it. Times are in milliseconds. */
export type Outcome = {
  readonly perSecond: number
  readonly bytesPerSecond: number
  readonly cpuMicrosecondsPerRequest: number
  readonly cpuSecondsPerGigabyte: number
  readonly p50: number
  readonly p99: number
  /** The most memory that the servers held while it lasted, as looked at four times a second. */
  readonly residentBytes: number
}

type Summary = {
  requests: number
  microseconds: number
  bytes: number
  failed: number
  refused: number
  p50: number
  p99: number
}

const FOLDER = join(import.meta.dirname, 'load')

/**
 * Runs wrk with one thread and connections that are kept alive. Raises where any answer was not a success: a benchmark of
 * refusals would look very good.
 */
export async function measureLoad({ url, paths, connections, seconds, servers }: Load): Promise<Outcome> {
  const [program = '', ...args] = pinned('load', [
    'wrk',
    ...['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '30s'],
    ...['-s', paths === undefined ? 'summary.lua' : 'many.lua', url],
    ...(paths === undefined ? [] : ['--', paths]),
  ])
  const resident = () => servers.reduce((sum, server) => sum + server.residentBytes(), 0)
  const cpu = () => servers.reduce((sum, server) => sum + server.cpuSeconds(), 0)
  let most = resident()
  const looking = setInterval(() => {
    most = Math.max(most, resident())
  }, 250)
  const before = cpu()
  const { stdout } = await promisify(execFile)(program, args, { cwd: FOLDER }).finally(() => clearInterval(looking))
  const used = cpu() - before
  const line = stdout.split('\n').find((text) => text.startsWith('{'))
  if (line === undefined) throw new Error(`wrk told nothing about ${url}:\n${stdout}`)
  const summary = JSON.parse(line) as Summary
  if (summary.refused > 0 || summary.failed > 0 || summary.requests === 0) {
    throw new Error(`${url}: ${summary.refused} refused, ${summary.failed} failed of ${summary.requests} requests`)
  }
  const time = summary.microseconds / 1e6
  return {
    perSecond: summary.requests / time,
    bytesPerSecond: summary.bytes / time,
    cpuMicrosecondsPerRequest: (used * 1e6) / summary.requests,
    cpuSecondsPerGigabyte: used / (summary.bytes / 1e9),
    p50: summary.p50 / 1000,
    p99: summary.p99 / 1000,
    residentBytes: most,
  }
}
