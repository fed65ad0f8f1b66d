import assert from 'node:assert/strict'
import { type Attachment, Conflict, Missing } from '../src/records/port.ts'
import { all, type Cases, fresh, ids, NOON, WHOLE, type World } from './records-world.ts'

async function receiverIds({ records }: World, attachment: Attachment): Promise<readonly string[]> {
  return ids(await all((paging) => records.attachments.receivers(attachment, paging)))
}

/** Attachments and their receivers. */
export const attachmentCases: Cases = {
  'an attachment is found as it was created, by id and by path': async ({ records, conversation, attachment }) => {
    const { app } = await conversation('ann')
    const home = await records.conversations.find(app, 'talk')
    const made = await attachment(app, {
      id: 'file',
      path: `/apps/${app}/conversations/talk/k/%C3%A4`,
      conversation: 'talk',
      filename: 'ä "\u{1F600}".txt',
      size: 2 ** 40,
      from: 'ann',
      recipients: ['zoe', 'bob'],
      access: 'public',
      forMessage: true,
    })
    assert.deepEqual(made, {
      app,
      id: 'file',
      serial: made.serial,
      path: `/apps/${app}/conversations/talk/k/%C3%A4`,
      conversation: 'talk',
      conversationSerial: home?.serial,
      version: home?.version,
      filename: 'ä "\u{1F600}".txt',
      contentType: 'text/plain',
      size: 2 ** 40,
      sha256: 'ab'.repeat(32),
      access: 'public',
      blob: made.blob,
      from: 'ann',
      fromSerial: (await records.users.find(app, 'ann'))?.serial,
      recipients: ['zoe', 'bob'],
      held: false,
      forMessage: true,
      createdAt: NOON,
    })
    assert.deepEqual(await records.attachments.find(app, 'file'), made)
    assert.deepEqual(await records.attachments.findByPath(made.path), made)
    assert.equal(await records.attachments.find(fresh(), 'file'), null)
    assert.equal(await records.attachments.findByPath(`${made.path}x`), null)
  },

  'outside conversations an attachment has version 0 and no receivers but those named': async (world) => {
    const { id } = await world.app()
    const made = await world.attachment(id)
    assert.deepEqual([made.conversation, made.conversationSerial, made.version], [null, null, 0])
    assert.deepEqual(await receiverIds(world, made), [])
    const named = await world.attachment(id, { recipients: ['bob', 'ann', 'bob'] })
    assert.deepEqual(await receiverIds(world, named), ['ann', 'bob'])
    assert.equal((await world.records.users.find(id, 'bob'))?.status, 'active')
    assert.equal(await world.records.attachments.receiver(named, 'cid'), null)
  },

  'ids are unique in an app, paths everywhere': async ({ records, app, attachment }) => {
    const [one, two] = [(await app()).id, (await app()).id]
    const first = await attachment(one, { id: 'file' })
    await assert.rejects(attachment(one, { id: 'file' }), Conflict)
    await assert.rejects(attachment(two, { path: first.path }), Conflict)
    const second = await attachment(two, { id: 'file' })
    assert.deepEqual(await records.attachments.find(two, 'file'), second)
    assert.deepEqual(await records.attachments.find(one, 'file'), first)
    assert.deepEqual(await records.apps.usage(two), { bytes: 10, attachments: 1 })
  },

  'an attachment needs its app and its conversation': async ({ records, app, attachment }) => {
    const { id } = await app()
    await assert.rejects(attachment(fresh()), Missing)
    await assert.rejects(attachment(id, { conversation: 'none', blob: 'b/none' }), Missing)
    assert.equal(await records.attachments.references('b/none'), false)
    assert.deepEqual(await records.apps.usage(id), { bytes: 0, attachments: 0 })
  },

  'a quota is met exactly and never passed, and nothing is written then': async ({ records, app, attachment }) => {
    const { id } = await app()
    const quota = { bytes: 25, attachments: 3 }
    await attachment(id, { size: 10, quota })
    await attachment(id, { size: 15, quota })
    const isQuota = (error: unknown) => error instanceof Conflict && error.what === 'quota'
    await assert.rejects(attachment(id, { size: 1, quota, recipients: ['ann'], blob: 'b/quota' }), isQuota)
    assert.equal(await records.users.find(id, 'ann'), null)
    assert.equal(await records.attachments.references('b/quota'), false)
    await attachment(id, { size: 0, quota })
    await assert.rejects(attachment(id, { size: 0, quota }), isQuota)
    assert.deepEqual(await records.apps.usage(id), { bytes: 25, attachments: 3 })
    await attachment(id, { size: 1, quota: { bytes: null, attachments: null } })
  },

  'many uploads at once pass no quota': async ({ records, app, attachment }) => {
    const { id } = await app()
    const quota = { bytes: null, attachments: 5 }
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => attachment(id, { quota })))
    assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 5)
    assert.equal((await records.apps.usage(id)).attachments, 5)
  },

  'deleting gives the quota back': async ({ records, app, attachment, change }) => {
    const { id } = await app()
    const made = await attachment(id, { size: 7, recipients: ['ann'] })
    await attachment(id, { size: 3 })
    const logged = await change({ kind: 'attachment', app: id, attachment: made.id, to: 'deleted' })
    assert.deepEqual(logged.paths, [made.path])
    assert.deepEqual(await records.apps.usage(id), { bytes: 3, attachments: 1 })
    assert.equal(await records.attachments.find(id, made.id), null)
    assert.equal(await records.attachments.findByPath(made.path), null)
    assert.deepEqual((await records.attachments.receivers(made, WHOLE)).items, [])
    const again = { kind: 'attachment', app: id, attachment: made.id, to: 'deleted' } as const
    assert.equal(await records.changes.append(again, 'x', NOON), null)
  },

  'several are found at once, in the order asked for': async ({ records, app, attachment }) => {
    const [one, two] = [(await app()).id, (await app()).id]
    for (const id of ['a', 'b', 'c']) await attachment(one, { id })
    await attachment(two, { id: 'foreign' })
    const found = await records.attachments.findMany(one, ['c', 'foreign', 'a', 'none', 'c'])
    assert.deepEqual(ids(found), ['c', 'a'])
    assert.deepEqual(await records.attachments.findMany(one, []), [])
  },

  'the list goes newest first, paged and narrowed': async (world) => {
    const { records, conversation, attachment } = world
    const { app } = await conversation('ann')
    await records.conversations.put({ app, id: 'old', type: 'group', members: [], at: NOON })
    await attachment(app, { id: 'a', conversation: 'talk', at: NOON })
    await attachment(app, { id: 'b', conversation: 'old', access: 'public', at: NOON + 1 })
    await attachment(app, { id: 'c', at: NOON + 2 })
    await attachment(app, { id: 'd', conversation: 'talk', access: 'public', at: NOON + 3 })
    await records.conversations.merge(app, 'talk', 'old', NOON)
    const rows = [
      [{}, ['d', 'c', 'b', 'a']],
      [{ conversation: 'talk' }, ['d', 'a']],
      [{ conversation: 'old' }, ['b']],
      [{ conversation: 'none' }, []],
      [{ access: 'public' as const }, ['d', 'b']],
      [{ createdBefore: NOON + 2 }, ['b', 'a']],
      [{ conversation: 'talk', access: 'private' as const, createdBefore: NOON + 3 }, ['a']],
    ] as const
    for (const [filter, expected] of rows) {
      const listed = await all((paging) => records.attachments.list(app, { ...paging, ...filter }))
      assert.deepEqual(ids(listed), expected, JSON.stringify(filter))
    }
  },

  'receivers are the members at the moment of sharing, whoever comes or goes later': async (world) => {
    const { records, conversation, attachment } = world
    const { app } = await conversation('ann', 'bob')
    const first = await attachment(app, { conversation: 'talk' })
    await records.conversations.removeMember(app, 'talk', 'bob', NOON)
    const second = await attachment(app, { conversation: 'talk' })
    await records.conversations.addMember(app, 'talk', 'cid', NOON)
    await records.conversations.addMember(app, 'talk', 'bob', NOON)
    const third = await attachment(app, { conversation: 'talk' })
    assert.deepEqual(await receiverIds(world, first), ['ann', 'bob'])
    assert.deepEqual(await receiverIds(world, second), ['ann'])
    assert.deepEqual(await receiverIds(world, third), ['ann', 'bob', 'cid'])
    const bob = await records.users.find(app, 'bob')
    assert.deepEqual(await records.attachments.receiver(first, 'bob'), { id: 'bob', serial: bob?.serial })
    assert.equal(await records.attachments.receiver(second, 'bob'), null)
    assert.equal(await records.attachments.receiver(first, 'cid'), null)
  },

  'a merge changes no receivers of what was shared before': async (world) => {
    const { records, conversation, attachment } = world
    const { app } = await conversation('ann')
    await records.conversations.put({ app, id: 'old', type: 'group', members: ['bob'], at: NOON })
    const [mine, theirs] = [
      await attachment(app, { conversation: 'talk' }),
      await attachment(app, { conversation: 'old' }),
    ]
    await records.conversations.merge(app, 'talk', 'old', NOON)
    assert.deepEqual(await receiverIds(world, mine), ['ann'])
    assert.deepEqual(await receiverIds(world, theirs), ['bob'])
    assert.deepEqual(await records.attachments.findByPath(theirs.path), theirs)
    assert.deepEqual(await receiverIds(world, await attachment(app, { conversation: 'talk' })), ['ann', 'bob'])
  },

  'deleted users receive nothing, nor do those who come later under their ids': async (world) => {
    const { records, conversation, attachment, change } = world
    const { app } = await conversation('ann', 'bob')
    const shared = await attachment(app, { conversation: 'talk' })
    const named = await attachment(app, { recipients: ['ann', 'bob'] })
    await change({ kind: 'user', app, user: 'bob', to: 'deleted' })
    await records.users.put({ app, id: 'bob', at: NOON })
    for (const each of [shared, named]) {
      assert.deepEqual(await receiverIds(world, each), ['ann'])
      assert.equal(await records.attachments.receiver(each, 'bob'), null)
    }
    assert.deepEqual((await records.attachments.receivedBy(app, 'bob', [shared, named])).ids, new Set())
  },

  'what one user receives of many is told in one question': async ({ records, conversation, attachment }) => {
    const { app } = await conversation('ann', 'bob')
    const { app: elsewhere } = await conversation('ann', 'bob')
    const early = await attachment(app, { conversation: 'talk' })
    await records.conversations.removeMember(app, 'talk', 'bob', NOON)
    const late = await attachment(app, { conversation: 'talk' })
    const named = await attachment(app, { conversation: 'talk', recipients: ['bob'] })
    const loose = await attachment(app)
    const foreign = await attachment(elsewhere, { conversation: 'talk' })
    const given = [early, late, named, loose, foreign]
    const bob = await records.users.find(app, 'bob')
    assert.deepEqual(await records.attachments.receivedBy(app, 'bob', given), {
      receiver: { id: 'bob', serial: bob?.serial },
      ids: new Set([early.id, named.id]),
    })
    assert.deepEqual((await records.attachments.receivedBy(app, 'ann', given)).ids, new Set([early.id, late.id]))
    assert.deepEqual(await records.attachments.receivedBy(app, 'nobody', given), { receiver: null, ids: new Set() })
    await records.users.put({ app, id: 'cat', at: NOON })
    for (const some of [given, [loose]]) {
      assert.deepEqual((await records.attachments.receivedBy(app, 'cat', some)).ids, new Set())
    }
  },

  'a blob is referred to as long as one attachment holds it': async ({ records, app, attachment, change }) => {
    const { id } = await app()
    const blob = `${id}/shared`
    const both = [await attachment(id, { blob }), await attachment(id, { blob })]
    for (const each of both) {
      assert.equal(await records.attachments.references(blob), true)
      await change({ kind: 'attachment', app: id, attachment: each.id, to: 'deleted' })
    }
    assert.equal(await records.attachments.references(blob), false)
  },

  'every blob is listed once, ascending, with size and hash': async ({ records, app, attachment }) => {
    const { id } = await app()
    for (const blob of ['c', 'a', 'b', 'a']) {
      await attachment(id, { blob: `${id}/${blob}`, size: 5, sha256: 'cd'.repeat(32) })
    }
    const mine = (await all(records.attachments.blobs)).filter((each) => each.blob.startsWith(`${id}/`))
    assert.deepEqual(
      mine,
      ['a', 'b', 'c'].map((name) => ({ blob: `${id}/${name}`, size: 5, sha256: 'cd'.repeat(32) })),
    )
  },

  'access changes, and the path is told': async ({ records, app, attachment, change }) => {
    const { id } = await app()
    const made = await attachment(id)
    for (const to of ['public', 'private'] as const) {
      const logged = await change({ kind: 'attachment', app: id, attachment: made.id, to })
      assert.deepEqual(logged.paths, [made.path])
      assert.equal((await records.attachments.find(id, made.id))?.access, to)
    }
  },

  'protecting makes older public ones private piece by piece, and back only those': async (world) => {
    const { records, app, attachment, change } = world
    const { id } = await app()
    const made = new Map<string, Attachment>()
    for (const [n, name] of ['a', 'b', 'c', 'd'].entries()) {
      made.set(name, await attachment(id, { id: name, access: 'public', at: NOON + n }))
    }
    await attachment(id, { id: 'private', at: NOON })
    const other = await attachment((await app()).id, { access: 'public' })
    const protect = (to: 'private' | 'public', before: number | null, limit: number) =>
      records.changes.append({ kind: 'protect', app: id, to, before, limit }, 'x', NOON)
    const paths = (...names: string[]) => names.map((name) => made.get(name)?.path)
    const open = async () => ids((await records.attachments.list(id, { ...WHOLE, access: 'public' })).items)

    assert.deepEqual((await protect('private', NOON + 3, 2))?.paths.toSorted(), paths('a', 'b').toSorted())
    assert.deepEqual((await protect('private', NOON + 3, 2))?.paths, paths('c'))
    assert.equal(await protect('private', NOON + 3, 2), null)
    assert.deepEqual(await open(), ['d'])
    await change({ kind: 'attachment', app: id, attachment: 'b', to: 'private' })
    assert.deepEqual((await protect('public', null, 10))?.paths.toSorted(), paths('a', 'c').toSorted())
    assert.deepEqual(await open(), ['d', 'c', 'a'])
    assert.equal(await protect('public', null, 10), null)
    assert.deepEqual(await records.attachments.findByPath(other.path), other)
  },
}
