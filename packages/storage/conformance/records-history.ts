import assert from 'node:assert/strict'
import type { MessageFilter, NewMessage } from '../src/records/port.ts'
import { all, type Cases, ids, NOON, WHOLE, type World } from './records-world.ts'

/** Sends a message to `talk` of an app. */
function send({ records }: World, app: string, with_: Partial<NewMessage> = {}) {
  return records.messages.create({
    ...{ app, conversation: 'talk', from: 'ann', text: 'x', attachments: [], at: NOON },
    ...with_,
  })
}

/** The texts of what is listed, in one word. */
async function texts({ records }: World, app: string, filter: MessageFilter, conversation: string | null = 'talk') {
  const query = { order: 'ascending', ...filter } as const
  const found = await all((paging) => records.messages.list(app, conversation, { ...paging, ...query }))
  return found.map(({ text }) => text).join('')
}

/** What messages become, and who sees which. */
export const historyCases: Cases = {
  'a message keeps all that it was sent with': async (world) => {
    const { app } = await world.conversation('ann')
    const first = await send(world, app)
    const with_ = {
      ...{ type: 'poll', category: 'custom', data: { 'a\u0000': [1, null] }, tags: ['y', 'x "\n'] },
      ...{ parent: first.id, version: 7 },
    }
    const made = await send(world, app, with_)
    for (const [name, value] of Object.entries(with_)) assert.deepEqual(made[name as 'type'], value, name)
    assert.deepEqual(await world.records.messages.find(app, made.id), made)
    assert.deepEqual(await world.records.messages.findMany(app, [made.id, 'none', first.id, made.id]), [made, first])
  },

  'an edit replaces what it names, and nothing of what is deleted': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann')
    const made = await send(world, app, { data: { a: 1 }, tags: ['t'], attachments: ['file'] })
    const edited = await records.messages.update(app, made.id, { text: null, data: { b: 2 } }, 'eve', NOON + 5)
    const changed = { text: null, data: { b: 2 }, updatedAt: NOON + 5, editedAt: NOON + 5, editedBy: 'eve' }
    assert.deepEqual(edited, { ...made, ...changed })
    assert.deepEqual(await records.messages.find(app, made.id), edited)
    const more = await records.messages.update(app, made.id, { type: 'note', tags: [] }, 'ann', NOON + 6)
    assert.deepEqual([more?.type, more?.tags, more?.data, more?.editedBy], ['note', [], { b: 2 }, 'ann'])
    await records.messages.markDeleted(app, made.id, 'ann', NOON + 7)
    assert.equal(await records.messages.update(app, made.id, { text: 'again' }, 'ann', NOON + 8), null)
    assert.equal(await records.messages.update(app, 'none', { text: 'x' }, 'ann', NOON), null)
  },

  'the mark of a deleted message tells who and when, and nothing that it said': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann')
    const made = await send(world, app, { data: { a: 1 }, tags: ['t'], attachments: ['file'] })
    const marked = await records.messages.markDeleted(app, made.id, 'bob', NOON + 5)
    const gone = { text: null, data: {}, tags: [], updatedAt: NOON + 5, deletedAt: NOON + 5, deletedBy: 'bob' }
    assert.deepEqual(marked, { ...made, ...gone })
    assert.deepEqual(await records.messages.markDeleted(app, made.id, 'eve', NOON + 9), marked)
    assert.equal(await records.messages.markDeleted(app, 'none', 'eve', NOON), null)
    const listed = async (hideDeleted: boolean) =>
      ids((await records.messages.list(app, 'talk', { ...WHOLE, order: 'ascending', hideDeleted })).items)
    assert.deepEqual([await listed(false), await listed(true)], [[made.id], []])
  },

  'lists hold what the filter says, page by page': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann')
    const a = await send(world, app, { text: 'a', type: 'image', tags: ['x'] })
    const b = await send(world, app, { text: 'b', category: 'action', at: NOON + 10 })
    await send(world, app, { text: 'c', parent: a.id, at: NOON + 20 })
    const d = await send(world, app, { text: 'd', parent: b.id, tags: ['xy', 'x'], at: NOON + 30 })
    await send(world, app, { text: 'e', type: 'image', parent: a.id, at: NOON + 40 })
    const rows: readonly (readonly [filter: MessageFilter, found: string])[] = [
      [{}, 'abcde'],
      [{ types: ['image'] }, 'ae'],
      [{ types: ['image', 'text'], categories: ['message'] }, 'acde'],
      [{ types: [] }, ''],
      [{ categories: ['action'] }, 'b'],
      [{ tags: ['x'] }, 'ad'],
      [{ parent: a.id }, 'ce'],
      [{ parent: d.id }, ''],
      [{ parent: 'none' }, ''],
      [{ hideReplies: true }, 'ab'],
      [{ afterId: b.id }, 'cde'],
      [{ beforeId: d.id }, 'abc'],
      [{ afterId: a.id, beforeId: d.id, types: ['text'] }, 'bc'],
      [{ sentAfter: NOON + 10 }, 'cde'],
      [{ sentBefore: NOON + 30 }, 'abc'],
    ]
    for (const [filter, found] of rows) {
      assert.equal(await texts(world, app, filter), found, JSON.stringify(filter))
      const backwards = await all((paging) =>
        records.messages.list(app, 'talk', { ...paging, order: 'descending', ...filter }),
      )
      assert.equal(
        backwards
          .map(({ text }) => text)
          .reverse()
          .join(''),
        found,
        JSON.stringify(filter),
      )
    }
  },

  'a user sees what was sent while they were a member; with `later` also what came before': async (world) => {
    const { records, conversation, change } = world
    const { app } = await conversation('ann', 'bob')
    const { conversations } = records
    await send(world, app, { text: '1' })
    await conversations.removeMember(app, 'talk', 'bob', NOON)
    await conversations.addMember(app, 'talk', 'cid', NOON)
    const second = await send(world, app, { text: '2' })
    await conversations.addMember(app, 'talk', 'bob', NOON)
    await send(world, app, { text: '3' })
    await change({ kind: 'member', app, conversation: 'talk', user: 'cid', to: 'out' })
    await send(world, app, { text: '4' })
    await records.users.put({ app, id: 'zoe', at: NOON })
    const rows = [
      ['ann', '1234', '1234'],
      ['bob', '134', '1234'],
      ['cid', '23', '123'],
      ['zoe', '', ''],
    ] as const
    for (const [user, now, withEarlier] of rows) {
      const { serial } = (await records.users.find(app, user)) ?? assert.fail(user)
      assert.equal(await texts(world, app, { visibleTo: { serial } }), now, user)
      assert.equal(await texts(world, app, { visibleTo: { serial, later: true } }), withEarlier, `${user}, later`)
      assert.equal(await records.messages.isVisible(second, { serial }), now.includes('2'), user)
      assert.equal(
        await records.messages.isVisible(second, { serial, later: true }),
        withEarlier.includes('2'),
        `${user}, later`,
      )
    }
  },

  'what was said in merged conversations is seen by those who were members there': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann')
    await records.conversations.put({ app, id: 'old', type: 'group', members: ['bob'], at: NOON })
    await send(world, app, { text: '1' })
    await send(world, app, { text: '2', conversation: 'old' })
    await records.conversations.merge(app, 'talk', 'old', NOON)
    await send(world, app, { text: '3' })
    for (const [user, seen] of [
      ['ann', '13'],
      ['bob', '23'],
    ] as const) {
      const { serial } = (await records.users.find(app, user)) ?? assert.fail(user)
      assert.equal(await texts(world, app, { visibleTo: { serial } }), seen, user)
    }
  },

  'a list over all conversations holds the app’s, or those of a user’s present conversations': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann', 'bob')
    await conversation('ann')
    for (const id of ['two', 'three']) {
      await records.conversations.put({ app, id, type: 'group', members: ['ann'], at: NOON })
    }
    for (const [text, id] of [
      ['1', 'talk'],
      ['2', 'two'],
      ['3', 'three'],
      ['4', 'talk'],
      ['5', 'two'],
      ['6', 'talk'],
      ['7', 'two'],
    ] as const) {
      await send(world, app, { text, conversation: id })
    }
    assert.equal(await texts(world, app, {}, null), '1234567')
    assert.equal(await texts(world, app, { types: ['none'] }, null), '')
    const serialOf = async (user: string) => (await records.users.find(app, user))?.serial ?? assert.fail()
    const [ann, bob] = [await serialOf('ann'), await serialOf('bob')]
    assert.equal(await texts(world, app, { visibleTo: { serial: bob } }, null), '146')
    await records.conversations.removeMember(app, 'three', 'ann', NOON)
    assert.equal(await texts(world, app, { visibleTo: { serial: ann } }, null), '124567')
    const newest = { ...WHOLE, limit: 2, order: 'descending', visibleTo: { serial: ann } } as const
    const page = await records.messages.list(app, null, newest)
    assert.deepEqual([page.items.map(({ text }) => text), page.next !== null], [['7', '6'], true])
    const rest = await all((paging) => records.messages.list(app, null, { ...newest, ...paging }))
    assert.deepEqual(
      rest.map(({ text }) => text),
      ['7', '6', '5', '4', '2', '1'],
    )
  },

  'sending costs the same whatever the conversation has been through: the version is its own': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann')
    const version = async () => (await records.conversations.find(app, 'talk'))?.version
    assert.equal((await send(world, app)).version, await version())
    await records.conversations.addMember(app, 'talk', 'bob', NOON)
    assert.equal((await send(world, app)).version, await version())
  },

  'the sender receives what they shared, members or not, but for named receivers': async (world) => {
    const { records, conversation, attachment, change } = world
    const { app } = await conversation('ann', 'cid')
    await records.users.put({ app, id: 'bob', at: NOON })
    const receivers = async (made: Awaited<ReturnType<typeof attachment>>) =>
      ids(await all((paging) => records.attachments.receivers(made, paging), 1))
    const rows = [
      [{ conversation: 'talk', from: 'bob' }, 'ann bob cid'],
      [{ conversation: 'talk', from: 'ann' }, 'ann cid'],
      [{ conversation: 'talk', from: 'nobody' }, 'ann cid'],
      [{ conversation: 'talk', from: 'bob', recipients: ['cid'] }, 'cid'],
      [{ conversation: null, from: 'bob' }, ''],
    ] as const
    for (const [with_, expected] of rows) {
      const made = await attachment(app, with_)
      assert.equal((await receivers(made)).join(' '), expected, JSON.stringify(with_))
      for (const user of ['ann', 'bob', 'cid', 'nobody']) {
        const is = expected.includes(user)
        assert.equal((await records.attachments.receiver(made, user))?.id ?? null, is ? user : null, user)
        const { ids: found } = await records.attachments.receivedBy(app, user, [made])
        assert.equal(found.has(made.id), is, `${user} ${JSON.stringify(with_)}`)
      }
    }
    const made = await attachment(app, { conversation: 'talk', from: 'bob' })
    await change({ kind: 'user', app, user: 'bob', to: 'deleted' })
    await records.users.put({ app, id: 'bob', at: NOON })
    assert.deepEqual(await receivers(made), ['ann', 'cid'])
    assert.equal(await records.attachments.receiver(made, 'bob'), null)
    assert.equal((await records.attachments.receivedBy(app, 'bob', [made])).ids.size, 0)
  },

  'with `later`, members who came since receive what was shared before': async (world) => {
    const { records, conversation, attachment } = world
    const { app } = await conversation('ann', 'bob', 'cid')
    await records.conversations.removeMember(app, 'talk', 'bob', NOON)
    const made = await attachment(app, { conversation: 'talk' })
    const named = await attachment(app, { conversation: 'talk', recipients: ['cid'] })
    await records.conversations.addMember(app, 'talk', 'late', NOON)
    await records.conversations.addMember(app, 'talk', 'bob', NOON)
    await records.conversations.removeMember(app, 'talk', 'cid', NOON)
    const receivers = async (of: typeof made, later: boolean) =>
      ids(await all((paging) => records.attachments.receivers(of, { ...paging, later }), 1)).join(' ')
    assert.deepEqual([await receivers(made, false), await receivers(made, true)], ['ann cid', 'ann bob cid late'])
    assert.deepEqual([await receivers(named, false), await receivers(named, true)], ['cid', 'cid'])
    for (const [user, later, is] of [
      ['late', false, false],
      ['late', true, true],
      ['bob', true, true],
      ['cid', true, true],
      ['zoe', true, false],
    ] as const) {
      assert.equal((await records.attachments.receiver(made, user, { later })) !== null, is, user)
      const { ids: found } = await records.attachments.receivedBy(app, user, [made, named], { later })
      assert.equal(found.has(made.id), is, user)
    }
  },

  'what is held is its sender’s alone until it is shared with the members of that moment': async (world) => {
    const { records, conversation, attachment, change } = world
    const { app } = await conversation('ann', 'bob')
    const held = await attachment(app, { conversation: 'talk', from: 'ann', held: true })
    const receivers = async (made: typeof held) => ids((await records.attachments.receivers(made, WHOLE)).items)
    assert.deepEqual([held.held, await receivers(held)], [true, ['ann']])
    assert.equal(await records.attachments.receiver(held, 'bob', { later: true }), null)
    assert.equal((await records.attachments.receivedBy(app, 'bob', [held], { later: true })).ids.size, 0)
    assert.equal((await records.attachments.receivedBy(app, 'ann', [held])).ids.size, 1)
    const waiting = async (before: number) => ids(await records.attachments.held(before, 1000))
    assert.ok((await waiting(NOON + 1)).includes(held.id))
    assert.ok(!(await waiting(NOON)).includes(held.id))

    await records.conversations.addMember(app, 'talk', 'cid', NOON)
    const to = { kind: 'attachment', app, attachment: held.id, to: 'shared' } as const
    assert.deepEqual((await change(to)).paths, [held.path])
    assert.equal(await records.changes.append(to, 'tester', NOON), null)
    const shared = (await records.attachments.find(app, held.id)) ?? assert.fail()
    assert.deepEqual([shared.held, await receivers(shared)], [false, ['ann', 'bob', 'cid']])
    assert.ok(!(await waiting(NOON + 1)).includes(held.id))
  },
}
