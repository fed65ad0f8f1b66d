import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { startCliHouse } from './support/cli.ts'
import { createClient } from './support/client.ts'
import { ADMIN, ROOT } from './support/gatehouse.ts'

const { server, app, cli, json } = await startCliHouse('general')
after(() => server.stop())

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

describe('what is kept of users, and their logins', () => {
  test('users are found by what was put', async () => {
    const words = ['--role', 'host', '--tags', 'beta, early', '--profile', '{"avatar":"https://pictures.example/o"}']
    const made = await json<{ tags: string[]; profile: object }>('user', 'put', 'olga', '--name', 'Olga Ö', ...words)
    assert.deepEqual([made.tags, made.profile], [['beta', 'early'], { avatar: 'https://pictures.example/o' }])
    const found = await cli(['user', 'list', '--search', 'ga ö', '--role', 'host', '--tag', 'early'])
    assert.match(found.stdout, /^ID +STATUS +ROLE +TAGS +NAME\nolga +active +host +beta,early +Olga Ö\n$/)
    assert.equal((await cli(['user', 'list', '--tag', 'late'])).stdout, '(none)\n')
    assert.deepEqual((await json<{ tags: string[] }>('user', 'put', 'olga', '--tags', '')).tags, [])
  })

  test('two users become one, once', async () => {
    for (const uid of ['nora', 'visitor']) assert.equal((await cli(['user', 'put', uid])).code, 0)
    assert.match((await cli(['user', 'merge', 'nora', 'visitor'])).stdout, /^merged visitor into nora \(sequence \d+, /)
    assert.equal((await cli(['user', 'list', '--search', 'visitor'])).stdout, '(none)\n')
    const again = await cli(['user', 'merge', 'nora', 'visitor'])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /404 not_found/)
  })

  test('a login session lives through begin, list and end', async () => {
    await app.users('lena')
    const begun = await cli(['login', 'begin', 'lena'])
    assert.match(begun.stdout, /^ghl_[\w-]{43}\n$/, 'on its own, the token is all that standard output holds')
    const { id } = await json<{ id: string; token: string }>('login', 'begin', 'lena')
    assert.match((await cli(['login', 'list', 'lena'])).stdout, new RegExp(`^ID +BEGAN\n${id} .*\n[0-9a-f]{24} .*\n$`))
    assert.equal((await cli(['login', 'end', 'lena', id])).stdout, `ended ${id} of lena\n`)
    assert.equal((await cli(['login', 'end', 'lena', id])).code, 1)
    assert.equal((await cli(['login', 'end', 'lena'])).code, 0)
    assert.equal((await cli(['login', 'list', 'lena'])).stdout, '(none)\n')
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

  test('a token made offline says how far its maker knows the log: 0 before the first revocation', async () => {
    await app.users('zoe')
    const attachment = await app.upload(Buffer.from('hello'), { conversation: 'general' })
    const key = await app.key()
    const statusAt = async (sequence: number) => {
      const words = ['--offline', '--subject', 'zoe', '--grant', grant(), '--sequence', String(sequence)]
      const { stdout, stderr } = await cli(['token', 'issue', ...words], { GATEHOUSE_KEY: `${key.id}:${key.secret}` })
      const viewer = createClient(server.url, { authorization: `Bearer ${stdout.trim()}` })
      return { status: (await viewer.get(attachment.path)).status, stderr }
    }
    const first = await statusAt(0)
    assert.equal(first.status, 200, first.stderr)
    const { sequence } = await json<{ sequence: number }>('revoke', '--user', 'zoe')
    assert.equal((await statusAt(0)).status, 401)
    assert.equal((await statusAt(sequence)).status, 200)
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
