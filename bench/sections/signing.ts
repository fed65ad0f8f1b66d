import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { type Gatehouse, linkPath, makeApp, makeGroup, startGatehouse, upload } from '../gatehouse.ts'
import { measureLoad } from '../load.ts'
import { percentile, show } from '../numbers.ts'
import { alternate, middle, ratio } from '../rounds.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const FILES = 100
const TOKENS_PER_SECOND = 50
const STEADY_PER_SECOND = 500
const CONNECTIONS = 64
const WARM_UP = 2

/** What is asked of the server beside media. */
const BESIDE = ['none', 'tokens', 'others'] as const
type Beside = (typeof BESIDE)[number]

const NAMES: Readonly<Record<Beside, string>> = {
  none: 'nothing else',
  tokens: `${TOKENS_PER_SECOND} tokens/s`,
  others: `${TOKENS_PER_SECOND} other calls/s`,
}

/** What signing media tokens (RS512, 4096 bits) does to media requests beside it. */
export const signing: Section = { name: 'signing', title: 'Signing media tokens', run }

type Delays = { readonly p50: number; readonly p99: number; readonly issued: number; readonly answered: number }

async function run({ rounds, seconds, folder, gatehouse: launch, say }: Bench): Promise<Findings> {
  const gatehouse = await startGatehouse(launch, join(folder, 'data'))
  try {
    const app = await makeApp(gatehouse)
    await makeGroup(gatehouse, app, 'team', 1)
    const targets: string[] = []
    for (let i = 0; i < FILES; i++) {
      const { id } = await upload(gatehouse, app, 'team', new Uint8Array(randomBytes(10_000)))
      targets.push(await linkPath(gatehouse, app, id, 'u0'))
    }
    const paths = join(folder, 'links')
    writeFileSync(paths, `${targets.join('\n')}\n`)
    // Each for another conversation: of one and the same, a second's tokens are signed once.
    for (let i = 0; i < TOKENS_PER_SECOND; i++) await makeGroup(gatehouse, app, `team-${i}`, 1)
    let asked = 0
    const token = () =>
      gatehouse.call('POST', `/v1/apps/${app}/media-tokens`, {
        paths: [`/apps/${app}/conversations/team-${asked++ % TOKENS_PER_SECOND}`],
      })
    const plain = () => gatehouse.call('GET', `/v1/apps/${app}/users/u0`)
    const calls = { none: null, tokens: token, others: plain } as const
    // Both keys are made before anything is measured.
    await token()
    await gatehouse.call('POST', '/v1/media-keys/rotate')
    await gatehouse.call('POST', '/v1/media-keys/rotate')

    const beside = (which: Beside) => {
      const call = calls[which]
      return call === null ? Promise.resolve(0) : every(TOKENS_PER_SECOND, seconds, call)
    }
    const steadily = async (which: Beside): Promise<Delays> => {
      const issuing = beside(which)
      const delays: number[] = []
      let next = 0
      const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
      await every(STEADY_PER_SECOND, seconds, async (due) => {
        await get(gatehouse, targets[next++ % FILES] ?? '', agent)
        delays.push(performance.now() - due)
      })
      agent.destroy()
      const issued = await issuing
      return {
        p50: percentile(delays, 0.5),
        p99: percentile(delays, 0.99),
        issued: issued / seconds,
        answered: delays.length / seconds,
      }
    }
    const saturated = async (which: Beside): Promise<Delays> => {
      const issuing = beside(which)
      const load = await measureLoad({
        ...{ url: gatehouse.url, seconds, connections: CONNECTIONS, servers: [gatehouse.running] },
        paths,
      })
      return { p50: load.p50, p99: load.p99, issued: (await issuing) / seconds, answered: load.perSecond }
    }
    // What a server does once it has been up for a while: calls that were never made before are compiled first.
    say('warming up')
    for (let round = 0; round < WARM_UP; round++) for (const which of BESIDE) await steadily(which)
    const measure = async (name: string, load: (which: Beside) => Promise<Delays>) => {
      say(name)
      return alternate(
        BESIDE.map((which) => ({ name: `${name}, ${NAMES[which]}`, measure: () => load(which) })),
        rounds,
      )
    }
    const steady = await measure(`${STEADY_PER_SECOND} requests/s`, steadily)
    const full = await measure(`${CONNECTIONS} connections, as fast as they go`, saturated)
    const p99 = ({ p99 }: Delays) => p99
    const times = (value: number) => `${show(value)} ×`
    const of = (courses: typeof steady, one: Beside, other: Beside) => {
      const [over, under] = [courses[BESIDE.indexOf(one)], courses[BESIDE.indexOf(other)]]
      return over === undefined || under === undefined ? Number.NaN : ratio(over, under, p99)
    }
    return {
      tables: [
        {
          title: 'Delay of media requests in milliseconds (10 KB, by link), server on one core',
          columns: ['', 'median', 'p99', 'requests/s', 'calls/s beside'],
          rows: [...steady, ...full].map((course) => [
            course.name,
            ...[({ p50 }: Delays) => p50, p99, ({ answered }: Delays) => answered, ({ issued }: Delays) => issued].map(
              (figure) => show(middle(course, figure)),
            ),
          ]),
        },
      ],
      goals: [goal('p99 under full load, with tokens to without', of(full, 'tokens', 'none'), { most: 1.5 }, times)],
      notes: [
        'Signatures are made on a thread of their own, of lower priority, which here shares the one core of the server: they take time from it, and no turn of the event loop. Where the core is full, tokens wait.',
        `Other calls ask for one user. Where a core is mostly idle, whatever it does beside is seen in the delays of the rest: with tokens they were ${times(of(steady, 'tokens', 'none'))} those without, with other calls ${times(of(steady, 'others', 'none'))}.`,
      ],
    }
  } finally {
    await gatehouse.stop()
  }
}

/** Does something at a steady rate, however long it takes; answers how often it was done once all is done. */
async function every(perSecond: number, seconds: number, work: (due: number) => Promise<unknown>): Promise<number> {
  const began = performance.now()
  const count = perSecond * seconds
  const all: Promise<unknown>[] = []
  while (all.length < count) {
    const due = began + (all.length * 1000) / perSecond
    const wait = due - performance.now()
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait))
    else all.push(work(performance.now()))
  }
  await Promise.all(all)
  return count
}

function get({ url }: Gatehouse, path: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { agent }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${path}: ${answer.statusCode}`))
      answer.resume().once('end', resolve)
    })
    asked.once('error', reject).end()
  })
}
