import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Config, listeningOn, readConfig } from './config.ts'
import { flagOf, SETTING_NAMES, SETTINGS, variableOf } from './config-table.ts'
import { settingsMarkdown, settingsText } from './config-text.ts'

const SECRET = 'a-secret-that-is-long-enough-to-be-one'

function configOf(argv: readonly string[], env: Record<string, string> = {}): Config {
  const read = readConfig(argv, env)
  assert.ok(read.ok, read.ok ? '' : read.errors.join('\n'))
  return read.config
}

function errorsOf(argv: readonly string[], env: Record<string, string> = {}): readonly string[] {
  const read = readConfig(argv, env)
  assert.ok(!read.ok, 'was accepted')
  return read.errors
}

test('without anything said, it listens on loopback only and keeps everything in ./data', () => {
  const config = configOf([])
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.publicUrl, 'http://127.0.0.1:8080')
  assert.equal(config.mediaUrl, 'http://127.0.0.1:8080')
  assert.equal(config.data, './data')
  assert.equal(config.demo, false)
  assert.equal(config.allowLoopback, false)
  assert.equal(config.adminKey, null)
})

const accepted: readonly [string, string[], Record<string, string>, Partial<Config>][] = [
  ['a flag with a space', ['--port', '9000'], {}, { port: 9000, publicUrl: 'http://127.0.0.1:9000' }],
  ['a flag with an equals sign', ['--port=9000'], {}, { port: 9000 }],
  ['a variable', [], { GATEHOUSE_PORT: '9000' }, { port: 9000 }],
  ['a flag wins over a variable', ['--port', '1'], { GATEHOUSE_PORT: '2' }, { port: 1 }],
  ['the last of two flags wins', ['--port', '1', '--port', '2'], {}, { port: 2 }],
  ['an empty variable is absent', [], { GATEHOUSE_PORT: '' }, { port: 8080 }],
  ['a toggle alone', ['--demo', '--port', '1'], {}, { demo: true, port: 1 }],
  ['a toggle with a word', ['--demo', 'false'], {}, { demo: false }],
  ['a toggle with an equals sign', ['--allow-loopback=true'], {}, { allowLoopback: true }],
  ['a public URL without its slash', ['--public-url', 'https://a.example/'], {}, { publicUrl: 'https://a.example' }],
  [
    'the media URL follows the public one',
    ['--public-url', 'https://a.example'],
    {},
    { mediaUrl: 'https://a.example' },
  ],
  ['unless it is set', ['--media-url', 'https://m.example'], {}, { mediaUrl: 'https://m.example' }],
  ['all addresses', ['--host', '0.0.0.0'], {}, { host: '0.0.0.0', publicUrl: 'http://127.0.0.1:8080' }],
  ['all IPv6 addresses', ['--host', '::'], {}, { publicUrl: 'http://[::1]:8080' }],
  ['proxies', ['--trusted-proxies', '10.0.0.0/8, ::1'], {}, { trustedProxies: ['10.0.0.0/8', '::1'] }],
  ['no proxies', ['--trusted-proxies', ''], {}, { trustedProxies: [] }],
  ['sizes with units', ['--cache-bytes', '2GiB'], {}, { cacheBytes: 2 * 1024 ** 3 }],
  ['an admin key', [], { GATEHOUSE_ADMIN_KEY: `admin:${SECRET}` }, { adminKey: { id: 'admin', secret: SECRET } }],
  [
    'a colon in its secret',
    [],
    { GATEHOUSE_ADMIN_KEY: `a:${SECRET}:` },
    { adminKey: { id: 'a', secret: `${SECRET}:` } },
  ],
  ['nginx sends', ['--offload', 'x-accel:/inner/'], {}, { offload: { kind: 'x-accel', prefix: '/inner/' } }],
  ['a database', [], { GATEHOUSE_DATABASE_URL: 'postgres://u:p@h/d' }, { databaseUrl: 'postgres://u:p@h/d' }],
  ['a bucket', [], { GATEHOUSE_BLOBS_URL: 's3://b/p?endpoint=http://h' }, { blobsUrl: 's3://b/p?endpoint=http://h' }],
  ['variables of the command line', [], { GATEHOUSE_URL: 'http://h', GATEHOUSE_KEY: 'a:b' }, { port: 8080 }],
  ['service links', [], { GATEHOUSE_SERVICE_HOST: '10.0.0.1', GATEHOUSE_PORT_8080_TCP: 'tcp://10.0.0.1' }, {}],
  ['a master key in hex', [], { GATEHOUSE_MASTER_KEY: '01'.repeat(32) }, { masterKey: '01'.repeat(32) }],
  [
    'a master key in base64',
    [],
    { GATEHOUSE_MASTER_KEY: Buffer.alloc(32, 1).toString('base64') },
    { masterKey: '01'.repeat(32) },
  ],
]

for (const [sentence, argv, env, expected] of accepted) {
  test(`accepted: ${sentence}`, () => {
    const config = configOf(argv, env)
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(config[name as keyof Config], value, name)
  })
}

