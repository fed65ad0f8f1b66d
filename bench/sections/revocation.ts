import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { inLanes, type Stalled, startStalled } from '../downloads.ts'
import { type Gatehouse, linkPath, makeApp, makeGroup, startGatehouse, upload } from '../gatehouse.ts'
import { measureLoad } from '../load.ts'
import { median, percentile, show } from '../numbers.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const CALLS = 300
const DOWNLOADS = 1000
const SIZE = 20_000_000

/** How soon taking back a right is in force, and answered. */
export const revocation: Section = { name: 'revocation', title: 'Revocation', run }

async function run({ seconds, folder, gatehouse: launch, say }: Bench): Promise<Findings> {
  const gatehouse = await startGatehouse(launch, join(folder, 'data'))
  try {
    const app = await makeApp(gatehouse)
    await makeGroup(gatehouse, app, 'team', 10)
    const small = await upload(gatehouse, app, 'team', new Uint8Array(randomBytes(10_000)))
    const url = gatehouse.url + (await linkPath(gatehouse, app, small.id, 'u1'))
    // What a server does once it has been up for a while: calls that were never made before are compiled first.
    say('warming up')
    await times(gatehouse, app, () => false)
    say('one after the other, nothing else going on')
    const idle = await times(gatehouse, app, () => false)
    say('the same while 64 connections load the server')
    let loaded = false
    const load = measureLoad({ url, seconds: seconds * 2, servers: [], connections: 64 }).finally(() => {
      loaded = true
    })
    const busy = await times(gatehouse, app, () => loaded)
    await load
    say(`with ${DOWNLOADS} downloads under way`)
    const cutting = await cutDownloads(gatehouse, app)
    const row = (name: string, values: readonly number[]) => [
      name,
      ...[median(values), percentile(values, 0.99), Math.max(...values)].map(show),
    ]
    const milliseconds = (value: number) => `${show(value)} ms`
    return {
      tables: [
        {
          title: 'From call to answer, in milliseconds, on one node',
          columns: ['', 'median', 'p99', 'longest'],
          rows: [
            row('deactivate or activate a user, idle', idle),
            row('the same under load', busy),
            row(`deactivate a user with ${DOWNLOADS} downloads under way, once`, [cutting.answered]),
          ],
        },
      ],
      goals: [
        goal('p99, idle', percentile(idle, 0.99), { most: 20 }, milliseconds),
        goal('p99, under load', percentile(busy, 0.99), { most: 20 }, milliseconds),
        goal(`downloads cut of ${DOWNLOADS}`, cutting.cut, { least: DOWNLOADS }, String),
      ],
      notes: [
        `The ${DOWNLOADS} downloads of ${SIZE / 1e6} MB: the answer counts ${cutting.cut} cut; ${cutting.incomplete} ended incomplete, the last one seen ended ${show(cutting.closed)} ms after the call.`,
      ],
    }
  } finally {
    await gatehouse.stop()
  }
}

/** Turns one user off and on; answers how long each call took. Stops early when told to. */
async function times(gatehouse: Gatehouse, app: string, enough: () => boolean): Promise<number[]> {
  const taken: number[] = []
  for (let i = 0; i < CALLS && !enough(); i++) {
    const began = performance.now()
    await gatehouse.call('POST', `/v1/apps/${app}/users/u9/${i % 2 === 0 ? 'deactivate' : 'activate'}`)
    taken.push(performance.now() - began)
  }
  return taken
}

async function cutDownloads(gatehouse: Gatehouse, app: string) {
  const file = await upload(gatehouse, app, 'team', new Uint8Array(randomBytes(SIZE)))
  const url = gatehouse.url + (await linkPath(gatehouse, app, file.id, 'u5'))
  const downloads: Stalled[] = []
  await inLanes(32, DOWNLOADS, async () => downloads.push(await startStalled(url)))
  const began = performance.now()
  const { revocation } = await gatehouse.call<{ revocation: { cut: number } }>(
    'POST',
    `/v1/apps/${app}/users/u5/deactivate`,
  )
  const answered = performance.now() - began
  const received = await Promise.all(downloads.map((download) => download.finish()))
  return {
    cut: revocation.cut,
    answered,
    incomplete: received.filter((bytes) => bytes < SIZE).length,
    closed: performance.now() - began,
  }
}
