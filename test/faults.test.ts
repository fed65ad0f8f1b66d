import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { mountSmallDisk } from '../packages/storage/conformance/small-disk.ts'
import { eventually, type Gatehouse, startGatehouse } from './support/gatehouse.ts'
import { startPostgres } from './support/postgres.ts'
import { exchange, requestHead, startSlowDownload } from './support/raw.ts'
import { createApp, expect, keyed, openApp, refusal, sendUpload } from './support/tenant.ts'

/** What it depends on fails; it fails closed, says so, and comes back by itself (security.md, D3 and D4). */

const CANARY = randomBytes(200)

async function shared(house: Gatehouse) {
  const app = await createApp(house.admin)
  await app.users('ann', 'bob')
  await app.conversation('c', ['ann', 'bob'])
  const file = await app.upload(CANARY)
  const open = await app.upload(CANARY, { access: 'public' })
  return { app, file, open, key: await app.key(), link: await app.link(file.id, 'bob') }
}

test('a database that hangs: 503 and no bytes until it answers again, and nothing is acknowledged meanwhile', {
  timeout: 300_000,
}, async (t) => {
  const postgres = await startPostgres()
  t.after(postgres.end)
  const house = await startGatehouse({ database: await postgres.createDatabase() })
  t.after(house.kill)
  const { app, file, open, key, link } = await shared(house)
  expect(await app.bare.get(link), 200)
  postgres.freeze()
  try {
    // The lease on what is in memory runs out within a second; from then on there is nothing to decide by.
    await eventually('the lease to run out', async () => ((await app.bare.get(link)).status === 503 ? true : undefined))
    const rows = [
      () => app.bare.get(link),
      () => app.bare.get(link, { range: 'bytes=0-9' }),
      () => app.bare.get(open.path),
      () => app.bare.get(file.path, keyed(key)),
      () => app.admin.get(`${app.base}/attachments/${file.id}`),
      () => app.admin.post(`${app.base}/users/bob/deactivate`),
      () => app.admin.post(`${app.base}/revocations`, { user: 'bob' }),
      () => sendUpload(app.admin, app.base, randomBytes(1000)),
      () => app.bare.get('/readyz'),
    ]
    for (const answer of await Promise.all(rows.map((ask) => ask()))) {
      refusal(answer, 503)
      assert.ok(!answer.body.includes(CANARY.subarray(0, 20)))
    }
    expect(await app.bare.get('/livez'), 200)
  } finally {
    postgres.thaw()
  }
  await eventually('it to come back', async () => ((await app.bare.get('/readyz')).status === 200 ? true : undefined))
  // Whether the unanswered calls have taken effect is open; what is certain is that activating makes the link work again.
  await app.activate('bob')
  expect(await app.bare.get(await app.link(file.id, 'bob')), 200)
  await house.stop()
})

test('a database that is gone: 503, a process that lives on, and an orderly end', { timeout: 300_000 }, async (t) => {
  const postgres = await startPostgres()
  t.after(postgres.end)
  const house = await startGatehouse({ database: await postgres.createDatabase() })
  t.after(house.kill)
  const { app, link, open } = await shared(house)
  const large = await app.upload(randomBytes(30_000_000))
  const running = await startSlowDownload(house.port, requestHead('GET', await app.link(large.id, 'ann')))
  await postgres.halt()
  await eventually('the lease to run out', async () => ((await app.bare.get(link)).status === 503 ? true : undefined))
  // A revocation on another node could not reach this one any more.
  await eventually('the download to be cut', () => (house.stderr().includes('is cut') ? true : undefined))
  assert.equal((await running.finish()).whole, false)
  for (const target of [link, open.path, '/readyz']) refusal(await app.bare.get(target), 503)
  refusal(await app.admin.post(`${app.base}/users/bob/deactivate`), 503)
  expect(await app.bare.get('/livez'), 200)
  await postgres.resume()
  await eventually('it to come back', async () => ((await app.bare.get('/readyz')).status === 200 ? true : undefined))
  assert.ok(expect(await app.bare.get(link), 200).body.equals(CANARY))
  await app.deactivate('bob')
  refusal(await app.bare.get(link), 401)
  await postgres.halt()
  await house.stop()
})

test('a database that was set back, as by a replica that missed the end: nothing more is answered from memory', {
  timeout: 300_000,
}, async (t) => {
  const postgres = await startPostgres()
  t.after(postgres.end)
  const url = await postgres.createDatabase()
  const house = await startGatehouse({ database: url })
  t.after(house.kill)
  const { app, link } = await shared(house)
  for (let n = 0; n < 5; n++) await app.revoke({ token: `t${n}` })
  const client = new pg.Client(url)
  await client.connect()
  const [{ value }] = (await client.query('update sequence set value = value - 3 returning value')).rows
  await client.query('delete from changes where sequence > $1', [value])
  await client.end()
  // Without the others' word for it, a revocation would be taken for one that is in force already.
  const answer = await app.admin.post(`${app.base}/users/bob/deactivate`).catch(() => null)
  if (answer !== null) refusal(answer, 503)
  assert.notEqual((await house.exited).code, 0)
  assert.match(house.stderr(), /set back/)

  const again = await startGatehouse({ database: url, data: house.data })
  t.after(again.kill)
  // Where the node found out by itself, before it was asked, nobody was deactivated.
  const { status } = expect(await again.admin.get(`${app.base}/users/bob`), 200).json<{ status: string }>()
  assert.equal((await again.admin.as({}).get(link)).status, status === 'active' ? 200 : 401)
  await openApp(again.admin, app.id).deactivate('bob')
  refusal(await again.admin.as({}).get(link), 401)
})

