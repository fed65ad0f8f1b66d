import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createClient } from './support/client.ts'
import {
  ADMIN,
  eventually,
  filesBelow,
  type Gatehouse,
  ROOT,
  runGatehouse,
  startGatehouse,
  temporaryFolder,
} from './support/gatehouse.ts'
import { createApp, type Tenant } from './support/tenant.ts'

let server: Gatehouse
let app: Tenant

before(async () => {
  server = await startGatehouse()
  app = await createApp(server.admin)
  await app.users('anna', 'bert')
  await app.conversation('general', ['anna', 'bert'])
})

after(() => server.stop())

type Result = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** Runs a command against the server, with the account-wide key unless `env` says otherwise. */
async function cli(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
  const command = runGatehouse(words, {
    GATEHOUSE_URL: server.url,
    GATEHOUSE_KEY: `${ADMIN.id}:${ADMIN.secret}`,
    GATEHOUSE_DEFAULT_APP: app.id,
    ...env,
  })
  const { code } = await command.exited
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

/** Runs a command with `--json` that has to succeed, and answers what it printed. */
async function json<T = Record<string, unknown>>(...words: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await cli([...words, '--json'])
  assert.equal(code, 0, stderr)
  assert.equal(stderr, '', 'nothing but data where JSON is asked for')
  return JSON.parse(stdout) as T
}

describe('apps, keys, users', () => {
  test('an app lives through create, show, set, list and delete', async () => {
    const made = await json<{ id: string; settings: { linkSeconds: number } }>(
      'app',
      'create',
      'Made here',
      '--set',
      'linkSeconds=60',
    )
    assert.equal(made.settings.linkSeconds, 60)
    const changed = await json<{ settings: { linkSeconds: null; noStore: boolean } }>(
      'app',
      'set',
      made.id,
      'linkSeconds=null',
      'noStore=true',
    )
    assert.deepEqual([changed.settings.linkSeconds, changed.settings.noStore], [null, true])
    assert.match((await cli(['app', 'show', made.id])).stdout, /noStore +true\n/)
    const list = await cli(['app', 'list'])
    assert.match(list.stdout, new RegExp(`${made.id} .* Made here\n`))
    const gone = await cli(['app', 'delete', made.id, '--yes'])
    assert.equal(gone.code, 0, gone.stderr)
    const { items } = await json<{ items: { id: string }[] }>('app', 'list')
    assert.ok(!items.some(({ id }) => id === made.id))
  })

  test('a key works from the moment it is made until it is deactivated, and again after', async () => {
    const key = await json<{ id: string; secret: string }>('key', 'create', '--name', 'backend')
    const env = { GATEHOUSE_KEY: `${key.id}:${key.secret}` }
    assert.equal((await cli(['user', 'list'], env)).code, 0)
    assert.equal((await cli(['user', 'list'], { GATEHOUSE_KEY: key.secret })).code, 0, 'the secret alone is enough')
    const off = await cli(['key', 'deactivate', key.id])
    assert.match(off.stdout, new RegExp(`^deactivated ${key.id} \\(sequence \\d+, in force on 1 node after`))
    const refused = await cli(['user', 'list'], env)
    assert.equal(refused.code, 3)
    assert.match(refused.stderr, /401 key_suspended: Key not active\n {2}The key behind this credential is deactivated/)
    assert.equal((await cli(['key', 'activate', key.id])).code, 0)
    assert.equal((await cli(['user', 'list'], env)).code, 0)
    assert.equal((await cli(['key', 'delete', key.id])).code, 0)
    assert.equal((await cli(['user', 'list'], env)).code, 3)
  })

  test('a key with a grant may do that and no more', async () => {
    const grant = `read@${`/apps/${app.id}`}`
    const key = await json<{ id: string; secret: string }>('key', 'create', '--name', 'reader', '--grant', grant)
    const { code } = await cli(['user', 'put', 'x'], { GATEHOUSE_KEY: `${key.id}:${key.secret}` })
    assert.equal(code, 3)
  })

  test('what is not there is told with 1', async () => {
    const { code, stderr } = await cli(['user', 'deactivate', 'nobody'])
    assert.equal(code, 1)
    assert.match(stderr, /404 not_found: Not found\n {2}There is nothing under this name/)
  })

  test('without a key one is refused and told where to put it', async () => {
    const { code, stderr } = await cli(['app', 'list'], { GATEHOUSE_KEY: '' })
    assert.equal(code, 3)
    assert.match(stderr, /GATEHOUSE_KEY/)
  })

  test('a user with an odd id lives through put, deactivate, activate, delete', async () => {
    const uid = 'änna & söhne #1?'
    const made = await json<{ id: string; name: string }>('user', 'put', uid, '--name', 'Anna', '--metadata', '{"a":1}')
    assert.equal(made.id, uid)
    const off = await json<{ status: string; revocation: { sequence: number } }>('user', 'deactivate', uid)
    assert.equal(off.status, 'deactivated')
    assert.ok(off.revocation.sequence > 0)
    assert.equal((await json<{ status: string }>('user', 'activate', uid)).status, 'active')
    assert.equal((await cli(['user', 'delete', uid])).code, 0)
    const users = await json<{ items: { id: string }[] }>('user', 'list')
    assert.ok(!users.items.some(({ id }) => id === uid))
  })
})

describe('tokens', () => {
  const grant = () => `read@/apps/${app.id}/conversations/general`

  test('a token opens what its grant names, however it was made, until it is revoked', async () => {
    const attachment = await app.upload(Buffer.from('hello'), { conversation: 'general' })
    const key = await app.key()
    const offline = await cli(['token', 'issue', '--offline', '--grant', grant(), '--json'], {
      GATEHOUSE_KEY: `${key.id}:${key.secret}`,
      GATEHOUSE_URL: 'http://127.0.0.1:9',
    })
    assert.equal(offline.code, 0, offline.stderr)
    const issued = await json<{ token: string; id: string }>('token', 'issue', '--grant', grant(), '--subject', 'anna')
    for (const { token, id } of [issued, JSON.parse(offline.stdout) as { token: string; id: string }]) {
      const viewer = createClient(server.url, { authorization: `Bearer ${token}` })
      assert.equal((await viewer.get(attachment.path)).status, 200)
      const { sequence } = await json<{ sequence: number }>('revoke', '--token', id)
      assert.ok(sequence > 0)
      assert.equal((await viewer.get(attachment.path)).status, 401)
    }
  })

  test('on its own, a token is all that standard output holds', async () => {
    const { stdout, stderr } = await cli(['token', 'issue', '--grant', grant()])
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    assert.match(stderr, /^id \S+, valid until 20/)
  })

  test('inspect explains a link: allowed, then refused after the user is revoked', async () => {
    await app.users('carl')
    await app.conversation('inspected', ['carl'])
    const attachment = await app.upload(Buffer.from('hello'), { conversation: 'inspected' })
    const link = `${server.url}${await app.link(attachment.id, 'carl')}`
    const before = await cli(['token', 'inspect', link])
    assert.equal(before.code, 0, before.stderr)
    assert.match(before.stdout, /^link, verified/)
    assert.match(before.stdout, /\nallowed\n$/)
    const revoked = await cli(['revoke', '--user', 'carl'])
    assert.match(revoked.stdout, /^revoked: sequence \d+, in force on 1 node after [\d.]+ ms, 0 open responses cut\n$/)
    const later = await cli(['token', 'inspect', link])
    assert.equal(later.code, 0, later.stderr)
    assert.match(later.stdout, /\nrefused: issued_before_revocation\. /)
  })

  test('inspect reads a token from standard input', async () => {
    const { token } = await json<{ token: string }>('token', 'issue', '--grant', grant())
    const main = join(ROOT, 'packages/cli/src/main.ts')
    const child = spawn(process.execPath, ['--conditions=gatehouse-source', main, 'token', 'inspect', '-', '--json'], {
      env: { PATH: process.env.PATH, GATEHOUSE_URL: server.url, GATEHOUSE_KEY: `${ADMIN.id}:${ADMIN.secret}` },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    child.stdin.end(`${token}\n`)
    let stdout = ''
    for await (const chunk of child.stdout) stdout += chunk
    const { kind, verified } = JSON.parse(stdout) as { kind: string; verified: boolean }
    assert.deepEqual([kind, verified], ['grant', true])
  })

  test('everything in the app can be revoked at once', async () => {
    const attachment = await app.upload(Buffer.from('hello'), { conversation: 'general' })
    const link = await app.link(attachment.id, 'anna')
    assert.equal((await app.bare.get(link)).status, 200)
    assert.equal((await cli(['revoke', '--all', '--yes'])).code, 0)
    assert.equal((await app.bare.get(link)).status, 401)
  })
})

describe('import', () => {
  function folderOf(files: Readonly<Record<string, string>>): string {
    const folder = temporaryFolder()
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
    return folder
  }

  type Summary = { imported: number; already: number; failures: { path: string; code: string }[]; state: string }

  const importing = (folder: string, ...more: readonly string[]) =>
    cli(['import', folder, '--conversation', 'imported', '--json', ...more])

  async function summaryOf(result: Promise<Result>, code = 0): Promise<Summary> {
    const { code: actual, stdout, stderr } = await result
    assert.equal(actual, code, stderr)
    return JSON.parse(stdout) as Summary
  }

  before(() => app.conversation('imported', ['anna', 'bert']))

  test('every file arrives with its bytes and type, and a second run does nothing', async () => {
    const folder = folderOf({ 'a.txt': 'a text', 'deep/er/b ü.csv': 'a,b\n1,2\n', 'empty.bin': '' })
    symlinkSync('/etc/hostname', join(folder, 'link'))
    const first = await importing(folder, '--from', 'anna', '--access', 'private')
    assert.match(first.stderr, /left out: link/)
    assert.equal((await summaryOf(Promise.resolve(first))).imported, 3)
    const lines = readFileSync(join(folder, '.gatehouse-import.jsonl'), 'utf8').trim().split('\n')
    const done = lines.map((line) => JSON.parse(line) as { path: string; id: string; url: string })
    assert.deepEqual(done.map(({ path }) => path).sort(), ['a.txt', 'deep/er/b ü.csv', 'empty.bin'])
    for (const { path, id } of done) {
      const view = (await app.admin.get(`${app.base}/attachments/${id}`)).json<Record<string, unknown>>()
      assert.equal(view.filename, path.split('/').at(-1))
      assert.equal(view.access, 'private')
      if (path.endsWith('.csv')) assert.equal(view.contentType, 'text/csv')
      const bytes = await app.bare.get(await app.link(id, 'bert'))
      assert.deepEqual(bytes.body, readFileSync(join(folder, path)))
    }
    const second = await summaryOf(importing(folder, '--from', 'anna', '--access', 'private'))
    assert.deepEqual([second.imported, second.already], [0, 3])
  })

  test('what the server has done already is not done twice, even where the state file is lost', async () => {
    const folder = folderOf({ 'a.txt': 'once' })
    const states = [join(temporaryFolder(), 'one'), join(temporaryFolder(), 'two')]
    const ids: string[] = []
    for (const state of states) {
      await summaryOf(importing(folder, '--state', state))
      ids.push((JSON.parse(readFileSync(state, 'utf8')) as { id: string }).id)
    }
    assert.equal(ids[0], ids[1])
  })

  test('a file that has changed is imported again', async () => {
    const folder = folderOf({ 'a.txt': 'one', 'b.txt': 'two' })
    await summaryOf(importing(folder))
    appendFileSync(join(folder, 'a.txt'), ' more')
    const again = await summaryOf(importing(folder))
    assert.deepEqual([again.imported, again.already], [1, 1])
  })

  test('a file that is refused is told, the others arrive, and it ends with 1', async () => {
    await app.settings({ maxUploadBytes: 1000 })
    try {
      const folder = folderOf({ 'a.txt': 'small', 'large.bin': 'x'.repeat(200_000), 'z.txt': 'small too' })
      const { imported, failures } = await summaryOf(importing(folder), 1)
      assert.equal(imported, 2)
      assert.deepEqual(
        failures.map(({ path, code }) => [path, code]),
        [['large.bin', 'file_too_large']],
      )
    } finally {
      await app.settings({ maxUploadBytes: null })
    }
  })

  test('a key that may not write ends it with 3', async () => {
    const key = await app.key([{ actions: ['read'], resource: `/apps/${app.id}` }])
    const folder = folderOf({ 'a.txt': 'a', 'b.txt': 'b' })
    const { code } = await cli(['import', folder, '--conversation', 'imported'], {
      GATEHOUSE_KEY: `${key.id}:${key.secret}`,
    })
    assert.equal(code, 3)
  })

  test('an interruption leaves a state from which the same command goes on', async () => {
    const files = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`${n}.txt`, `file ${n}`]))
    const folder = folderOf(files)
    const state = join(folder, '.gatehouse-import.jsonl')
    const command = runGatehouse(
      ['import', folder, '--conversation', 'imported', '--concurrency', '1', '--app', app.id],
      {
        GATEHOUSE_URL: server.url,
        GATEHOUSE_KEY: `${ADMIN.id}:${ADMIN.secret}`,
      },
    )
    await eventually('some files to arrive', () => (command.stderr().includes('5/400') ? true : undefined))
    command.process.kill('SIGINT')
    assert.equal((await command.exited).code, 130, command.stderr())
    assert.match(command.stdout(), /interrupted: the same command goes on from here/)
    const done = readFileSync(state, 'utf8').trim().split('\n').length
    assert.ok(done >= 5 && done < 400, `${done} were done`)
    const { imported, already, failures } = await summaryOf(importing(folder))
    assert.deepEqual([imported, already, failures.length], [400 - done, done, 0])
  })
})

