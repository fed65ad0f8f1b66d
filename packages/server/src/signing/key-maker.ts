import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A pair of RSA keys of 4096 bits: the public one as a JWK (RFC 7517), the private one as PKCS #8 in PEM. */
export type MadeKey = { readonly jwk: { readonly [name: string]: unknown }; readonly pem: string }

/** Makes keys of media tokens. */
export type KeyMaker = {
  /**
   * Takes seconds of a processor. A key that is not `awaited` by anybody lets serving have what it wants first. Raises where it is stopped
   * meanwhile, or its process is ended by somebody else.
   */
  make(how: { readonly awaited: boolean }): Promise<MadeKey>
  /** Gives up what is being made; nothing is made after it. */
  stop(): void
}

/** How far a key that is made ahead stands behind everything else, in steps of `nice`. */
const AHEAD = 15

/**
 * Creates the maker of keys. Each is made in a process of its own: nothing can interrupt a thread that looks for primes, so a server that is told to
 * end would have to wait for it, up to minutes on a busy machine.
 */
export function createKeyMaker(): KeyMaker {
  const working = new Set<ChildProcess>()
  let stopped = false
  const stop = () => {
    stopped = true
    for (const child of working) child.kill('SIGKILL')
  }

  function start(steps: number): ChildProcess {
    const program = import.meta.url.endsWith('.ts') ? './key-process.ts' : './key-process.js'
    const child = fork(fileURLToPath(new URL(program, import.meta.url)), [String(steps)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    if (working.size === 0) process.once('exit', stop)
    working.add(child)
    const forget = () => {
      working.delete(child)
      if (working.size === 0) process.off('exit', stop)
    }
    child.once('close', forget).once('error', forget)
    return child
  }

  return {
    make: ({ awaited }) =>
      new Promise((resolve, reject) => {
        if (stopped) throw new Error('the server ends: no key is made any more')
        const child = start(awaited ? 0 : AHEAD)
        let complaint = ''
        child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text))
        child.once('message', (made) => resolve(made as MadeKey))
        child.once('error', reject)
        child.once('close', (code, signal) =>
          reject(new Error(`the process that makes a key has ended (${code ?? signal}) ${complaint}`.trimEnd())),
        )
      }),
    stop,
  }
}
