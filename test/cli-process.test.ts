import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { mountSmallDisk, type SmallDisk } from '@gatehouse/storage/conformance/small-disk'
import { startCliHouse } from './support/cli.ts'
import { eventually, filesBelow, runGatehouse, startGatehouse, temporaryFolder } from './support/gatehouse.ts'

const { server, app, cli, json } = await startCliHouse('general')
const disks: SmallDisk[] = []
after(async () => {
  await server.stop()
  for (const disk of disks) disk.remove()
})

/** A folder on a disk that holds less than a database. */
function full(): string {
  const disk = mountSmallDisk(200 * 1024)
  disks.push(disk)
  return disk.folder
}

/** A folder on a disk that can only be read. */
function readOnly(): string {
  const folder = full()
  execFileSync('mount', ['-o', 'remount,ro', folder])
  return folder
}

describe('the process and its folder', () => {
  test('a key made in the data folder works at once on the server that is running', async () => {
    const made = await cli(['key', 'create', '--local', '--name', 'first', '--data', server.data, '--json'])
    assert.equal(made.code, 0, made.stderr)
    const { id, secret } = JSON.parse(made.stdout) as { id: string; secret: string }
    const { code, stderr } = await cli(['app', 'list'], { GATEHOUSE_KEY: `${id}:${secret}` })
    assert.equal(code, 0, stderr)
  })

  test('a first start without any key says how to make one, and a later one does not', async () => {
    const data = temporaryFolder()
    const told = async () => {
      const serving = runGatehouse(['serve', '--port', '0', '--data', data])
      await serving.ready
      serving.process.kill('SIGTERM')
      assert.deepEqual(await serving.exited, { code: 0, signal: null })
      return serving.stderr()
    }
    assert.match(await told(), /no key yet\. `gatehouse key create --local/)
    const made = await cli(['key', 'create', '--local', '--name', 'first', '--data', data])
    assert.equal(made.code, 0, made.stderr)
    assert.doesNotMatch(await told(), /no key/)
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

  test('doctor asks the running server where it listens, whatever its public URL', async () => {
    const settings = [
      '--port',
      new URL(server.url).port,
      '--public-url',
      'https://media.invalid',
      '--data',
      server.data,
    ]
    const { stdout } = await cli(['doctor', '--json', ...settings], { GATEHOUSE_URL: '' })
    const { findings } = JSON.parse(stdout) as { findings: { code: string }[] }
    const codes = findings.map(({ code }) => code)
    assert.ok(codes.includes('proxy_not_trusted') && !codes.includes('server_not_reachable'), codes.join())
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

  test('doctor tells a master key that the database was not made with, and changes nothing', async () => {
    const ask = (env: Readonly<Record<string, string>>) => cli(['doctor', '--data', server.data], env)
    const { code, stdout } = await ask({ GATEHOUSE_MASTER_KEY: randomBytes(32).toString('hex') })
    assert.equal(code, 5)
    assert.match(stdout, /^error {4}The master key is not the one that this database was made with/m)
    assert.doesNotMatch((await ask({})).stdout, /master key is not the one/)
  })

  test('doctor tells before the first start what would hinder it, once each', async () => {
    const data = temporaryFolder()
    writeFileSync(join(data, 'master.key'), 'nonsense', { mode: 0o600 })
    for (const [flags, expected] of [
      [['--data', data], 'master_key_unreadable'],
      [['--data', join(data, 'master.key')], 'data_no_folder'],
      [['--data', join(data, 'master.key', 'data')], 'data_impossible'],
      [['--data', '/proc/gatehouse'], 'data_impossible'],
    ] as const) {
      const { code, stdout, stderr } = await cli(['doctor', '--json', ...flags], { GATEHOUSE_DEFAULT_APP: '' })
      assert.equal(code, 5, stderr)
      const { findings } = JSON.parse(stdout) as { findings: { level: string; code: string }[] }
      const errors = findings.filter(({ level }) => level === 'error').map((finding) => finding.code)
      assert.deepEqual(errors, [expected])
    }
    assert.deepEqual(filesBelow(data), ['master.key'], 'nothing is left behind')
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
    [
      'a data folder where nothing can be made',
      () => ['--port', '0', '--data', '/proc/gatehouse'],
      /The data folder \/proc\/gatehouse cannot be made \(ENOENT\); name another folder with --data/,
    ],
    [
      'a file in place of the data folder',
      () => ['--port', '0', '--data', fileURLToPath(import.meta.url)],
      /cannot be made \(EEXIST\).*\n {2}A file lies where a folder has to be/,
    ],
    [
      'a data folder that can only be read',
      () => ['--port', '0', '--data', readOnly()],
      /The data folder .* cannot be written \(EROFS\); .*\n {2}That place can only be read/,
    ],
    [
      'a data folder on a disk that is full',
      () => ['--port', '0', '--data', full()],
      /The database in .* cannot be opened: .*\n {2}The disk is full/,
    ],
    [
      'a database that nobody answers for',
      () => ['--port', '0', '--data', temporaryFolder(), '--database-url', 'postgres://127.0.0.1:9/none'],
      /ECONNREFUSED.*\n {2}Check GATEHOUSE_DATABASE_URL/,
    ],
  ] as const) {
    test(`serve with ${sentence} ends with one sentence and no stack`, { timeout: 300_000 }, async () => {
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
