import assert from 'node:assert/strict'
import { all, type Cases, ids, NOON, WHOLE, type World } from './records-world.ts'

/** Who is a member, with the role. */
async function roles({ records }: World, app: string): Promise<Record<string, string>> {
  const { items } = await records.conversations.members(app, 'talk', WHOLE)
  return Object.fromEntries(items.map(({ id, role }) => [id, role]))
}

/** Roles of members, and who is kept out. */
export const memberCases: Cases = {
  'many join at one version, with their roles; those present keep theirs': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann')
    await records.conversations.setRole(app, 'talk', 'ann', 'admin')
    const before = (await records.conversations.find(app, 'talk'))?.version ?? 0
    const members = [{ user: 'cid', role: 'moderator' as const }, { user: 'ann' }, { user: 'bob' }, { user: 'cid' }]
    const arrival = await records.conversations.addMembers(app, 'talk', members, NOON + 5)
    assert.ok(arrival)
    assert.deepEqual([ids(arrival.joined), ids(arrival.present), arrival.banned], [['cid', 'bob'], ['ann'], []])
    assert.equal((await records.conversations.find(app, 'talk'))?.version, before + 1)
    assert.equal((await roles(world, app)).ann, 'admin')
    assert.equal((await records.conversations.member(app, 'talk', 'bob'))?.joinedAt, NOON + 5)
    assert.equal((await records.conversations.member(app, 'talk', 'ann'))?.joinedAt, NOON)
    assert.equal(await records.conversations.addMembers(app, 'none', members, NOON), null)
  },

  'a role is that of one who is a member, for as long as they are one': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann', 'bob')
    const setRole = (user: string) => records.conversations.setRole(app, 'talk', user, 'moderator')
    assert.deepEqual([await setRole('bob'), await setRole('nobody')], [true, false])
    assert.deepEqual(await roles(world, app), { ann: 'participant', bob: 'moderator' })
    await records.conversations.put({ app, id: 'talk', type: 'group', members: ['bob', 'cid'], at: NOON })
    assert.deepEqual(await roles(world, app), { bob: 'moderator', cid: 'participant' })
    await records.conversations.removeMember(app, 'talk', 'bob', NOON)
    assert.equal(await setRole('bob'), false)
    await records.conversations.addMember(app, 'talk', 'bob', NOON)
    assert.deepEqual(await roles(world, app), { bob: 'participant', cid: 'participant' })
    await records.conversations.addMember(app, 'talk', 'dora', NOON, 'admin')
    assert.equal((await roles(world, app)).dora, 'admin')
  },

  'members are counted, whichever way they come and go': async ({ records, conversation, change }) => {
    const { app } = await conversation('ann', 'bob', 'cid')
    const count = async () => (await records.conversations.find(app, 'talk'))?.membersCount
    const steps: readonly (readonly [step: () => Promise<unknown>, count: number])[] = [
      [async () => {}, 3],
      [() => records.conversations.addMember(app, 'talk', 'dora', NOON), 4],
      [() => records.conversations.addMember(app, 'talk', 'dora', NOON), 4],
      [() => records.conversations.removeMember(app, 'talk', 'dora', NOON), 3],
      [() => change({ kind: 'member', app, conversation: 'talk', user: 'ann', to: 'out' }), 2],
      [() => change({ kind: 'member', app, conversation: 'talk', user: 'ann', to: 'in' }), 3],
      [() => records.conversations.ban(app, 'talk', { users: ['bob'], by: null, at: NOON }), 2],
      [() => change({ kind: 'user', app, user: 'bob', to: 'deleted' }), 2],
      [() => change({ kind: 'user', app, user: 'cid', to: 'deleted' }), 1],
      [
        () => records.conversations.put({ app, id: 'talk', type: 'group', members: ['eve', 'fay', 'gus'], at: NOON }),
        3,
      ],
      [() => records.conversations.put({ app, id: 'two', type: 'group', members: ['gus', 'hal'], at: NOON }), 3],
      [() => records.conversations.merge(app, 'talk', 'two', NOON), 4],
    ]
    for (const [index, [step, expected]] of steps.entries()) {
      await step()
      assert.equal(await count(), expected, `after step ${index}`)
    }
  },

  'numbered pages of members tell how many there are, by role and by part of id or name': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann', 'bob', 'cid', 'dora')
    await records.users.put({ app, id: 'cid', name: 'Ärmel', at: NOON })
    await records.conversations.setRole(app, 'talk', 'cid', 'admin')
    await records.conversations.setRole(app, 'talk', 'dora', 'moderator')
    await records.conversations.removeMember(app, 'talk', 'ann', NOON)
    const page = async (query: object) => {
      const found = await records.conversations.membersPage(app, 'talk', { offset: 0, limit: 10, ...query })
      return [ids(found.items), found.total]
    }
    assert.deepEqual(await page({}), [['bob', 'cid', 'dora'], 3])
    assert.deepEqual(await page({ offset: 1, limit: 1 }), [['cid'], 3])
    assert.deepEqual(await page({ offset: 3 }), [[], 3])
    assert.deepEqual(await page({ roles: ['admin', 'moderator'] }), [['cid', 'dora'], 2])
    assert.deepEqual(await page({ search: 'äRM' }), [['cid'], 1])
    assert.deepEqual(await page({ search: 'O' }), [['bob', 'dora'], 2])
  },

  'numbered pages of bans tell how many there are, by part of id or name': async ({
    records,
    conversation,
    change,
  }) => {
    const { app } = await conversation('ann', 'bob', 'cid')
    const { conversations } = records
    for (const id of ['dora', 'eve', 'fay']) await records.users.put({ app, id, at: NOON })
    await records.users.put({ app, id: 'cid', name: 'Ärmel', at: NOON })
    const users = ['fay', 'cid', 'bob', 'dora', 'eve']
    await conversations.ban(app, 'talk', { users, by: 'ann', at: NOON + 1 })
    await conversations.put({ app, id: 'two', type: 'group', members: [], at: NOON })
    await conversations.ban(app, 'two', { users: ['ann'], by: null, at: NOON })
    await conversations.unban(app, 'talk', 'fay')
    await change({ kind: 'user', app, user: 'eve', to: 'deleted' })
    const page = async (query: object, id = 'talk') => {
      const found = await conversations.bansPage(app, id, { offset: 0, limit: 10, ...query })
      return [ids(found.items), found.total]
    }
    assert.deepEqual(await page({}), [['bob', 'cid', 'dora'], 3])
    assert.deepEqual(await page({ offset: 1, limit: 1 }), [['cid'], 3])
    assert.deepEqual(await page({ offset: 3 }), [[], 3])
    assert.deepEqual(await page({ search: 'äRM' }), [['cid'], 1])
    assert.deepEqual(await page({ search: 'O', limit: 1 }), [['bob'], 2])
    assert.deepEqual(await page({ search: 'ann' }), [[], 0])
    assert.deepEqual(await page({}, 'none'), [[], 0])
    const { items } = await conversations.bansPage(app, 'talk', { offset: 0, limit: 10 })
    assert.deepEqual(items, (await conversations.bans(app, 'talk', WHOLE)).items)
  },

  'the part that a user plays in several conversations is told in one question': async ({ records, conversation }) => {
    const { app } = await conversation('ann', 'bob')
    await records.conversations.put({ app, id: 'two', type: 'group', members: ['bob'], at: NOON })
    await records.conversations.addMember(app, 'two', 'ann', NOON + 1, 'admin')
    await records.conversations.put({ app, id: 'three', type: 'group', members: ['ann'], at: NOON })
    await records.conversations.removeMember(app, 'three', 'ann', NOON)
    const found = await records.conversations.memberships(app, 'ann', ['talk', 'two', 'three', 'none'])
    assert.deepEqual([...found.keys()].toSorted(), ['talk', 'two'])
    assert.deepEqual(found.get('two'), await records.conversations.member(app, 'two', 'ann'))
    assert.equal(found.get('two')?.role, 'admin')
  },

  'who is banned leaves and comes back by nothing but the lifting of the ban': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann', 'bob')
    const { conversations } = records
    const start = (await conversations.find(app, 'talk'))?.version ?? 0
    const ban = (user: string, by = 'ann') => conversations.ban(app, 'talk', { users: [user], by, at: NOON + 1 })
    assert.deepEqual(
      [(await ban('bob'))?.left, (await ban('bob', 'eve'))?.left].map((left) => ids(left ?? [])),
      [['bob'], []],
    )
    assert.equal((await conversations.find(app, 'talk'))?.version, start + 1)
    assert.deepEqual(await ban('nobody'), { banned: [], left: [] })
    assert.equal(await conversations.isBanned(app, 'talk', 'bob'), true)
    const bob = await records.users.find(app, 'bob')
    assert.deepEqual((await conversations.bans(app, 'talk', WHOLE)).items, [
      { id: 'bob', serial: bob?.serial, by: 'ann', at: NOON + 1 },
    ])

    assert.equal(await conversations.addMember(app, 'talk', 'bob', NOON), null)
    const arrival = await conversations.addMembers(app, 'talk', [{ user: 'bob' }, { user: 'cid' }], NOON)
    assert.deepEqual([ids(arrival?.banned ?? []), ids(arrival?.joined ?? [])], [['bob'], ['cid']])
    const put = await conversations.put({ app, id: 'talk', type: 'group', members: ['ann', 'bob'], at: NOON })
    assert.deepEqual([put?.joined, ids(put?.left ?? [])], [[], ['cid']])
    const back = { kind: 'member', app, conversation: 'talk', user: 'bob', to: 'in' } as const
    assert.equal(await records.changes.append(back, 'tester', NOON), null)
    await conversations.put({ app, id: 'old', type: 'group', members: ['bob', 'eve'], at: NOON })
    await conversations.merge(app, 'talk', 'old', NOON)
    assert.deepEqual(Object.keys(await roles(world, app)), ['ann', 'eve'])

    assert.deepEqual(
      [await conversations.unban(app, 'talk', 'bob'), await conversations.unban(app, 'talk', 'bob')],
      [true, false],
    )
    assert.equal(await conversations.isMember(app, 'talk', 'bob'), false)
    assert.equal((await conversations.addMember(app, 'talk', 'bob', NOON))?.changed, true)
  },

  'many are banned at one version, with who was no member among them, and who is no user not': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann', 'bob', 'cid', 'dora')
    await records.users.put({ app, id: 'eve', at: NOON })
    const { conversations } = records
    const start = (await conversations.find(app, 'talk'))?.version ?? 0
    await conversations.ban(app, 'talk', { users: ['cid'], by: 'first', at: NOON })
    const users = ['eve', 'cid', 'bob', 'nobody', 'dora', 'bob']
    const outcome = await conversations.ban(app, 'talk', { users, by: 'second', at: NOON + 1 })
    assert.deepEqual(ids(outcome?.banned ?? []), ['eve', 'cid', 'bob', 'dora'])
    assert.deepEqual(ids(outcome?.left ?? []).toSorted(), ['bob', 'dora'])
    const after = await conversations.find(app, 'talk')
    assert.deepEqual([after?.version, after?.membersCount], [start + 2, 1], 'one version for each of the two calls')
    const { items } = await conversations.bans(app, 'talk', WHOLE)
    assert.deepEqual(
      items.map(({ id, by, at }) => [id, by, at]),
      [
        ['bob', 'second', NOON + 1],
        ['cid', 'first', NOON],
        ['dora', 'second', NOON + 1],
        ['eve', 'second', NOON + 1],
      ],
    )
    assert.deepEqual(await conversations.ban(app, 'talk', { users: [], by: null, at: NOON }), { banned: [], left: [] })
  },

  'of many users those who are members are told in one question': async ({ records, conversation }) => {
    const { app } = await conversation('ann', 'bob', 'cid')
    await records.conversations.setRole(app, 'talk', 'cid', 'admin')
    await records.conversations.removeMember(app, 'talk', 'ann', NOON)
    const found = await records.conversations.membersAmong(app, 'talk', ['cid', 'nobody', 'bob', 'ann'])
    assert.deepEqual(
      found,
      await Promise.all(['bob', 'cid'].map((user) => records.conversations.member(app, 'talk', user))),
    )
    assert.deepEqual(await records.conversations.membersAmong(app, 'none', ['bob']), [])
  },

  'many leave and come back as one change, each as if alone': async ({ records, conversation, change }) => {
    const { app } = await conversation('ann', 'bob', 'cid', 'dora')
    const { conversations } = records
    const version = async () => (await conversations.find(app, 'talk'))?.version ?? 0
    const start = await version()
    const users = ['cid', 'nobody', 'bob']
    const out = await change({ kind: 'members', app, conversation: 'talk', users, to: 'out' })
    assert.deepEqual(
      out.rows.map(({ scope, suspended, sequence }) => [scope, suspended, sequence === out.sequence]),
      Array(2).fill(['member', true, true]),
    )
    const people = await records.users.findMany(app, ['ann', 'bob', 'cid', 'dora'])
    const cut = async () => ids(await conversations.cutOff(app, 'talk', people))
    assert.deepEqual([await cut(), await version()], [['bob', 'cid'], start + 1])
    await conversations.ban(app, 'talk', { users: ['cid'], by: null, at: NOON })
    const back = await change({ kind: 'members', app, conversation: 'talk', users, to: 'in' })
    assert.equal(back.rows.length, 1)
    assert.deepEqual([await cut(), await conversations.isMember(app, 'talk', 'bob')], [['cid'], true])
    assert.equal(await conversations.isMember(app, 'talk', 'cid'), false, 'nothing brings in who is banned')
    const nobody = { kind: 'members', app, conversation: 'talk', users: ['cid', 'nobody'], to: 'in' } as const
    assert.equal(await records.changes.append(nobody, 'tester', NOON), null)
    assert.equal(await records.changes.append({ ...nobody, conversation: 'none' }, 'tester', NOON), null)
  },

  'one who was never a member can be banned, and a ban does not outlive its user': async ({
    records,
    conversation,
    change,
  }) => {
    const { app } = await conversation('ann')
    await records.users.put({ app, id: 'bob', at: NOON })
    const { conversations } = records
    assert.deepEqual((await conversations.ban(app, 'talk', { users: ['bob'], by: null, at: NOON }))?.left, [])
    await change({ kind: 'user', app, user: 'bob', to: 'deleted' })
    assert.deepEqual(await all((paging) => conversations.bans(app, 'talk', paging)), [])
    assert.equal((await conversations.addMember(app, 'talk', 'bob', NOON))?.changed, true)
    assert.equal(await conversations.ban(app, 'none', { users: ['ann'], by: null, at: NOON }), null)
  },

  'who was cut off by leaving is known until access was given back, through a merge, too': async ({
    records,
    conversation,
    change,
  }) => {
    const { app } = await conversation('ann', 'bob', 'cid')
    const users = (await records.conversations.members(app, 'talk', WHOLE)).items
    const cut = async (id = 'talk') => ids(await records.conversations.cutOff(app, id, users))
    await records.conversations.removeMember(app, 'talk', 'ann', NOON)
    assert.deepEqual(await cut(), [])
    await change({ kind: 'member', app, conversation: 'talk', user: 'bob', to: 'out' })
    await change({ kind: 'member', app, conversation: 'talk', user: 'cid', to: 'out' })
    assert.deepEqual(await cut(), ['bob', 'cid'])
    await change({ kind: 'member', app, conversation: 'talk', user: 'cid', to: 'in' })
    assert.deepEqual(await cut(), ['bob'])
    const many = Array.from({ length: 3000 }, (_, n) => ({ id: `x${n}`, serial: 2 ** 40 + n }))
    assert.deepEqual(ids(await records.conversations.cutOff(app, 'talk', [...many, ...users])), ['bob'])
    await records.conversations.put({ app, id: 'new', type: 'group', members: ['cid'], at: NOON })
    assert.deepEqual(await cut('new'), [])
    await records.conversations.merge(app, 'new', 'talk', NOON)
    assert.deepEqual(await cut('new'), ['bob'])
  },
}
