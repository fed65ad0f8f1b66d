import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inLanes, type Stalled, startStalled } from '../downloads.ts'
import { linkPath, makeApp, makeGroup, startGatehouse, upload } from '../gatehouse.ts'
import { measureLoad, type Outcome } from '../load.ts'
import { startNginx } from '../nginx.ts'
import { show } from '../numbers.ts'
import type { Running } from '../process.ts'
import { alternate, type Contestant, middle, ratio } from '../rounds.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const SIZE = 100_000_000
const READERS = 800
const FLOWING = 32

/** Large files: throughput, what it costs, and what a reader costs in memory. */
export const large: Section = { name: 'large', title: '100 MB files, 4 connections', run }

async function run({ rounds, seconds, folder, gatehouse: launch }: Bench): Promise<Findings> {
  const files = join(folder, 'files')
  mkdirSync(files)
  const body = new Uint8Array(randomBytes(SIZE))
  writeFileSync(join(files, 'large'), body)
  const data = join(folder, 'data')
  const flags = ['--offload', 'x-accel:/blobs/', '--trusted-proxies', '127.0.0.1']
  const gatehouse = await startGatehouse(launch, data, { flags: flags.slice(0, 2) })
  // nginx has to be one of the proxies that are trusted; the first server, reached directly, trusts none.
  const behind = await startGatehouse(launch, join(folder, 'behind'), { flags })
  const nginx = await startNginx(join(folder, 'nginx'), {
    ...{ files, secret: 'none' },
    gatehouse: { port: Number(new URL(behind.url).port), blobs: join(folder, 'behind/blobs') },
  })
  const servers = [gatehouse.running, behind.running, nginx.running]
  try {
    const links: string[] = []
    for (const server of [gatehouse, behind]) {
      const app = await makeApp(server)
      await makeGroup(server, app, 'team', 1)
      links.push(await linkPath(server, app, (await upload(server, app, 'team', body)).id, 'u0'))
    }
    const [direct = '', proxied = ''] = links
    const contestant = (name: string, url: string, of: readonly Running[]): Contestant<Outcome> => ({
      name,
      measure: () => measureLoad({ url, seconds: seconds * 2, servers: of, connections: 4 }),
    })
    const courses = await alternate(
      [
        contestant('nginx, `sendfile`', `${nginx.url}/static/large`, [nginx.running]),
        contestant('**Gatehouse**', gatehouse.url + direct, [gatehouse.running]),
        contestant('nginx, `X-Accel-Redirect` from Gatehouse', nginx.url + proxied, [nginx.running, behind.running]),
      ],
      rounds,
    )
    const before = gatehouse.running.residentBytes()
    const url = gatehouse.url + direct
    const flowing = await measureLoad({ url, seconds, servers: [gatehouse.running], connections: FLOWING })
    const perFlowing = Math.max(0, flowing.residentBytes - before) / FLOWING
    const perStalled = await stalledBytes(gatehouse.running, url)
    const [base, own] = courses
    if (base === undefined || own === undefined) throw new Error('too few')
    const throughput = (outcome: Outcome) => outcome.bytesPerSecond
    const cost = (outcome: Outcome) => outcome.cpuSecondsPerGigabyte
    return {
      tables: [
        {
          title: 'Throughput',
          columns: ['server', 'to nginx', 'MB/s', 'CPU s/GB', 'CPU to nginx', 'memory MB'],
          rows: courses.map((course) => [
            course.name,
            `${ratio(course, base, throughput).toFixed(2)} ×`,
            show(middle(course, throughput) / 1e6),
            show(middle(course, cost)),
            `${ratio(course, base, cost).toFixed(2)} ×`,
            show(middle(course, (outcome) => outcome.residentBytes) / 1e6),
          ]),
        },
      ],
      goals: [
        goal('throughput, to nginx', ratio(own, base, throughput), { least: 1.2 }, (value) => `${value.toFixed(2)} ×`),
        goal('CPU per GB, to nginx', ratio(own, base, cost), { most: 1.25 }, (value) => `${value.toFixed(2)} ×`),
        goal(`memory of one of ${FLOWING} downloads that flow`, perFlowing / 1e6, { most: 1 }, (v) => `${show(v)} MB`),
        goal(`memory of one of ${READERS} readers that stall`, perStalled / 1e3, { most: 64 }, (v) => `${show(v)} KB`),
      ],
      notes: ['Memory is the growth of the resident memory of the process; buffers of the kernel are not in it.'],
    }
  } finally {
    for (const server of servers) await server.stop()
  }
}

/** The first readers fill the pool of large buffers, which is bounded; what each one after them takes is its own. */
async function stalledBytes(server: Running, url: string): Promise<number> {
  const readers: Stalled[] = []
  const more = async (count: number) => {
    await inLanes(16, count, async () => readers.push(await startStalled(url)))
    // What was read ahead for a reader is given back once it has stalled for a while.
    await new Promise((resolve) => setTimeout(resolve, 2000))
    return server.residentBytes()
  }
  const before = await more(READERS / 4)
  const after = await more(READERS)
  for (const reader of readers) reader.abandon()
  return Math.max(0, after - before) / READERS
}