const refused: readonly [string, string[], Record<string, string>, RegExp][] = [
  ['an unknown flag', ['--prot', '1'], {}, /^--prot is no flag\. Did you mean --port\?$/],
  ['an unknown variable', [], { GATEHOUSE_DATABSE_URL: 'x' }, /no setting\. Did you mean GATEHOUSE_DATABASE_URL\?$/],
  ['one that is near nothing', ['--zzzzz'], {}, /^--zzzzz is no flag\.$/],
  ['a stray word', ['8080'], {}, /^"8080" was not expected here/],
  ['a flag without its value', ['--port'], {}, /^--port needs a value\.$/],
  ['a flag followed by a flag', ['--data', '--demo'], {}, /^--data needs a value\.$/],
  ['a port that is a word', ['--port', 'x'], {}, /^--port is "x": expected a whole number from 0 to 65535\.$/],
  ['a port too high', ['--port', '65536'], {}, /from 0 to 65535/],
  ['a port in another notation', ['--port', '1e3'], {}, /from 0 to 65535/],
  ['a negative port', ['--port=-1'], {}, /from 0 to 65535/],
  ['a word for true', ['--demo=yes'], {}, /expected true or false/],
  ['a URL without scheme', ['--public-url', 'a.example'], {}, /expected a URL/],
  ['a URL with another scheme', ['--public-url', 'ftp://a.example'], {}, /expected a URL/],
  ['a URL with a query', ['--public-url', 'https://a.example/?a'], {}, /without user, query/],
  ['a URL with a user', ['--public-url', 'https://u:p@a.example'], {}, /without user, query/],
  ['a host with a port', ['--host', 'a:80'], {}, /IP address or a host name/],
  ['a range too long', ['--trusted-proxies', '10.0.0.0/33'], {}, /addresses or ranges/],
  ['a range that is a name', ['--trusted-proxies', 'proxy'], {}, /addresses or ranges/],
  ['a short admin secret', [], { GATEHOUSE_ADMIN_KEY: 'a:short' }, /at least 32 characters/],
  ['an admin key without id', [], { GATEHOUSE_ADMIN_KEY: `:${SECRET}` }, /id:secret/],
  ['a short master key', [], { GATEHOUSE_MASTER_KEY: 'short' }, /32 random bytes/],
  ['another database', [], { GATEHOUSE_DATABASE_URL: 'mysql://h/d' }, /postgres:\/\//],
  ['a bucket without a name', [], { GATEHOUSE_BLOBS_URL: 's3:///p' }, /s3:\/\/bucket/],
  ['an internal location without slashes', ['--offload', 'x-accel:inner'], {}, /x-accel:\/prefix\//],
  ['a level that is none', ['--log-level', 'loud'], {}, /one of debug, info/],
  ['an app id with a slash', ['--default-app', 'a/b'], {}, /an id of 1 to 128/],
  ['a lease longer than a second', [], { GATEHOUSE_LEASE_MILLISECONDS: '5000' }, /from 100 to 1000/],
  ['a service link in place of the port', [], { GATEHOUSE_PORT: 'tcp://10.0.0.1:80' }, /enableServiceLinks/],
  ['a file of what is no secret', [], { GATEHOUSE_PORT_FILE: '/x' }, /is no setting/],
  ['a file that is not there', ['--admin-key-file', '/nowhere/at/all'], {}, /cannot be read \(ENOENT\)/],
  [
    'a secret and its file',
    [],
    { GATEHOUSE_ADMIN_KEY: `a:${SECRET}`, GATEHOUSE_ADMIN_KEY_FILE: '/x' },
    /both set; leave one out/,
  ],
]

for (const [sentence, argv, env, expected] of refused) {
  test(`refused: ${sentence}`, () => {
    const errors = errorsOf(argv, env)
    assert.equal(errors.length, 1, errors.join('\n'))
    assert.match(errors[0] ?? '', expected)
  })
}

test('all errors are told at once', () => {
  const errors = errorsOf(['--port', 'x', '--nope'], { GATEHOUSE_ADMIN_KEY: 'a', GATEHOUSE_HOSTS: 'y' })
  assert.equal(errors.length, 4, errors.join('\n'))
})

test('no message holds the value of a secret', () => {
  for (const name of SETTING_NAMES.filter((name) => SETTINGS[name].secret)) {
    const errors = errorsOf([], { [variableOf(name)]: 'canary' })
    assert.doesNotMatch(errors.join('\n'), /canary/, name)
  }
})

test('a secret is read from a file, without the newline at its end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'))
  try {
    const file = join(folder, 'key')
    writeFileSync(file, `admin:${SECRET}\n`)
    const expected = { id: 'admin', secret: SECRET }
    assert.deepEqual(configOf([], { GATEHOUSE_ADMIN_KEY_FILE: file }).adminKey, expected)
    assert.deepEqual(configOf(['--admin-key-file', file]).adminKey, expected)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a file given by flag wins over the variable', () => {
  const errors = errorsOf(['--admin-key-file', '/nowhere'], { GATEHOUSE_ADMIN_KEY: `a:${SECRET}` })
  assert.match(errors.join(), /nowhere/)
})

test('the port that was taken replaces port 0 in URLs that were not set', () => {
  const config = listeningOn(configOf(['--port', '0', '--media-url', 'https://m.example']), 4711)
  assert.equal(config.port, 4711)
  assert.equal(config.publicUrl, 'http://127.0.0.1:4711')
  assert.equal(config.mediaUrl, 'https://m.example')
})

test('what is shown as the default is accepted and means the default', () => {
  for (const name of SETTING_NAMES) {
    const { parse, fallback, shown } = SETTINGS[name]
    if (fallback === null || shown === 'none') continue
    const parsed = parse(shown)
    assert.ok(parsed.ok, name)
    assert.deepEqual(parsed.value, fallback, name)
  }
})

test('every setting stands in the help and in the reference, with flag, variable and meaning', () => {
  const help = settingsText(100)
  const page = settingsMarkdown()
  for (const name of SETTING_NAMES) {
    assert.ok(help.includes(`  ${flagOf(name)} `), name)
    assert.ok(page.includes(`\`${variableOf(name)}\``) && page.includes(SETTINGS[name].meaning), name)
  }
  assert.ok(help.split('\n').every((line) => line.length <= 100))
})
