import assert from 'node:assert/strict'
import { type Cases, fresh, NOON } from './records-world.ts'

const RACERS = 64

/** Repeated requests, secrets, and counted uses: things of which there is exactly one winner. */
export const onceCases: Cases = {
  'an idempotency key is claimed once; others get what is stored': async ({ records: { idempotency } }) => {
    const [scope, answer] = [fresh(), { status: 201, body: '{"a":"ä\u0000"}', location: '/x' }]
    assert.deepEqual(await idempotency.claim(scope, 'k', 'print-1', NOON), { claimed: true })
    const open = { claimed: false, fingerprint: 'print-1', answer: null }
    assert.deepEqual(await idempotency.claim(scope, 'k', 'print-2', NOON), open)
    await idempotency.complete(scope, 'k', answer)
    assert.deepEqual(await idempotency.claim(scope, 'k', 'print-1', NOON), { ...open, answer })
    assert.deepEqual(await idempotency.claim(fresh(), 'k', 'print-1', NOON), { claimed: true })
    assert.deepEqual(await idempotency.claim(scope, 'other', 'print-1', NOON), { claimed: true })
  },

  'of many claims at once one wins': async ({ records: { idempotency } }) => {
    const scope = fresh()
    const claims = await Promise.all(
      Array.from({ length: RACERS }, (_, n) => idempotency.claim(scope, 'k', `print-${n}`, NOON)),
    )
    const winner = claims.findIndex((claim) => claim.claimed)
    assert.equal(claims.filter((claim) => claim.claimed).length, 1)
    for (const claim of claims) if (!claim.claimed) assert.equal(claim.fingerprint, `print-${winner}`)
  },

  'a claim given back can be claimed again, one that is answered cannot be given back': async ({
    records: { idempotency },
  }) => {
    const scope = fresh()
    await idempotency.claim(scope, 'k', 'a', NOON)
    await idempotency.release(scope, 'k')
    assert.deepEqual(await idempotency.claim(scope, 'k', 'b', NOON), { claimed: true })
    await idempotency.complete(scope, 'k', { status: 200, body: '', location: null })
    await idempotency.release(scope, 'k')
    assert.equal((await idempotency.claim(scope, 'k', 'b', NOON)).claimed, false)
  },

  'old answers are pruned, younger ones stay': async ({ records: { idempotency } }) => {
    const scope = fresh()
    await idempotency.claim(scope, 'old', 'a', 1000)
    await idempotency.claim(scope, 'edge', 'a', 2000)
    await idempotency.prune(2000)
    assert.equal((await idempotency.claim(scope, 'old', 'b', NOON)).claimed, true)
    assert.equal((await idempotency.claim(scope, 'edge', 'b', NOON)).claimed, false)
  },

  'a secret is made once: the first writer wins, at once or later': async ({ records: { secrets } }) => {
    const name = fresh()
    assert.equal(await secrets.find(name), null)
    const made = await Promise.all(
      Array.from({ length: 16 }, (_, n) => secrets.findOrCreate(name, new Uint8Array([n, 0, 255]))),
    )
    for (const each of made) assert.deepEqual(each, made[0])
    assert.deepEqual(await secrets.find(name), made[0])
    assert.deepEqual(await secrets.findOrCreate(name, new Uint8Array([77])), made[0])
    assert.deepEqual(await secrets.findOrCreate(fresh(), new Uint8Array([77])), new Uint8Array([77]))
  },

  'of many viewers at once exactly as many win as there are uses': async ({ records: { uses } }) => {
    for (const max of [1, 5]) {
      const token = fresh()
      const claim = (viewer: string) =>
        uses.claim({ token, viewer, max, at: NOON, since: NOON - 1000, open: true, until: null })
      const outcomes = await Promise.all(Array.from({ length: RACERS }, (_, n) => claim(`viewer-${n}`)))
      assert.equal(outcomes.filter((outcome) => outcome === 'granted').length, max)
      const again = await Promise.all(outcomes.map((_, n) => claim(`viewer-${n}`)))
      assert.deepEqual(again, outcomes)
    }
  },

  'one viewer at once many times takes one use': async ({ records: { uses } }) => {
    const token = fresh()
    const claim = (viewer: string) =>
      uses.claim({ token, viewer, max: 2, at: NOON, since: NOON - 1, open: true, until: null })
    const outcomes = await Promise.all(Array.from({ length: RACERS }, () => claim('ann')))
    assert.deepEqual(new Set(outcomes), new Set(['granted']))
    assert.equal(await claim('bob'), 'granted')
    assert.equal(await claim('cid'), 'spent')
  },

  'asking takes nothing, and a use is good for as long as since reaches': async ({ records: { uses } }) => {
    const token = fresh()
    const claim = (at: number, open: boolean, viewer = 'ann') =>
      uses.claim({ token, viewer, max: 1, at, since: at - 100, open, until: null })
    assert.equal(await claim(NOON, false), 'granted')
    assert.equal(await claim(NOON, false, 'bob'), 'granted')
    assert.equal(await claim(NOON, true), 'granted')
    assert.equal(await claim(NOON + 100, true), 'granted')
    assert.equal(await claim(NOON + 100, false), 'granted')
    assert.equal(await claim(NOON, false, 'bob'), 'spent')
    assert.equal(await claim(NOON + 101, false), 'spent')
    assert.equal(await claim(NOON + 101, true), 'spent')
  },

  'uses that nobody asks for any more are forgotten: what is taken of a token that lives stays taken': async ({
    records: { uses },
  }) => {
    const [ended, living, endless] = [fresh(), fresh(), fresh()]
    const untils = { [ended]: 5000, [living]: 6000, [endless]: null }
    const claim = (token: string, viewer: string, until: number | null) =>
      uses.claim({ token, viewer, max: 1, at: 1000, since: 900, open: true, until })
    for (const [token, until] of Object.entries(untils)) assert.equal(await claim(token, 'ann', until), 'granted')
    assert.equal(await uses.prune(1000, 1000, 100), 0, 'not before their times')
    assert.equal(await uses.prune(1001, 6000, 2), 3, 'two of three viewers, one count')
    assert.equal(await uses.prune(1001, 6000, 2), 1)
    assert.equal(await uses.prune(1001, 6000, 2), 0)
    for (const [token, until] of Object.entries(untils)) {
      assert.equal(await claim(token, 'bob', until), token === ended ? 'granted' : 'spent')
    }
    assert.equal(await uses.prune(1001, 5001, 100), 2)
  },

  'of two tokens with one id the one that ends last counts': async ({ records: { uses } }) => {
    for (const [first, second, end] of [
      [3000, 4000, 4000],
      [4000, 3000, 4000],
      [3000, null, null],
      [null, 3000, null],
    ] as const) {
      const token = fresh()
      const claim = (viewer: string, until: number | null) =>
        uses.claim({ token, viewer, max: 2, at: 1000, since: 900, open: true, until })
      await claim('ann', first)
      await claim('bob', second)
      await uses.prune(1001, end ?? 9000, 100)
      assert.equal(await claim('cid', first), 'spent')
      await uses.prune(1001, (end ?? 9000) + 1, 100)
      assert.equal(await claim('cid', first), end === null ? 'spent' : 'granted')
    }
  },

  'of many tries at once no more win than there are, and more as time flows': async ({ records: { tries } }) => {
    const name = fresh()
    const take = (at: number) => tries.take(name, { perMinute: 6, at })
    const waits = await Promise.all(Array.from({ length: RACERS }, () => take(NOON)))
    assert.equal(waits.filter((wait) => wait === 0).length, 6)
    assert.deepEqual(new Set(waits), new Set([0, 10]))
    assert.deepEqual([await take(NOON + 9999), await take(NOON + 10_000), await take(NOON + 10_000)], [1, 0, 10])
    assert.deepEqual([await take(NOON + 70_000), await take(NOON - 5000)], [0, 35], 'a clock that is set back waits')
    assert.equal(await tries.take(fresh(), { perMinute: 6, at: NOON }), 0, 'another name')
  },

  'tries that have flowed off are forgotten': async ({ records: { tries } }) => {
    const [old, young] = [fresh(), fresh()]
    const take = (name: string, at: number) => tries.take(name, { perMinute: 1, at })
    assert.deepEqual([await take(old, 1000), await take(young, 2000)], [0, 0])
    assert.equal(await tries.prune(61_001, 10), 1)
    assert.equal(await tries.prune(61_001, 10), 0)
    assert.deepEqual([await take(old, 1000), await take(young, 2000)], [0, 60])
    assert.equal(await tries.prune(62_001, 1), 1)
    assert.equal(await tries.prune(62_001, 9), 1)
  },

  'the database answers': async ({ records }) => {
    await records.ping()
  },
}
