import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fetchMedia, openChat, sendPicture, urlOf } from './support/cometchat-messages.ts'

/** Lists of people: how many a call takes, and that it takes them all in one step. */

const crowd = Array.from({ length: 30 }, (_, n) => `p${n + 10}`)
const chat = await openChat(['ann', 'bob'], { team: ['bob'] })
after(() => chat.server.stop())
const { rest, app } = chat
const { ann, bob } = chat.users
for (const uid of crowd) await rest.ok('POST', '/users', { uid, name: uid })

const some = (from: number, to: number) => crowd.slice(from, to)
const members = async (guid: string): Promise<readonly string[]> =>
  (await rest.ok('GET', `/groups/${guid}/members`)).map(({ uid }: { uid: string }) => uid)

/** How many changes of standing were made meanwhile. */
async function changesOf(work: () => Promise<unknown>): Promise<number> {
  const mark = async () => (await app.revoke({ user: 'p39' })).sequence
  const before = await mark()
  await work()
  return (await mark()) - before - 1
}

test('a call names 25 people at most, in all of its lists together, whoever makes it', async () => {
  await ann.ok('POST', '/groups', { guid: 'full', name: 'Full', type: 'public' })
  const rows = [
    [{ participants: some(0, 26) }, 'participants'],
    [{ usersToBan: some(0, 26) }, 'usersToBan'],
    [
      { admins: some(0, 10), moderators: some(10, 20), participants: some(20, 23), usersToBan: some(23, 26) },
      'members',
    ],
  ] as const
  for (const [lists, field] of rows) {
    for (const call of [
      () => rest.call('POST', '/groups/full/members', lists),
      () => rest.call('PUT', '/groups/full/members', lists),
      () => ann.call('PUT', '/groups/full/members', lists),
      () => rest.call('POST', '/groups', { guid: 'more', name: 'More', type: 'public', members: lists }),
    ]) {
      const { status, error } = await call()
      assert.equal(`${status} ${error?.code}`, '400 ERR_BAD_REQUEST')
      assert.match(error?.details[field]?.[0] ?? '', /may not have more than 25 items/)
    }
  }
  assert.deepEqual(await members('full'), ['ann'], 'nobody came in')
  assert.equal(await rest.fails('GET', '/groups/more'), '404 ERR_GUID_NOT_FOUND')
  const added = await ann.ok('PUT', '/groups/full/members', { participants: some(0, 20), moderators: some(15, 25) })
  assert.equal(Object.keys(added.participants).length + Object.keys(added.moderators).length, 25)
  assert.equal((await members('full')).length, 26)
})

test('whom several lists name is in the highest alone', async () => {
  await ann.ok('POST', '/groups', { guid: 'twice', name: 'Twice', type: 'public' })
  const [one = '', two = ''] = crowd
  const lists = { admins: [one], moderators: [one, two], participants: [two.toUpperCase()], usersToBan: [one, two] }
  const done = { success: true }
  const expected = { admins: { [one]: done }, moderators: { [two]: done }, participants: {}, usersToBan: {} }
  assert.deepEqual(await rest.ok('POST', '/groups/twice/members', lists), expected)
  assert.deepEqual(await members('twice'), ['ann', one, two], 'nobody is banned')
})

test('all whom a call bans are out at once, by one change, and come back by one', async () => {
  await rest.ok('POST', '/groups', { guid: 'out', name: 'Out', type: 'private', owner: 'ann' })
  await rest.ok('POST', '/groups/out/members', { participants: [...some(0, 20), 'bob'] })
  const [own, others] = [urlOf(await sendPicture(bob, '#out')), await ann.ok('GET', '/groups/out/messages')]
  assert.equal((await fetchMedia(chat.server, own)).status, 200)
  const banned = [...some(0, 20), 'bob', ...some(20, 22), 'nobody']
  let outcome: Record<string, Record<string, { success: boolean; error?: { code: string } }>> = {}
  const changes = await changesOf(async () => {
    outcome = await ann.ok('PUT', '/groups/out/members', { usersToBan: banned })
  })
  assert.equal(changes, 1, 'one for all')
  const { nobody, ...rest_ } = outcome.usersToBan ?? {}
  assert.equal(nobody?.error?.code, 'ERR_UID_NOT_FOUND')
  assert.deepEqual(Object.values(rest_), Array(23).fill({ success: true }), 'members or not')
  assert.deepEqual(await members('out'), ['ann'])
  assert.equal((await rest.ok('GET', '/groups/out/bannedusers')).length, 23)
  assert.equal((await fetchMedia(chat.server, own)).status, 403)
  assert.equal((await fetchMedia(chat.server, urlOf(others[0]))).status, 200, 'the others keep theirs')

  for (const uid of [...some(0, 20), 'bob']) await rest.ok('DELETE', `/groups/out/bannedusers/${uid}`)
  const back = () => rest.ok('POST', '/groups/out/members', { participants: [...some(0, 20), 'bob'] })
  assert.equal(await changesOf(back), 1)
  assert.equal((await fetchMedia(chat.server, own)).status, 200)
  assert.equal((await members('out')).length, 22)
})
