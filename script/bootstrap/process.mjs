import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** A failure that is explained in one sentence with its cure; `output` is what the failed program said. */
export class Failure extends Error {
  /**
   * @param {string} sentence
   * @param {{ exitCode?: number, output?: string }} [more]
   */
  constructor(sentence, more = {}) {
    super(sentence)
    this.exitCode = more.exitCode ?? 1
    this.output = more.output ?? ''
  }
}

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/**
 * Runs a program to its end and answers its exit code (128 + number where a signal ended it, as shells count) and, where
 * `quiet`, what it printed. A quiet program is a step on the way: a signal during it is a {@link Failure}.
 *
 * Signals that arrive meanwhile are passed on. Two manners keep a program from getting one signal twice: Ctrl-C at a
 * terminal reaches the whole process group by itself and is not passed on, and the same signal within a second is passed on
 * once, since npm sends on what a process group has received already. And one that never comes: npm hands SIGTERM to a shell that
 * dies of it without telling us, so that its end counts as the signal.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env: NodeJS.ProcessEnv, cwd: string, quiet?: boolean }} options
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(program, args, { env, cwd, quiet = false }) {
  return new Promise((resolve, reject) => {
    // On Windows npm is a command file, which only a shell can start.
    const shell = process.platform === 'win32' && !/\.exe$/i.test(program)
    const child = spawn(program, args, { env, cwd, shell, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    /** @type {(typeof SIGNALS)[number] | null} */
    let caught = null
    const lastPassed = new Map()
    /** @param {(typeof SIGNALS)[number]} signal */
    const pass = (signal) => {
      if (Date.now() - (lastPassed.get(signal) ?? 0) < 1000) return
      lastPassed.set(signal, Date.now())
      child.kill(signal)
    }
    const handlers = SIGNALS.map((signal) => {
      const handler = () => {
        caught = signal
        if (signal !== 'SIGINT' || !process.stdin.isTTY || quiet) pass(signal)
      }
      process.on(signal, handler)
      return /** @type {const} */ ([signal, handler])
    })
    const parent = process.ppid
    const watch = setInterval(() => {
      if (process.env.npm_lifecycle_event === undefined || process.ppid === parent) return
      clearInterval(watch)
      pass('SIGTERM')
    }, 250)
    const settle = () => {
      clearInterval(watch)
      for (const [signal, handler] of handlers) process.removeListener(signal, handler)
    }
    child.on('error', (error) => {
      settle()
      reject(new Failure(`${program} could not be started (${error.message}); install it or put it on PATH.`))
    })
    child.on('close', (code, signal) => {
      settle()
      if (quiet && caught !== null) {
        const exitCode = 128 + constants.signals[caught]
        reject(new Failure('Interrupted; the next run takes it up where this one stopped.', { exitCode }))
      } else resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), output })
    })
  })
}
