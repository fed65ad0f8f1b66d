import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { type Caller, clientOf, createCaller, loginOf, restOf } from './support/cometchat-http.ts'
import { textBody } from './support/cometchat-messages.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { usePostgres } from './support/postgres.ts'
import { createApp, openApp } from './support/tenant.ts'

/** What holds for all threads and nodes together, on two nodes of two threads each. */

const database = await usePostgres()
const masterKey = randomBytes(32).toString('hex')
const start = () =>
  startGatehouse({ database: database.url, flags: ['--workers', '2'], env: { GATEHOUSE_MASTER_KEY: masterKey } })
const nodes = [await start(), await start()] as const
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await database.end()
})
const app = await createApp(nodes[0].admin)
const rest = await restOf(app)
for (const uid of ['ann', 'bob', 'carol']) await rest.ok('POST', '/users', { uid, name: uid })
const ann = await loginOf(app, rest, 'ann')
await rest.ok('POST', '/groups', { guid: 'team', name: 'Team', type: 'password', password: 'Sesame', owner: 'ann' })

/** The same client on either node; each call over a connection of its own, so that it comes to any thread. */
function everywhere({ authToken }: { readonly authToken: string }): readonly Caller[] {
  return nodes.map((node) => {
    const { bare } = openApp(node.admin, app.id)
    return createCaller(bare, '/v3.0', { appId: app.id, authToken, connection: 'close' })
  })
}

test('guesses at a password are counted over all threads and nodes', async () => {
  const callers = everywhere(await loginOf(app, rest, 'bob'))
  const replies = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      callers[n % 2]?.call('POST', '/groups/team/members', { password: `guess ${n}` }),
    ),
  )
  const count = (code: string) => replies.filter((reply) => `${reply?.status} ${reply?.error?.code}` === code).length
  const [wrong, slowed] = [count('403 ERR_PERMISSION_DENIED'), count('429 ERR_TOO_MANY_REQUESTS')]
  // Ten at once, and one more for every six seconds that the calls themselves have taken.
  assert.ok(wrong >= 10 && wrong < 20, `${wrong} guesses were let through`)
  assert.equal(wrong + slowed, 60)
  for (const reply of replies) {
    if (reply?.status === 429) assert.match(reply.answer.headers['retry-after'] ?? '', /^\d+$/)
  }
  const [carol] = everywhere(await loginOf(app, rest, 'carol'))
  await carol?.ok('POST', '/groups/team/members', { password: 'Sesame' })
})

test('a message that is sent again to another node is the same one', async () => {
  const body = { ...textBody('#team', 'once'), muid: 'web_1' }
  const callers = everywhere(ann)
  const first = await callers[0]?.ok('POST', '/messages', body)
  assert.deepEqual(await callers[1]?.ok('POST', '/messages', body), first)
  const again = { ...body, muid: 'web_2' }
  const raced = await Promise.all(Array.from({ length: 16 }, (_, n) => callers[n % 2]?.ok('POST', '/messages', again)))
  assert.equal(new Set(raced.map(({ id }) => id)).size, 1)
  assert.equal((await clientOf(app, ann.authToken).ok('GET', '/groups/team/messages')).length, 2)
})
