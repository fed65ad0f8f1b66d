import assert from 'node:assert/strict'
import type { Attachment, Change, StandingRow } from '../src/records/port.ts'
import { all, type Cases, fresh, ids, NOON, view, WHOLE, type World } from './records-world.ts'

/** Merges one user into another. */
const merge = ({ change }: World, app: string, user: string, into: string) =>
  change({ kind: 'user-merge', app, user, into })

const serialOf = async ({ records }: World, app: string, user: string) => (await records.users.find(app, user))?.serial

/** What a change has marked, in the order of targets: `scope target`, and what the mark says. */
function marks(rows: readonly StandingRow[]): readonly string[] {
  return rows
    .map(({ scope, target, serial, suspended, revoked, before, sequence }) => {
      const said = [suspended && 'suspended', revoked && 'revoked', before === sequence && 'void'].filter(Boolean)
      return `${scope} ${serial ?? target.replace(/^[0-9a-f]{24}\//, '')}: ${said.join(' ') || 'active'}`
    })
    .sort()
}

async function receiverIds({ records }: World, attachment: Attachment) {
  return ids(await all((paging) => records.attachments.receivers(attachment, paging)))
}

/** Users who are merged into others. */
export const userMergeCases: Cases = {
  'one user is left, who knows whom they were made of; the other id is free for somebody else': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann', 'bob', 'cid')
    const [ann, bob, cid] = await Promise.all(['ann', 'bob', 'cid'].map((id) => records.users.find(app, id)))
    await merge(world, app, 'cid', 'bob')
    await merge(world, app, 'bob', 'ann')
    const whole = await records.users.find(app, 'ann')
    assert.deepEqual(whole, { ...ann, mergedFrom: ['bob', 'cid'] })
    for (const id of ['bob', 'cid']) assert.equal(await records.users.find(app, id), null)
    for (const gone of [bob, cid]) {
      assert.ok(gone)
      assert.equal(await records.users.findBySerial(gone.serial), null)
      assert.deepEqual(await records.users.survivorOf(gone.serial), whole)
    }
    assert.deepEqual(await records.users.survivorOf(ann?.serial ?? 0), whole)
    assert.equal(await records.users.survivorOf(2 ** 40), null)
    const { user, created } = await records.users.put({ app, id: 'bob', at: NOON })
    assert.ok(created && user.serial > (cid?.serial ?? 0))
    assert.deepEqual(user.mergedFrom, [])
    assert.deepEqual(await records.users.survivorOf(bob?.serial ?? 0), whole)
    const { items } = await records.users.list(app, WHOLE)
    assert.deepEqual(
      items.map(({ id, mergedFrom }) => [id, mergedFrom]),
      [
        ['ann', ['bob', 'cid']],
        ['bob', []],
      ],
    )
  },

  'nobody is merged with themselves, nor with somebody who is not there': async ({ records, conversation }) => {
    const [one, two] = [await conversation('ann', 'bob'), await conversation('eve')]
    const rows: readonly Change[] = [
      { kind: 'user-merge', app: one.app, user: 'ann', into: 'ann' },
      { kind: 'user-merge', app: one.app, user: 'ann', into: 'none' },
      { kind: 'user-merge', app: one.app, user: 'none', into: 'ann' },
      { kind: 'user-merge', app: one.app, user: 'eve', into: 'ann' },
      { kind: 'user-merge', app: two.app, user: 'ann', into: 'eve' },
    ]
    for (const row of rows) assert.equal(await records.changes.append(row, 'x', NOON), null, JSON.stringify(row))
    assert.ok(await records.users.find(one.app, 'ann'))
  },

  'what is done to the survivor is done to all whom they are made of, by serial': async (world) => {
    const { conversation, change } = world
    const { app } = await conversation('ann', 'bob', 'cid')
    const [ann, bob, cid] = await Promise.all(['ann', 'bob', 'cid'].map((id) => serialOf(world, app, id)))
    await change({ kind: 'user', app, user: 'cid', to: 'suspended' })
    assert.deepEqual(marks((await merge(world, app, 'cid', 'bob')).rows), ['subject cid: void', `user ${cid}: active`])
    await change({ kind: 'user', app, user: 'ann', to: 'suspended' })
    assert.deepEqual(marks((await merge(world, app, 'bob', 'ann')).rows), [
      'subject bob: void',
      ...[`user ${bob}: suspended`, `user ${cid}: suspended`].sort(),
    ])
    const rows: readonly (readonly [Change, subject: string, user: string])[] = [
      [{ kind: 'user', app, user: 'ann', to: 'active' }, 'active', 'active'],
      [{ kind: 'revoke', app, target: { user: 'ann' } }, 'void', 'void'],
      [{ kind: 'revoke', app, target: { subject: 'ann', issuedBefore: 2 ** 40 } }, 'void', 'void'],
      [{ kind: 'user', app, user: 'ann', to: 'suspended' }, 'suspended', 'suspended'],
      [{ kind: 'user', app, user: 'ann', to: 'deleted' }, 'void', 'suspended revoked'],
    ]
    for (const [made, subject, user] of rows) {
      const expected = [ann, bob, cid].map((serial) => `user ${serial}: ${user}`)
      assert.deepEqual(marks((await change(made)).rows), [`subject ann: ${subject}`, ...expected].sort())
    }
    for (const serial of [ann, bob, cid]) assert.equal(await world.records.users.survivorOf(serial ?? 0), null)
  },

  'what one received, the survivor receives, and nobody does twice': async (world) => {
    const { records, conversation, attachment } = world
    const { app } = await conversation('ann', 'bob')
    const conversationId = 'talk'
    const both = await attachment(app, { conversation: conversationId })
    await records.conversations.removeMember(app, 'talk', 'ann', NOON)
    const his = await attachment(app, { conversation: conversationId })
    await records.conversations.removeMember(app, 'talk', 'bob', NOON)
    await records.conversations.addMember(app, 'talk', 'eve', NOON)
    const nobodys = await attachment(app, { conversation: conversationId })
    await records.conversations.addMember(app, 'talk', 'ann', NOON)
    const hers = await attachment(app, { conversation: conversationId })
    const sent = await attachment(app, { conversation: conversationId, from: 'bob' })
    const named = [
      await attachment(app, { recipients: ['bob', 'eve'] }),
      await attachment(app, { recipients: ['bob', 'ann'] }),
    ]
    await merge(world, app, 'bob', 'ann')
    const lists = await Promise.all(
      [both, his, nobodys, hers, ...named].map(async (one) => {
        const found = await records.attachments.find(app, one.id)
        assert.ok(found)
        return (await receiverIds(world, found)).join(' ')
      }),
    )
    assert.deepEqual(lists, ['ann', 'ann', 'eve', 'ann eve', 'ann eve', 'ann'])
    const ann = await serialOf(world, app, 'ann')
    const { receiver, ids: received } = await records.attachments.receivedBy(app, 'ann', [both, his, nobodys, hers])
    assert.deepEqual([receiver?.serial, received], [ann, new Set([both.id, his.id, hers.id])])
    const kept = await records.attachments.find(app, sent.id)
    assert.deepEqual([kept?.from, kept?.fromSerial], ['ann', ann])
    assert.equal((await records.conversations.find(app, 'talk'))?.membersCount, 2)
  },

  'the survivor is a member where one of the two was, plays their own part, and owns what the other owned': async (
    world,
  ) => {
    const { records, app: makeApp } = world
    const { id: app } = await makeApp()
    const rows = [
      ['theirs', { bob: 'admin' }, 'admin', 2],
      ['own', { ann: 'moderator' }, 'moderator', 2],
      ['both', { ann: 'participant', bob: 'admin' }, 'participant', 2],
    ] as const
    for (const [id, members] of rows) {
      const list = Object.entries({ ...members, eve: 'participant' as const })
      await records.conversations.create({
        ...{ app, id, type: 'group', owner: 'bob', at: NOON },
        members: list.map(([user, role]) => ({ user, role })),
      })
    }
    await records.users.put({ app, id: 'ann', at: NOON })
    await records.messages.create({
      ...{ app, conversation: 'theirs', from: 'bob', text: 'hello', attachments: [], at: NOON },
    })
    await merge(world, app, 'bob', 'ann')
    for (const [id, , role, count] of rows) {
      const found = await records.conversations.find(app, id)
      assert.equal(found?.membersCount, count, id)
      if (id !== 'own') assert.equal(found?.owner, 'ann', id)
      const { items } = await records.conversations.members(app, id, WHOLE)
      assert.deepEqual(
        items.map((member) => [member.id, member.role]),
        [
          ['ann', role],
          ['eve', 'participant'],
        ],
        id,
      )
    }
    const { items } = await records.messages.list(app, 'theirs', { ...WHOLE, order: 'ascending' })
    assert.deepEqual(
      items.map(({ from }) => from),
      ['bob'],
    )
    const { items: talks } = await records.conversations.ofUser(app, 'ann', { offset: 0, limit: 10 })
    assert.deepEqual(talks.map(({ conversation }) => conversation.id).sort(), ['both', 'own', 'theirs'])
  },

  'a conversation of two is the survivor’s with the same other one, unless they have one, or were the two': async (
    world,
  ) => {
    const { records, app: makeApp } = world
    const { id: app } = await makeApp()
    for (const id of ['ann', 'bob', 'eve', 'fay']) await records.users.put({ app, id, at: NOON })
    const between = (id: string, ...users: [string, string]) =>
      records.conversations.between({ app, id, users, at: NOON })
    await between('bob-eve', 'bob', 'eve')
    await between('ann-fay', 'ann', 'fay')
    await between('bob-fay', 'bob', 'fay')
    await between('ann-bob', 'ann', 'bob')
    await between('bob-alone', 'bob', 'bob')
    await merge(world, app, 'bob', 'ann')
    const found = async (other: string) => (await records.conversations.findBetween(app, ['ann', other]))?.id
    assert.deepEqual([await found('eve'), await found('fay'), await found('ann')], ['bob-eve', 'ann-fay', 'bob-alone'])
    assert.equal((await records.conversations.find(app, 'ann-bob'))?.membersCount, 1)
    assert.equal((await records.conversations.find(app, 'bob-fay'))?.membersCount, 2)
  },

  'who was banned under one name is banned under the one that is left': async (world) => {
    const { records, app: makeApp } = world
    const { id: app } = await makeApp()
    const rows = [
      ['bob', ['ann', 'eve']],
      ['ann', ['bob', 'eve']],
      ['ann bob', ['eve']],
    ] as const
    for (const [banned, members] of rows) {
      await records.conversations.put({ app, id: banned, type: 'group', members: ['ann', 'bob', 'eve'], at: NOON })
      await records.conversations.ban(app, banned, { users: banned.split(' '), by: 'eve', at: NOON })
      assert.deepEqual(ids((await records.conversations.members(app, banned, WHOLE)).items), members)
    }
    await merge(world, app, 'bob', 'ann')
    const ann = await serialOf(world, app, 'ann')
    for (const [id] of rows) {
      assert.deepEqual((await records.conversations.bans(app, id, WHOLE)).items, [
        { id: 'ann', serial: ann, by: 'eve', at: NOON },
      ])
      assert.deepEqual(ids((await records.conversations.members(app, id, WHOLE)).items), ['eve'], id)
      assert.equal((await records.conversations.find(app, id))?.membersCount, 1)
    }
  },

  'who was cut off under one name is, unless a member under the other; what comes later holds for both': async (
    world,
  ) => {
    const { records, conversation, change } = world
    const { app } = await conversation('ann', 'bob', 'eve')
    const serials = async (id: string) => (await records.conversations.find(app, id))?.serial
    for (const id of ['left', 'rejoined', 'old']) {
      await records.conversations.put({ app, id, type: 'group', members: ['ann', 'bob', 'eve'], at: NOON })
    }
    await records.conversations.merge(app, 'rejoined', 'old', NOON)
    const cut = (id: string, user: string) => change({ kind: 'member', app, conversation: id, user, to: 'out' })
    await cut('left', 'bob')
    await records.conversations.removeMember(app, 'left', 'ann', NOON)
    await cut('rejoined', 'ann')
    const [ann, bob] = [await serialOf(world, app, 'ann'), await serialOf(world, app, 'bob')]
    const [talk, left, rejoined, old] = await Promise.all(['talk', 'left', 'rejoined', 'old'].map(serials))
    const ofMembers = ({ rows }: { rows: readonly StandingRow[] }) =>
      marks(rows.filter(({ scope }) => scope === 'member'))
    const both = (conversations: readonly (number | undefined)[], said: string) =>
      conversations.flatMap((serial) => [ann, bob].map((user) => `member ${serial}/${user}: ${said}`))
    const merged = ofMembers(await merge(world, app, 'bob', 'ann'))
    assert.deepEqual(merged, [...both([left], 'suspended'), ...both([rejoined, old], 'active')].sort())
    assert.deepEqual(ofMembers(await cut('talk', 'ann')), both([talk], 'suspended').sort())
  },

  'login sessions go on as the survivor’s': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann', 'bob')
    const begin = (user: string) => records.logins.create({ app, id: fresh(), user, secretHash: fresh(), at: NOON })
    const [hers, his] = [await begin('ann'), await begin('bob')]
    assert.ok(hers && his)
    await merge(world, app, 'bob', 'ann')
    const moved = { ...his.login, user: 'ann', userSerial: hers.login.userSerial }
    assert.deepEqual(await records.logins.findBySecretHash(his.login.secretHash), moved)
    assert.deepEqual(ids((await records.logins.list(app, 'ann', WHOLE)).items), [his.login.id, hers.login.id])
  },

  'the access log names the survivor from then on': async (world) => {
    const { records, conversation } = world
    const { app } = await conversation('ann', 'bob')
    const userSerial = (await serialOf(world, app, 'bob')) ?? 0
    await records.views.append([view(app, { userSerial })])
    await merge(world, app, 'bob', 'ann')
    await records.views.append([view(app, { userSerial, at: NOON + 1, lastAt: NOON + 1 })])
    const { items } = await records.views.list(app, WHOLE)
    assert.deepEqual(
      items.map(({ user }) => user),
      ['ann', 'bob'],
    )
  },

  'a receipt tells what anybody opened who is that person now, and nothing of somebody else who had the id': async (
    world,
  ) => {
    const { records, conversation, attachment } = world
    const { app } = await conversation('ann', 'bob', 'cid', 'eve')
    const file = await attachment(app, { conversation: 'talk' })
    const open = (user: string, seconds: number, bytes: number) => {
      const at = NOON + seconds * 1000
      return records.views.append([view(app, { attachment: file.id, user, at, lastAt: at, bytes })])
    }
    const mergeAt = async (user: string, into: string, seconds: number) =>
      assert.ok(
        await records.changes.append({ kind: 'user-merge', app, user, into }, 'tester', NOON + seconds * 1000),
        `${user} into ${into}`,
      )
    const receipts = async (limit?: number) => {
      const lines = await all((paging) => records.views.receipts(file, { ...paging, later: true }), limit)
      return lines.map(({ user, firstAt, lastAt, bytes }) => {
        const [first, last] = [firstAt, lastAt].map((at) => (at === null ? null : (at - NOON) / 1000))
        return [user, first, last, bytes]
      })
    }
    await open('cid', 1, 100)
    await open('bob', 2, 20)
    await open('ann', 3, 3)
    await mergeAt('bob', 'ann', 4)
    const bobs = ['ann', 2, 3, 23]
    assert.deepEqual(await receipts(), [bobs, ['cid', 1, 1, 100], ['eve', null, null, 0]])
    await records.conversations.addMember(app, 'talk', 'bob', NOON + 5000)
    const nobody = ['bob', null, null, 0]
    assert.deepEqual(await receipts(), [bobs, nobody, ['cid', 1, 1, 100], ['eve', null, null, 0]])
    await open('bob', 6, 7)
    assert.deepEqual(await receipts(1), [bobs, ['bob', 6, 6, 7], ['cid', 1, 1, 100], ['eve', null, null, 0]])
    await mergeAt('bob', 'eve', 7)
    await mergeAt('ann', 'cid', 8)
    assert.deepEqual(await receipts(), [
      ['cid', 1, 3, 123],
      ['eve', 6, 6, 7],
    ])
  },

  'users who were merged hold up no deletion of their app': async (world) => {
    const { records, conversation, change } = world
    const { app } = await conversation('ann', 'bob')
    await merge(world, app, 'bob', 'ann')
    await change({ kind: 'app', app, to: 'deleted' })
    assert.equal(await records.apps.find(app), null)
  },
}
