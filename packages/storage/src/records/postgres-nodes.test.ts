import { deepEqual, ok } from 'node:assert/strict'
import { after, test } from 'node:test'
import { openTestDatabase } from '../../conformance/postgres-server.ts'
import type { NodeMessage, Nodes } from './nodes.ts'
import { openPostgresRecords } from './postgres.ts'

const database = await openTestDatabase()
const records = await openPostgresRecords({ url: database.url })
after(async () => {
  await records.close()
  await database.end()
})
const nodes = records.nodes as Nodes
ok(nodes)
const LONG = 600_000
/** A lease that has run out when the database looks at it next. */
const NONE = -1

const others = async (node: string) =>
  Object.fromEntries((await nodes.others(node)).map((other) => [other.node, other.applied]))

test('nodes: others are those with a lease, with what they have applied', async () => {
  await nodes.join('one', 5, LONG)
  await nodes.join('two', 3, LONG)
  await nodes.join('dead', 0, NONE)
  deepEqual(await others('one'), { two: 3 })
  deepEqual(await others('nobody'), { one: 5, two: 3 })
  await nodes.renew('two', 5, LONG)
  deepEqual(await others('one'), { two: 5 })
  await nodes.renew('two', 4, LONG)
  deepEqual(await others('one'), { two: 5 }, 'never less')
})

test('nodes: the log may be shortened up to what all with a lease have applied', async () => {
  deepEqual(await nodes.applied(), 5)
  await nodes.join('slow', 2, LONG)
  deepEqual(await nodes.applied(), 2)
  await nodes.leave('slow')
  deepEqual(await nodes.applied(), 5)
})

test('nodes: renewing brings a lease back that had run out', async () => {
  deepEqual(await others('two'), { one: 5 })
  await nodes.renew('dead', 9, LONG)
  deepEqual(await others('two'), { one: 5, dead: 9 })
})

test('nodes: who has left is waited for no more', async () => {
  await nodes.leave('one')
  await nodes.leave('two')
  await nodes.leave('dead')
  deepEqual(await others('new'), {})
  deepEqual(await nodes.applied(), null)
})

test('nodes: what one tells all hear, until they stop', async () => {
  const heard: NodeMessage[] = []
  let arrived = () => {}
  const listening = nodes.hear((message) => {
    heard.push(message)
    arrived()
  })
  const message: NodeMessage = { kind: 'applied', node: 'one', sequence: 7, cut: { 7: 2 } }
  const renewal: NodeMessage = { ...message, sequence: 8 }
  // Listening begins with a connection of its own, so the first words may come too early to be heard.
  while (heard.length === 0) {
    const word = new Promise<void>((resolve) => {
      arrived = resolve
    })
    await nodes.tell(message)
    await Promise.race([word, new Promise((resolve) => setTimeout(resolve, 50))])
  }
  deepEqual(heard[0], message)
  await nodes.renew('one', 8, LONG, renewal)
  deepEqual(await others('nobody'), { one: 8 })
  while (!heard.some((one) => one.kind === 'applied' && one.sequence === 8)) {
    await new Promise<void>((resolve) => {
      arrived = resolve
    })
  }
  await listening.close()
})
