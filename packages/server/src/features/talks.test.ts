import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openApi } from '../../test/api.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const base = `/v1/apps/${app.id}`

test('a user’s conversations come by what was said last, page by page', async () => {
  for (const id of ['a', 'b', 'c']) {
    await house.call('PUT', `${base}/conversations/${id}`, { type: 'group', members: ['ann', 'bob'] })
  }
  await house.call('PUT', `${base}/conversations/d`, { type: 'direct', members: ['ann', 'zoe'] })
  await house.call('PUT', `${base}/conversations/others`, { type: 'group', members: ['zoe'] })
  for (const conversation of ['c', 'd', 'a']) {
    await house.call('POST', `${base}/messages`, { conversation, from: 'ann', text: `in ${conversation}` })
  }
  const seen: unknown[] = []
  for (let cursor = ''; ; ) {
    const { body } = await house.call('GET', `${base}/users/ann/conversations?limit=2${cursor}`)
    for (const { conversation, lastMessage, members } of body.items) {
      seen.push([conversation.id, lastMessage?.text ?? null, members])
    }
    if (body.next === null) break
    cursor = `&cursor=${body.next}`
  }
  assert.deepEqual(seen, [
    ['a', 'in a', []],
    ['d', 'in d', ['ann', 'zoe']],
    ['c', 'in c', []],
    ['b', null, []],
  ])
  assert.equal((await house.call('GET', `${base}/users/nobody/conversations`)).status, 404)
})

test('the last message is the last one that the user may see', async () => {
  await house.call('PUT', `${base}/conversations/late`, { type: 'group', members: ['ann'] })
  await house.call('POST', `${base}/messages`, { conversation: 'late', text: 'before' })
  await house.call('PUT', `${base}/conversations/late/members/cid`)
  const last = async () => (await house.call('GET', `${base}/users/cid/conversations`)).body.items[0].lastMessage?.text
  assert.equal(await last(), undefined)
  await house.call('PATCH', base, { settings: { historyForNewMembers: true } })
  assert.equal(await last(), 'before')
})
