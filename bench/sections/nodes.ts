import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { startPostgresServer } from '@gatehouse/storage/conformance/postgres-server'
import { inLanes } from '../downloads.ts'
import { type Gatehouse, makeApp, makeGroup, startGatehouse } from '../gatehouse.ts'
import { median, percentile, show } from '../numbers.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const NODES = 3
const CALLS = 300
const CALLERS = 8

/** How soon a right is taken back on several nodes that share a database. */
export const nodes: Section = { name: 'nodes', title: 'Revocation on three nodes', run }

async function run({ folder, gatehouse: launch, say }: Bench): Promise<Findings> {
  const postgres = await startPostgresServer()
  const running: Gatehouse[] = []
  try {
    const secret = randomBytes(32).toString('hex')
    const env = {
      GATEHOUSE_DATABASE_URL: await postgres.createDatabase(),
      GATEHOUSE_MASTER_KEY: randomBytes(32).toString('hex'),
    }
    for (let i = 0; i < NODES; i++) {
      running.push(await startGatehouse(launch, join(folder, `node-${i}`), { env, secret }))
    }
    const [first] = running as [Gatehouse, ...Gatehouse[]]
    const app = await makeApp(first)
    await makeGroup(first, app, 'team', CALLERS)
    say('warming up')
    await times(running, app, CALLERS)
    say('one after the other')
    const single = await times(running, app, 1)
    say(`by ${CALLERS} callers at once, on all nodes`)
    const crowd = await times(running, app, CALLERS)
    const row = (name: string, values: readonly number[]) => [
      name,
      ...[median(values), percentile(values, 0.99), Math.max(...values)].map(show),
    ]
    const milliseconds = (value: number) => `${show(value)} ms`
    return {
      tables: [
        {
          title: `From call to answer, in milliseconds, on ${NODES} nodes over PostgreSQL`,
          columns: ['', 'median', 'p99', 'longest'],
          rows: [row('deactivate or activate a user', single), row(`the same by ${CALLERS} callers at once`, crowd)],
        },
      ],
      goals: [
        goal('p99, one caller', percentile(single, 0.99), { most: 100 }, milliseconds),
        goal(`p99, ${CALLERS} callers at once`, percentile(crowd, 0.99), { most: 100 }, milliseconds),
      ],
      notes: [`All ${NODES} nodes, the database and the callers share the two cores here.`],
    }
  } finally {
    await Promise.all(running.map((gatehouse) => gatehouse.stop()))
    await postgres.end()
  }
}

/** Turns users off and on, each caller one of their own on a node of their own; answers how long each call took. */
async function times(running: readonly Gatehouse[], app: string, callers: number): Promise<number[]> {
  const taken: number[] = []
  await inLanes(callers, CALLS, async (index) => {
    const lane = index % callers
    const gatehouse = running[lane % running.length] as Gatehouse
    const began = performance.now()
    const act = Math.floor(index / callers) % 2 === 0 ? 'deactivate' : 'activate'
    await gatehouse.call('POST', `/v1/apps/${app}/users/u${lane}/${act}`)
    taken.push(performance.now() - began)
  })
  return taken
}
