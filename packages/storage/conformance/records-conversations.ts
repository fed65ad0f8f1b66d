import assert from 'node:assert/strict'
import { all, type Cases, ids, NOON, WHOLE } from './records-world.ts'

/** Conversations and their members. */
export const conversationCases: Cases = {
  'a put creates the conversation, and the users who do not exist yet': async ({ records, app }) => {
    const { id } = await app()
    const { user: ann } = await records.users.put({ app: id, id: 'ann', name: 'Ann', at: NOON })
    const put = await records.conversations.put({
      app: id,
      id: 'talk',
      type: 'direct',
      members: ['bob', 'ann', 'bob'],
      at: NOON,
    })
    const bob = await records.users.find(id, 'bob')
    assert.ok(put !== null && bob !== null)
    assert.deepEqual(put.conversation, {
      app: id,
      id: 'talk',
      serial: put.conversation.serial,
      type: 'direct',
      version: put.conversation.version,
      mergedInto: null,
      mergedFrom: [],
      name: null,
      owner: null,
      profile: {},
      metadata: {},
      tags: [],
      joining: 'invited',
      passwordHash: null,
      membersCount: 2,
      createdAt: NOON,
      updatedAt: NOON,
    })
    assert.deepEqual([put.created, put.left], [true, []])
    assert.deepEqual(ids(put.joined).toSorted(), ['ann', 'bob'])
    assert.deepEqual([bob.status, bob.name], ['active', null])
    assert.equal((await records.users.find(id, 'ann'))?.name, 'Ann')
    assert.deepEqual(await records.conversations.find(id, 'talk'), put.conversation)
    assert.deepEqual(await all((paging) => records.conversations.members(id, 'talk', paging), 1), [
      { id: 'ann', serial: ann.serial, role: 'participant', joinedAt: NOON },
      { id: 'bob', serial: bob.serial, role: 'participant', joinedAt: NOON },
    ])
  },

  'a later put replaces type and members, and tells who came and who left': async ({ records, conversation }) => {
    const { app } = await conversation('ann', 'bob', 'cid')
    const before = await records.conversations.find(app, 'talk')
    const put = await records.conversations.put({
      app,
      id: 'talk',
      type: 'direct',
      members: ['bob', 'dora'],
      at: NOON + 9,
    })
    assert.ok(put !== null && before !== null)
    assert.equal(put.created, false)
    assert.deepEqual(ids(put.left).toSorted(), ['ann', 'cid'])
    assert.deepEqual(ids(put.joined), ['dora'])
    assert.deepEqual(put.conversation, { ...before, type: 'direct', version: before.version + 1, membersCount: 2 })
    assert.deepEqual(ids((await records.conversations.members(app, 'talk', WHOLE)).items), ['bob', 'dora'])
    const same = await records.conversations.put({
      app,
      id: 'talk',
      type: 'direct',
      members: ['dora', 'bob'],
      at: NOON,
    })
    assert.deepEqual([same?.conversation.version, same?.left, same?.joined], [before.version + 1, [], []])
  },

  'one member joins and leaves, once each': async ({ records, conversation }) => {
    const { app } = await conversation('ann')
    const version = async () => (await records.conversations.find(app, 'talk'))?.version ?? 0
    const start = await version()
    const joined = await records.conversations.addMember(app, 'talk', 'bob', NOON)
    const again = await records.conversations.addMember(app, 'talk', 'bob', NOON)
    assert.deepEqual([joined?.changed, again?.changed], [true, false])
    assert.deepEqual(joined?.member, again?.member)
    assert.equal(await version(), start + 1)
    assert.equal(await records.conversations.isMember(app, 'talk', 'bob'), true)
    assert.deepEqual(await records.conversations.removeMember(app, 'talk', 'bob', NOON), joined?.member)
    assert.equal(await records.conversations.removeMember(app, 'talk', 'bob', NOON), null)
    assert.equal(await version(), start + 2)
    assert.equal(await records.conversations.isMember(app, 'talk', 'bob'), false)
    assert.deepEqual(ids((await records.conversations.members(app, 'talk', WHOLE)).items), ['ann'])
  },

  'without the conversation there is no member to add, remove, list or be': async ({ records, app }) => {
    const { id } = await app()
    assert.equal(await records.conversations.find(id, 'talk'), null)
    assert.equal(await records.conversations.addMember(id, 'talk', 'ann', NOON), null)
    assert.equal(await records.conversations.removeMember(id, 'talk', 'ann', NOON), null)
    assert.equal(await records.conversations.isMember(id, 'talk', 'ann'), false)
    assert.deepEqual(await records.conversations.members(id, 'talk', WHOLE), { items: [], next: null })
  },

  'the same id in two apps is two conversations': async ({ records, conversation }) => {
    const [one, two] = [await conversation('ann'), await conversation('bob')]
    await records.conversations.addMember(one.app, 'talk', 'cid', NOON)
    assert.deepEqual(ids((await records.conversations.members(one.app, 'talk', WHOLE)).items), ['ann', 'cid'])
    assert.deepEqual(ids((await records.conversations.members(two.app, 'talk', WHOLE)).items), ['bob'])
    assert.equal(await records.conversations.isMember(two.app, 'talk', 'ann'), false)
  },

  'the list goes by id and is paged': async ({ records, app }) => {
    const { id } = await app()
    for (const name of ['c', 'a', 'B', 'd', 'b']) {
      await records.conversations.put({ app: id, id: name, type: 'group', members: [], at: NOON })
    }
    assert.deepEqual(ids(await all((paging) => records.conversations.list(id, paging))), ['B', 'a', 'b', 'c', 'd'])
  },

  'a deleted user is a member no more, nor is one who comes later under the same id': async ({
    records,
    conversation,
    change,
  }) => {
    const { app } = await conversation('ann', 'bob')
    await change({ kind: 'user', app, user: 'bob', to: 'deleted' })
    assert.deepEqual(ids((await records.conversations.members(app, 'talk', WHOLE)).items), ['ann'])
    await records.users.put({ app, id: 'bob', at: NOON })
    assert.equal(await records.conversations.isMember(app, 'talk', 'bob'), false)
    assert.equal((await records.conversations.addMember(app, 'talk', 'bob', NOON))?.changed, true)
  },

  'merging takes members along, and chains count for the last': async ({ records, conversation }) => {
    const { app } = await conversation('ann')
    const put = (id: string, ...members: string[]) =>
      records.conversations.put({ app, id, type: 'group', members, at: NOON })
    await put('older', 'bob')
    await put('oldest', 'ann', 'cid')
    assert.deepEqual((await records.conversations.merge(app, 'older', 'oldest', NOON))?.mergedFrom, ['oldest'])
    const survivor = await records.conversations.merge(app, 'talk', 'older', NOON)
    assert.deepEqual(survivor?.mergedFrom, ['older', 'oldest'])
    assert.deepEqual(await records.conversations.find(app, 'talk'), survivor)
    assert.deepEqual(ids((await records.conversations.members(app, 'talk', WHOLE)).items), ['ann', 'bob', 'cid'])
    for (const gone of ['older', 'oldest']) {
      const { mergedInto, mergedFrom } = (await records.conversations.find(app, gone)) ?? {}
      assert.deepEqual([mergedInto, mergedFrom], ['talk', []])
    }
  },

  'what is merged away cannot change any more, and nothing merges twice or with itself': async ({
    records,
    conversation,
  }) => {
    const { app } = await conversation('ann')
    await records.conversations.put({ app, id: 'old', type: 'group', members: ['bob'], at: NOON })
    await records.conversations.merge(app, 'talk', 'old', NOON)
    const before = await records.conversations.find(app, 'old')
    assert.equal(await records.conversations.put({ app, id: 'old', type: 'direct', members: ['x'], at: NOON }), null)
    assert.equal(await records.conversations.addMember(app, 'old', 'x', NOON), null)
    assert.equal(await records.conversations.removeMember(app, 'old', 'bob', NOON), null)
    assert.deepEqual(await records.conversations.find(app, 'old'), before)
    assert.equal(await records.users.find(app, 'x'), null)
    for (const [id, from] of [
      ['talk', 'old'],
      ['old', 'talk'],
      ['talk', 'talk'],
      ['talk', 'none'],
      ['none', 'talk'],
    ] as const) {
      assert.equal(await records.conversations.merge(app, id, from, NOON), null, `${from} into ${id}`)
    }
  },

  'many who join at once all join, each at a version of its own': async ({ records, conversation }) => {
    const { app } = await conversation()
    const start = (await records.conversations.find(app, 'talk'))?.version ?? 0
    const names = Array.from({ length: 20 }, (_, n) => `user-${n}`)
    await Promise.all(names.map((name) => records.conversations.addMember(app, 'talk', name, NOON)))
    assert.deepEqual(ids((await records.conversations.members(app, 'talk', WHOLE)).items), names.toSorted())
    assert.equal((await records.conversations.find(app, 'talk'))?.version, start + 20)
  },

  'ten thousand members are put, replaced and read': async ({ records, conversation, attachment }) => {
    const { app } = await conversation()
    const names = Array.from({ length: 10_000 }, (_, n) => `user-${n}`)
    const put = (members: readonly string[]) =>
      records.conversations.put({ app, id: 'talk', type: 'group', members, at: NOON })
    assert.equal((await put(names))?.joined.length, 10_000)
    const shared = await attachment(app, { conversation: 'talk' })
    const half = await put(names.slice(5_000))
    assert.deepEqual([half?.left.length, half?.joined.length], [5_000, 0])
    const read = await all((paging) => records.conversations.members(app, 'talk', paging), 1000)
    assert.deepEqual(ids(read), names.slice(5_000).toSorted())
    const receivers = await all((paging) => records.attachments.receivers(shared, paging), 1000)
    assert.deepEqual(ids(receivers), names.toSorted())
  },
}
