import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { recordsConformance } from '../../conformance/records.ts'
import { openSqliteRecords } from './sqlite.ts'

const make = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-records-'))
  return {
    open: () => openSqliteRecords({ file: join(folder, 'gatehouse.db') }),
    end: () => rm(folder, { recursive: true }),
  }
}

recordsConformance({ describe, test, before, after }, 'sqlite', make, { shared: true })

test('whoever asks for one thing after another leaves everybody else their turns', async () => {
  const made = await make()
  const records = await made.open()
  let turns = 0
  let turning = setImmediate(function turn() {
    turns++
    turning = setImmediate(turn)
  })
  const works: readonly (() => Promise<unknown>)[] = [
    () => records.users.find('none', 'none'),
    () => records.conversations.unban('none', 'none', 'none'),
  ]
  try {
    for (const work of works) {
      turns = 0
      // For many times as long as one turn may take.
      for (const end = performance.now() + 300; performance.now() < end; ) await work()
      assert.ok(turns > 3, `${turns} turns during ${work}`)
    }
  } finally {
    clearImmediate(turning)
    await records.close()
    await made.end()
  }
})
