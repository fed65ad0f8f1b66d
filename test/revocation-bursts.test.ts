import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import type { Answer, Problem } from './support/client.ts'
import { type Gatehouse, startGatehouse } from './support/gatehouse.ts'
import { usePostgres } from './support/postgres.ts'
import { createApp, openApp } from './support/tenant.ts'

/** Many changes at the same time, on two loaded nodes over PostgreSQL: all are made, and none is refused for want of the database. */

const CALLERS = 30
const ROUNDS = 4
const READERS = 8

const database = await usePostgres()
const env = { GATEHOUSE_MASTER_KEY: randomBytes(32).toString('hex') }
const nodes: readonly [Gatehouse, Gatehouse] = [
  await startGatehouse({ database: database.url, env }),
  await startGatehouse({ database: database.url, env }),
]
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await database.end()
})
/**
 * A node that gets no turn for the length of its lease, since the machine has other work, says so and refuses: such a request is sent again.
 * What is refused because the database made it wait is a fault.
 */
async function patiently(send: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await send()
    if (answer.status !== 503 || answer.json<Problem>().code !== 'standing_unavailable') return answer
  }
}

const nodeOf = (index: number) => (index % 2 === 0 ? nodes[0] : nodes[1])

test('a burst of deactivations on two loaded nodes is answered in full, and is in force on both', async () => {
  const app = await createApp(nodes[0].admin)
  const users = Array.from({ length: CALLERS }, (_, index) => `u${index}`)
  await app.users('reader', ...users)
  await app.conversation('c', ['reader', ...users])
  const file = await app.upload(randomBytes(1000))
  const links = await Promise.all(users.map((user) => app.link(file.id, user)))
  let over = false
  const reading = Array.from({ length: READERS }, async (_, index) => {
    while (!over) {
      const answer = await patiently(() => nodeOf(index).admin.get(`${app.base}/users/reader`))
      assert.equal(answer.status, 200, answer.text)
    }
  })
  try {
    const sequences: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const closing = round % 2 === 0
      const answers = await Promise.all(
        users.map((user, index) =>
          patiently(() => nodeOf(index).admin.post(`${app.base}/users/${user}/${closing ? 'deactivate' : 'activate'}`)),
        ),
      )
      for (const answer of answers) {
        assert.equal(answer.status, 200, answer.text)
        sequences.push(answer.json<{ revocation: { sequence: number } }>().revocation.sequence)
      }
      for (const [index, link] of links.entries()) {
        // On the node that did not make the change. The bytes lie on the first one alone.
        const { bare } = openApp(nodeOf(index + 1).admin, app.id)
        const { status, text } = await patiently(() => bare.get(link))
        assert.equal(status === 401, closing, text)
      }
    }
    assert.equal(new Set(sequences).size, CALLERS * ROUNDS, 'each change has a place of its own in the log')
  } finally {
    over = true
    await Promise.all(reading)
  }
  for (const node of nodes) assert.doesNotMatch(node.stderr(), /could not be read/)
})

test('simultaneous changes of the same users on both nodes never meet crosswise', async () => {
  const app = await createApp(nodes[0].admin)
  const users = Array.from({ length: CALLERS / 2 }, (_, index) => `u${index}`)
  await app.users(...users)
  const acts = [...users, ...users.toReversed()].flatMap((user, at) =>
    [0, 1].map((node) => async () => {
      const path = `${app.base}/users/${user}/${at % 2 === 0 ? 'deactivate' : 'activate'}`
      return (await patiently(() => nodeOf(node).admin.post(path))).status
    }),
  )
  assert.deepEqual(new Set(await Promise.all(acts.map((act) => act()))), new Set([200]))
})
