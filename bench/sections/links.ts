import { randomBytes } from 'node:crypto'
import { allLinkPaths, makeApp, makeGroup, startGatehouse, upload } from '../gatehouse.ts'
import { median, show } from '../numbers.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const RECEIVERS = 100_000

/** Lists of links: what it costs to give each receiver a link of their own. */
export const links: Section = { name: 'links', title: 'Deriving links', run }

async function run({ rounds, folder, gatehouse: launch }: Bench): Promise<Findings> {
  const gatehouse = await startGatehouse(launch, `${folder}/data`)
  try {
    const app = await makeApp(gatehouse)
    await makeGroup(gatehouse, app, 'team', RECEIVERS)
    const { id } = await upload(gatehouse, app, 'team', new Uint8Array(randomBytes(1000)))
    const perSecond: number[] = []
    const perCpuSecond: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const began = performance.now()
      const cpu = gatehouse.running.cpuSeconds()
      const found = await allLinkPaths(gatehouse, app, id)
      if (found.length !== RECEIVERS) throw new Error(`${found.length} links for ${RECEIVERS} receivers`)
      if (round === 0) continue
      perSecond.push((RECEIVERS * 1000) / (performance.now() - began))
      perCpuSecond.push(RECEIVERS / (gatehouse.running.cpuSeconds() - cpu))
    }
    const count = (value: number) => `${show(value)}/s`
    return {
      tables: [
        {
          title: `One attachment, ${RECEIVERS.toLocaleString('en')} receivers, pages of 1,000, one client`,
          columns: ['', 'links'],
          rows: [
            ['per second, client and network included', show(median(perSecond))],
            ['per CPU second of the server', show(median(perCpuSecond))],
          ],
        },
      ],
      goals: [goal('links per second and core', median(perCpuSecond), { least: 100_000 }, count)],
      notes: ['A page is read out of the database, each link is a MAC, and the page is written as JSON.'],
    }
  } finally {
    await gatehouse.stop()
  }
}
