import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { openTestDatabase } from '../../../../conformance/postgres-server.ts'
import { openPostgresDatabase } from '../../postgres-database.ts'
import { openSqliteDatabase } from '../../sqlite-database.ts'
import type { Database } from '../database.ts'
import { type Migration, migrate, stepsDone } from './run.ts'
import { type Upgrade, upgrade } from './upgrade.ts'

const step = (name: string): Migration => ({
  name,
  statements: ({ integer }) => [`create table ${name.replace('-', '_')} (n ${integer})`],
})
const RECORDS = [step('a-1'), step('a-2')]
const MORE = [step('b-1')]
const LOG = [step('log-1')]
const done = (made: number) => ({ kind: 'done', made })

/** What was there before, what the records are brought to, and what is told. */
const cases: readonly [string, readonly (readonly Migration[])[], readonly (readonly Migration[])[], object[]][] = [
  ['nothing of a database that is new', [], [RECORDS, MORE], []],
  ['nothing of one that is up to date', [RECORDS, MORE, LOG], [RECORDS, MORE], []],
  [
    'each step that is missing, counted over all areas, of one that is older',
    [RECORDS.slice(0, 1), LOG],
    [RECORDS, MORE],
    [
      { kind: 'begins', steps: 2 },
      { kind: 'step', step: 1, of: 2, name: 'a-2' },
      { kind: 'step', step: 2, of: 2, name: 'b-1' },
      done(2),
    ],
  ],
]

const postgres = await openTestDatabase()
after(() => postgres.end())

const flavours: Readonly<Record<string, () => Promise<Database<object>>>> = {
  sqlite: async () => openSqliteDatabase<object>(() => new Sqlite(':memory:'), { single: true }),
  postgres: async () => {
    const database = openPostgresDatabase<object>({ url: postgres.url, connections: 2 })
    await database.ask('drop schema public cascade', [])
    await database.ask('create schema public', [])
    return database
  },
}

/** Brings one database, which holds the log, too, up to date; answers what is told, without times. */
async function told(database: Database<object>, areas: readonly (readonly Migration[])[]): Promise<object[]> {
  const all: object[] = []
  await upgrade({ database, areas }, { database, areas: [LOG] }, (each) => {
    if (each.kind !== 'done') return void all.push(each)
    assert.ok(each.milliseconds >= 0)
    all.push(done(each.made))
  })
  return all
}

for (const [flavour, open] of Object.entries(flavours)) {
  describe(`${flavour}: what is told of an upgrade`, () => {
    for (const [sentence, before, areas, expected] of cases) {
      test(sentence, async () => {
        const database = await open()
        for (const area of before) await migrate(database, area, 0)
        assert.deepEqual(await told(database, areas), expected)
        assert.deepEqual([...(await stepsDone(database))].sort(), ['a-1', 'a-2', 'b-1', 'log-1'])
        await database.close()
      })
    }

    test('what another process has made in the meantime is not told as made here', async () => {
      const database = await open()
      await migrate(database, RECORDS.slice(0, 1), 0)
      const all: Upgrade[] = []
      const areas = [RECORDS]
      const overtaken = { ...database, upgrade: behind(database, () => migrate(database, RECORDS, 0)) }
      await upgrade({ database: overtaken, areas }, { database, areas: [] }, (each) => void all.push(each))
      assert.deepEqual(
        all.map((each) => (each.kind === 'done' ? done(each.made) : each)),
        [{ kind: 'begins', steps: 1 }, done(0)],
      )
      await database.close()
    })

    test('a database stays as it is where the beginning is objected to', async () => {
      const database = await open()
      await migrate(database, RECORDS.slice(0, 1), 0)
      const objecting = upgrade({ database, areas: [RECORDS] }, { database, areas: [LOG] }, () => {
        throw new Error('not now')
      })
      await assert.rejects(objecting, /not now/)
      assert.deepEqual([...(await stepsDone(database))], ['a-1'])
      await database.close()
    })
  })
}

/** Lets something else come first. */
function behind(database: Database<object>, first: () => Promise<void>): Database<object>['upgrade'] {
  return async (work) => {
    await first()
    return database.upgrade(work)
  }
}
