import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { type NewView, type Records, Unavailable } from './port.ts'
import { openSqliteRecords } from './sqlite.ts'

const APPENDS = 300

const view = (at: number): NewView => ({
  ...{ app: 'a', at, lastAt: at, action: 'read', resource: '/apps/a/k/file.bin', attachment: null },
  ...{ user: 'bob', userSerial: null, credential: 'link', key: null, allowed: true, reason: 'ok', status: 200 },
  ...{ method: 'GET', ip: '192.0.2.1', userAgent: null, bytes: 10, count: 1 },
})

const times = async (records: Records) => {
  const { items } = await records.views.list('a', { after: null, limit: 1000 })
  return items.map(({ at }) => at)
}

describe('sqlite: a process that writes a lot of the access log', () => {
  let folder: string
  let records: Records
  const file = () => join(folder, 'gatehouse.db')
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-writer-'))
    records = await openSqliteRecords({ file: file() })
  })
  after(async () => {
    await records.close()
    await rm(folder, { recursive: true })
  })

  test('keeps every line, before and after a thread of its own takes over, whether waited for or not', async () => {
    for (let at = 1; at <= APPENDS; at++) await records.views.append([view(at)])
    await Promise.all(Array.from({ length: 50 }, (_, more) => records.views.append([view(APPENDS + 1 + more)])))
    assert.deepEqual(
      await times(records),
      Array.from({ length: APPENDS + 50 }, (_, index) => APPENDS + 50 - index),
    )
  })

  test('tells what failed as ever, and goes on once it can', async () => {
    const other = new Sqlite(join(folder, 'views.db'))
    other.exec('begin immediate')
    await assert.rejects(records.views.append([view(1000)]), Unavailable)
    other.exec('rollback')
    other.close()
    await records.views.append([view(1001)])
    assert.equal((await times(records))[0], 1001)
  })

  test('prunes what the thread has written', async () => {
    assert.equal(await records.views.prune(APPENDS + 51, 10_000), APPENDS + 50)
    assert.deepEqual(await times(records), [1001])
  })

  test('ends the thread when it is closed, and everything is there when it is opened again', async () => {
    await records.views.append([view(2000)])
    await records.close()
    await assert.rejects(records.views.append([view(2001)]), Unavailable)
    records = await openSqliteRecords({ file: file() })
    assert.deepEqual(await times(records), [2000, 1001])
  })
})
