import assert from 'node:assert/strict'
import { type Cases, fresh, NOON, view, WHOLE } from './records-world.ts'

/** One database opened several times: by nodes, by threads, by a command beside the server. */
export const sharedCases: Cases = {
  'what one has answered, the other sees at once': async ({ records, again, conversation }) => {
    const other = await again()
    const { app } = await conversation('ann')
    assert.ok(await other.conversations.isMember(app, 'talk', 'ann'))
    const logged = await other.changes.append({ kind: 'user', app, user: 'ann', to: 'suspended' }, 'x', NOON)
    assert.deepEqual((await records.changes.since((logged?.sequence ?? 0) - 1, 10))[0], logged)
    await other.views.append([view(app)])
    assert.equal((await records.views.list(app, WHOLE)).items.length, 1)
  },

  'changes from both sides share one order': async ({ records, again, conversation }) => {
    const sides = [records, await again(), await again()]
    const { app } = await conversation()
    const start = await records.changes.last()
    const logged = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        sides[n % sides.length]?.changes.append({ kind: 'revoke', app, target: { token: `t${n}` } }, 'x', NOON),
      ),
    )
    const sequences = logged.map((entry) => entry?.sequence ?? 0).toSorted((a, b) => a - b)
    assert.deepEqual(
      sequences,
      Array.from({ length: 60 }, (_, n) => start + 1 + n),
    )
  },

  'uses, claims and members are counted across all': async ({ records, again, conversation }) => {
    const sides = [records, await again(), await again(), await again()]
    const { app } = await conversation()
    const token = fresh()
    const side = (n: number) => sides[n % sides.length] ?? records
    const racers = Array.from({ length: 64 }, (_, n) => n)
    const uses = await Promise.all(
      racers.map((n) =>
        side(n).uses.claim({ token, viewer: `v${n}`, max: 3, at: NOON, since: 0, open: true, until: null }),
      ),
    )
    assert.equal(uses.filter((outcome) => outcome === 'granted').length, 3)
    const claims = await Promise.all(racers.map((n) => side(n).idempotency.claim(token, 'k', 'f', NOON)))
    assert.equal(claims.filter((claim) => claim.claimed).length, 1)
    const members = racers.map((n) => `u${n % 16}`)
    await Promise.all(members.map((user, n) => side(n).conversations.addMember(app, 'talk', user, NOON)))
    assert.equal((await records.conversations.members(app, 'talk', WHOLE)).items.length, 16)
  },

  'large groups that share members are put at the same time': async ({ records, again, app }) => {
    const sides = [records, await again()]
    const { id } = await app()
    const members = Array.from({ length: 3000 }, (_, n) => `user-${n}`)
    const puts = await Promise.all(
      sides.map((side, n) =>
        side.conversations.put({
          app: id,
          id: `talk-${n}`,
          type: 'group',
          members: n === 0 ? members : members.toReversed(),
          at: NOON,
        }),
      ),
    )
    assert.deepEqual(
      puts.map((put) => put?.joined.length),
      [3000, 3000],
    )
    const serials = puts.map((put) => new Set(put?.joined.map((user) => user.serial)))
    assert.deepEqual(serials[0], serials[1])
  },

  'what was written is there after closing and opening again': async ({ again, app }) => {
    const { id } = await app()
    const first = await again()
    await first.users.put({ app: id, id: 'ann', name: 'Ann', at: NOON })
    await first.close()
    const second = await again()
    assert.equal((await second.users.find(id, 'ann'))?.name, 'Ann')
  },
}
