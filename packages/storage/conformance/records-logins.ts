import assert from 'node:assert/strict'
import { type Change, Conflict, type RevocationTarget } from '../src/records/port.ts'
import { all, type Cases, fresh, ids, NOON, WHOLE, type World } from './records-world.ts'

/** Begins a session with an id and a secret of its own. */
async function begin({ records }: World, app: string, user: string) {
  const made = await records.logins.create({ app, id: fresh(), user, secretHash: fresh(), at: NOON })
  assert.ok(made)
  return made.login
}

/** The ids of the sessions that a user has open, newest first. */
const open = async ({ records }: World, app: string, user: string) =>
  ids((await records.logins.list(app, user, WHOLE)).items)

/** Login sessions. */
export const loginCases: Cases = {
  'a session is found as it began, by its id and by the hash of its secret': async (world) => {
    const { records, conversation, change } = world
    const { app } = await conversation('ann')
    const { sequence } = await change({ kind: 'revoke', app, target: { token: 'x' } })
    const [id, secretHash, at] = [fresh(), fresh(), NOON + 5]
    const made = await records.logins.create({ app, id, user: 'ann', secretHash, at })
    const ann = (await records.users.find(app, 'ann'))?.serial
    assert.ok(made)
    assert.ok(made.login.sequence >= sequence && made.login.sequence <= (await records.changes.last()))
    const expected = { app, id, user: 'ann', userSerial: ann, secretHash, sequence: made.login.sequence, createdAt: at }
    assert.deepEqual(made, { login: expected, open: 1 })
    assert.deepEqual(await records.logins.find(app, id), expected)
    assert.deepEqual(await records.logins.findBySecretHash(secretHash), expected)
    assert.equal(await records.logins.find((await world.app()).id, id), null)
    assert.equal(await records.logins.find(app, fresh()), null)
    assert.equal(await records.logins.findBySecretHash(fresh()), null)
  },

  'without a user no session begins': async ({ records, app }) => {
    const { id: of } = await app()
    for (const where of [of, fresh()]) {
      const wanted = { app: where, id: fresh(), user: 'none', secretHash: fresh(), at: NOON }
      assert.equal(await records.logins.create(wanted), null)
    }
    assert.deepEqual(await records.logins.list(of, 'none', WHOLE), { items: [], next: null })
  },

  'an id in the app and a secret in the installation are taken once': async (world) => {
    const { app } = await world.conversation('ann', 'bob')
    const { app: other } = await world.conversation('ann')
    const first = await begin(world, app, 'ann')
    const rows = [
      { app, id: first.id, user: 'bob', secretHash: fresh() },
      { app: other, id: fresh(), user: 'ann', secretHash: first.secretHash },
    ]
    for (const row of rows) {
      const again = world.records.logins.create({ ...row, at: NOON })
      await assert.rejects(again, (error) => error instanceof Conflict && error.what === 'login')
    }
    const elsewhere = { app: other, id: first.id, user: 'ann', secretHash: fresh(), at: NOON }
    assert.equal((await world.records.logins.create(elsewhere))?.login.id, first.id)
  },

  'sessions are listed by user, newest first, and counted': async (world) => {
    const { app } = await world.conversation('ann', 'bob')
    const made = [await begin(world, app, 'ann'), await begin(world, app, 'ann'), await begin(world, app, 'ann')]
    const bobs = await begin(world, app, 'bob')
    const listed = await all((paging) => world.records.logins.list(app, 'ann', paging))
    assert.deepEqual(listed, made.toReversed())
    assert.deepEqual(await open(world, app, 'bob'), [bobs.id])
    const next = { app, id: fresh(), user: 'ann', secretHash: fresh(), at: NOON }
    assert.equal((await world.records.logins.create(next))?.open, 4)
    assert.deepEqual(await world.records.logins.list((await world.app()).id, 'ann', WHOLE), { items: [], next: null })
  },

  'ending takes the named sessions away, and marks each as revoked': async (world) => {
    const { app } = await world.conversation('ann', 'bob')
    const [a, b, c, d] = [
      await begin(world, app, 'ann'),
      await begin(world, app, 'ann'),
      await begin(world, app, 'ann'),
      await begin(world, app, 'ann'),
    ].map((login) => login.id)
    const bobs = await begin(world, app, 'bob')
    assert.ok(a && b && c && d)
    const rows: readonly [Change, readonly string[], readonly string[]][] = [
      [{ kind: 'login', app, target: { login: b } }, [b], [d, c, a]],
      [{ kind: 'login', app, target: { user: 'ann', keep: 2 } }, [a], [d, c]],
      [{ kind: 'login', app, target: { user: 'ann', keep: 0 } }, [c, d], []],
    ]
    for (const [change, ended, left] of rows) {
      const { sequence, rows: marks } = await world.change(change)
      const marked = { scope: 'session', serial: null, suspended: false, revoked: true, before: 0, sequence }
      assert.deepEqual(
        marks.toSorted((one, other) => one.target.localeCompare(other.target)),
        ended.toSorted().map((id) => ({ ...marked, target: `${app}/${id}` })),
      )
      assert.deepEqual(await open(world, app, 'ann'), left)
      for (const id of ended) assert.equal(await world.records.logins.find(app, id), null)
    }
    assert.equal(await world.records.logins.findBySecretHash(bobs.secretHash).then((login) => login?.id), bobs.id)
  },

  'ending what is not there is no change': async (world) => {
    const { app } = await world.conversation('ann')
    const { app: other } = await world.conversation('ann')
    const { id } = await begin(world, app, 'ann')
    const last = await world.records.changes.last()
    const none: readonly Change[] = [
      { kind: 'login', app, target: { login: fresh() } },
      { kind: 'login', app: other, target: { login: id } },
      { kind: 'login', app, target: { user: 'ann', keep: 1 } },
      { kind: 'login', app, target: { user: 'none', keep: 0 } },
      { kind: 'login', app: other, target: { user: 'ann', keep: 0 } },
    ]
    for (const change of none) {
      assert.equal(await world.records.changes.append(change, 'x', NOON), null, JSON.stringify(change))
    }
    assert.equal(await world.records.changes.last(), last)
    assert.deepEqual(await open(world, app, 'ann'), [id])
  },

  'deactivating the user leaves sessions, deleting takes them, and the next one under the id has none': async (
    world,
  ) => {
    const { app } = await world.conversation('ann')
    const session = await begin(world, app, 'ann')
    for (const to of ['suspended', 'active'] as const) {
      await world.change({ kind: 'user', app, user: 'ann', to })
      assert.deepEqual(await world.records.logins.findBySecretHash(session.secretHash), session)
    }
    await world.change({ kind: 'user', app, user: 'ann', to: 'deleted' })
    assert.equal(await world.records.logins.findBySecretHash(session.secretHash), null)
    assert.equal(await world.records.logins.find(app, session.id), null)
    await world.records.users.put({ app, id: 'ann', at: NOON })
    assert.deepEqual(await open(world, app, 'ann'), [])
  },

  'deleting the app takes its sessions along': async (world) => {
    const { app } = await world.conversation('ann')
    const session = await begin(world, app, 'ann')
    await world.change({ kind: 'app', app, to: 'deleted' })
    assert.equal(await world.records.logins.findBySecretHash(session.secretHash), null)
  },

  'a revocation takes the sessions away that it makes void, and no others': async (world) => {
    const rows: readonly [(old: string, middle: number) => RevocationTarget, readonly number[]][] = [
      [(old) => ({ session: old }), [1, 2, 3]],
      [() => ({ user: 'ann' }), [3]],
      [(_, middle) => ({ subject: 'ann', issuedBefore: middle }), [1, 2, 3]],
      [() => ({ subject: 'ann', issuedBefore: 2 ** 50 }), [3]],
      [() => ({ app: true }), []],
      [() => ({ token: 'x' }), [0, 1, 2, 3]],
      [() => ({ user: 'bob' }), [0, 1, 2]],
    ]
    for (const [target, left] of rows) {
      const { app } = await world.conversation('ann', 'bob')
      const old = await begin(world, app, 'ann')
      const { sequence } = await world.change({ kind: 'revoke', app, target: { token: 'between' } })
      const sessions = [old, await begin(world, app, 'ann'), await begin(world, app, 'ann')]
      sessions.push(await begin(world, app, 'bob'))
      const revoked = await world.change({ kind: 'revoke', app, target: target(old.id, sequence) })
      const there = await Promise.all(sessions.map(({ id }) => world.records.logins.find(app, id)))
      const kept = there.flatMap((login, index) => (login === null ? [] : [index]))
      assert.deepEqual(kept, left, JSON.stringify(revoked.change))
      const later = await begin(world, app, 'ann')
      assert.ok(later.sequence >= revoked.sequence, 'a session that begins afterwards is not void')
    }
  },

  'of sessions that begin while all are ended, every one is either ended and marked, or open': async (world) => {
    const { app } = await world.conversation('ann')
    const flush = () =>
      world.records.changes.append({ kind: 'login', app, target: { user: 'ann', keep: 0 } }, 'x', NOON)
    const acts = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 4 === 3 ? flush() : begin(world, app, 'ann'))),
    )
    const began = acts.flatMap((act) => (act !== null && 'secretHash' in act ? [act.id] : []))
    const ended = acts.flatMap((act) => (act !== null && 'rows' in act ? act.rows.map(({ target }) => target) : []))
    const left = (await open(world, app, 'ann')).map((id) => `${app}/${id}`)
    assert.deepEqual([...ended, ...left].toSorted(), began.map((id) => `${app}/${id}`).toSorted())
  },
}
