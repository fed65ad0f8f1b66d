import assert from 'node:assert/strict'
import { all, type Cases, fresh, ids, NOON, WHOLE, type World } from './records-world.ts'

function say({ records }: World, app: string, conversation: string, text = 'x') {
  return records.messages.create({ app, conversation, from: 'ann', text, attachments: [], at: NOON })
}

/** Conversations as people know them: what describes them, whom they belong to, where something was said. */
export const talkCases: Cases = {
  'details are kept as they were written, and left alone by what does not name them': async ({ records, app }) => {
    const { id } = await app()
    const details = {
      name: 'ä\u0000\ud800𝄞',
      owner: 'ann',
      profile: { icon: 'https://x.test/a.png', nested: [null, { a: 1 }] },
      metadata: { 'a\u0000b': true },
      tags: ['b', 'a "\n'],
      joining: 'password' as const,
      passwordHash: 'hash',
    }
    const made = await records.conversations.create({
      ...{ app: id, id: 'talk', type: 'group', at: NOON, ...details },
      members: [{ user: 'ann', role: 'admin' }, { user: 'bob' }],
    })
    const kept = Object.fromEntries(Object.keys(details).map((name) => [name, made[name as 'name']]))
    assert.deepEqual([kept, made.membersCount, made.version], [details, 2, 1])
    assert.deepEqual(await records.conversations.find(id, 'talk'), made)
    assert.equal((await records.conversations.member(id, 'talk', 'ann'))?.role, 'admin')

    const put = await records.conversations.put({
      ...{ app: id, id: 'talk', type: 'group', members: ['ann', 'bob'], at: NOON + 1 },
      name: 'New',
    })
    assert.deepEqual(put?.conversation, { ...made, name: 'New', updatedAt: NOON + 1 })
    const changed = await records.conversations.update(id, 'talk', { owner: null, joining: 'open' }, NOON + 2)
    assert.deepEqual(changed, { ...made, name: 'New', owner: null, joining: 'open', updatedAt: NOON + 2 })
    assert.deepEqual(await records.conversations.update(id, 'talk', {}, NOON + 3), changed)
    await records.conversations.addMember(id, 'talk', 'cid', NOON + 4)
    assert.equal((await records.conversations.find(id, 'talk'))?.updatedAt, NOON + 2)
    assert.equal(await records.conversations.update(id, 'none', {}, NOON), null)
  },

  'creating what is there is a conflict that changes nothing, and needs an app': async ({ records, conversation }) => {
    const { app } = await conversation('ann')
    const before = await records.conversations.find(app, 'talk')
    const create = (of: string) =>
      records.conversations.create({ app: of, id: 'talk', type: 'direct', members: [{ user: 'zoe' }], at: NOON })
    await assert.rejects(create(app), { name: 'Conflict', what: 'conversation' })
    assert.deepEqual(await records.conversations.find(app, 'talk'), before)
    assert.equal(await records.users.find(app, 'zoe'), null)
    await assert.rejects(create(fresh()), { name: 'Missing', what: 'app' })
  },

  'numbered pages hold what the filter says, and tell how many there are': async ({ records, app }) => {
    const { id } = await app()
    const make = (name: string, more: object, ...members: string[]) =>
      records.conversations.create({
        ...{ app: id, id: name, type: 'group', at: NOON, ...more },
        members: members.map((user) => ({ user })),
      })
    await make('a', { joining: 'open', name: 'Ärzte', tags: ['x', 'y'] }, 'ann')
    await make('b', { joining: 'password', tags: ['y'] }, 'bob')
    await make('c', { tags: ['xy'] }, 'ann', 'bob')
    await make('d', { type: 'direct' }, 'ann', 'zoe')
    await make('e', { name: 'b team' })
    await make('gone', { joining: 'open' }, 'ann')
    await records.conversations.merge(id, 'e', 'gone', NOON)
    await records.conversations.removeMember(id, 'e', 'ann', NOON)
    const rows: readonly (readonly [filter: object, found: string])[] = [
      [{}, 'abcde'],
      [{ type: 'group' }, 'abce'],
      [{ search: 'äRZ' }, 'a'],
      [{ search: 'B' }, 'be'],
      [{ search: '%' }, ''],
      [{ tags: ['x'] }, 'a'],
      [{ tags: ['x', 'xy'] }, 'ac'],
      [{ tags: [] }, ''],
      [{ joining: ['open', 'password'] }, 'ab'],
      [{ member: 'ann' }, 'acd'],
      [{ member: 'ann', type: 'group' }, 'ac'],
      [{ visibleTo: 'bob', type: 'group' }, 'abc'],
      [{ visibleTo: 'nobody' }, 'ab'],
    ]
    for (const [filter, found] of rows) {
      const page = await records.conversations.page(id, { offset: 0, limit: 10, ...filter })
      assert.deepEqual([ids(page.items).join(''), page.total], [found, found.length], JSON.stringify(filter))
    }
    const second = await records.conversations.page(id, { offset: 2, limit: 2, type: 'group' })
    assert.deepEqual([ids(second.items), second.total], [['c', 'e'], 4])
    assert.deepEqual(ids(await records.conversations.findMany(id, ['c', 'none', 'a', 'c'])), ['c', 'a'])
  },

  'two users have one direct conversation, whoever asks, at once or later': async ({ records, app }) => {
    const { id } = await app()
    for (const name of ['ann', 'bob', 'cid']) await records.users.put({ app: id, id: name, at: NOON })
    const between = (...users: [string, string]) =>
      records.conversations.between({ app: id, id: fresh(), users, at: NOON })
    assert.equal(await records.conversations.findBetween(id, ['ann', 'bob']), null)
    const made = await Promise.all([between('ann', 'bob'), between('bob', 'ann'), between('ann', 'bob')])
    const [first] = made
    assert.ok(first)
    for (const each of made) assert.equal(each?.conversation.id, first.conversation.id)
    assert.deepEqual([first.conversation.type, first.conversation.membersCount], ['direct', 2])
    assert.equal((await records.conversations.findBetween(id, ['bob', 'ann']))?.id, first.conversation.id)
    assert.notEqual((await between('ann', 'cid'))?.conversation.id, first.conversation.id)
    assert.equal(await between('ann', 'nobody'), null)
    assert.equal(await records.conversations.findBetween(id, ['ann', 'nobody']), null)
    const alone = await between('cid', 'cid')
    assert.deepEqual(ids((await records.conversations.members(id, alone?.conversation.id ?? '', WHOLE)).items), ['cid'])
    assert.equal((await between('cid', 'cid'))?.conversation.id, alone?.conversation.id)
  },

  'who has left a direct conversation is back when it is asked for': async ({ records, app }) => {
    const { id } = await app()
    for (const name of ['ann', 'bob']) await records.users.put({ app: id, id: name, at: NOON })
    const between = () => records.conversations.between({ app: id, id: fresh(), users: ['ann', 'bob'], at: NOON })
    const made = await between()
    await records.conversations.removeMember(id, made?.conversation.id ?? '', 'bob', NOON)
    const again = await between()
    assert.deepEqual([again?.conversation.id, ids(again?.joined ?? [])], [made?.conversation.id, ['bob']])
    assert.deepEqual((await between())?.joined, [])
  },

  'a direct conversation that others have joined, or that was merged away, is the two’s no more': async ({
    records,
    app,
    change,
  }) => {
    const { id } = await app()
    const names = ['ann', 'bob', 'cid', 'dora', 'eve', 'fay']
    for (const name of names) await records.users.put({ app: id, id: name, at: NOON })
    const between = async (a: string, b: string) => {
      const found = await records.conversations.between({ app: id, id: fresh(), users: [a, b], at: NOON })
      return found?.conversation.id ?? ''
    }
    const added = await between('ann', 'bob')
    await records.conversations.addMember(id, added, 'cid', NOON)
    assert.notEqual(await between('ann', 'bob'), added)
    const regrouped = await between('ann', 'dora')
    await records.conversations.put({ app: id, id: regrouped, type: 'group', members: ['ann', 'dora'], at: NOON })
    assert.notEqual(await between('ann', 'dora'), regrouped)
    const entered = await between('ann', 'eve')
    await change({ kind: 'member', app: id, conversation: entered, user: 'cid', to: 'in' })
    assert.notEqual(await between('ann', 'eve'), entered)
    const merged = await between('ann', 'fay')
    await records.conversations.merge(id, added, merged, NOON)
    assert.notEqual(await between('ann', 'fay'), merged)
  },

  'what a deleted user owned is nobody’s, whether they were a member of it, were one, or never': async (world) => {
    const { records, app, change } = world
    const id = (await app()).id
    const make = (talk: string, members: readonly string[], owner: string, of = id) =>
      records.conversations.put({ app: of, id: talk, type: 'group', members, owner, at: NOON })
    await make('within', ['bob'], 'bob')
    await make('without', ['ann'], 'bob')
    await make('left', ['ann', 'bob'], 'bob')
    await make('anns', ['ann', 'bob'], 'ann')
    await records.conversations.removeMember(id, 'left', 'bob', NOON)
    const other = (await app()).id
    await make('theirs', ['ann'], 'bob', other)
    await change({ kind: 'user', app: id, user: 'bob', to: 'deleted' })
    const owner = async (talk: string, of = id) => (await records.conversations.find(of, talk))?.owner
    const owners = ['within', 'without', 'left', 'anns'].map((talk) => owner(talk))
    assert.deepEqual(await Promise.all(owners), [null, null, null, 'ann'])
    assert.equal(await owner('theirs', other), 'bob', 'another app has other users')
  },

  'a conversation is handed over to the very user who is a member, and to nobody else': async (world) => {
    const { records, conversation, change } = world
    const { app } = await conversation('ann', 'bob', 'cid', 'dora')
    const { conversations, users } = records
    const made = await conversations.update(app, 'talk', { owner: 'ann' }, NOON)
    await users.put({ app, id: 'eve', at: NOON })
    const [bob, cid, dora, eve] = await users.findMany(app, ['bob', 'cid', 'dora', 'eve'])
    assert.ok(bob && cid && dora && eve)
    await conversations.removeMember(app, 'talk', 'cid', NOON)
    await change({ kind: 'user', app, user: 'dora', to: 'deleted' })
    const handOver = (to: { id: string; serial: number }, id = 'talk') => conversations.handOver(app, id, to, NOON + 5)
    assert.equal(await handOver(dora), false, 'who is gone')
    await conversations.addMember(app, 'talk', 'dora', NOON)
    await conversations.put({ app, id: 'old', type: 'group', members: ['bob'], at: NOON })
    await conversations.merge(app, 'talk', 'old', NOON)
    assert.equal(await handOver(dora), false, 'another user under the id')
    assert.deepEqual([await handOver(cid), await handOver(eve)], [false, false], 'who left, and who never came')
    assert.deepEqual([await handOver(bob, 'old'), await handOver(bob, 'none')], [false, false])
    const role = async (user: string) => (await conversations.member(app, 'talk', user))?.role
    const owner = async (id = 'talk') => (await conversations.find(app, id))?.owner
    assert.deepEqual([await owner(), await owner('old'), await role('dora')], ['ann', null, 'participant'])
    assert.equal((await conversations.find(app, 'talk'))?.updatedAt, made?.updatedAt)

    assert.equal(await handOver(bob), true)
    assert.deepEqual([await owner(), await role('bob'), await role('ann')], ['bob', 'admin', 'participant'])
    assert.equal((await conversations.find(app, 'talk'))?.updatedAt, NOON + 5)
  },

  'whoever goes while a conversation is handed over to them leaves it to nobody': async (world) => {
    const { records, conversation, change } = world
    for (let round = 0; round < 10; round++) {
      const { app } = await conversation('ann', 'bob')
      const bob = await records.users.find(app, 'bob')
      assert.ok(bob)
      const deleting = () => change({ kind: 'user', app, user: 'bob', to: 'deleted' })
      const handing = () => records.conversations.handOver(app, 'talk', bob, NOON)
      await Promise.all(round % 2 === 0 ? [handing(), deleting()] : [deleting(), handing()])
      assert.equal((await records.conversations.find(app, 'talk'))?.owner, null)
    }
  },

  'a user who comes later under the same id has other direct conversations': async ({ records, app, change }) => {
    const { id } = await app()
    const between = () => records.conversations.between({ app: id, id: fresh(), users: ['ann', 'bob'], at: NOON })
    for (const name of ['ann', 'bob']) await records.users.put({ app: id, id: name, at: NOON })
    const first = await between()
    await change({ kind: 'user', app: id, user: 'bob', to: 'deleted' })
    assert.equal(await between(), null)
    await records.users.put({ app: id, id: 'bob', at: NOON })
    assert.notEqual((await between())?.conversation.id, first?.conversation.id)
  },

  'a user’s conversations come by their last message, with the one that the user may see': async (world) => {
    const { records, app } = world
    const { id } = await app()
    const put = (name: string, type: 'direct' | 'group', ...members: string[]) =>
      records.conversations.put({ app: id, id: name, type, members, at: NOON })
    await put('a', 'group', 'ann', 'bob')
    await put('b', 'direct', 'ann', 'zoe')
    await put('c', 'group', 'ann')
    await put('others', 'group', 'bob')
    await put('old', 'group', 'ann', 'bob')
    const inOld = await say(world, id, 'old')
    const inB = await say(world, id, 'b')
    await say(world, id, 'others')
    await records.conversations.merge(id, 'a', 'old', NOON)
    const talks = async (user: string, query: object = {}) => {
      const found = await records.conversations.ofUser(id, user, { offset: 0, limit: 10, ...query })
      return [
        found.items.map(({ conversation, lastMessage }) => [conversation.id, lastMessage?.id ?? null]),
        found.total,
      ]
    }
    assert.deepEqual(await talks('ann'), [
      [
        ['b', inB.id],
        ['a', inOld.id],
        ['c', null],
      ],
      3,
    ])
    const inA = await say(world, id, 'a')
    assert.deepEqual(await talks('ann', { spoken: true }), [
      [
        ['a', inA.id],
        ['b', inB.id],
      ],
      2,
    ])
    assert.deepEqual(await talks('ann', { type: 'direct' }), [[['b', inB.id]], 1])
    assert.deepEqual(await talks('ann', { offset: 1, limit: 1 }), [[['b', inB.id]], 3])
    assert.deepEqual(await talks('nobody'), [[], 0])
    const [direct] = (await records.conversations.ofUser(id, 'zoe', { offset: 0, limit: 1 })).items
    assert.deepEqual([ids(direct?.members ?? []), direct?.lastMessage], [['ann', 'zoe'], inB])

    await records.conversations.addMember(id, 'a', 'late', NOON)
    assert.deepEqual(await talks('late'), [[['a', null]], 1])
    assert.deepEqual(await talks('late', { later: true }), [[['a', inA.id]], 1])
    await records.conversations.removeMember(id, 'a', 'late', NOON)
    assert.deepEqual(await talks('late'), [[], 0])
    await records.messages.delete(id, inA.id)
    assert.deepEqual(await talks('bob', { type: 'group' }), [
      [
        ['a', inOld.id],
        ['others', (await records.messages.list(id, 'others', { ...WHOLE, order: 'ascending' })).items[0]?.id],
      ],
      2,
    ])
  },

  'a deleted conversation takes all that is in it along, and voids what was issued for it': async (world) => {
    const { records, conversation, attachment, change } = world
    const { app } = await conversation('ann', 'bob')
    await records.conversations.put({ app, id: 'old', type: 'group', members: ['ann'], at: NOON })
    await records.conversations.put({ app, id: 'other', type: 'group', members: ['ann'], at: NOON })
    await records.conversations.ban(app, 'talk', { users: ['bob'], by: null, at: NOON })
    const one = await attachment(app, { conversation: 'talk', recipients: ['bob'], size: 5 })
    const two = await attachment(app, { conversation: 'old', size: 7 })
    const other = await attachment(app, { conversation: 'other', size: 11 })
    const message = await say(world, app, 'talk')
    await say(world, app, 'old')
    const homes = await records.conversations.findMany(app, ['old', 'talk'])
    await records.conversations.merge(app, 'talk', 'old', NOON)
    const deletion = (id: string) => ({ kind: 'conversation', app, conversation: id, to: 'deleted' }) as const
    assert.equal(await records.changes.append(deletion('old'), 'tester', NOON), null)
    const { sequence, rows, paths } = await change(deletion('talk'))
    assert.equal(await records.changes.append(deletion('talk'), 'tester', NOON), null)

    assert.deepEqual(paths.toSorted(), [one.path, two.path].toSorted())
    const marks = rows.map(({ scope, target, serial, before }) => [scope, target, serial, before])
    for (const { id, serial } of homes) {
      assert.ok(
        marks.some((mark) => String(mark) === String(['conversation', `${app}/${id}`, serial, sequence])),
        id,
      )
      const resource = ['resource', `/apps/${app}/conversations/${id}`, null, sequence]
      assert.ok(
        marks.some((mark) => String(mark) === String(resource)),
        id,
      )
    }
    assert.deepEqual(ids(await all((paging) => records.conversations.list(app, paging))), ['other'])
    assert.equal(await records.attachments.findByPath(one.path), null)
    assert.equal(await records.messages.find(app, message.id), null)
    assert.deepEqual(await records.apps.usage(app), { bytes: 11, attachments: 1 })
    assert.deepEqual(await records.attachments.find(app, other.id), other)
    const put = await records.conversations.put({ app, id: 'talk', type: 'group', members: ['bob'], at: NOON })
    assert.deepEqual([put?.created, put?.conversation.membersCount], [true, 1])
    assert.notEqual(put?.conversation.serial, homes[1]?.serial)
    assert.deepEqual((await records.messages.list(app, 'talk', { ...WHOLE, order: 'ascending' })).items, [])
  },
}