/** Takes the last byte of a file system. */
function fillUp(folder: string): void {
  const filler = openSync(join(folder, 'filler'), 'w')
  for (let size = 1 << 20; size > 0; ) {
    try {
      if (writeSync(filler, Buffer.alloc(size)) < size) size >>= 1
    } catch {
      size >>= 1
    }
  }
  closeSync(filler)
}

test('a full disk: uploads are refused with 507, reading and revoking go on, and a kill loses no revocation', {
  timeout: 300_000,
}, async (t) => {
  const disk = mountSmallDisk(80 * 1024 * 1024)
  const data = join(disk.folder, 'data')
  const started: Gatehouse[] = []
  t.after(async () => {
    for (const one of started) await one.kill()
    disk.remove()
  })
  const house = await startGatehouse({ data })
  started.push(house)
  const { app, file, link } = await shared(house)
  const other = await app.link(file.id, 'ann')
  let refused = null
  for (let n = 0; n < 100 && refused === null; n++) {
    const answer = await sendUpload(app.admin, app.base, randomBytes(2_000_000))
    if (answer.status !== 201) refused = answer
  }
  assert.ok(refused)
  assert.equal(refusal(refused, 507), 'disk_full')
  fillUp(disk.folder)
  refusal(await sendUpload(app.admin, app.base, randomBytes(2_000_000)), 507)
  assert.ok(expect(await app.bare.get(link), 200).body.equals(CANARY))
  await app.deactivate('bob')
  refusal(await app.bare.get(link), 401)
  for (let n = 0; n < 50; n++) await app.revoke({ token: `t${n}` })
  // What the reserve has freed is for revocations, not for the next upload.
  refusal(await sendUpload(app.admin, app.base, randomBytes(2_000_000)), 507)
  expect(await app.bare.get(other), 200)
  await house.kill()

  const again = await startGatehouse({ data })
  started.push(again)
  const same = openApp(again.admin, app.id)
  refusal(await same.bare.get(link), 401)
  expect(await same.bare.get(other), 200)
  refusal(await sendUpload(same.admin, same.base, randomBytes(2_000_000)), 507)
  rmSync(join(disk.folder, 'filler'))
  const list = await eventually('room', async () => {
    const answer = await sendUpload(same.admin, same.base, randomBytes(1000))
    return answer.status === 201 ? answer : undefined
  })
  assert.equal(list.status, 201)
  await again.stop()
})

/** Starts one large download that its reader does not read. */
async function hanging(t: TestContext, flags: readonly string[]) {
  const house = await startGatehouse({ flags: [...flags, '--minimum-bytes-per-second', '0'] })
  t.after(house.kill)
  const app = await createApp(house.admin)
  await app.conversation('c', ['ann', 'bob'])
  const file = await app.upload(randomBytes(30_000_000))
  const download = await startSlowDownload(house.port, requestHead('GET', await app.link(file.id, 'bob')))
  return { house, download }
}

/** Readiness as a balancer sees it: a new connection each time. */
async function unready(house: Gatehouse): Promise<void> {
  await eventually('readyz to say 503', async () => {
    const { responses, outcome } = await exchange(house.port, requestHead('GET', '/readyz', { Connection: 'close' }))
    if (outcome === 'reset') throw new Error('it stopped listening before it said that it is not ready')
    return responses[0]?.status === 503 ? true : undefined
  })
}

test('SIGTERM: not ready first, what is under way is finished, and the end is 0', async (t) => {
  const { house, download } = await hanging(t, ['--drain-seconds', '30'])
  house.signal('SIGTERM')
  await unready(house)
  assert.equal((await download.finish()).whole, true)
  assert.deepEqual(await house.exited, { code: 0, signal: null })
})

test('SIGTERM: who takes longer than the drain is cut, and the end is 0 all the same', async (t) => {
  const { house, download } = await hanging(t, ['--drain-seconds', '1'])
  house.signal('SIGTERM')
  assert.deepEqual(await house.exited, { code: 0, signal: null })
  assert.equal((await download.finish()).whole, false)
})

test('a second SIGTERM ends it at once', async (t) => {
  const { house, download } = await hanging(t, ['--drain-seconds', '600'])
  house.signal('SIGTERM')
  await unready(house)
  house.signal('SIGTERM')
  const ended = await Promise.race([house.exited, eventually('never', () => undefined, 20).catch(() => null)])
  assert.ok(ended, 'it still drains')
  assert.equal((await download.finish()).whole, false)
})
