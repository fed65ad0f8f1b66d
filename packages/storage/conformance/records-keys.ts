import assert from 'node:assert/strict'
import { Conflict, type Records } from '../src/records/port.ts'
import { all, type Cases, fresh, ids, NOON } from './records-world.ts'

type NewKey = Parameters<Records['keys']['create']>[0]

function newKey(app: string | null, with_: Partial<NewKey> = {}): NewKey {
  return {
    id: fresh(),
    app,
    name: 'A key',
    grants: [{ actions: ['read'], resource: '/', limits: { ip: ['::1'] } }],
    secretHash: fresh(),
    sealedSecret: new Uint8Array([7, 0, 8]),
    expiresAt: null,
    at: NOON,
    ...with_,
  }
}

/** API keys. */
export const keyCases: Cases = {
  'a key is found as it was created, by its id and by the hash of its secret': async ({ records, app }) => {
    const { id: of } = await app()
    const wanted = newKey(of, { expiresAt: NOON + 1000 })
    const made = await records.keys.create(wanted)
    const { at, ...rest } = wanted
    assert.deepEqual(made, { ...rest, serial: made.serial, status: 'active', createdAt: at })
    assert.deepEqual(await records.keys.find(wanted.id), made)
    assert.deepEqual(await records.keys.findBySecretHash(wanted.secretHash), made)
    assert.deepEqual(await records.keys.findBySerial(made.serial), made)
    assert.equal(await records.keys.find(fresh()), null)
    assert.equal(await records.keys.findBySecretHash(fresh()), null)
    for (const serial of [0, made.serial + 1_000_000, 2 ** 40 - 1]) {
      assert.equal(await records.keys.findBySerial(serial), null)
    }
  },

  'name and grants are replaced, each by itself, and nothing else of the key': async ({ records, app }) => {
    const made = await records.keys.create(newKey((await app()).id))
    const renamed = await records.keys.update(made.id, { name: 'Another' })
    assert.deepEqual(renamed, { ...made, name: 'Another' })
    const grants = [{ actions: ['issue'], resource: '/x' }]
    assert.deepEqual(await records.keys.update(made.id, { grants }), { ...made, name: 'Another', grants })
    assert.deepEqual(await records.keys.update(made.id, {}), await records.keys.find(made.id))
    assert.equal(await records.keys.update(fresh(), { name: 'x' }), null)
  },

  'an id can be taken once in the whole installation': async ({ records, app }) => {
    const first = await records.keys.create(newKey((await app()).id))
    const second = records.keys.create(newKey((await app()).id, { id: first.id }))
    await assert.rejects(second, (error) => error instanceof Conflict && error.what === 'key')
  },

  'keys of an app and account-wide ones are listed apart, oldest first': async ({ records, app }) => {
    const [one, two] = [(await app()).id, (await app()).id]
    const made = []
    for (let n = 0; n < 5; n++) made.push((await records.keys.create(newKey(one))).id)
    const wide = (await records.keys.create(newKey(null))).id
    const other = (await records.keys.create(newKey(two))).id
    assert.deepEqual(ids(await all((paging) => records.keys.list(one, paging))), made)
    assert.deepEqual(ids(await all((paging) => records.keys.list(two, paging))), [other])
    assert.equal(ids(await all((paging) => records.keys.list(null, paging))).at(-1), wide)
  },

  'deactivating and activating show in the status and as standing by serial': async ({ records, app, change }) => {
    const { id: of } = await app()
    const { id: key, serial } = await records.keys.create(newKey(of))
    const off = await change({ kind: 'key', app: of, key, to: 'suspended' })
    assert.deepEqual(off.rows, [
      { scope: 'key', target: key, serial, suspended: true, revoked: false, before: 0, sequence: off.sequence },
    ])
    assert.equal((await records.keys.find(key))?.status, 'deactivated')
    const on = await change({ kind: 'key', app: of, key, to: 'active' })
    assert.equal(on.rows[0]?.suspended, false)
    assert.equal((await records.keys.find(key))?.status, 'active')
  },

  'a deleted key is gone from every list and look-up, and revoked for good': async ({ records, app, change }) => {
    const { id: of } = await app()
    const key = await records.keys.create(newKey(of))
    const logged = await change({ kind: 'key', app: of, key: key.id, to: 'deleted' })
    assert.deepEqual(
      logged.rows.map((row) => [row.serial, row.revoked]),
      [[key.serial, true]],
    )
    assert.equal(await records.keys.find(key.id), null)
    assert.equal(await records.keys.findBySecretHash(key.secretHash), null)
    assert.equal(await records.keys.findBySerial(key.serial), null)
    assert.deepEqual((await records.keys.list(of, { after: null, limit: 10 })).items, [])
    assert.equal(await records.changes.append({ kind: 'key', app: of, key: key.id, to: 'active' }, 'x', NOON), null)
    const again = await records.keys.create(newKey(of, { id: key.id }))
    assert.ok(again.serial > key.serial, 'the serial is another one')
  },

  'a key changes only under the app it belongs to': async ({ records, app, change }) => {
    const [one, two] = [(await app()).id, (await app()).id]
    const key = await records.keys.create(newKey(one))
    const wide = await records.keys.create(newKey(null))
    for (const [owner, id] of [
      [two, key.id],
      [null, key.id],
      [one, wide.id],
    ] as const) {
      assert.equal(await records.changes.append({ kind: 'key', app: owner, key: id, to: 'suspended' }, 'x', NOON), null)
    }
    assert.equal((await change({ kind: 'key', app: null, key: wide.id, to: 'suspended' })).app, null)
    assert.equal((await records.keys.find(key.id))?.status, 'active')
  },
}
