import assert from 'node:assert/strict'
import { Conflict, Missing } from '../src/records/port.ts'
import { all, type Cases, fresh, ids, NOON, WHOLE } from './records-world.ts'

/** Users. */
export const userCases: Cases = {
  'the first put creates, later ones replace only what they name': async ({ records, app }) => {
    const { id } = await app()
    const first = await records.users.put({ app: id, id: 'ann', at: NOON })
    assert.equal(first.created, true)
    const blank = { name: null, role: null, tags: [], profile: {}, metadata: {}, mergedFrom: [] }
    assert.deepEqual(first.user, {
      app: id,
      id: 'ann',
      serial: first.user.serial,
      ...blank,
      status: 'active',
      createdAt: NOON,
      updatedAt: NOON,
      deactivatedAt: null,
    })
    let expected = first.user
    const rows = [
      { name: 'Ann \u0000 ö' },
      { metadata: { a: [1, 'ß'] } },
      { role: 'guest \u0000' },
      { tags: ['b', 'a', '', '"\n\u0000,'] },
      { profile: { avatar: 'https://pictures.example/ann.png', n: { o: null } } },
      {},
      { name: null, metadata: { b: 2 }, tags: ['c'] },
      { role: null, profile: {}, name: undefined },
    ]
    for (const [index, change] of rows.entries()) {
      const at = NOON + 1 + index
      const named = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
      expected = { ...expected, ...named, updatedAt: Object.keys(named).length === 0 ? expected.updatedAt : at }
      const later = await records.users.put({ app: id, id: 'ann', at, ...change })
      assert.deepEqual(later, { created: false, user: expected })
      assert.deepEqual(await records.users.find(id, 'ann'), later.user)
    }
  },

  'a user is created once, with all that is said; the second time is a conflict, and changes nothing': async ({
    records,
    app,
    change,
  }) => {
    const { id } = await app()
    const details = { name: 'Ann', role: 'guest', tags: ['new'], profile: { link: 'x' }, metadata: { a: 1 } }
    const made = await records.users.create({ app: id, id: 'ann', at: NOON, ...details })
    assert.deepEqual(made, { ...made, ...details, status: 'active', createdAt: NOON, updatedAt: NOON })
    const again = () => records.users.create({ app: id, id: 'ann', name: 'Other', at: NOON + 1 })
    const conflict = (error: unknown) => error instanceof Conflict && error.what === 'user'
    await assert.rejects(again(), conflict)
    await change({ kind: 'user', app: id, user: 'ann', to: 'suspended' })
    await assert.rejects(again(), conflict)
    assert.equal((await records.users.find(id, 'ann'))?.name, 'Ann')
    await change({ kind: 'user', app: id, user: 'ann', to: 'deleted' })
    assert.ok((await again()).serial > made.serial)
  },

  'who is named by serial is changed, and never made: not once they are gone, and not whoever came after them': async ({
    records,
    app,
    change,
  }) => {
    const { id } = await app()
    const { serial } = await records.users.create({ app: id, id: 'ann', at: NOON })
    const rename = () => records.users.put({ app: id, id: 'ann', serial, name: 'Late', at: NOON + 1 })
    assert.equal((await rename()).user.name, 'Late')
    await change({ kind: 'user', app: id, user: 'ann', to: 'deleted' })
    const gone = (error: unknown) => error instanceof Missing && error.what === 'user'
    await assert.rejects(rename(), gone)
    assert.equal(await records.users.find(id, 'ann'), null)
    const heir = await records.users.create({ app: id, id: 'ann', name: 'Heir', at: NOON + 2 })
    await assert.rejects(rename(), gone)
    assert.deepEqual(await records.users.find(id, 'ann'), heir)
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

  'several are found at once, each once, in the order asked for': async ({ records, app }) => {
    const [one, two] = [(await app()).id, (await app()).id]
    for (const name of ['a', 'b', 'c']) await records.users.put({ app: one, id: name, at: NOON })
    await records.users.put({ app: two, id: 'd', at: NOON })
    assert.deepEqual(ids(await records.users.findMany(one, ['c', 'd', 'a', 'none', 'c'])), ['c', 'a'])
    assert.deepEqual(await records.users.findMany(one, []), [])
    const many = Array.from({ length: 5000 }, (_, n) => `none-${n}`)
    const [found] = await records.users.findMany(one, [...many, 'b'])
    assert.deepEqual(found, await records.users.find(one, 'b'))
  },

  'numbered pages go by id and tell how many there are in all': async ({ records, app }) => {
    const { id } = await app()
    await records.users.put({ app: (await app()).id, id: 'x', at: NOON })
    for (const name of ['b', 'a', 'd', 'c', 'Z']) await records.users.put({ app: id, id: name, at: NOON })
    const rows = [
      [0, 10, ['Z', 'a', 'b', 'c', 'd']],
      [0, 5, ['Z', 'a', 'b', 'c', 'd']],
      [0, 2, ['Z', 'a']],
      [2, 2, ['b', 'c']],
      [4, 2, ['d']],
      [6, 2, []],
    ] as const
    for (const [offset, limit, expected] of rows) {
      const { items, total } = await records.users.page(id, { offset, limit })
      assert.deepEqual([ids(items), total], [expected, 5], `${offset} ${limit}`)
    }
    assert.deepEqual(await records.users.page(fresh(), { offset: 0, limit: 10 }), { items: [], total: 0 })
  },

  'lists and numbered pages are narrowed by text, role, tag and status, and by all together': async ({
    records,
    app,
    change,
  }) => {
    const { id } = await app()
    const put = (name: string, details: object) => records.users.put({ app: id, id: name, at: NOON, ...details })
    await put('ann', { name: 'Zoë ÖRTEL', role: 'guest', tags: ['red', 'a"b', ','] })
    await put('bob', { name: 'Bob 100%_\\', role: 'host', tags: ['red', 'a', 'b'] })
    await put('cyd', { role: 'guest', tags: ['Red', '\n"b"\n'] })
    await put('ÄNNE', {})
    await records.conversations.put({ app: id, id: 'talk', type: 'group', members: ['Dora'], at: NOON })
    await change({ kind: 'user', app: id, user: 'cyd', to: 'suspended' })
    const rows = [
      [{ search: 'örtel' }, ['ann']],
      [{ search: 'ZOË Ö' }, ['ann']],
      [{ search: 'änne' }, ['ÄNNE']],
      [{ search: 'dor' }, ['Dora']],
      [{ search: 'n' }, ['ann', 'ÄNNE']],
      [{ search: '%_' }, ['bob']],
      [{ search: '\\' }, ['bob']],
      [{ search: 'null' }, []],
      [{ search: 'bob bob' }, []],
      [{ search: '' }, ['Dora', 'ann', 'bob', 'cyd', 'ÄNNE']],
      [{ roles: ['guest'] }, ['ann', 'cyd']],
      [{ roles: ['guest', 'host', 'x'] }, ['ann', 'bob', 'cyd']],
      [{ roles: [] }, []],
      [{ roles: [null] }, ['Dora', 'ÄNNE']],
      [{ roles: [null, 'host'] }, ['Dora', 'bob', 'ÄNNE']],
      [{ tags: ['red'] }, ['ann', 'bob']],
      [{ tags: ['Red', 'red'] }, ['ann', 'bob', 'cyd']],
      [{ tags: ['a"b'] }, ['ann']],
      [{ tags: ['b'] }, ['bob']],
      [{ tags: [','] }, ['ann']],
      [{ tags: [] }, []],
      [{ status: 'deactivated' }, ['cyd']],
      [{ status: 'active', roles: ['guest'], tags: ['red', 'Red'], search: 'a' }, ['ann']],
      [
        { status: undefined, roles: undefined, tags: undefined, search: undefined },
        ['Dora', 'ann', 'bob', 'cyd', 'ÄNNE'],
      ],
    ] as const
    for (const [filter, expected] of rows) {
      const { items, total } = await records.users.page(id, { offset: 0, limit: 10, ...filter })
      assert.deepEqual([ids(items), total], [expected, expected.length], JSON.stringify(filter))
      const second = await records.users.page(id, { offset: 1, limit: 1, ...filter })
      assert.deepEqual([ids(second.items), second.total], [expected.slice(1, 2), expected.length])
      const listed = await all((paging) => records.users.list(id, { ...paging, ...filter }))
      assert.deepEqual(ids(listed), expected, JSON.stringify(filter))
    }
  },

  'a new name is what is found, the old one no longer': async ({ records, app }) => {
    const { id } = await app()
    const found = async (search: string) => (await records.users.page(id, { offset: 0, limit: 1, search })).total
    await records.users.put({ app: id, id: 'ann', name: 'Meier', at: NOON })
    await records.users.put({ app: id, id: 'ann', name: 'Schulz', at: NOON })
    await records.users.put({ app: id, id: 'ann', role: 'x', at: NOON })
    assert.deepEqual([await found('meier'), await found('schulz'), await found('ann')], [0, 1, 1])
    await records.users.put({ app: id, id: 'ann', name: null, at: NOON })
    assert.deepEqual([await found('schulz'), await found('ann')], [0, 1])
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
    await assert.rejects(records.users.create({ app, id: 'ann', at: NOON }), Missing)
    assert.equal(await records.users.find(app, 'ann'), null)
  },
}
