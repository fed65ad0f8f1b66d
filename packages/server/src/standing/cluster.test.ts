import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeMessage, Nodes } from '@gatehouse/storage/records/nodes'
import { pino } from 'pino'
import { joinCluster } from './cluster.ts'

/** One node whose database does as it is told. */
async function node(lease: number) {
  const told: NodeMessage[] = []
  const renewed: number[] = []
  let hear = (_message: NodeMessage) => {}
  let applied = 5
  let inLog = 5
  const nodes: Nodes = {
    join: async () => {},
    renew: async (_node, sequence, _lease, message) => {
      renewed.push(sequence)
      if (message !== undefined) told.push(message)
    },
    others: async () => [],
    applied: async () => null,
    leave: async () => {},
    tell: async (message) => void told.push(message),
    hear: (listener) => {
      hear = listener
      return { close: async () => {} }
    },
  }
  const until = new Float64Array(1)
  const cluster = await joinCluster({
    nodes,
    lease,
    applied: () => applied,
    catchUp: async () => {
      applied = Math.max(applied, inLog)
    },
    cuts: () => ({}),
    until,
    log: pino({ level: 'silent' }),
  })
  return {
    cluster,
    until,
    told,
    renewed,
    grow: (sequence: number) => {
      inLog = sequence
    },
    /** A change of this node took those of others along. */
    apply: (sequence: number) => {
      applied = sequence
    },
    /** Hears of a change, and answers once everything that follows from it has been done. */
    hears: async (sequence: number) => {
      hear({ kind: 'grown', sequence })
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('cluster: word of a change is answered, also where it has been applied already', async () => {
  const { cluster, told, renewed, grow, apply, hears } = await node(60_000)
  grow(6)
  await hears(6)
  deepEqual(renewed, [6])
  apply(8)
  await hears(7)
  deepEqual(renewed, [6, 8])
  await hears(8)
  deepEqual(renewed, [6, 8], 'what was said is not said again')
  deepEqual(
    told.map((message) => message.sequence),
    [6, 8],
  )
  await cluster.leave()
})

test('cluster: a renewal gives trust from when it began, after everything in the log was applied', async () => {
  const { cluster, until, grow, told } = await node(60_000)
  equal(until[0], 0)
  grow(9)
  equal(await cluster.refresh(), true)
  equal((until[0] ?? 0) > 0, true)
  deepEqual(
    told.map((message) => message.sequence),
    [9],
  )
  await cluster.leave()
  equal(until[0], 0)
})
