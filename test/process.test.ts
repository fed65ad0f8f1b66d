import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { eventually, runGatehouse, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { createApp, expect, keyed } from './support/tenant.ts'

const house = await startGatehouse()
after(() => house.stop())
const app = await createApp(house.admin)

test('livez and readyz answer anybody', async () => {
  for (const path of ['/livez', '/readyz']) expect(await app.bare.get(path), 200)
  assert.match(house.url, /^http:\/\/127\.0\.0\.1:\d+$/, 'without --host it binds the loopback address')
})

test('metrics are in the text format, and count what happens', async () => {
  const read = async () => expect(await app.bare.get('/metrics'), 200)
  const first = await read()
  assert.match(String(first.headers['content-type']), /^text\/plain/)
  assert.match(first.text, /^# TYPE \w+ (counter|histogram)/m)
  for (const line of first.text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    assert.match(line, /^[a-zA-Z_:][\w:]*(\{.*\})? [-+.\deEINaf]+$/)
  }
  assert.ok(!first.text.includes(app.id), 'a label per app would have no bound')
})

type Schema = { readonly $ref?: string }
type OpenApi = {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          { operationId?: string; responses?: Record<string, unknown>; parameters?: { in: string; name: string }[] }
        >
      >
    >
  >
}

test('the OpenAPI document is a whole one, and knows the calls of the contract', async () => {
  const answer = expect(await app.bare.get('/openapi.json'), 200)
  const document = answer.json<OpenApi>()
  assert.match(document.openapi, /^3\.1\.\d+$/)
  assert.ok(document.info.title && document.info.version)
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => ['get', 'put', 'post', 'patch', 'delete'].includes(method))
      .map(([method, operation]) => ({ path, method, operation })),
  )
  for (const { path, method, operation } of operations) {
    const what = `${method} ${path}`
    assert.ok(operation.operationId, `${what} has a name`)
    assert.ok(Object.keys(operation.responses ?? {}).length > 0, `${what} has answers`)
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const declared = (operation.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name)
    assert.deepEqual([...declared].sort(), named.sort(), `${what} declares its path's parameters`)
  }
  const names = operations.map(({ operation }) => operation.operationId)
  assert.equal(new Set(names).size, names.length, 'operation names are unique')
  for (const [, pointer = ''] of answer.text.matchAll(/"\$ref":"#([^"]+)"/g)) {
    const found = pointer
      .split('/')
      .slice(1)
      .reduce<unknown>(
        (at, key) => (at as Record<string, Schema> | undefined)?.[key.replace(/~1/g, '/').replace(/~0/g, '~')],
        document,
      )
    assert.ok(found, `#${pointer} leads somewhere`)
  }
  const known = new Set(operations.map(({ path, method }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`))
  for (const call of [
    'post /v1/apps',
    'get /v1/apps/{}',
    'patch /v1/apps/{}',
    'delete /v1/apps/{}',
    'post /v1/apps/{}/keys',
    'post /v1/apps/{}/keys/{}/deactivate',
    'put /v1/apps/{}/users/{}',
    'post /v1/apps/{}/users/{}/deactivate',
    'post /v1/apps/{}/users/{}/activate',
    'put /v1/apps/{}/conversations/{}',
    'put /v1/apps/{}/conversations/{}/members/{}',
    'post /v1/apps/{}/conversations/{}/merge',
    'post /v1/apps/{}/conversations/{}/attachments',
    'post /v1/apps/{}/attachments',
    'get /v1/apps/{}/attachments/{}',
    'delete /v1/apps/{}/attachments/{}',
    'get /v1/apps/{}/attachments/{}/links',
    'get /v1/apps/{}/attachments/{}/links/{}',
    'get /v1/apps/{}/attachments/{}/receipts',
    'post /v1/apps/{}/messages',
    'post /v1/apps/{}/tokens',
    'post /v1/apps/{}/revocations',
    'get /v1/apps/{}/revocations',
    'post /v1/tokens/inspect',
    'get /v1/apps/{}/views',
    'post /v1/apps/{}/attachments/protect',
    'post /v1/apps/{}/attachments/unprotect',
    'get /v1/verify',
  ]) {
    assert.ok(known.has(call), `the document lacks ${call}`)
  }
})

test('the reference page loads with all that it needs', async () => {
  let page = await app.bare.get('/docs')
  if (page.status >= 300 && page.status < 400)
    page = await app.bare.get(new URL(page.headers.location ?? '', `${house.url}/docs`).pathname)
  expect(page, 200)
  assert.match(String(page.headers['content-type']), /^text\/html/)
  const needed = [...page.text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, reference = '']) => reference)
  for (const reference of needed) {
    assert.ok(!/^(https?:)?\/\//.test(reference), `${reference} would be fetched from elsewhere`)
    expect(await app.bare.get(new URL(reference, `${house.url}/docs/`).pathname), 200)
  }
})

test('the keys of the server are public, and only the public half', async () => {
  const { keys } = expect(await app.bare.get('/.well-known/jwks.json'), 200).json<{ keys: Record<string, unknown>[] }>()
  assert.ok(keys.length > 0)
  for (const key of keys) {
    assert.ok(key.kid && key.kty)
    for (const half of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(key[half], undefined)
  }
})

/** Runs a start that has to fail, and answers what it said. */
async function refused(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const command = runGatehouse(['serve', ...words], env)
  const { code, signal } = await command.exited
  assert.ok(code !== null && code > 0 && signal === null, `expected it to refuse, it ended with ${code ?? signal}`)
  assert.doesNotMatch(command.stderr(), /\n\s+at .*:\d+/, 'no stack for a mistake of the operator')
  return command.stderr()
}

test('a start with mistakes names them all at once', async () => {
  const said = await refused(['--nonsense', '1', '--port', 'abc', '--wrokers', '2'], {
    GATEHOUSE_DRAIN_SECONDS: 'soon',
    GATEHOUSE_COLOUR: 'red',
  })
  for (const name of ['--nonsense', '--port', '--wrokers', 'GATEHOUSE_DRAIN_SECONDS', 'GATEHOUSE_COLOUR']) {
    assert.ok(said.includes(name), `nothing about ${name} in:\n${said}`)
  }
  const secret = `short-${randomBytes(5).toString('hex')}`
  const weak = await refused(['--data', temporaryFolder()], { GATEHOUSE_ADMIN_KEY: `admin:${secret}` })
  assert.match(weak, /GATEHOUSE_ADMIN_KEY/)
  assert.ok(!weak.includes(secret), 'a secret is in no message')
})

test('a port that is taken is told in words', async () => {
  const said = await refused(['--port', String(house.port), '--data', temporaryFolder()])
  assert.ok(said.includes(String(house.port)), said)
})

test('a master key that is not the one of the data folder is refused', async (t) => {
  const data = temporaryFolder()
  const first = await startGatehouse({ data, env: { GATEHOUSE_MASTER_KEY: randomBytes(32).toString('hex') } })
  t.after(first.kill)
  await createApp(first.admin)
  await first.stop()
  const said = await refused(['--port', '0', '--data', data], { GATEHOUSE_MASTER_KEY: randomBytes(32).toString('hex') })
  assert.match(said, /master key|GATEHOUSE_MASTER_KEY/i)
})

test('an end does not wait for a key that is being made', async (t) => {
  const own = await startGatehouse({ flags: ['--drain-seconds', '1'] })
  t.after(() => own.kill())
  const tenant = await createApp(own.admin)
  const asked = own.admin.post(`${tenant.base}/media-tokens`, { paths: [`/apps/${tenant.id}`] }).catch(() => null)
  const maker = await eventually('a process that makes a key', () => childrenOf(own.pid)[0])
  // It would never be done.
  process.kill(maker, 'SIGSTOP')
  await own.stop()
  assert.equal((await asked)?.status, undefined)
  await eventually('the end of that process, too', () => (isGone(maker) ? true : undefined))
})

test('everything is there after a restart', async (t) => {
  const data = temporaryFolder()
  const first = await startGatehouse({ data })
  t.after(first.kill)
  const before = await createApp(first.admin)
  await before.conversation('c', ['ann', 'bob'])
  const made = await before.upload(Buffer.from('lasting'))
  const link = await before.link(made.id, 'bob')
  const key = await before.key()
  await first.stop()
  const second = await startGatehouse({ data })
  t.after(second.kill)
  const again = second.admin.as({})
  assert.equal(expect(await again.get(link), 200).text, 'lasting')
  expect(await again.get(made.path, keyed(key)), 200)
  await second.stop()
})

/** The processes that this one has started, whichever of its threads did. */
function childrenOf(pid: number): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`)
  return tasks.flatMap((task) => look(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number))
}

/** Whether a process has ended; one that nobody has buried yet has. */
function isGone(pid: number): boolean {
  const state = look(`/proc/${pid}/stat`)
  return state === '' || /\) [ZX] /.test(state)
}

/** What the system tells of a process; nothing of one that has just ended. */
function look(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
