import { execFile, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A real PostgreSQL server with throw-away data, on a free port of the loopback interface. */
export type PostgresServer = {
  /** Makes an empty database and answers its URL. */
  createDatabase(): Promise<string>
  /** Stops every process of the server where it is, as if the machine hung, or lets them go on. */
  freeze(): void
  thaw(): void
  /** Stops the server at once, keeping its data. */
  halt(): Promise<void>
  /** Starts it again on the same port. */
  resume(): Promise<void>
  /** Ends the server and removes its data. */
  end(): Promise<void>
}

/** Environment variable that names a running server (URL of a superuser) to make test databases in. */
export const SHARED_SERVER = 'GATEHOUSE_TEST_POSTGRES'

/** Makes an empty database on the server that the environment names, or on one that is started for it. */
export async function openTestDatabase(): Promise<{ readonly url: string; end(): Promise<void> }> {
  const shared = process.env[SHARED_SERVER]
  if (shared !== undefined && shared !== '') return createDatabase(shared)
  const server = await startPostgresServer()
  return { url: await server.createDatabase(), end: () => server.end() }
}

/**
 * Starts a server. As root it runs as the user `postgres`, since PostgreSQL refuses to run as root.
 * Throws where PostgreSQL is not installed: a test without its database has failed.
 */
export async function startPostgresServer(): Promise<PostgresServer> {
  const program = (name: string) => join(binaries(), name)
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-postgres-'))
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  await run(
    program('initdb'),
    ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'],
    { ...user, cwd: folder },
  )
  const port = await freePort()
  const options = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-k', folder]

  const start = async () => {
    const server = spawn(program('postgres'), options, { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.once('exit', () => reject(new Error(`PostgreSQL does not start:\n${log}`)))
      server.stderr.on('data', (text) => {
        log = `${log}${text}`.slice(-10_000)
        if (log.includes('ready to accept connections')) resolve()
      })
    })
    return server
  }
  let server = await start()
  const killAtExit = () => server.kill('SIGKILL')
  process.once('exit', killAtExit)

  const signal = (name: NodeJS.Signals) => {
    for (const pid of family(server.pid ?? 0)) process.kill(pid, name)
  }
  const halt = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGQUIT')
    await ended
  }
  return {
    createDatabase: async () => (await createDatabase(`postgres://postgres@127.0.0.1:${port}/postgres`)).url,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    halt,
    resume: async () => {
      server = await start()
    },
    end: async () => {
      await halt()
      process.off('exit', killAtExit)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function createDatabase(server: string) {
  const name = `test_${randomBytes(6).toString('hex')}`
  await run(join(binaries(), 'createdb'), [`--maintenance-db=${server}`, name])
  const url = new URL(server)
  url.pathname = `/${name}`
  const end = async () => {
    await run(join(binaries(), 'dropdb'), ['--force', `--maintenance-db=${server}`, name])
  }
  return { url: url.href, end }
}

/** The folder of the newest PostgreSQL that is installed. */
function binaries(): string {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...pathFolders()]
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')))
  if (found === undefined) throw new Error('These tests need PostgreSQL; on Debian: apt-get install postgresql')
  return found
}

function pathFolders(): readonly string[] {
  return (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
}

/** A process and those it has started; PostgreSQL's children start none themselves. */
function family(parent: number): readonly number[] {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const rows = all.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return [parent, ...rows.flatMap(([pid, ppid]) => (ppid === parent && pid !== undefined ? [pid] : []))]
}

function idOf(which: '-u' | '-g'): number {
  return Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }))
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port')
  return address.port
}
