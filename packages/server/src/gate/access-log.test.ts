import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Access } from '@gatehouse/core/access'
import { type Resource, resourceOf } from '@gatehouse/core/resource'
import { openMemoryRecords } from '@gatehouse/storage/records/memory'
import type { View } from '@gatehouse/storage/records/port'
import { pino } from 'pino'
import { type AccessLog, createAccessLog, type Outcome } from './access-log.ts'
import type { Judgement } from './judgement.ts'

/** A log over real records that is written only when a test asks for it. */
async function openLog() {
  const records = await openMemoryRecords()
  const lost: number[] = []
  const log = createAccessLog({
    views: records.views,
    log: pino({ level: 'silent' }),
    flushMilliseconds: 3_600_000,
    lost: (lines) => lost.push(lines),
  })
  const written = async () => (await records.views.list('a', { after: null, limit: 1000 })).items
  return { records, log, lost, written }
}

const file = (name: string | number) => resourceOf('apps', 'a', 'k', String(name))

function accessTo(resource: Resource, at: number, ip = '192.0.2.1'): Access {
  return { action: 'read', resource, at, ip, userAgent: 'test', origin: null, wall: null }
}

function note(log: AccessLog, resource: Resource, at: number, more: Partial<Outcome> = {}): void {
  const judgement: Judgement = {
    access: { action: 'read', resource, at, ip: '192.0.2.1', userAgent: 'test', origin: null, wall: null },
    token: null,
    receives: false,
    decision: { allow: true },
  }
  log.note('a', judgement, { status: 200, method: 'GET', bytes: 10, attachment: null, opensView: true, ...more })
}

test('alike accesses between two writings are one line; what continues a view adds bytes but no view', async () => {
  const { log, written, records } = await openLog()
  note(log, file('one'), 1)
  note(log, file('one'), 5)
  note(log, file('one'), 9, { opensView: false, bytes: 3 })
  note(log, file('two'), 7)
  note(log, file('one'), 8, { status: 304, bytes: 0 })
  await log.flush()
  const lines = (await written()).map(({ resource, at, lastAt, count, bytes, status }) => {
    return [resource.slice(-3), status, at, lastAt, count, bytes]
  })
  assert.deepEqual(lines, [
    ['one', 304, 8, 8, 1, 0],
    ['two', 200, 7, 7, 1, 10],
    ['one', 200, 1, 9, 2, 23],
  ])
  note(log, file('one'), 20)
  await log.close()
  assert.equal((await written()).length, 4)
  await records.close()
})

test('many different lines are all written, each once', async () => {
  const { log, written, records, lost } = await openLog()
  for (let i = 0; i < 900; i++) note(log, file((i * 7) % 900), i + 1)
  await log.close()
  assert.deepEqual(
    (await written()).map(({ at }) => at),
    Array.from({ length: 900 }, (_, index) => 900 - index),
  )
  assert.deepEqual(lost, [])
  await records.close()
})

test('no more lines than there is room for wait; the others are counted as lost', async () => {
  const { log, records, lost } = await openLog()
  for (let i = 0; i < 60_000; i++) note(log, file(i), 1)
  // Within one turn nothing is written: five thousand are on their way, fifty thousand wait.
  assert.equal(lost.length, 5_000)
  await log.close()
  await records.close()
})

describe('refusals where there is nothing', () => {
  const nothing = (
    log: AccessLog,
    name: string | number,
    at: number,
    more: { ip?: string; attachment?: string } = {},
  ) => {
    const { ip = '192.0.2.1', attachment = null } = more
    const judgement: Judgement = {
      access: accessTo(file(name), at, ip),
      token: null,
      receives: false,
      decision: { allow: false, reason: 'credential_missing' },
    }
    log.note('a', judgement, { status: 401, method: 'GET', bytes: 0, attachment, opensView: true })
  }
  const told = async (written: () => Promise<readonly View[]>) =>
    (await written()).map(({ resource, ip, at, lastAt, count }) => [resource, ip, at, lastAt, count])

  test('beyond a hundred and twenty of one address they share a line at the app, which loses none of them', async () => {
    const { log, written, records, lost } = await openLog()
    for (let i = 0; i < 5000; i++) nothing(log, `${i}-${'x'.repeat(3000)}`, 1000)
    await log.flush()
    const lines = await written()
    assert.equal(lines.length, 121)
    assert.equal(
      lines.reduce((sum, { count }) => sum + count, 0),
      5000,
    )
    assert.equal(lines.find(({ resource }) => resource === '/apps/a')?.count, 4880)
    // Over time they flow off: a minute later there is room again.
    nothing(log, 'later', 61_000)
    await log.close()
    assert.deepEqual((await told(written))[0], ['/apps/a/k/later', '192.0.2.1', 61_000, 61_000, 1])
    assert.deepEqual(lost, [])
    await records.close()
  })

  test('others are not concerned, and neither is what exists; addresses of one /64 are one', async () => {
    const { log, written, records } = await openLog()
    for (let i = 0; i < 300; i++) nothing(log, i, 1, { ip: `2001:db8:1:2::${(i % 50).toString(16)}` })
    for (let i = 0; i < 100; i++) nothing(log, i, 2, { ip: '192.0.2.2' })
    for (let i = 0; i < 300; i++) nothing(log, `file-${i}`, 3, { ip: '2001:db8:1:2::1', attachment: String(i) })
    await log.close()
    const lines = await told(written)
    assert.equal(lines.length, 121 + 100 + 300)
    assert.deepEqual(
      lines.filter(([resource]) => resource === '/apps/a'),
      [['/apps/a', '2001:db8:1:2::14', 1, 1, 180]],
    )
    await records.close()
  })
})

test('lines that cannot be written are counted, and the log goes on', async () => {
  const { log, records, lost } = await openLog()
  await records.close()
  note(log, file('one'), 1)
  await log.flush()
  for (let i = 0; i < 300; i++) note(log, file(i), 1)
  await log.close()
  assert.deepEqual(lost, [1, 300])
})
