import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Running, startServer } from './process.ts'
import type { Launch } from './section.ts'

/** A running Gatehouse, with an account-wide key. */
export type Gatehouse = {
  readonly running: Running
  readonly url: string
  /** Milliseconds from the start of the process until it said that it is ready. */
  readonly startMilliseconds: number
  /** Calls the API; answers the body as JSON. Raises where the answer is no success. */
  readonly call: <T>(method: string, path: string, body?: object | FormData) => Promise<T>
  readonly stop: () => Promise<void>
}

/** An attachment as the API shows it, as far as the benchmark reads it. */
export type Shared = { readonly id: string; readonly url: string }

const ENTRY = join(import.meta.dirname, '../packages/cli')

/** How to start what `npm run build` has built. */
export const BUILT: Launch = { nodeArguments: [join(ENTRY, 'dist/main.js')] }

/** How to start the sources as they are. */
export const SOURCES: Launch = { nodeArguments: ['--conditions=gatehouse-source', join(ENTRY, 'src/main.ts')] }

/** Starts the server on a free port over a data folder, with further flags of `serve`. */
export async function startGatehouse(
  launch: Launch,
  data: string,
  options: {
    readonly flags?: readonly string[]
    readonly nodeArguments?: readonly string[]
    readonly ipc?: boolean
    /** On all cores, rather than on that of the servers. */
    readonly everywhere?: boolean
    readonly env?: Readonly<Record<string, string>>
    /** Secret of the account-wide key, the same for nodes of one installation. */
    readonly secret?: string
  } = {},
): Promise<Gatehouse> {
  const secret = options.secret ?? randomBytes(32).toString('hex')
  const began = performance.now()
  const running = startServer(
    [
      ...[process.execPath, ...(options.nodeArguments ?? []), ...launch.nodeArguments],
      ...['serve', '--port', '0', '--data', data, '--log-level', 'error', ...(options.flags ?? [])],
    ],
    {
      env: { GATEHOUSE_ADMIN_KEY: `bench:${secret}`, NODE_NO_WARNINGS: '1', ...options.env },
      ipc: options.ipc ?? false,
      everywhere: options.everywhere ?? false,
    },
  )
  const url = await running.says('gatehouse ready on ')
  const startMilliseconds = performance.now() - began
  const authorization = `Basic ${Buffer.from(`bench:${secret}`).toString('base64')}`
  const gatehouse: Gatehouse = {
    running,
    url,
    startMilliseconds,
    async call<T>(method: string, path: string, body?: object | FormData): Promise<T> {
      const json = body !== undefined && !(body instanceof FormData)
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization, ...(json ? { 'content-type': 'application/json' } : {}) },
        ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`)
      return (text === '' ? null : JSON.parse(text)) as T
    },
    stop: () => running.stop(),
  }
  await settled(gatehouse)
  return gatehouse
}

/** Waits until the keys of media tokens are made: a new server makes them in the background, and that takes CPU of what is measured. */
async function settled({ call }: Gatehouse): Promise<void> {
  for (;;) {
    const { items } = await call<{ items: { state: string }[] }>('GET', '/v1/media-keys')
    if (items.some(({ state }) => state === 'next') && items.some(({ state }) => state === 'active')) return
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

/** Makes an app in which files are closed unless told otherwise. */
export async function makeApp(gatehouse: Gatehouse): Promise<string> {
  const settings = { attachmentsAccess: 'private' }
  return (await gatehouse.call<{ id: string }>('POST', '/v1/apps', { name: 'bench', settings })).id
}

/** Makes a conversation of users `u0`, `u1` and so on. */
export async function makeGroup(gatehouse: Gatehouse, app: string, name: string, members: number): Promise<void> {
  await gatehouse.call('PUT', `/v1/apps/${app}/conversations/${name}`, {
    type: 'group',
    members: Array.from({ length: members }, (_, index) => `u${index}`),
  })
}

/** Uploads a file into a conversation. */
export async function upload(
  gatehouse: Gatehouse,
  app: string,
  conversation: string,
  bytes: Uint8Array<ArrayBuffer>,
  recipients: readonly string[] | null = null,
): Promise<Shared> {
  const form = new FormData()
  if (recipients !== null) form.append('recipients', JSON.stringify(recipients))
  form.append('access', 'private')
  form.append('file', new Blob([bytes], { type: 'application/octet-stream' }), 'file.bin')
  return gatehouse.call<Shared>('POST', `/v1/apps/${app}/conversations/${conversation}/attachments`, form)
}

/** The link of one receiver, as a path with its query. */
export async function linkPath(gatehouse: Gatehouse, app: string, attachment: string, user: string): Promise<string> {
  const path = `/v1/apps/${app}/attachments/${attachment}/links/${user}`
  return pathOf((await gatehouse.call<{ url: string }>('GET', path)).url)
}

/** All links of an attachment, as paths with queries. */
export async function allLinkPaths(gatehouse: Gatehouse, app: string, attachment: string): Promise<string[]> {
  const found: string[] = []
  let cursor = ''
  for (;;) {
    const path = `/v1/apps/${app}/attachments/${attachment}/links?limit=1000${cursor}`
    const page = await gatehouse.call<{ items: { url: string }[]; next: string | null }>('GET', path)
    found.push(...page.items.map(({ url }) => pathOf(url)))
    if (page.next === null) return found
    cursor = `&cursor=${encodeURIComponent(page.next)}`
  }
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}
