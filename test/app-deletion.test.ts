import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { eventually, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { createApp, expect, keyed, openApp } from './support/tenant.ts'

/** A large app is gone the moment it is deleted, and what is left of it goes in portions, also where the server is killed in between. */

const MEMBERS = 20_000

test('a deleted app is gone at once, and cleared after a kill and a restart', { timeout: 300_000 }, async (t) => {
  const data = temporaryFolder()
  const before = await startGatehouse({ data })
  t.after(before.kill)
  const [app, kept] = [await createApp(before.admin), await createApp(before.admin)]
  const members = Array.from({ length: MEMBERS }, (_, index) => `member-${index}`)
  const key = await app.key()
  for (const one of [app, kept]) {
    await one.users('ann')
    await one.conversation('c', ['ann'])
  }
  await app.conversation('all', members)
  const file = await app.upload(Buffer.from('a file'))
  const link = await app.link(file.id, 'ann')
  expect(await app.bare.get(link), 200)
  expect(await before.admin.delete(app.base), 204)
  const gone = async ({ admin }: typeof before) => {
    for (const part of ['', '/users', '/users/ann', '/conversations', `/attachments/${file.id}`, '/keys', '/views']) {
      expect(await admin.get(`${app.base}${part}`), 404)
    }
    expect(await admin.put(`${app.base}/users/late`, {}), 404)
    expect(await admin.post(`${app.base}/activate`), 404)
    const listed = expect(await admin.get('/v1/apps'), 200).json<{ items: { id: string }[] }>().items
    assert.deepEqual(
      listed.map(({ id }) => id).filter((id) => id === app.id || id === kept.id),
      [kept.id],
    )
    const bare = admin.as({})
    expect(await bare.get(link), 401)
    expect(await bare.get(`${app.base}/users`, keyed(key)), 401)
  }
  await gone(before)
  await before.kill()

  const path = join(data, 'gatehouse.db')
  const left = () => {
    const database = new DatabaseSync(path, { readOnly: true })
    try {
      const count = (table: string, where: string) =>
        Number(database.prepare(`select count(*) as n from ${table} where ${where}`).get()?.n)
      return ['users', 'conversations', 'attachments', 'standing']
        .map((table) => count(table, `app = '${app.id}' ${table === 'standing' ? "and scope <> 'app'" : ''}`))
        .concat(count('memberships', `uid like 'member-%'`), count('apps', `id = '${app.id}'`))
    } finally {
      database.close()
    }
  }
  assert.ok(
    left().some((count) => count > 0),
    'it was killed before all was cleared',
  )
  const after = await startGatehouse({ data })
  t.after(after.kill)
  await gone(after)
  await eventually('nothing to be left', () => (left().every((count) => count === 0) ? true : undefined), 60)
  await gone(after)
  expect(await openApp(after.admin, kept.id).bare.get(`${kept.base}/users`), 401)
  expect(await after.admin.get(`${kept.base}/users/ann`), 200)
  await after.stop()
})
