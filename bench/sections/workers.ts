import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Gatehouse, linkPath, makeApp, makeGroup, startGatehouse, upload } from '../gatehouse.ts'
import { measureLoad, type Outcome } from '../load.ts'
import { show } from '../numbers.ts'
import { alternate, middle, ratio } from '../rounds.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const CONNECTIONS = 64

/** What a request costs where several threads of one node serve. */
export const workers: Section = { name: 'workers', title: 'Two workers', run }

async function run({ rounds, seconds, folder, gatehouse: launch, say }: Bench): Promise<Findings> {
  const houses: Gatehouse[] = []
  try {
    const contestants = []
    for (const count of [1, 2]) {
      const house = await startGatehouse(launch, join(folder, `data${count}`), {
        flags: ['--workers', String(count)],
        everywhere: true,
      })
      houses.push(house)
      const app = await makeApp(house)
      await makeGroup(house, app, 'team', 1)
      const { id } = await upload(house, app, 'team', new Uint8Array(randomBytes(10_000)))
      const url = house.url + (await linkPath(house, app, id, 'u0'))
      contestants.push({
        name: count === 1 ? 'one worker' : `${count} workers`,
        measure: () => measureLoad({ url, seconds, connections: CONNECTIONS, servers: [house.running] }),
      })
    }
    say('warming up')
    for (const { measure } of contestants) await measure()
    say('one and two workers in turn')
    const courses = await alternate(contestants, rounds)
    const [one, two] = courses
    if (one === undefined || two === undefined) throw new Error('too few')
    const compared = ratio(two, one, cpu)
    const times = (value: number) => `${show(value)} ×`
    return {
      tables: [
        {
          title: '10 KB, one URL, 64 connections; servers on all cores',
          columns: ['', 'requests/s', 'CPU µs/request', 'memory MB'],
          rows: courses.map((course) => [
            course.name,
            show(middle(course, ({ perSecond }) => perSecond)),
            show(middle(course, cpu)),
            show(middle(course, ({ residentBytes }) => residentBytes) / 1e6),
          ]),
        },
      ],
      goals: [goal('CPU per request of two workers, to one', compared, { most: 1.1 }, times)],
      notes: [
        'The generator of load takes one of the two cores, so that requests per second tell nothing of what two workers can do where cores are free.',
      ],
    }
  } finally {
    for (const house of houses) await house.stop()
  }
}

const cpu = ({ cpuMicrosecondsPerRequest }: Outcome) => cpuMicrosecondsPerRequest
