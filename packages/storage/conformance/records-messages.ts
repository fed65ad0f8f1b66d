import assert from 'node:assert/strict'
import { Missing } from '../src/records/port.ts'
import { all, type Cases, fresh, ids, NOON, WHOLE, type World } from './records-world.ts'

function say({ records }: World, app: string, conversation: string, text: string) {
  return records.messages.create({ app, conversation, from: 'ann', text, attachments: [], at: NOON })
}

/** Messages. */
export const messageCases: Cases = {
  'a message is found as it was created': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann')
    const made = await records.messages.create({
      app,
      conversation: 'talk',
      from: null,
      text: 'ä\u0000\ud800𝄞',
      attachments: ['b', 'a'],
      at: NOON,
    })
    assert.match(made.id, /^[1-9][0-9]*$/)
    assert.deepEqual(made, {
      app,
      id: made.id,
      conversation: 'talk',
      from: null,
      type: 'text',
      category: 'message',
      text: 'ä\u0000\ud800𝄞',
      data: {},
      tags: [],
      attachments: ['b', 'a'],
      parent: null,
      version: (await records.conversations.find(app, 'talk'))?.version,
      createdAt: NOON,
      updatedAt: NOON,
      editedAt: null,
      editedBy: null,
      deletedAt: null,
      deletedBy: null,
    })
    assert.deepEqual(await records.messages.find(app, made.id), made)
  },

  'what a sender marked is sent once, at once or later, and again after its time': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann', 'bob')
    await records.conversations.put({ app, id: 'two', type: 'group', members: ['ann'], at: NOON })
    const { messages } = records
    const send = (more: object = {}, since = NOON - 1000) =>
      messages.create({
        ...{ app, conversation: 'talk', from: 'ann', text: 'hi', attachments: [], at: NOON },
        ...{ once: { key: 'm', since }, ...more },
      })
    assert.equal(await messages.findOnce(app, 'talk', 'ann', { key: 'm', since: 0 }), null)
    const racers = await Promise.all(Array.from({ length: 16 }, (_, n) => send({ text: `try ${n}` })))
    const [first] = racers
    assert.ok(first)
    for (const each of racers) assert.deepEqual(each, first)
    assert.equal((await messages.list(app, 'talk', { after: null, limit: 9, order: 'ascending' })).items.length, 1)
    const find = (since: number, from: string | null = 'ann', conversation = 'talk', key = 'm') =>
      messages.findOnce(app, conversation, from, { key, since })
    assert.deepEqual(await find(NOON), first)
    assert.deepEqual([await find(NOON + 1), await find(0, 'bob'), await find(0, null)], [null, null, null])
    assert.deepEqual(
      [await find(0, 'ann', 'two'), await find(0, 'ann', 'none'), await find(0, 'ann', 'talk', 'M')],
      [null, null, null],
    )
    const others = [{ from: 'bob' }, { from: null }, { conversation: 'two' }, { once: { key: 'n', since: 0 } }]
    const made = [first.id]
    for (const other of others) made.push((await send(other)).id)
    assert.equal(new Set(made).size, 5, 'another sender, a server, another conversation, another mark')
    assert.deepEqual((await send({ from: null })).id, made[2], 'a server, too, is known again')
    const edited = await messages.update(app, first.id, { text: 'changed' }, 'ann', NOON + 1)
    assert.deepEqual(await send(), edited, 'as it is now')
    const later = await send({ at: NOON + 5000 }, NOON + 1)
    assert.notEqual(later.id, first.id)
    assert.equal((await send()).id, later.id, 'the last one counts')
    await messages.delete(app, later.id)
    assert.equal((await send()).id, first.id)
  },

  'ids increase, and the list is paged either way': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann')
    const made: string[] = []
    for (const text of ['1', '2', '3', '4', '5']) made.push((await say(world, app, 'talk', text)).id)
    assert.deepEqual(
      made,
      made.toSorted((a, b) => Number(a) - Number(b)),
    )
    const list = (order: 'ascending' | 'descending') =>
      all((paging) => records.messages.list(app, 'talk', { ...paging, order }))
    assert.deepEqual(ids(await list('ascending')), made)
    assert.deepEqual(ids(await list('descending')), made.toReversed())
    const after = { after: made[1] ?? '', limit: 2, order: 'ascending' } as const
    assert.deepEqual(ids((await records.messages.list(app, 'talk', after)).items), made.slice(2, 4))
  },

  'messages of merged conversations stand among those of the survivor': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann')
    await records.conversations.put({ app, id: 'old', type: 'group', members: ['ann'], at: NOON })
    const made: string[] = []
    for (const where of ['old', 'talk', 'old', 'talk', 'old']) made.push((await say(world, app, where, where)).id)
    await records.conversations.merge(app, 'talk', 'old', NOON)
    for (const order of ['ascending', 'descending'] as const) {
      const listed = await all((paging) => records.messages.list(app, 'talk', { ...paging, order }))
      assert.deepEqual(ids(listed), order === 'ascending' ? made : made.toReversed())
    }
    const first = await records.messages.find(app, made[0] ?? '')
    assert.equal(first?.conversation, 'old')
  },

  'a message is deleted once, and only in its own app': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann')
    const { app: other } = await conversation('ann')
    const { id } = await say(world, app, 'talk', 'x')
    assert.equal(await records.messages.find(other, id), null)
    assert.equal(await records.messages.delete(other, id), false)
    assert.equal(await records.messages.delete(app, id), true)
    assert.equal(await records.messages.delete(app, id), false)
    assert.equal(await records.messages.find(app, id), null)
  },

  'what is no id is no message': async ({ records, app }) => {
    const { id } = await app()
    for (const text of ['', '0', '01', '-1', 'x', '1e3', '9'.repeat(40)]) {
      assert.equal(await records.messages.find(id, text), null)
      assert.equal(await records.messages.delete(id, text), false)
    }
  },

  'a message needs a conversation, and a list of none is empty': async (world) => {
    const { id } = await world.app()
    const error = { name: 'Missing', what: 'conversation' }
    await assert.rejects(say(world, id, 'none', 'x'), error)
    await assert.rejects(say(world, id, 'none', 'x'), Missing)
    const page = await world.records.messages.list(id, 'none', { after: null, limit: 5, order: 'ascending' })
    assert.deepEqual(page, { items: [], next: null })
  },

  'whether a conversation holds so many messages, with those merged into it': async (world) => {
    const { records, conversation } = world
    const { app, id } = await conversation('ann')
    await records.conversations.put({ app, id: 'old', type: 'group', members: ['ann'], at: NOON })
    const send = (to: string) =>
      records.messages.create({ app, conversation: to, from: 'ann', text: 'x', attachments: [], at: NOON })
    const holds = (...counts: readonly number[]) =>
      Promise.all(counts.map((count) => records.messages.holds(app, id, count)))
    assert.deepEqual(await holds(1), [false])
    for (const to of [id, id, 'old']) await send(to)
    assert.deepEqual(await holds(1, 2, 3), [true, true, false])
    await records.conversations.merge(app, id, 'old', NOON)
    assert.deepEqual(await holds(3, 4), [true, false])
    assert.equal(await records.messages.holds(fresh(), id, 1), false)
  },

  'what is deleted is held no more, a mark of it is, and whatever happens at once is counted': async (world) => {
    const { records, conversation, change } = world
    const { app, id } = await conversation('ann')
    await records.conversations.put({ app, id: 'old', type: 'group', members: ['ann'], at: NOON })
    const once = { key: 'mark', since: NOON }
    const send = (to: string, more: { once?: typeof once } = {}) =>
      records.messages.create({ app, conversation: to, from: 'ann', text: 'x', attachments: [], at: NOON, ...more })
    const held = async (of = id) => {
      for (let count = 0; ; count++) if (!(await records.messages.holds(app, of, count + 1))) return count
    }
    await Promise.all(Array.from({ length: 9 }, () => send(id)))
    await Promise.all(Array.from({ length: 3 }, () => send('old', { once })))
    assert.deepEqual([await held(), await held('old')], [9, 1])
    await records.conversations.merge(app, id, 'old', NOON)
    assert.equal(await held(), 10)
    const { items } = await records.messages.list(app, id, { ...WHOLE, order: 'ascending' })
    const [one, two, three] = items.map((message) => message.id)
    const old = items.at(-1)
    assert.ok(one && two && three && old)
    assert.equal(old.conversation, 'old')
    const deleted = await Promise.all([one, one, two, old.id].map((each) => records.messages.delete(app, each)))
    assert.equal(deleted.filter(Boolean).length, 3)
    assert.equal(await records.messages.delete(fresh(), three), false)
    await records.messages.markDeleted(app, three, 'ann', NOON)
    assert.equal(await held(), 7)
    await change({ kind: 'conversation', app, conversation: id, to: 'deleted' })
    assert.equal(await held(), 0)
    await records.conversations.put({ app, id, type: 'group', members: ['ann'], at: NOON })
    await send(id)
    assert.equal(await held(), 1)
  },
}
