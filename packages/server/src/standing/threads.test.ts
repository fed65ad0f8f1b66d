import { equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { Conflict, Full, type LoggedChange, Missing, Unavailable } from '@gatehouse/storage/records/port'
import { createThreadPeer, createThreadStandings } from './threads.ts'

const logged: LoggedChange = {
  sequence: 1,
  app: 'a',
  change: { kind: 'user', app: 'a', user: 'bob', to: 'suspended' },
  by: 'operator',
  at: 0,
  rows: [],
  paths: [],
}
const nobody = () => Promise.resolve(null)

test('threads: a change is applied in the other thread, and what it cut is counted', async () => {
  const { port1, port2 } = new MessageChannel()
  const peer = createThreadPeer(port1, nobody)
  createThreadStandings(port2, ({ sequence }) => sequence + 6)
  equal(await peer.apply(logged), 7)
  port1.close()
})

test('threads: one that ends keeps nobody waiting, before its answer and after', async () => {
  const { port1, port2 } = new MessageChannel()
  const peer = createThreadPeer(port1, nobody)
  const unanswered = peer.apply(logged)
  port2.close()
  equal(await unanswered, 0)
  equal(await peer.apply(logged), 0)
})

test('threads: errors of storage keep their class', async () => {
  for (const error of [new Unavailable('x'), new Full('x'), new Conflict('key'), new Missing('app')]) {
    const { port1, port2 } = new MessageChannel()
    createThreadPeer(port1, () => Promise.reject(error))
    await rejects(createThreadStandings(port2, () => 0).change(logged.change, 'operator'), error)
    port1.close()
  }
})
