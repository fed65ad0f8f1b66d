import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { startDaemon, until } from './daemon.ts'
import { freePort } from './ports.ts'

const run = promisify(execFile)

/** Where an S3 store is, and who may use it. */
export type S3Account = {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** A store of our own. */
export type S3Server = S3Account & { readonly stop: () => Promise<void> }

/** A new, empty bucket. */
export type S3Bucket = S3Account & { readonly bucket: string; readonly end: () => Promise<void> }

/** Where the variable is set (to a URL with key and secret in it), tests share that store instead of starting one each. */
export const SHARED_S3 = 'GATEHOUSE_TEST_S3'

/** An account as the text that {@link SHARED_S3} holds. */
export function toShared({ endpoint, accessKeyId, secretAccessKey }: S3Account): string {
  return Object.assign(new URL(endpoint), { username: accessKeyId, password: secretAccessKey }).href
}

/** Makes a bucket in the shared store, or in one of its own. `end` stops the latter; a shared one keeps the bucket. */
export async function useS3(): Promise<S3Bucket> {
  const shared = process.env[SHARED_S3]
  const own = shared === undefined ? await startS3() : null
  const account = own ?? fromShared(shared ?? '')
  const bucket = `test-${randomBytes(6).toString('hex')}`
  const { endpoint, region, ...credentials } = account
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
  return { ...account, bucket, end: async () => own?.stop() }
}

function fromShared(text: string): S3Account {
  const url = new URL(text)
  const { username: accessKeyId, password: secretAccessKey, origin: endpoint } = url
  return { endpoint, region: 'us-east-1', accessKeyId, secretAccessKey }
}

/**
 * Starts a Ceph RADOS Gateway, a real S3 store that really checks signatures: one monitor, one object store in memory, one
 * gateway, all on the loopback address. It takes about a quarter of a minute.
 */
export async function startS3(): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-s3-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const [monitor, gateway] = [await freePort(), await freePort()]
  const endpoint = `http://127.0.0.1:${gateway}`
  const cluster = randomUUID()
  const file = (name: string) => join(folder, name)
  for (const name of ['mon', 'osd', 'rgw', 'log', 'sock']) mkdirSync(file(name))
  writeFileSync(file('ceph.conf'), configuration(folder, cluster, monitor, gateway))
  const env = { ...process.env, CEPH_CONF: file('ceph.conf') }
  const ceph = async (program: string, ...args: string[]) => (await run(program, args, { env, cwd: folder })).stdout
  const daemon = (program: string, ...args: string[]) => startDaemon(program, ['-f', ...args], { env, cwd: folder })

  const keys: Readonly<Record<string, readonly string[]>> = {
    'mon.': ['mon', 'allow *'],
    'client.admin': ['mon', 'allow *', 'osd', 'allow *', 'mgr', 'allow *', 'mds', 'allow *'],
    'osd.0': ['mon', 'allow profile osd', 'osd', 'allow *'],
    'client.rgw': ['mon', 'allow rwx', 'osd', 'allow rwx'],
  }
  await ceph('ceph-authtool', '--create-keyring', 'keyring')
  for (const [name, caps] of Object.entries(keys)) {
    const pairs = caps.flatMap((cap, index) => (index % 2 === 0 ? ['--cap', cap] : [cap]))
    await ceph('ceph-authtool', 'keyring', '--gen-key', '-n', name, ...pairs)
  }
  const address = `[v2:127.0.0.1:${monitor}]`
  await ceph('monmaptool', '--create', '--clobber', '--fsid', cluster, '--addv', 'a', address, 'monmap')
  await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', 'monmap', '--keyring', 'keyring')
  const mon = await daemon('ceph-mon', '-i', 'a')
  const store = randomUUID()
  const id = (await ceph('ceph', '--connect-timeout', '30', 'osd', 'new', store)).trim()
  await ceph('ceph-osd', '-i', id, '--mkfs', '--osd-uuid', store)
  const osd = await daemon('ceph-osd', '-i', id)
  await until('the object store is up', 60, async () => {
    osd.assertRunning()
    return (await ceph('ceph', 'osd', 'stat')).includes('1 up')
  })
  const rgw = await daemon('radosgw', '-n', 'client.rgw')
  await until('the gateway answers', 60, async () => {
    rgw.assertRunning()
    return fetch(endpoint).then(
      () => true,
      () => false,
    )
  })
  const [accessKeyId, secretAccessKey] = [randomBytes(10).toString('hex'), randomBytes(20).toString('hex')]
  const pair = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`]
  await ceph('radosgw-admin', 'user', 'create', '--uid=test', '--display-name=test', ...pair)
  return {
    endpoint,
    region: 'us-east-1',
    accessKeyId,
    secretAccessKey,
    stop: async () => {
      for (const each of [rgw, osd, mon]) await each.stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(folder: string, cluster: string, monitor: number, gateway: number): string {
  return `[global]
fsid = ${cluster}
mon_host = v2:127.0.0.1:${monitor}
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
ms_bind_msgr1 = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
mon_allow_pool_size_one = true
osd_pool_default_pg_num = 4
osd_pool_default_pg_autoscale_mode = off
mon_max_pg_per_osd = 1000
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = 2147483648
mon_data = ${folder}/mon
osd_data = ${folder}/osd
rgw_data = ${folder}/rgw
keyring = ${folder}/keyring
log_file = ${folder}/log/$name.log
admin_socket = ${folder}/sock/$name.asok
run_dir = ${folder}/sock
mon_data_avail_crit = 1
mon_data_avail_warn = 2
rgw_frontends = beast endpoint=127.0.0.1:${gateway}
`
}
