import assert from 'node:assert/strict'
import { Missing } from '../src/records/port.ts'
import { all, type Cases, fresh, ids, NOON, WHOLE } from './records-world.ts'

/** Users. */
export const userCases: Cases = {
  'the first put creates, later ones replace only what they name': async ({ records, app }) => {
    const { id } = await app()
    const first = await records.users.put({ app: id, id: 'ann', at: NOON })
    assert.equal(first.created, true)
    assert.deepEqual(first.user, {
      app: id,
      id: 'ann',
      serial: first.user.serial,
      name: null,
      metadata: {},
      status: 'active',
      createdAt: NOON,
      deactivatedAt: null,
    })
    const rows = [
      [{ name: 'Ann \u0000 ö' }, { name: 'Ann \u0000 ö', metadata: {} }],
      [{ metadata: { a: [1, 'ß'] } }, { name: 'Ann \u0000 ö', metadata: { a: [1, 'ß'] } }],
      [
        { name: null, metadata: { b: 2 } },
        { name: null, metadata: { b: 2 } },
      ],
      [{}, { name: null, metadata: { b: 2 } }],
    ] as const
    for (const [change, expected] of rows) {
      const later = await records.users.put({ app: id, id: 'ann', at: NOON + 1, ...change })
      assert.deepEqual(later, { created: false, user: { ...first.user, ...expected } })
      assert.deepEqual(await records.users.find(id, 'ann'), later.user)
    }
  },

  'ids are case-sensitive and may be any text': async ({ records, app }) => {
    const { id } = await app()
    const names = ["o'neil", 'Ann', 'ann', 'ä', 'a b', '"%_', '中文']
    for (const name of names) await records.users.put({ app: id, id: name, at: NOON })
    for (const name of names) assert.equal((await records.users.find(id, name))?.id, name)
    assert.equal((await records.users.list(id, WHOLE)).items.length, names.length)
  },

  'the list goes by the bytes of ids, paged, and by status': async ({ records, app, change }) => {
    const { id } = await app()
    for (const name of ['b', 'a', 'Z', 'é', 'c', '1']) await records.users.put({ app: id, id: name, at: NOON })
    await change({ kind: 'user', app: id, user: 'c', to: 'suspended' })
    await change({ kind: 'user', app: id, user: 'a', to: 'suspended' })
    const list = (status?: 'active' | 'deactivated') =>
      all((paging) => records.users.list(id, { ...paging, ...(status === undefined ? {} : { status }) }))
    assert.deepEqual(ids(await list()), ['1', 'Z', 'a', 'b', 'c', 'é'])
    assert.deepEqual(ids(await list('active')), ['1', 'Z', 'b', 'é'])
    assert.deepEqual(ids(await list('deactivated')), ['a', 'c'])
  },

  'the same id in two apps is two users': async ({ records, app, change }) => {
    const [one, two] = [(await app()).id, (await app()).id]
    const first = await records.users.put({ app: one, id: 'ann', name: 'One', at: NOON })
    const second = await records.users.put({ app: two, id: 'ann', name: 'Two', at: NOON })
    assert.notEqual(first.user.serial, second.user.serial)
    await change({ kind: 'user', app: one, user: 'ann', to: 'suspended' })
    assert.equal((await records.users.find(two, 'ann'))?.status, 'active')
    await change({ kind: 'user', app: one, user: 'ann', to: 'deleted' })
    assert.equal((await records.users.find(two, 'ann'))?.name, 'Two')
    assert.equal(await records.users.find(one, 'ann'), null)
  },

  'a user is found by serial, and one that is not there is null': async ({ records, app }) => {
    const { id } = await app()
    const { user } = await records.users.put({ app: id, id: 'ann', at: NOON })
    assert.deepEqual(await records.users.findBySerial(user.serial), user)
    assert.equal(await records.users.findBySerial(2 ** 40), null)
    assert.equal(await records.users.find(id, 'nobody'), null)
  },

  'deactivating keeps the first moment, activating clears it': async ({ records, app }) => {
    const { id } = await app()
    await records.users.put({ app: id, id: 'ann', at: NOON })
    const to = async (state: 'active' | 'suspended', at: number) => {
      await records.changes.append({ kind: 'user', app: id, user: 'ann', to: state }, 'x', at)
      const user = await records.users.find(id, 'ann')
      return [user?.status, user?.deactivatedAt]
    }
    assert.deepEqual(await to('suspended', NOON + 1), ['deactivated', NOON + 1])
    assert.deepEqual(await to('suspended', NOON + 2), ['deactivated', NOON + 1])
    assert.deepEqual(await to('active', NOON + 3), ['active', null])
    assert.deepEqual(await to('suspended', NOON + 4), ['deactivated', NOON + 4])
  },

  'a put neither activates nor renumbers a deactivated user': async ({ records, app, change }) => {
    const { id } = await app()
    const { user } = await records.users.put({ app: id, id: 'ann', at: NOON })
    await change({ kind: 'user', app: id, user: 'ann', to: 'suspended' })
    const later = await records.users.put({ app: id, id: 'ann', name: 'Ann', at: NOON })
    assert.deepEqual([later.user.status, later.user.serial, later.created], ['deactivated', user.serial, false])
  },

  'serials are never used again': async ({ records, app, change }) => {
    const { id } = await app()
    let last = 0
    for (let n = 0; n < 4; n++) {
      const { user, created } = await records.users.put({ app: id, id: 'ann', at: NOON })
      assert.ok(created && user.serial > last, `serial ${user.serial} after ${last}`)
      last = user.serial
      await change({ kind: 'user', app: id, user: 'ann', to: 'deleted' })
    }
  },

  'many puts of one user at once create it once': async ({ records, app }) => {
    const { id } = await app()
    const puts = await Promise.all(
      Array.from({ length: 20 }, (_, n) => records.users.put({ app: id, id: 'ann', name: `${n}`, at: NOON })),
    )
    assert.equal(puts.filter((put) => put.created).length, 1)
    assert.equal(new Set(puts.map((put) => put.user.serial)).size, 1)
  },

  'in an app that does not exist nothing can be written': async ({ records }) => {
    const app = fresh()
    await assert.rejects(records.users.put({ app, id: 'ann', at: NOON }), Missing)
    assert.equal(await records.users.find(app, 'ann'), null)
  },
}
