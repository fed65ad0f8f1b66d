import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '@gatehouse/server/config'
import { configurationFindings } from './configuration.ts'

const machine = { cores: 2, memoryBytes: 8 * 1024 ** 3 }
const random = '8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d'
const behindProxy = ['--public-url', 'https://media.example', '--trusted-proxies', '127.0.0.1']

/** Codes with the first letter of their level. */
function found(argv: readonly string[], env: Record<string, string> = {}): string[] {
  const read = readConfig(argv, { GATEHOUSE_MASTER_KEY: random, ...env })
  assert.ok(read.ok, read.ok ? '' : read.errors.join('\n'))
  return configurationFindings(read.config, machine).map(({ level, code }) => `${level[0]} ${code}`)
}

const rows: readonly [string, string[], Record<string, string>, string[]][] = [
  ['the defaults with a master key of their own', [], {}, []],
  ['the master key in the data folder', [], { GATEHOUSE_MASTER_KEY: '' }, ['h master_key_beside_data']],
  [
    'a shared database with a master key in each data folder',
    [],
    { GATEHOUSE_MASTER_KEY: '', GATEHOUSE_DATABASE_URL: 'postgres://127.0.0.1/a' },
    ['e master_key_per_node'],
  ],
  ['a master key of zeros', [], { GATEHOUSE_MASTER_KEY: '0'.repeat(64) }, ['e master_key_weak']],
  ['a proxy on this machine, trusted', behindProxy, {}, []],
  ['a proxy on this machine, not trusted', ['--public-url', 'https://media.example'], {}, ['w proxy_not_trusted']],
  [
    'a public URL without TLS',
    ['--public-url', 'http://media.example', '--trusted-proxies', '127.0.0.1'],
    {},
    ['e public_url_plain'],
  ],
  ['a media URL without TLS', [...behindProxy, '--media-url', 'http://m.example'], {}, ['e media_url_plain']],
  ['http to this machine', ['--public-url', 'http://localhost:9000'], {}, []],
  ['all addresses and no public URL', ['--host', '0.0.0.0'], {}, ['w public_url_missing']],
  ['all addresses behind a proxy', [...behindProxy, '--host', '0.0.0.0'], {}, ['h proxy_avoidable']],
  ['everybody trusted', [...behindProxy, '--trusted-proxies', '0.0.0.0/0'], {}, ['e proxies_too_wide']],
  ['everybody trusted, IPv6', [...behindProxy, '--trusted-proxies', '::/0'], {}, ['e proxies_too_wide']],
  ['a private network trusted', [...behindProxy, '--trusted-proxies', '10.0.0.0/8'], {}, []],
  ['loopback allowed in development', ['--allow-loopback'], {}, ['h loopback_allowed']],
  ['loopback allowed in public', [...behindProxy, '--allow-loopback'], {}, ['e loopback_allowed']],
  ['the demonstration at home', ['--demo'], {}, []],
  ['the demonstration in public', [...behindProxy, '--demo'], {}, ['e demo_public']],
  ['a random admin key', [], { GATEHOUSE_ADMIN_KEY: `admin:${random}` }, []],
  [
    'an admin key that repeats itself',
    [],
    { GATEHOUSE_ADMIN_KEY: `admin:${'password1!'.repeat(4)}` },
    ['e admin_key_weak'],
  ],
  ['an admin key of one letter', [], { GATEHOUSE_ADMIN_KEY: `admin:${'x'.repeat(40)}` }, ['e admin_key_weak']],
  ['a database elsewhere without TLS', [], { GATEHOUSE_DATABASE_URL: 'postgres://db.example/a' }, ['w database_plain']],
  ['a database elsewhere with TLS', [], { GATEHOUSE_DATABASE_URL: 'postgres://db.example/a?sslmode=verify-full' }, []],
  ['a database here', [], { GATEHOUSE_DATABASE_URL: 'postgres://localhost/a' }, []],
  ['a bucket without TLS', [], { GATEHOUSE_BLOBS_URL: 's3://b?endpoint=http://s3.example' }, ['w blobs_plain']],
  ['a bucket with TLS', [], { GATEHOUSE_BLOBS_URL: 's3://b?endpoint=https://s3.example' }, []],
  ['more workers than cores', ['--workers', '3'], {}, ['w workers_above_cores']],
  ['as many workers as cores', ['--workers', '2'], {}, []],
  ['a cache that eats the memory', ['--cache-bytes', '5GiB'], {}, ['w cache_too_large']],
  ['small files larger than their memory', ['--cache-bytes', '100KiB'], {}, ['w small_files_do_not_fit']],
  ['no reserve', ['--reserve-bytes', '0'], {}, ['w reserve_missing']],
]

for (const [sentence, argv, env, expected] of rows) {
  test(`${sentence}: ${expected.join(', ') || 'nothing'}`, () => assert.deepEqual(found(argv, env), expected))
}

test('no finding shows a secret', () => {
  const secret = 'canary-canary-canary-canary-canary-canary-'
  const read = readConfig([], {
    GATEHOUSE_ADMIN_KEY: `admin:${secret}`,
    GATEHOUSE_DATABASE_URL: `postgres://u:${secret}@db.example/a`,
    GATEHOUSE_BLOBS_URL: `s3://k:${secret}@b?endpoint=http://s3.example`,
  })
  assert.ok(read.ok)
  const findings = configurationFindings(read.config, machine)
  assert.ok(findings.length >= 4)
  assert.doesNotMatch(JSON.stringify(findings), /canary/)
})
