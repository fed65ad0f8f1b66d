import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openApi } from '../test/api.ts'
import { addMembers, banMembers, joinConversation, removeMember } from './membership.ts'
import { hashPassword } from './password.ts'

const house = await openApi()
after(() => house.close())
const { parts } = house
const { records } = parts
const { body: made } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const app: string = made.id

async function open(id: string, joining: 'open' | 'password' | 'invited', password?: string) {
  const passwordHash = password === undefined ? null : await hashPassword(password)
  const details = { joining, passwordHash }
  return records.conversations.create({ app, id, type: 'group', members: [{ user: 'ann' }], at: 1, ...details })
}

test('who joins by themselves comes in as the conversation says', async () => {
  const free = await open('free', 'open')
  const guarded = await open('guarded', 'password', 'Café')
  const broken = await open('broken', 'password')
  const closed = await open('closed', 'invited')
  await records.users.put({ app, id: 'bad', at: 1 })
  await records.conversations.ban(app, 'free', { users: ['bad'], by: null, at: 1 })
  const rows = [
    [free, { user: 'bob' }, 'joined'],
    [free, { user: 'bob' }, 'present'],
    [free, { user: 'bad' }, 'banned'],
    [guarded, { user: 'bob' }, 'wrong password'],
    [guarded, { user: 'bob', password: '' }, 'wrong password'],
    [guarded, { user: 'bob', password: 'cafe' }, 'wrong password'],
    [guarded, { user: 'bob', password: 'Cafe\u0301' }, 'joined'],
    [broken, { user: 'bob', password: '' }, 'wrong password'],
    [closed, { user: 'bob' }, 'invited only'],
    [closed, { user: 'ann' }, 'present'],
  ] as const
  for (const [conversation, who, outcome] of rows) {
    const what = `${conversation.id} ${JSON.stringify(who)}`
    assert.equal(await joinConversation(parts, conversation, who, { by: 'ann' }), outcome, what)
    const inside = outcome === 'joined' || outcome === 'present'
    assert.equal(await records.conversations.isMember(app, conversation.id, who.user), inside, what)
  }
})

test('leaving takes access along where the app says so, or where it says nothing and the door does', async () => {
  const rows = [
    [null, false, false],
    [null, true, true],
    [false, true, false],
    [true, false, true],
  ] as const
  for (const [revokeOnLeave, revokeByDefault, revokes] of rows) {
    const what = JSON.stringify([revokeOnLeave, revokeByDefault])
    await house.call('PATCH', `/v1/apps/${app}`, { settings: { revokeOnLeave } })
    const actor = { by: 'ann', revokeByDefault }
    const id = `leaving-${what}`
    await records.conversations.put({ app, id, type: 'group', members: ['ann', 'bob', 'cid'], at: 1 })
    assert.equal(await removeMember(parts, app, id, 'bob', actor), true)
    assert.equal(await removeMember(parts, app, id, 'bob', actor), false)
    assert.equal((await banMembers(parts, app, id, { users: ['cid'], bannedBy: 'ann' }, actor)).length, 1)
    const users = await records.users.findMany(app, ['bob', 'cid'])
    const cut = async () => (await records.conversations.cutOff(app, id, users)).map((user) => user.id)
    assert.deepEqual(await cut(), revokes ? ['bob', 'cid'] : [], what)
    const arrival = await addMembers(parts, app, id, [{ user: 'bob' }, { user: 'cid' }], actor)
    assert.deepEqual([arrival?.joined.length, arrival?.banned.length], [1, 1])
    assert.deepEqual(await cut(), revokes ? ['cid'] : [], what)
  }
  assert.equal(await addMembers(parts, app, 'none', [{ user: 'bob' }], { by: 'ann' }), null)
  assert.deepEqual(
    await banMembers(parts, app, 'none', { users: ['ann'], bannedBy: null }, { by: 'x', revokeByDefault: true }),
    [],
  )
})

test('adding many writes a change only for those whom leaving cut off', async () => {
  await house.call('PATCH', `/v1/apps/${app}`, { settings: { revokeOnLeave: true } })
  await records.conversations.put({ app, id: 'many', type: 'group', members: ['bob'], at: 1 })
  await removeMember(parts, app, 'many', 'bob', { by: 'ann', revokeByDefault: false })
  const before = await records.changes.last()
  const members = ['bob', ...Array.from({ length: 500 }, (_, n) => `new-${n}`)].map((user) => ({ user }))
  assert.equal((await addMembers(parts, app, 'many', members, { by: 'ann' }))?.joined.length, 501)
  assert.equal(await records.changes.last(), before + 1)
})

test('however many are banned or brought back, it takes one change', async () => {
  await house.call('PATCH', `/v1/apps/${app}`, { settings: { revokeOnLeave: true } })
  const users = Array.from({ length: 20 }, (_, n) => `crowd-${n}`)
  await records.conversations.put({ app, id: 'crowd', type: 'group', members: ['ann', ...users], at: 1 })
  const actor = { by: 'ann', revokeByDefault: false }
  const steps: readonly (readonly [step: () => Promise<unknown>, changes: number])[] = [
    [() => banMembers(parts, app, 'crowd', { users, bannedBy: 'ann' }, actor), 1],
    [() => Promise.all(users.map((user) => records.conversations.unban(app, 'crowd', user))), 0],
    [
      () =>
        addMembers(
          parts,
          app,
          'crowd',
          users.map((user) => ({ user })),
          actor,
        ),
      1,
    ],
  ]
  for (const [index, [step, changes]] of steps.entries()) {
    const before = await records.changes.last()
    await step()
    assert.equal(await records.changes.last(), before + changes, `step ${index}`)
  }
})
