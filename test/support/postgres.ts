import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Daemon, startDaemon, until } from './daemon.ts'
import { freePort } from './ports.ts'

const run = promisify(execFile)

/** A PostgreSQL server with throw-away data on a free loopback port. */
export type PostgresServer = {
  /** The database `postgres`, as superuser, without a password. */
  readonly url: string
  readonly daemon: Daemon
  readonly stop: () => Promise<void>
}

/** A new, empty database. */
export type PostgresDatabase = { readonly url: string; readonly end: () => Promise<void> }

/** Where the variable is set, tests share the server that it names instead of starting one each. */
export const SHARED_POSTGRES = 'GATEHOUSE_TEST_POSTGRES'

/** Makes a database on the shared server, or on one of its own. `end` removes what was made. */
export async function usePostgres(): Promise<PostgresDatabase> {
  const shared = process.env[SHARED_POSTGRES]
  const own = shared === undefined ? await startPostgres() : null
  const server = shared ?? own?.url ?? ''
  const name = `test_${randomBytes(6).toString('hex')}`
  await run(join(binaries(), 'createdb'), [`--maintenance-db=${server}`, name])
  return {
    url: Object.assign(new URL(server), { pathname: `/${name}` }).href,
    end: async () => {
      if (own !== null) await own.stop()
      else await run(join(binaries(), 'dropdb'), ['--force', `--maintenance-db=${server}`, name])
    },
  }
}

/** Starts a server. PostgreSQL refuses to run as root; there its own user runs it. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-postgres-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const how = ['--auth=trust', '--username=postgres', '--no-sync', '--encoding=UTF8', '--locale=C.UTF-8']
  await run(join(binaries(), 'initdb'), [`--pgdata=${data}`, ...how], { ...user, cwd: folder })
  const port = await freePort()
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`]
  const daemon = await startDaemon(
    join(binaries(), 'postgres'),
    ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    { ...user, cwd: folder },
  )
  await until('PostgreSQL accepts connections', 30, () => {
    daemon.assertRunning()
    return daemon.log().includes('ready to accept connections')
  })
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    daemon,
    stop: async () => {
      await daemon.stop('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function idOf(which: '-u' | '-g'): number {
  return Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }))
}

/** The folder of PostgreSQL's programs: the newest that Debian has installed, otherwise what pg_config says. */
function binaries(): string {
  const debian = '/usr/lib/postgresql'
  if (!existsSync(debian)) return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim()
  const [newest = ''] = readdirSync(debian).sort((a, b) => Number(b) - Number(a))
  return join(debian, newest, 'bin')
}
