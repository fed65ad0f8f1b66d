import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { allLinkPaths, type Gatehouse, makeApp, makeGroup, startGatehouse, upload } from '../gatehouse.ts'
import { measureLoad, type Outcome } from '../load.ts'
import { show } from '../numbers.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const FILES = 200
const RECEIVERS = 200
const UPLOAD = 10_000_000
const LANES = 8

/** How late the event loop is while the server has work of different kinds. */
export const loop: Section = { name: 'loop', title: 'Event loop', run }

type Delay = { readonly p50: number; readonly p99: number; readonly max: number }

async function run({ seconds, folder, gatehouse: launch, say }: Bench): Promise<Findings> {
  const probe = join(import.meta.dirname, '../load/probe.mjs')
  const data = join(folder, 'data')
  const gatehouse = await startGatehouse(launch, data, { nodeArguments: ['--import', probe], ipc: true })
  const time = seconds * 3
  try {
    const app = await makeApp(gatehouse)
    await makeGroup(gatehouse, app, 'team', RECEIVERS)
    say(`uploading ${FILES} files for ${RECEIVERS} receivers`)
    const links: string[] = []
    for (let i = 0; i < FILES; i++) {
      const { id } = await upload(gatehouse, app, 'team', new Uint8Array(randomBytes(10_000)))
      links.push(...(await allLinkPaths(gatehouse, app, id)))
    }
    const paths = join(folder, 'links')
    writeFileSync(paths, `${shuffled(links).join('\n')}\n`)
    const load = (...more: [string?]) =>
      measureLoad({
        ...{ url: gatehouse.url, seconds: time, connections: 64, servers: [gatehouse.running] },
        paths: more[0] ?? paths,
      })
    const one = join(folder, 'one')
    writeFileSync(one, `${links[0]}\n`)

    say('nothing')
    const nothing = await late(gatehouse, () => new Promise((resolve) => setTimeout(resolve, time * 1000)))
    say('uploads')
    let uploaded = 0
    const uploads = await late(gatehouse, async () => {
      const end = performance.now() + time * 1000
      const body = new Uint8Array(randomBytes(UPLOAD))
      const lane = async () => {
        while (performance.now() < end) {
          await upload(gatehouse, app, 'team', body, ['u0'])
          uploaded++
        }
      }
      await Promise.all(Array.from({ length: LANES }, lane))
    })
    say('one link')
    const [same, sameLate] = await withDelay(gatehouse, () => load(one))
    say(`${links.length} different links`)
    const lostBefore = await lostLines(gatehouse)
    const [distinct, distinctLate] = await withDelay(gatehouse, () => load())
    const lost = (await lostLines(gatehouse)) - lostBefore
    const row = (name: string, { p50, p99, max }: Delay, more = '') => [name, ...[p50, p99, max].map(show), more]
    const milliseconds = (value: number) => `${show(value)} ms`
    const asked = distinct.perSecond * time
    return {
      tables: [
        {
          title: 'Delay in milliseconds',
          columns: ['', 'median', 'p99', 'longest', ''],
          rows: [
            row('nothing to do', nothing),
            row(`${LANES} uploads of ${UPLOAD / 1e6} MB at a time`, uploads, `${show(uploaded / time)} uploads/s`),
            row('64 connections, one link', sameLate, told(same)),
            row(`64 connections, ${links.length.toLocaleString('en')} different links`, distinctLate, told(distinct)),
          ],
        },
      ],
      goals: [
        goal('p99 under uploads', uploads.p99, { most: 20 }, milliseconds),
        goal(
          'p99 while the access log takes a line for nearly each request',
          distinctLate.p99,
          { most: 20 },
          milliseconds,
        ),
        goal('lines of the access log lost', lost / asked, { most: 0 }, (value) => `${(100 * value).toFixed(1)} %`),
      ],
      notes: [
        'Under full load a turn of the event loop answers all 64 connections, so that its length is the delay.',
        `Different links: each line of the access log stands for one (path, user), so nearly every request makes one; memory stayed below ${show(distinct.residentBytes / 1e6)} MB (${show(same.residentBytes / 1e6)} MB with one link).`,
      ],
    }
  } finally {
    await gatehouse.stop()
  }
}

function told({ perSecond, residentBytes }: Outcome): string {
  return `${show(perSecond)} requests/s, ${show(residentBytes / 1e6)} MB`
}

async function withDelay<T>(gatehouse: Gatehouse, work: () => Promise<T>): Promise<[T, Delay]> {
  let result: T | undefined
  const delay = await late(gatehouse, async () => {
    result = await work()
  })
  return [result as T, delay]
}

/** How late the server's event loop was while something was done. */
async function late({ running: { child } }: Gatehouse, work: () => Promise<unknown>): Promise<Delay> {
  child.send('begin')
  await work()
  return new Promise((resolve) => {
    child.once('message', (told) => resolve(told as Delay))
    child.send('tell')
  })
}

async function lostLines({ url }: Gatehouse): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^gatehouse_access_log_lost_total (\d+)$/m.exec(text)?.[1] ?? 0)
}

/** So that neighbours in the list are neither of one file nor of one receiver. */
function shuffled(links: readonly string[]): string[] {
  return links.map((_, index) => links[(index * 7919) % links.length] ?? '')
}
