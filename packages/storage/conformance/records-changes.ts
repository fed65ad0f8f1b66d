import assert from 'node:assert/strict'
import type { Change, RevocationTarget } from '../src/records/port.ts'
import { all, type Cases, fresh, NOON, WHOLE } from './records-world.ts'

/** The log of changes. */
export const changeCases: Cases = {
  'a change is answered as it stands in the log': async ({ records, conversation }) => {
    const { app } = await conversation('ann')
    const before = await records.changes.last()
    const change: Change = { kind: 'user', app, user: 'ann', to: 'suspended' }
    const logged = await records.changes.append(change, 'key-1', NOON + 5)
    assert.ok(logged)
    assert.deepEqual(
      { ...logged, rows: [] },
      { sequence: before + 1, app, change, by: 'key-1', at: NOON + 5, rows: [], paths: [] },
    )
    assert.equal(await records.changes.last(), before + 1)
    assert.deepEqual(await records.changes.since(before, 10), [logged])
    assert.deepEqual(await records.changes.since(before + 1, 10), [])
  },

  'what comes after a sequence is told in order, at most as many as asked': async ({
    records,
    conversation,
    change,
  }) => {
    const { app } = await conversation('ann')
    const start = await records.changes.last()
    const made: number[] = []
    for (const token of ['a', 'b', 'c']) {
      made.push((await change({ kind: 'revoke', app, target: { token } })).sequence)
    }
    assert.deepEqual(made, [start + 1, start + 2, start + 3])
    const read = async (from: number, limit: number) =>
      (await records.changes.since(from, limit)).map((entry) => entry.sequence)
    assert.deepEqual(await read(start, 2), made.slice(0, 2))
    assert.deepEqual(await read(start + 2, 100), made.slice(2))
  },

  'changes made at once get sequences of their own, without a gap, and whoever follows misses none': async ({
    records,
    conversation,
  }) => {
    const { app } = await conversation()
    const start = await records.changes.last()
    const total = 60
    const followed: number[] = []
    const follow = async () => {
      for (let at = start; followed.length < total; ) {
        for (const entry of await records.changes.since(at, 7)) {
          followed.push(entry.sequence)
          at = entry.sequence
        }
      }
    }
    const append = (n: number) => records.changes.append({ kind: 'revoke', app, target: { token: `t${n}` } }, 'x', NOON)
    const [logged] = await Promise.all([Promise.all(Array.from({ length: total }, (_, n) => append(n))), follow()])
    const expected = Array.from({ length: total }, (_, n) => start + 1 + n)
    const sequences = logged.map((entry) => entry?.sequence ?? 0)
    assert.deepEqual(
      sequences.toSorted((a, b) => a - b),
      expected,
    )
    assert.deepEqual(followed, expected)
  },

  'a change without its object is null, and takes no sequence': async ({ records, conversation }) => {
    const { app } = await conversation('ann')
    const start = await records.changes.last()
    const missing: Change[] = [
      { kind: 'user', app, user: 'none', to: 'suspended' },
      { kind: 'user', app, user: 'none', to: 'deleted' },
      { kind: 'key', app, key: fresh(), to: 'deleted' },
      { kind: 'app', app: fresh(), to: 'suspended' },
      { kind: 'member', app, conversation: 'none', user: 'ann', to: 'out' },
      { kind: 'member', app, conversation: 'talk', user: 'none', to: 'in' },
      { kind: 'attachment', app, attachment: 'none', to: 'private' },
      { kind: 'protect', app, to: 'private', before: null, limit: 10 },
      ...([{ user: 'none' }, { key: 'none' }, { conversation: 'none' }] as RevocationTarget[]).map(
        (target): Change => ({ kind: 'revoke', app, target }),
      ),
      { kind: 'revoke', app: fresh(), target: { token: 'x' } },
    ]
    for (const change of missing) {
      assert.equal(await records.changes.append(change, 'x', NOON), null, JSON.stringify(change))
    }
    assert.equal(await records.changes.last(), start)
    assert.equal(await records.conversations.isMember(app, 'talk', 'ann'), true)
  },

  'a repeated change is a change: it is answered and logged again': async ({ conversation, change }) => {
    const { app } = await conversation('ann')
    const first = await change({ kind: 'user', app, user: 'ann', to: 'suspended' })
    const second = await change({ kind: 'user', app, user: 'ann', to: 'suspended' })
    assert.ok(second.sequence > first.sequence)
  },

  'people are shown revocations and suspensions, newest first, of their app': async ({
    records,
    conversation,
    attachment,
    change,
  }) => {
    const { app } = await conversation('ann')
    const { app: other } = await conversation('ann')
    const { id } = await attachment(app, { access: 'public' })
    const shown: Change[] = [
      { kind: 'user', app, user: 'ann', to: 'suspended' },
      { kind: 'revoke', app, target: { token: 'x' } },
      { kind: 'link-key', app, linkKey: new Uint8Array([4]) },
      { kind: 'app', app, to: 'suspended' },
    ]
    for (const each of shown) await change(each)
    await change({ kind: 'settings', app, settings: { a: 1 } })
    await change({ kind: 'attachment', app, attachment: id, to: 'private' })
    await change({ kind: 'revoke', app: other, target: { token: 'x' } })
    const listed = await all((paging) => records.changes.list(app, paging))
    assert.deepEqual(
      listed.map((entry) => entry.change),
      shown.toReversed(),
    )
    assert.equal((await records.changes.list(other, WHOLE)).items.length, 1)
  },

  'old entries that people are not shown are pruned; what is shown, young or not applied everywhere stays': async ({
    records: { changes },
    conversation,
  }) => {
    const { app } = await conversation('ann')
    const before = await changes.last()
    const append = async (at: number, change: Change) => (await changes.append(change, 'x', at))?.sequence ?? 0
    const member = (at: number, to: 'in' | 'out') =>
      append(at, { kind: 'member', app, conversation: 'talk', user: 'ann', to })
    const first = await member(1000, 'out')
    const shown = await append(1000, { kind: 'revoke', app, target: { token: 'x' } })
    const settings = await append(1001, { kind: 'settings', app, settings: { a: 1 } })
    const edge = await member(2000, 'in')
    const late = await member(1000, 'out')
    const left = async () => (await changes.since(before, 100)).map(({ sequence }) => sequence)
    assert.equal(await changes.prune(2000, first, 100), 0, 'nothing is applied yet')
    assert.equal(await changes.prune(2000, late, 1), 1)
    assert.deepEqual(await left(), [shown, settings, edge, late], 'the oldest first')
    assert.equal(await changes.prune(2000, late, 100), 1)
    assert.deepEqual(await left(), [shown, edge, late])
    assert.equal(await changes.prune(2000, late, 100), 0)
    assert.equal(await changes.last(), late)
    let inForce = 0
    for await (const rows of changes.standing()) inForce += rows.filter(({ sequence }) => sequence === late).length
    assert.equal(inForce, 1, 'what is in force stays')
    await changes.prune(2001, late + 1, 100)
  },

  'a change of membership writes the membership along': async ({ records, conversation, change }) => {
    const { app } = await conversation('ann', 'bob')
    const version = async () => (await records.conversations.find(app, 'talk'))?.version ?? 0
    const start = await version()
    for (const [to, member, moved] of [
      ['out', false, 1],
      ['out', false, 1],
      ['in', true, 2],
      ['in', true, 2],
    ] as const) {
      await change({ kind: 'member', app, conversation: 'talk', user: 'bob', to })
      assert.equal(await records.conversations.isMember(app, 'talk', 'bob'), member)
      assert.equal(await version(), start + moved)
    }
  },
}
