import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { mountSmallDisk } from '../../conformance/small-disk.ts'
import { Full, type Records, Unavailable } from './port.ts'
import { migrate } from './sql/migrations/run.ts'
import { openSqliteRecords } from './sqlite.ts'
import { openConnection } from './sqlite-connection.ts'
import { openSqliteDatabase } from './sqlite-database.ts'

const revoke = (records: Records, app: string, token: string) =>
  records.changes.append({ kind: 'revoke', app, target: { token } }, 'tester', 1)

const newApp = (records: Records, id: string) =>
  records.apps.create({ id, name: id, settings: {}, linkKey: new Uint8Array(1), at: 1 })

describe('sqlite: what goes wrong', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-records-'))
  })
  after(() => rm(folder, { recursive: true }))

  test('a folder that is not there, or a file that is no database, is unavailable', async () => {
    await assert.rejects(openSqliteRecords({ file: join(folder, 'none', 'gatehouse.db') }), Unavailable)
    const file = join(folder, 'text.db')
    await writeFile(file, 'this is no database, but it is long enough to look at '.repeat(100))
    await assert.rejects(openSqliteRecords({ file }), Unavailable)
  })

  test('the files are readable by their owner only', async () => {
    const file = join(folder, 'mode.db')
    const records = await openSqliteRecords({ file })
    for (const each of [file, `${file}-wal`, join(folder, 'views.db')]) {
      assert.equal((await stat(each)).mode & 0o077, 0, each)
    }
    await records.close()
  })

  test('a write lock that somebody holds for ever makes writing unavailable; reading goes on, and later all is well', async () => {
    const file = join(folder, 'locked.db')
    const records = await openSqliteRecords({ file })
    await newApp(records, 'a')
    const other = new Sqlite(file)
    other.exec('begin immediate')
    const writing = [revoke(records, 'a', 'x'), revoke(records, 'a', 'y')].map((each) =>
      assert.rejects(each, Unavailable),
    )
    assert.equal((await records.apps.find('a'))?.id, 'a')
    await Promise.all(writing)
    other.exec('rollback')
    other.close()
    assert.equal((await revoke(records, 'a', 'x'))?.sequence, 1)
    await records.close()
  })

  test('a change of the schema waits for a write lock for as long as somebody holds it', async () => {
    const file = join(folder, 'upgraded.db')
    const [database, other] = [1, 2].map(() => openSqliteDatabase<object>(() => openConnection(file, 'FULL')))
    if (database === undefined || other === undefined) return assert.fail()
    const holder = new Sqlite(file)
    holder.exec('begin immediate')
    const step = { name: 'test-0001', statements: () => ['create table made (id integer) strict'] }
    const upgraded = migrate(database, [step], 1)
    // By then anything else has been given up.
    await assert.rejects(
      other.write(async () => {}),
      Unavailable,
    )
    holder.exec('rollback')
    await upgraded
    assert.deepEqual(holder.prepare('select * from made').all(), [])
    for (const each of [holder, database, other]) await each.close()
  })

  test('a database of a later version is refused', async () => {
    const file = join(folder, 'later.db')
    await (await openSqliteRecords({ file })).close()
    const other = new Sqlite(file)
    other.exec(`insert into migrations (name, at) values ('records-9999-later', 0)`)
    other.close()
    await assert.rejects(openSqliteRecords({ file }), /later version .*records-9999-later/)
  })

  test('closed records are unavailable, and closing twice is nothing', async () => {
    const records = await openSqliteRecords({ file: join(folder, 'closed.db') })
    await newApp(records, 'a')
    await records.close()
    await records.close()
    await assert.rejects(records.apps.find('a'), Unavailable)
    await assert.rejects(revoke(records, 'a', 'x'), Unavailable)
    await assert.rejects(revoke(records, 'a', 'y'), Unavailable)
    await assert.rejects(records.ping(), Unavailable)
  })

  test('a full disk is told apart, leaves nothing behind, and reading goes on', async () => {
    const disk = mountSmallDisk(4 * 1024 * 1024)
    try {
      await chmod(disk.folder, 0o700)
      const records = await openSqliteRecords({ file: join(disk.folder, 'gatehouse.db') })
      await newApp(records, 'a')
      const put = (n: number) =>
        records.users.put({ app: 'a', id: `user-${n}`, metadata: { text: 'x'.repeat(100_000) }, at: 1 })
      let written = 0
      await assert.rejects(async () => {
        for (; written < 100; written++) await put(written)
      }, Full)
      assert.ok(written > 0)
      assert.equal((await records.users.list('a', { after: null, limit: 1000 })).items.length, written)
      assert.equal(await records.users.find('a', `user-${written}`), null)
      await records.close()
    } finally {
      disk.remove()
    }
  })
})
