import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

/** A program that runs until it is told to stop, or this process ends. */
export type Daemon = {
  readonly pid: number
  /** What it wrote to standard error so far. */
  readonly log: () => string
  /** Raises, with its log, where it has ended of its own accord. */
  readonly assertRunning: () => void
  /** Sends the signal and waits until it has ended. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
}

/** Starts a program in the foreground as a child of this process. Raises where it cannot be started. */
export async function startDaemon(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Daemon> {
  const child: ChildProcess = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  await once(child, 'spawn')
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const ended = once(child, 'close')
  const abandon = () => void child.kill('SIGKILL')
  process.once('exit', abandon)
  ended.then(() => process.off('exit', abandon))
  const running = () => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid ?? 0,
    log: () => log,
    assertRunning: () => {
      if (!running()) throw new Error(`${program} ended (${child.exitCode ?? child.signalCode}):\n${log.slice(-2000)}`)
    },
    stop: async (signal = 'SIGTERM') => {
      if (running()) child.kill(signal)
      await ended
    },
  }
}

/** Asks again until the answer is true. Raises after the given seconds, or as soon as the question does. */
export async function until(what: string, seconds: number, holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`after ${seconds} seconds still not: ${what}`)
    await delay(50)
  }
}
