import { randomBytes } from 'node:crypto'
import { type Gatehouse, makeApp, makeGroup, startGatehouse } from '../gatehouse.ts'
import { median, show } from '../numbers.ts'
import { openPages } from '../pages.ts'
import { alternate, middle, ratio } from '../rounds.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const LARGE = 100_000
const SMALL = 3
const SENDS = 50
const PER_PAGE = 100
const MESSAGES = 1000

/** What messages cost through the chat surface: sending to many and to few, and pages of history with a URL for each reader. */
export const history: Section = { name: 'history', title: 'Messages and their history', run }

/** What one round of sending cost for each message. */
type Sent = { readonly milliseconds: number; readonly cpuMilliseconds: number }

async function run({ rounds, seconds, folder, gatehouse: launch, say }: Bench): Promise<Findings> {
  const gatehouse = await startGatehouse(launch, `${folder}/data`)
  try {
    const app = await makeApp(gatehouse)
    say(`a group of ${LARGE.toLocaleString('en')}`)
    await makeGroup(gatehouse, app, 'large', LARGE)
    await makeGroup(gatehouse, app, 'small', SMALL)
    const client = await loginOf(gatehouse, app, 'u1')
    const courses = await alternate(
      ['small', 'large'].map((group) => ({ name: group, measure: () => send(gatehouse, client, group) })),
      rounds,
    )
    const [small, large] = courses
    if (small === undefined || large === undefined) throw new Error('a group was not measured')
    const compared = ratio(large, small, ({ cpuMilliseconds }) => cpuMilliseconds)

    say('pages over HTTP')
    for (let sent = (rounds + 1) * SENDS; sent < MESSAGES; sent += SENDS) await send(gatehouse, client, 'small')
    const overHttp = await perCpuSecond(gatehouse, client, seconds)
    say('pages in process')
    const inProcess = await pagesPerSecond(rounds, seconds)
    const row = (name: string, course: typeof small) => [
      name,
      ...[middle(course, (one) => one.milliseconds), middle(course, (one) => one.cpuMilliseconds)].map(show),
    ]
    return {
      tables: [
        {
          title: 'Sending a message with a file of 1 KB, in milliseconds, one client',
          columns: ['', 'call', 'CPU of the server'],
          rows: [row(`to a group of ${SMALL}`, small), row(`to a group of ${LARGE.toLocaleString('en')}`, large)],
        },
        {
          title: `Pages of ${PER_PAGE} messages with files, each URL derived for the reader`,
          columns: ['', 'pages'],
          rows: [
            ['per second and core, in process', show(inProcess)],
            ['per CPU second of the server, over HTTP', show(overHttp)],
          ],
        },
      ],
      goals: [
        goal('CPU per message to many, against few', compared, { most: 1.5 }, (value) => `${show(value)} ×`),
        goal('pages per second and core, in process', inProcess, { least: 1000 }, show),
      ],
      notes: [
        'In process: from the question to the text of the answer, out of SQLite, about 100 KB a page, by CPU time.',
      ],
    }
  } finally {
    await gatehouse.stop()
  }
}

type Client = { readonly appId: string; readonly authToken: string }

async function loginOf(gatehouse: Gatehouse, app: string, uid: string): Promise<Client> {
  const { secret } = await gatehouse.call<{ secret: string }>('POST', `/v1/apps/${app}/keys`, { name: 'bench' })
  const headers = { appId: app, apiKey: secret }
  const answer = await fetch(`${gatehouse.url}/v3/users/${uid}/auth_tokens`, { method: 'POST', headers })
  const { data } = (await answer.json()) as { data: { authToken: string } }
  return { appId: app, authToken: data.authToken }
}

async function send({ url, running }: Gatehouse, client: Client, group: string): Promise<Sent> {
  const cpu = running.cpuSeconds()
  const began = performance.now()
  for (let i = 0; i < SENDS; i++) {
    const form = new FormData()
    for (const [name, value] of Object.entries({
      type: 'image',
      receiverType: 'group',
      category: 'message',
      data: '{}',
    })) {
      form.append(name, value)
    }
    form.append('files[]', new Blob([new Uint8Array(randomBytes(1000))]), 'photo.bin')
    form.append('receiver', group)
    const answer = await fetch(`${url}/v3.0/messages`, { method: 'POST', headers: client, body: form })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`sending to ${group}: ${answer.status} ${text.slice(0, 300)}`)
  }
  const each = (total: number) => total / SENDS
  return { milliseconds: each(performance.now() - began), cpuMilliseconds: each((running.cpuSeconds() - cpu) * 1000) }
}

async function perCpuSecond({ url, running }: Gatehouse, headers: Client, seconds: number): Promise<number> {
  const cpu = running.cpuSeconds()
  const end = performance.now() + seconds * 1000
  let pages = 0
  while (performance.now() < end) {
    const answer = await fetch(`${url}/v3.0/groups/small/messages?per_page=${PER_PAGE}&affix=prepend`, { headers })
    const { data } = (await answer.json()) as { data: readonly unknown[] }
    if (data.length !== PER_PAGE) throw new Error(`a page of ${data.length}`)
    pages++
  }
  return pages / (running.cpuSeconds() - cpu)
}

/** The median over rounds of pages per CPU second of this process. */
async function pagesPerSecond(rounds: number, seconds: number): Promise<number> {
  const pages = await openPages(SMALL, MESSAGES, PER_PAGE)
  try {
    const found: number[] = []
    for (let round = 0; round <= rounds; round++) {
      const cpu = process.cpuUsage()
      const end = performance.now() + seconds * 1000
      let made = 0
      while (performance.now() < end) {
        const text = await pages.make(made, MESSAGES - (made % (MESSAGES - PER_PAGE)))
        if (!text.includes('?fat=')) throw new Error('a page without URLs for its reader')
        made++
      }
      const { user, system } = process.cpuUsage(cpu)
      if (round > 0) found.push((made * 1_000_000) / (user + system))
    }
    return median(found)
  } finally {
    await pages.close()
  }
}
