import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { availableParallelism } from 'node:os'

/** The cores: servers share one, the generator of load has the other, where there are two. */
export const CORES = availableParallelism() >= 2 ? { server: 0, load: 1 } : null

/** A process with everything that it has started. */
export type Running = {
  readonly child: ChildProcess
  readonly pid: number
  /** Seconds of CPU used so far, by the process and those that it has started. */
  readonly cpuSeconds: () => number
  /** Resident memory of the same, in bytes. */
  readonly residentBytes: () => number
  /** Resolves with what follows `marker` on a line of standard output. */
  readonly says: (marker: string) => Promise<string>
  readonly stop: () => Promise<void>
}

/** Kernel ticks of `/proc/PID/stat` in a second. */
const TICKS = 100

/** Puts a command on the servers' core. */
export function pinned(core: 'server' | 'load', command: readonly string[]): readonly string[] {
  return CORES === null ? command : ['taskset', '-c', String(CORES[core]), ...command]
}

/** Starts a server on the servers' core, or with `everywhere` on any. It inherits no setting of Gatehouse or Node. */
export function startServer(
  command: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>
    readonly ipc?: boolean
    readonly everywhere?: boolean
  } = {},
): Running {
  const [program = '', ...args] = options.everywhere === true ? command : pinned('server', command)
  const inherited = Object.entries(process.env).filter(([name]) => !/^(GATEHOUSE_|NODE_)/.test(name))
  const child = spawn(program, args, {
    env: { ...Object.fromEntries(inherited), NODE_ENV: 'production', ...options.env },
    stdio: options.ipc === true ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  })
  const abandon = () => void child.kill('SIGKILL')
  process.once('exit', abandon)
  let output = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000)
  })
  const exited = new Promise<void>((resolve) =>
    child.once('close', () => {
      process.off('exit', abandon)
      resolve()
    }),
  )
  const pid = child.pid ?? 0
  return {
    child,
    pid,
    cpuSeconds: () => sumOf(family(pid), cpuSecondsOf),
    residentBytes: () => sumOf(family(pid), residentBytesOf),
    says: (marker) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const at = output.indexOf(marker)
          const end = output.indexOf('\n', at)
          if (at < 0 || end < 0) return
          child.stdout?.off('data', look)
          resolve(output.slice(at + marker.length, end).trim())
        }
        child.stdout?.on('data', look)
        exited.then(() => reject(new Error(`${command.join(' ')} ended early:\n${output}${errors}`)))
        look()
      }),
    async stop() {
      child.kill('SIGTERM')
      await exited
      if (errors !== '') console.error(`  said by ${command.join(' ')}:\n${errors.trimEnd()}`)
    },
  }
}

/** Waits until a port takes connections. */
export async function portOpen(port: number, running: Running): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (open) return
    if (running.child.exitCode !== null) throw new Error(`nothing listens on port ${port}: the server has ended`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function sumOf(pids: readonly number[], figure: (pid: number) => number): number {
  return pids.reduce((sum, pid) => sum + figure(pid), 0)
}

/** A process and all that it has started and that still run. */
function family(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => family(Number(child))))]
}

function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold anything; user and system time are the 12th and 13th field after it (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

function residentBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}
