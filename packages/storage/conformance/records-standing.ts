import assert from 'node:assert/strict'
import type { Change, Records, RevocationTarget, StandingRow } from '../src/records/port.ts'
import { type Cases, NOON } from './records-world.ts'

/** The present standing of what lies in an app, by scope and target. */
async function standingOf(records: Records, app: string): Promise<ReadonlyMap<string, StandingRow>> {
  const rows = new Map<string, StandingRow>()
  for await (const piece of records.changes.standing()) {
    for (const row of piece) {
      const { scope, target, serial } = row
      const own = target === app || target.startsWith(`${app}/`) || target.startsWith(`/apps/${app}`)
      if (own) rows.set(`${scope} ${target.replace(app, 'APP')}${serial === null ? '' : ` #${serial}`}`, row)
    }
  }
  return rows
}

const state = ({ suspended, revoked, before }: StandingRow) => ({ suspended, revoked, before })

/** What the log leaves behind as the present standing. */
export const standingCases: Cases = {
  'what was never touched has no row': async ({ records, conversation }) => {
    const { app } = await conversation('ann')
    assert.equal((await standingOf(records, app)).size, 0)
  },

  'each target of a revocation is marked as the port says': async ({ records, conversation, change }) => {
    const { app } = await conversation('ann')
    const ann = (await records.users.find(app, 'ann'))?.serial
    const talk = (await records.conversations.find(app, 'talk'))?.serial
    const own = (await records.apps.find(app))?.serial
    const rows: [RevocationTarget, { [row: string]: 'before' | 'revoked' }][] = [
      [{ user: 'ann' }, { [`user APP/ann #${ann}`]: 'before', 'subject APP/ann': 'before' }],
      [{ token: 'jti' }, { 'token APP/jti': 'revoked' }],
      [{ session: 's1' }, { 'session APP/s1': 'revoked' }],
      [{ conversation: 'talk' }, { [`conversation APP/talk #${talk}`]: 'before' }],
      [{ resource: `/apps/${app}/inbound` }, { 'resource /apps/APP/inbound': 'before' }],
      [{ app: true }, { [`app APP #${own}`]: 'before' }],
    ]
    for (const [target, expected] of rows) {
      const { sequence, rows: answered } = await change({ kind: 'revoke', app, target })
      const standing = await standingOf(records, app)
      assert.equal(answered.length, Object.keys(expected).length, JSON.stringify(target))
      for (const [name, how] of Object.entries(expected)) {
        const row = standing.get(name)
        assert.ok(row, `${name} has a row`)
        const marked = how === 'before' ? { before: sequence, revoked: false } : { before: 0, revoked: true }
        assert.deepEqual(row, { ...row, ...marked, suspended: false, sequence })
        assert.ok(answered.some((each) => JSON.stringify(each) === JSON.stringify(row)))
      }
    }
  },

  'a key of the app is revoked for good, one of another app is not there': async ({ records, app, change }) => {
    const [one, two] = [(await app()).id, (await app()).id]
    const key = await records.keys.create({
      id: `${one}-key`,
      app: one,
      name: '',
      grants: [],
      secretHash: one,
      sealedSecret: new Uint8Array(1),
      expiresAt: null,
      at: NOON,
    })
    const foreign: Change = { kind: 'revoke', app: two, target: { key: key.id } }
    assert.equal(await records.changes.append(foreign, 'x', NOON), null)
    const { sequence, rows } = await change({ kind: 'revoke', app: one, target: { key: key.id } })
    const expected = { scope: 'key', target: key.id, serial: key.serial, suspended: false, revoked: true }
    assert.deepEqual(rows, [{ ...expected, before: 0, sequence }])
    assert.equal(await records.keys.find(key.id), null)
  },

  'a subject need not exist, and is void before a sequence that never goes down nor beyond now': async ({
    app,
    change,
  }) => {
    const { id } = await app()
    const { sequence: first } = await change({ kind: 'revoke', app: id, target: { token: 'x' } })
    const before = async (issuedBefore: number) => {
      const logged = await change({ kind: 'revoke', app: id, target: { subject: 'guest', issuedBefore } })
      return { before: logged.rows[0]?.before, now: logged.sequence }
    }
    assert.equal((await before(first)).before, first)
    assert.equal((await before(first - 1)).before, first)
    const far = await before(Number.MAX_SAFE_INTEGER)
    assert.equal(far.before, far.now)
  },

  'suspending and activating a user touch neither before nor anything revoked, on both rows': async ({
    records,
    conversation,
    change,
  }) => {
    const { app } = await conversation('ann')
    const ann = (await records.users.find(app, 'ann'))?.serial
    const { sequence } = await change({ kind: 'revoke', app, target: { user: 'ann' } })
    for (const to of ['suspended', 'active'] as const) {
      const logged = await change({ kind: 'user', app, user: 'ann', to })
      assert.equal(logged.rows.length, 2)
      const standing = await standingOf(records, app)
      for (const name of [`user APP/ann #${ann}`, 'subject APP/ann']) {
        const row = standing.get(name)
        assert.ok(row)
        assert.deepEqual(state(row), { suspended: to === 'suspended', revoked: false, before: sequence })
        assert.equal(row.sequence, logged.sequence)
      }
    }
  },

  'a revocation leaves a suspension in force': async ({ conversation, change }) => {
    const { app } = await conversation('ann')
    await change({ kind: 'user', app, user: 'ann', to: 'suspended' })
    const { rows, sequence } = await change({ kind: 'revoke', app, target: { user: 'ann' } })
    for (const row of rows) assert.deepEqual(state(row), { suspended: true, revoked: false, before: sequence })
  },

  'a deleted user stays revoked by serial; the next one under the id is free, but for what was issued before': async ({
    records,
    conversation,
    change,
  }) => {
    const { app } = await conversation('ann')
    const old = (await records.users.find(app, 'ann'))?.serial
    await change({ kind: 'user', app, user: 'ann', to: 'suspended' })
    const { sequence, rows } = await change({ kind: 'user', app, user: 'ann', to: 'deleted' })
    assert.equal(rows.length, 2)
    const { user } = await records.users.put({ app, id: 'ann', at: NOON })
    const standing = await standingOf(records, app)
    assert.equal(standing.get(`user APP/ann #${old}`)?.revoked, true)
    assert.equal(standing.get(`user APP/ann #${user.serial}`), undefined)
    const subject = standing.get('subject APP/ann')
    assert.ok(subject)
    assert.deepEqual(state(subject), { suspended: false, revoked: false, before: sequence })
    const later = await change({ kind: 'user', app, user: 'ann', to: 'suspended' })
    assert.deepEqual(
      later.rows.map((row) => [row.scope, row.serial, row.suspended, row.before]),
      [
        ['user', user.serial, true, 0],
        ['subject', null, true, sequence],
      ],
    )
  },

  'one who left is marked by the serials of conversation and user, until they are back': async ({
    records,
    conversation,
    change,
  }) => {
    const { app } = await conversation('ann')
    const ann = (await records.users.find(app, 'ann'))?.serial
    const talk = (await records.conversations.find(app, 'talk'))?.serial
    for (const to of ['out', 'in'] as const) {
      const { rows, sequence } = await change({ kind: 'member', app, conversation: 'talk', user: 'ann', to })
      const expected = { scope: 'member', target: `${talk}/${ann}`, serial: null, revoked: false, before: 0, sequence }
      assert.deepEqual(rows, [{ ...expected, suspended: to === 'out' }])
    }
  },

  'a deleted app is revoked for good, and what was under it has no rows left': async ({
    records,
    conversation,
    change,
  }) => {
    const { app } = await conversation('ann')
    await change({ kind: 'user', app, user: 'ann', to: 'suspended' })
    await change({ kind: 'revoke', app, target: { token: 'x' } })
    await change({ kind: 'app', app, to: 'deleted' })
    while (await records.apps.clear());
    const standing = [...(await standingOf(records, app)).values()]
    assert.deepEqual(
      standing.map((row) => [row.scope, row.revoked]),
      [['app', true]],
    )
  },

  'equal ids in two apps stand apart': async ({ records, conversation, change }) => {
    const [one, two] = [await conversation('ann'), await conversation('ann')]
    await change({ kind: 'user', app: one.app, user: 'ann', to: 'suspended' })
    await change({ kind: 'revoke', app: one.app, target: { token: 'x' } })
    assert.equal((await standingOf(records, two.app)).size, 0)
  },

  'the whole standing comes once each, however many pieces it takes': async ({ records, app, change }) => {
    const { id } = await app()
    for (let n = 0; n < 30; n++) await change({ kind: 'revoke', app: id, target: { token: `t${n}` } })
    const seen: string[] = []
    for await (const piece of records.changes.standing()) {
      seen.push(...piece.map((row) => `${row.scope} ${row.target} ${row.serial}`))
    }
    assert.equal(new Set(seen).size, seen.length)
    assert.equal(seen.filter((name) => name.startsWith(`token ${id}/`)).length, 30)
  },
}
