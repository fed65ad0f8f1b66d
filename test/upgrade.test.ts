import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { lockFolder } from '@gatehouse/storage/lock'
import { openPostgresDatabase } from '@gatehouse/storage/records/postgres-database'
import type { Database } from '@gatehouse/storage/records/sql/database'
import { MEDIA_MIGRATIONS } from '@gatehouse/storage/records/sql/migrations/media'
import { PEOPLE_MIGRATIONS } from '@gatehouse/storage/records/sql/migrations/people'
import { RECORD_MIGRATIONS } from '@gatehouse/storage/records/sql/migrations/records'
import { migrate } from '@gatehouse/storage/records/sql/migrations/run'
import { TALK_MIGRATIONS } from '@gatehouse/storage/records/sql/migrations/talk'
import { VIEW_MIGRATIONS } from '@gatehouse/storage/records/sql/migrations/views'
import { WEBHOOK_MIGRATIONS } from '@gatehouse/storage/records/sql/migrations/webhooks'
import { openConnection } from '@gatehouse/storage/records/sqlite-connection'
import { openSqliteDatabase } from '@gatehouse/storage/records/sqlite-database'
import { runGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { usePostgres } from './support/postgres.ts'

/** What an operator sees where a newer version finds the database of an older one. */

/** How many steps of the last area the older version knew. */
const KNOWN = 2
const MISSING = MEDIA_MIGRATIONS.slice(KNOWN).map(({ name }) => name)

/** The lines that an upgrade writes, as one pattern. */
const NOTE = new RegExp(
  [
    `The database is changed for this version first, in ${MISSING.length} steps?; .*`,
    ...MISSING.map((name, index) => `  step ${index + 1} of ${MISSING.length}: ${name}`),
    'The database is up to date, after (\\d+ min )?[\\d.]+ s\\.\n',
  ].join('\n'),
)

const postgres = await usePostgres()
after(() => postgres.end())

/** Makes the database of an older version, and answers the settings that lead to it. */
const houses: Readonly<Record<string, () => Promise<Readonly<Record<string, string>>>>> = {
  SQLite: async () => {
    const data = temporaryFolder()
    await makeOlder(openSqliteDatabase<object>(() => openConnection(join(data, 'gatehouse.db'), 'FULL')))
    return { GATEHOUSE_DATA: data }
  },
  PostgreSQL: async () => {
    const database = openPostgresDatabase<object>({ url: postgres.url, connections: 1 })
    await database.ask('drop schema public cascade', [])
    await database.ask('create schema public', [])
    await makeOlder(database)
    return { GATEHOUSE_DATA: temporaryFolder(), GATEHOUSE_DATABASE_URL: postgres.url }
  },
}

async function makeOlder(database: Database<object>): Promise<void> {
  const media = MEDIA_MIGRATIONS.slice(0, KNOWN)
  for (const area of [RECORD_MIGRATIONS, PEOPLE_MIGRATIONS, TALK_MIGRATIONS, WEBHOOK_MIGRATIONS, media]) {
    await migrate(database, area, 1)
  }
  if (database.flavour === 'postgres') await migrate(database, VIEW_MIGRATIONS, 1)
  await database.close()
}

/** Starts the server, ends it, and answers what it wrote for people. */
async function serve(env: Readonly<Record<string, string>>): Promise<string> {
  const serving = runGatehouse(['serve', '--port', '0'], env)
  await serving.ready
  serving.process.kill('SIGTERM')
  assert.deepEqual(await serving.exited, { code: 0, signal: null })
  return serving.stderr()
}

async function run(words: readonly string[], env: Readonly<Record<string, string>>) {
  const command = runGatehouse(words, env)
  const { code } = await command.exited
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

for (const [flavour, older] of Object.entries(houses)) {
  describe(`the database of an older version, ${flavour}`, () => {
    test('serve tells each step that is made, and how long it took, once; of a new database it tells nothing', async () => {
      const env = await older()
      assert.match(await serve({ ...env, GATEHOUSE_WORKERS: '2' }), NOTE)
      assert.doesNotMatch(await serve(env), /database|step/)
      if (flavour === 'SQLite') assert.doesNotMatch(await serve({ GATEHOUSE_DATA: temporaryFolder() }), /database|step/)
    })

    test('commands beside the server refuse it and leave it as it is, since an older server may be at work on it', async () => {
      const env = await older()
      const doctor = await run(['doctor'], env)
      assert.match(doctor.stdout, /^warning {2}The database is of an older version.*\n.*start `gatehouse serve`/m)
      assert.equal(doctor.code, 5)
      for (const words of [['check'], ['check', '--repair'], ['key', 'create', '--local', '--name', 'first']]) {
        const { code, stderr } = await run(words, env)
        assert.match(
          stderr,
          /^gatehouse: The database is of an older version.*\n.*start `gatehouse serve`/,
          words.join(' '),
        )
        assert.equal(code, 1)
      }
      assert.match(await serve(env), NOTE)
      assert.equal((await run(['check'], env)).code, 0)
    })

    test('a start in a folder that is served changes no database', async () => {
      const { GATEHOUSE_DATA: data = '', ...env } = await older()
      const lock = lockFolder(data)
      const { code, stderr } = await run(['serve', '--port', '0', '--data', data], env)
      lock.release()
      assert.equal(code, 1)
      assert.match(stderr, /^gatehouse: Another Gatehouse is serving/)
      assert.match(await serve({ ...env, GATEHOUSE_DATA: data }), NOTE)
    })
  })
}