describe('the process and its folder', () => {
  test('a key made in the data folder works at once on the server that is running', async () => {
    const made = await cli(['key', 'create', '--local', '--name', 'first', '--data', server.data, '--json'])
    assert.equal(made.code, 0, made.stderr)
    const { id, secret } = JSON.parse(made.stdout) as { id: string; secret: string }
    const { code, stderr } = await cli(['app', 'list'], { GATEHOUSE_KEY: `${id}:${secret}` })
    assert.equal(code, 0, stderr)
  })

  test('check beside a running server finds it sound', async () => {
    await app.upload(Buffer.from('checked'), { conversation: 'general' })
    const { code, stdout, stderr } = await cli(['check', '--deep', '--data', server.data, '--json'])
    assert.equal(code, 0, stderr)
    const { sound, recorded } = JSON.parse(stdout) as { sound: boolean; recorded: number }
    assert.ok(sound && recorded > 0)
  })

  test('doctor on a sound installation has hints at most, and knows the running server', async () => {
    const { code, stdout, stderr } = await cli(['doctor', '--data', server.data, '--json'], {
      GATEHOUSE_DEFAULT_APP: '',
    })
    const { findings } = JSON.parse(stdout) as { findings: { level: string; code: string; cure: string }[] }
    const serious = findings.filter(({ level, code }) => level !== 'hint' && code !== 'disk_filling')
    assert.deepEqual(serious, [], stderr)
    assert.equal(code, findings.some(({ level }) => level !== 'hint') ? 5 : 0)
    const codes = findings.map((finding) => finding.code)
    assert.ok(!codes.includes('server_not_reachable') && codes.includes('master_key_beside_data'), codes.join())
    assert.ok(findings.every(({ cure }) => cure.length > 5))
  })

  test('doctor finds what is stored wrongly and ends with 5', async () => {
    await app.settings({ tokenizedMedia: false, attachmentsAccess: 'public', allowedOrigins: [] })
    try {
      const { code, stdout } = await cli(['doctor', '--data', server.data], { GATEHOUSE_DEFAULT_APP: 'none' })
      assert.equal(code, 5)
      assert.match(stdout, /^error {4}The default app none does not exist\.\n/)
      assert.match(stdout, new RegExp(`warning  Attachments of the app ${app.id} .* are public`))
    } finally {
      await app.settings({ tokenizedMedia: null, attachmentsAccess: null })
    }
  })

  test('doctor tells a database of which nobody answers', async () => {
    const { code, stdout } = await cli(['doctor', '--data', server.data], {
      GATEHOUSE_DATABASE_URL: 'postgres://127.0.0.1:9/none',
    })
    assert.equal(code, 5)
    assert.match(stdout, /The database does not work/)
  })

  for (const [sentence, flags, expected] of [
    [
      'a port that is taken',
      () => ['--port', String(server.port), '--data', temporaryFolder()],
      /another port with --port/,
    ],
    ['a data folder that is served', () => ['--port', '0', '--data', server.data], /serving the data folder/],
  ] as const) {
    test(`serve with ${sentence} ends with one sentence and no stack`, async () => {
      const { code, stdout, stderr } = await cli(['serve', ...flags()], { GATEHOUSE_DEFAULT_APP: '' })
      assert.equal(code, 1)
      assert.equal(stdout, '')
      assert.match(stderr, expected)
      assert.doesNotMatch(stderr, /\n\s+at /)
    })
  }

  test('the second signal ends the server at once', async () => {
    const second = await startGatehouse()
    const held = connect(second.port, '127.0.0.1')
    held.on('error', () => {})
    await new Promise<void>((resolve) => held.write('GET /livez HTTP/1.1\r\n', () => resolve()))
    second.signal('SIGTERM')
    await eventually('the server to notice the signal', async () => {
      const { status } = await second.admin.get('/readyz').catch(() => ({ status: 503 }))
      return status === 503 ? true : undefined
    })
    second.signal('SIGTERM')
    assert.deepEqual(await second.exited, { code: 143, signal: null })
    held.destroy()
  })

  test('demo keeps everything in a temporary folder that goes with it, and prints a proof that works', async () => {
    const TMPDIR = temporaryFolder()
    const demo = runGatehouse(['demo', '--port', '0'], { TMPDIR })
    const url = await demo.ready
    const link = await eventually('the proof', () => /'(http\S+\?t=\S+)'/.exec(demo.stdout())?.[1])
    assert.ok(link.startsWith(url))
    assert.equal((await fetch(link)).status, 200)
    assert.ok(filesBelow(TMPDIR).length > 0)
    demo.process.kill('SIGTERM')
    assert.equal((await demo.exited).code, 0, demo.stderr())
    assert.deepEqual(filesBelow(TMPDIR), [])
  })

  test('openapi prints the document of the server', async () => {
    const document = await json<{ openapi: string; paths: object }>('openapi')
    assert.match(document.openapi, /^3\.1/)
    assert.ok(Object.keys(document.paths).length > 10)
  })
})
