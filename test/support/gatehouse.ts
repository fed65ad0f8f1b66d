import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { basic, type Client, createClient } from './client.ts'

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const MAIN = join(ROOT, 'packages/cli/src/main.ts')

/** The account-wide key that every server of the suites knows beforehand. Its secret is made anew in each test process. */
export const ADMIN = { id: 'admin', secret: randomBytes(32).toString('hex') }

// Hundreds of starts compile the same sources; Node may keep what it has compiled.
const START_FASTER = {
  NODE_NO_WARNINGS: '1',
  NODE_COMPILE_CACHE: join(tmpdir(), `gatehouse-test-compiled-${process.getuid?.()}`),
}

/** How a server is started. */
export type GatehouseOptions = {
  /** Further flags of `serve`. A flag given here wins over the suite's own. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The data folder; without one it is a new one, removed when the process has ended. */
  readonly data?: string
  /** `postgres://…` in place of SQLite. */
  readonly database?: string
  /** `s3://…` in place of files. */
  readonly blobs?: string
  /** Runs the process under libfaketime, with this offset (`+3601`, `-2d`); {@link Gatehouse.setClock} moves it. */
  readonly faketime?: string
}

/** How a process ended. */
export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** A running server. */
export type Gatehouse = {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly data: string
  /** Calls with the account-wide key. */
  readonly admin: Client
  /** Everything written so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  readonly signal: (name: NodeJS.Signals) => void
  readonly exited: Promise<Exit>
  /** Asks it to end, waits, and asserts that it ended of its own accord with 0. */
  readonly stop: () => Promise<void>
  /** Ends it as a power cut would. */
  readonly kill: () => Promise<void>
  /** Moves its clock: an offset from the real time, such as `+3601`. Only under {@link GatehouseOptions.faketime}. */
  readonly setClock: (offset: string) => void
}

/** Starts the real server as a process on a free port, and answers once it says that it is ready. */
export async function startGatehouse(options: GatehouseOptions = {}): Promise<Gatehouse> {
  const data = options.data ?? temporaryFolder()
  const clock = join(data, '..', `${randomBytes(8).toString('hex')}.clock`)
  const setClock = (offset: string) => writeFileSync(clock, `${offset}\n`)
  if (options.faketime !== undefined) setClock(options.faketime)
  const child = runGatehouse(['serve', ...merged(['--port', '0', '--data', data], options.flags ?? [])], {
    ...(options.database === undefined ? {} : { GATEHOUSE_DATABASE_URL: options.database }),
    ...(options.blobs === undefined ? {} : { GATEHOUSE_BLOBS_URL: options.blobs }),
    ...(options.faketime === undefined ? {} : fakedClock(clock)),
    GATEHOUSE_ADMIN_KEY: `${ADMIN.id}:${ADMIN.secret}`,
    ...options.env,
  })
  const tidy = () => {
    rmSync(clock, { force: true })
    if (options.data === undefined) rmSync(data, { recursive: true, force: true })
  }
  const url = await child.ready.catch((error) => {
    child.process.kill('SIGKILL')
    tidy()
    throw error
  })
  const exit = async (name: NodeJS.Signals) => {
    child.process.kill(name)
    const ended = await child.exited
    tidy()
    return ended
  }
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.process.pid ?? 0,
    data,
    admin: createClient(url, basic(ADMIN.id, ADMIN.secret)),
    stdout: child.stdout,
    stderr: child.stderr,
    signal: (name) => void child.process.kill(name),
    exited: child.exited,
    stop: async () => {
      const ended = await exit('SIGTERM')
      assert.deepEqual(ended, { code: 0, signal: null }, `SIGTERM did not end it well:\n${child.stderr().slice(-2000)}`)
    },
    kill: async () => void (await exit('SIGKILL')),
    setClock,
  }
}

/** A process of the `gatehouse` command. */
export type Command = {
  readonly process: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly exited: Promise<Exit>
  /** The URL that `serve` says it is ready on. Rejects where the process ends, or three minutes pass, before it says so. */
  readonly ready: Promise<string>
}

/** Runs the `gatehouse` command from its sources. It inherits no `GATEHOUSE_*` variable. */
export function runGatehouse(words: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(GATEHOUSE_|NODE_)/.test(name))
  const child = spawn(process.execPath, ['--conditions=gatehouse-source', MAIN, ...words], {
    cwd: tmpdir(),
    env: { ...Object.fromEntries(inherited), ...START_FASTER, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const abandon = () => void child.kill('SIGKILL')
  atExit(abandon)
  const written = { stdout: '', stderr: '' }
  child.stderr.setEncoding('utf8').on('data', (text: string) => (written.stderr += text))
  const exited = new Promise<Exit>((resolve) =>
    child.once('close', (code, signal) => {
      process.off('exit', abandon)
      resolve({ code, signal })
    }),
  )
  const ready = new Promise<string>((resolve, reject) => {
    const give = (why: string) =>
      reject(new Error(`the server ${why}\n${written.stdout}${written.stderr.slice(-4000)}`))
    const timer = setTimeout(() => give('was not ready within three minutes'), 180_000)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written.stdout += text
      const url = /^gatehouse ready on (\S+)$/m.exec(written.stdout)?.[1]
      if (url !== undefined) {
        clearTimeout(timer)
        resolve(url)
      }
    })
    exited.then(({ code, signal }) => {
      clearTimeout(timer)
      give(`ended (${code ?? signal}) before it was ready`)
    })
  })
  ready.catch(() => {})
  return { process: child, stdout: () => written.stdout, stderr: () => written.stderr, exited, ready }
}

/** A new empty folder. It is removed when this test process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  atExit(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Every file below a folder, by its path within the folder. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

/** Calls `probe` until it answers something other than undefined; fails after a deadline with what was waited for. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  seconds = 60,
): Promise<T> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const found = await probe()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The suites raise the limit on bad tokens, since they send thousands; `throttle.test.ts` sets it back. */
function merged(own: readonly string[], given: readonly string[]): string[] {
  const flags = new Map<string, string>()
  const words = [...own, '--bad-tokens-per-minute', '0', ...given]
  for (let at = 0; at < words.length; at += 2) flags.set(words[at] ?? '', words[at + 1] ?? '')
  return [...flags].flat()
}

function fakedClock(file: string): Record<string, string> {
  const library = ['x86_64-linux-gnu', 'aarch64-linux-gnu', '.']
    .map((triple) => join('/usr/lib', triple, 'faketime/libfaketimeMT.so.1'))
    .find(existsSync)
  assert.ok(library, 'libfaketime is missing; install it with: apt-get install faketime')
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  }
}

/** Many servers and folders may be open in one test process, and each has something to tidy away. */
function atExit(action: () => void): void {
  process.setMaxListeners(process.getMaxListeners() + 1)
  process.once('exit', action)
}
