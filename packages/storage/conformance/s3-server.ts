import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { accessSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph-authtool', 'monmaptool', 'ceph']

/** A real S3 server, for tests. */
export type S3Server = {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Stops the front without ending it, so that it accepts connections and says nothing; `thaw` lets it go on. */
  freeze(): void
  thaw(): void
  /** Ends the front, so that nobody listens at the endpoint. Cannot be undone. */
  kill(): Promise<void>
  /** Ends everything and removes its folder. */
  stop(): Promise<void>
}

/**
 * Starts Ceph's S3 gateway (one monitor, one store in memory, one gateway) on free ports of 127.0.0.1 and waits until it
 * answers, which takes some ten seconds. Ends what it began when it fails.
 * Raises an error that names the command to run where the programs are not installed.
 */
export async function startS3Server(): Promise<S3Server> {
  requirePrograms()
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-s3-'))
  const children: { name: string; process: ReturnType<typeof spawn> }[] = []
  const accessKeyId = 'GATEHOUSETEST'
  const secretAccessKey = randomUUID()

  const killAtExit = () => {
    for (const child of children) child.process.kill('SIGKILL')
  }
  process.once('exit', killAtExit)

  async function stop() {
    process.off('exit', killAtExit)
    for (const child of children.reverse()) await end(child.process)
    await rm(folder, { recursive: true, force: true })
  }

  try {
    const [monitor, front] = [await freePort(), await freePort()]
    const cluster = randomUUID()
    await Promise.all(['mon', 'osd', 'rgw', 'log', 'run'].map((name) => mkdir(join(folder, name))))
    await writeFile(join(folder, 'ceph.conf'), configuration(folder, cluster, monitor, front))
    const env = { ...process.env, CEPH_CONF: join(folder, 'ceph.conf') }
    const tool = (program: string, ...args: string[]) => run(program, args, { env, cwd: folder, timeout: 60_000 })
    const daemon = (program: string, ...args: string[]) => {
      const started = spawn(program, ['-f', ...args], { env, cwd: folder, stdio: 'ignore' })
      children.push({ name: program, process: started })
      return started
    }
    /** Asks again and again until the question is answered with yes; the programs' logs are in the error otherwise. */
    const wait = async (what: string, question: () => Promise<boolean>) => {
      const until = performance.now() + 60_000
      while (!(await question().catch(() => false))) {
        const dead = children.find((child) => child.process.exitCode !== null)
        if (dead || performance.now() > until) {
          throw new Error(`${what}: ${dead ? `${dead.name} ended` : 'no answer in a minute'}\n${await logs(folder)}`)
        }
        await delay(100)
      }
    }

    await keys(tool)
    await tool('monmaptool', '--create', '--fsid', cluster, '--addv', 'a', `[v2:127.0.0.1:${monitor}]`, 'monmap')
    await tool('ceph-mon', '--mkfs', '-i', 'a', '--monmap', 'monmap', '--keyring', 'keyring')
    daemon('ceph-mon', '-i', 'a')
    await wait('the monitor', async () => (await tool('ceph', '--connect-timeout', '3', 'mon', 'stat')).stdout !== '')
    const store = randomUUID()
    const id = (await tool('ceph', 'osd', 'new', store)).stdout.trim()
    await tool('ceph-osd', '-i', id, '--mkfs', '--osd-uuid', store)
    daemon('ceph-osd', '-i', id)
    await wait('the store', async () => (await tool('ceph', 'osd', 'stat')).stdout.includes('1 up'))
    const gateway = daemon('radosgw', '-n', 'client.rgw')
    const endpoint = `http://127.0.0.1:${front}`
    await wait('the gateway', async () => (await fetch(endpoint)).ok)
    await tool(
      'radosgw-admin',
      ...['user', 'create', '--uid=test', '--display-name=test'],
      ...[`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`],
    )
    return {
      endpoint,
      accessKeyId,
      secretAccessKey,
      freeze: () => void gateway.kill('SIGSTOP'),
      thaw: () => void gateway.kill('SIGCONT'),
      kill: () => end(gateway),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function requirePrograms(): void {
  const folders = (process.env.PATH ?? '').split(':').concat('/usr/bin', '/usr/sbin')
  const missing = PROGRAMS.filter(
    (program) =>
      !folders.some((folder) => {
        try {
          accessSync(join(folder, program))
          return true
        } catch {
          return false
        }
      }),
  )
  if (missing.length > 0) {
    throw new Error(
      `the tests with S3 need ${missing.join(', ')}: apt-get install --no-install-recommends ceph-mon ceph-osd radosgw ceph-common`,
    )
  }
}

async function keys(tool: (program: string, ...args: string[]) => Promise<unknown>): Promise<void> {
  const all = [
    '--cap',
    'mon',
    'allow *',
    '--cap',
    'osd',
    'allow *',
    '--cap',
    'mgr',
    'allow *',
    '--cap',
    'mds',
    'allow *',
  ]
  const entity = (name: string, ...caps: string[]) => tool('ceph-authtool', 'keyring', '--gen-key', '-n', name, ...caps)
  await tool('ceph-authtool', '--create-keyring', 'keyring', '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *')
  await entity('client.admin', ...all)
  await entity('osd.0', '--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *')
  await entity('client.rgw', '--cap', 'mon', 'allow rwx', '--cap', 'osd', 'allow rwx')
}

function configuration(folder: string, cluster: string, monitor: number, front: number): string {
  const settings = {
    fsid: cluster,
    mon_host: `v2:127.0.0.1:${monitor}`,
    mon_initial_members: 'a',
    public_addr: '127.0.0.1',
    cluster_addr: '127.0.0.1',
    ms_bind_ipv6: false,
    ms_bind_msgr1: false,
    osd_objectstore: 'memstore',
    memstore_device_bytes: 1024 ** 3,
    osd_pool_default_size: 1,
    osd_pool_default_min_size: 1,
    osd_pool_default_pg_num: 4,
    osd_pool_default_pg_autoscale_mode: 'off',
    osd_crush_chooseleaf_type: 0,
    mon_allow_pool_size_one: true,
    mon_max_pg_per_osd: 1000,
    mon_data_avail_crit: 1,
    mon_data_avail_warn: 2,
    mon_data: join(folder, 'mon'),
    osd_data: join(folder, 'osd'),
    rgw_data: join(folder, 'rgw'),
    rgw_frontends: `beast endpoint=127.0.0.1:${front}`,
    keyring: join(folder, 'keyring'),
    log_file: join(folder, 'log', '$name.log'),
    admin_socket: join(folder, 'run', '$name.asok'),
    run_dir: join(folder, 'run'),
    pid_file: join(folder, 'run', '$name.pid'),
  }
  return ['[global]', ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`), ''].join('\n')
}

/** The last lines of what the programs wrote. */
async function logs(folder: string): Promise<string> {
  const names = ['mon.a', 'osd.0', 'client.rgw']
  const texts = await Promise.all(
    names.map((name) => readFile(join(folder, 'log', `${name}.log`), 'utf8').catch(() => '')),
  )
  return texts.map((text, index) => `${names[index]}:\n${text.split('\n').slice(-8).join('\n')}`).join('\n')
}

async function end(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
