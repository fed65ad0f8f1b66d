import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { linkPath, makeApp, makeGroup, startGatehouse, upload } from '../gatehouse.ts'
import { measureLoad, type Outcome } from '../load.ts'
import { median, show } from '../numbers.ts'
import { alternate, ratio } from '../rounds.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const SUSPENDED = 1_000_000

/** What it costs to know a million suspended users. */
export const standing: Section = { name: 'standing', title: 'A million suspended users', run }

async function run({ rounds, seconds, folder, gatehouse: launch, say }: Bench): Promise<Findings> {
  const houses = [
    { name: 'one suspended user', data: join(folder, 'one'), copies: 0 },
    { name: '1,000,000 suspended users', data: join(folder, 'million'), copies: SUSPENDED },
  ]
  const links: string[] = []
  for (const { data, copies } of houses) {
    const house = await startGatehouse(launch, data)
    const app = await makeApp(house)
    await makeGroup(house, app, 'team', 2)
    const { id } = await upload(house, app, 'team', new Uint8Array(randomBytes(10_000)))
    links.push(await linkPath(house, app, id, 'u1'))
    await house.call('POST', `/v1/apps/${app}/users/u0/deactivate`)
    await house.stop()
    if (copies > 0) copyStanding(join(data, 'gatehouse.db'), copies)
  }
  say('starting over them')
  const starts = houses.map(() => [] as number[])
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    for (const [index, { data }] of houses.entries()) {
      const house = await startGatehouse(launch, data)
      starts[index]?.push(house.startMilliseconds)
      await house.stop()
    }
  }
  const running = await Promise.all(houses.map(({ data }) => startGatehouse(launch, data)))
  try {
    const courses = await alternate(
      running.map((house, index) => ({
        name: houses[index]?.name ?? '',
        measure: () =>
          measureLoad({ url: house.url + links[index], seconds, connections: 64, servers: [house.running] }),
      })),
      rounds,
    )
    const [few, many] = courses
    if (few === undefined || many === undefined) throw new Error('too few')
    const memory = (index: number) => Math.max(...(courses[index]?.rounds ?? []).map((one) => one.residentBytes)) / 1e6
    const cpu = (outcome: Outcome) => outcome.cpuMicrosecondsPerRequest
    return {
      tables: [
        {
          title: 'The same server over two databases',
          columns: ['', 'start ms', 'memory MB under load', 'CPU µs/request'],
          rows: courses.map((course, index) => [
            course.name,
            show(median(starts[index] ?? [])),
            show(memory(index)),
            show(median(course.rounds.map(cpu))),
          ]),
        },
      ],
      goals: [
        goal('memory of a million suspended users', memory(1) - memory(0), { most: 150 }, (v) => `${show(v)} MB`),
        goal(
          'CPU per request, to one suspended user',
          ratio(many, few, cpu),
          { most: 1.05 },
          (v) => `${v.toFixed(2)} ×`,
        ),
      ],
      notes: ['The rows are written into the database of a stopped server, as copies of one that the API made.'],
    }
  } finally {
    for (const house of running) await house.stop()
  }
}

/** Copies the one row of a suspended user, each copy with a serial number of its own. */
function copyStanding(file: string, copies: number): void {
  const database = new DatabaseSync(file)
  database.exec(`
    with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ${copies})
    insert into standing (scope, target, serial, app, suspended, revoked, void_before, sequence)
    select scope, target || '-' || n, 1000 + n, app, suspended, revoked, void_before, sequence
    from numbers, (select * from standing where scope = 'user' and suspended = 1 limit 1)`)
  database.close()
}
