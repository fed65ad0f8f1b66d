import assert from 'node:assert/strict'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { sql } from 'kysely'
import { openSqliteDatabase } from '../../sqlite-database.ts'
import type { Tables } from '../schema.ts'
import { createUsers } from '../users.ts'
import { PEOPLE_MIGRATIONS } from './people.ts'
import { RECORD_MIGRATIONS } from './records.ts'
import { migrate } from './run.ts'

test('users who were there before have blank details, were updated when created, and are found by id and name', async () => {
  const database = openSqliteDatabase<Tables>(() => new Sqlite(':memory:'), { single: true })
  await migrate(database, RECORD_MIGRATIONS, 0)
  await database.write(async (tx) => {
    await sql`insert into apps (id, name, settings, link_key, status, used_bytes, used_attachments, created_at)
      values ('a', '"A"', '{}', x'00', 'active', 0, 0, 1)`.execute(tx)
    for (const [id, name] of [
      ['ANN', '"Ann Meier"'],
      ['bob', 'null'],
    ]) {
      await sql`insert into users (app, id, name, metadata, status, created_at)
        values ('a', ${id}, ${name}, '{"a":1}', 'active', 7)`.execute(tx)
    }
  })
  await migrate(database, PEOPLE_MIGRATIONS, 0)
  const users = createUsers(database)
  const bob = await users.find('a', 'bob')
  assert.deepEqual(
    { ...bob, serial: 0 },
    {
      ...{ app: 'a', id: 'bob', serial: 0, name: null, role: null, tags: [], profile: {}, metadata: { a: 1 } },
      ...{ mergedFrom: [], status: 'active', createdAt: 7, updatedAt: 7, deactivatedAt: null },
    },
  )
  for (const [search, found] of [
    ['ann', ['ANN']],
    ['n mei', ['ANN']],
    ['BOB', ['bob']],
    ['null', []],
  ] as const) {
    const { items } = await users.page('a', { offset: 0, limit: 10, search })
    assert.deepEqual(
      items.map((user) => user.id),
      found,
      search,
    )
  }
  await database.close()
})

test('who was merged before merges had a time was so before somebody else came, or the last change was made', async () => {
  const database = openSqliteDatabase<Tables>(() => new Sqlite(':memory:'), { single: true })
  await migrate(database, RECORD_MIGRATIONS, 0)
  await migrate(database, PEOPLE_MIGRATIONS.slice(0, 2), 0)
  await database.write(async (tx) => {
    await sql`insert into apps (id, name, settings, link_key, status, used_bytes, used_attachments, created_at)
      values ('a', '"A"', '{}', x'00', 'active', 0, 0, 1)`.execute(tx)
    await sql`insert into users (serial, app, id, name, metadata, status, created_at)
      values (1, 'a', 'ann', 'null', '{}', 'active', 7), (4, 'a', 'bob', 'null', '{}', 'active', 8)`.execute(tx)
    await sql`insert into merged_users (serial, app, id, survivor)
      values (2, 'a', 'bob', 1), (3, 'a', 'cid', 1)`.execute(tx)
    await sql`insert into changes (sequence, app, listed, change, actor, at, rows, paths)
      values (1, 'a', 0, '{}', 'x', 9, '[]', '[]')`.execute(tx)
  })
  await migrate(database, PEOPLE_MIGRATIONS, 0)
  const rows = await database.read.selectFrom('merged_users').select(['id', 'merged_at']).orderBy('id').execute()
  assert.deepEqual(rows, [
    { id: 'bob', merged_at: 8 },
    { id: 'cid', merged_at: 9 },
  ])
  await database.close()
})
