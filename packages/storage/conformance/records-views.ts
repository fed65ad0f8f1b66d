import assert from 'node:assert/strict'
import { all, type Cases, fresh, NOON, view, WHOLE } from './records-world.ts'

/** The access log and the receipts. */
export const viewCases: Cases = {
  'a line is read as it was written': async ({ records, app }) => {
    const { id } = await app()
    const written = view(id, {
      at: NOON + 1,
      lastAt: NOON + 9,
      attachment: 'file',
      user: 'ann',
      credential: 'jti-1',
      key: 'key-1',
      allowed: false,
      reason: 'token_expired',
      status: 401,
      method: 'HEAD',
      ip: null,
      userAgent: 'Späher "1"',
      bytes: 2 ** 40,
      count: 3,
    })
    await records.views.append([written])
    const { items } = await records.views.list(id, WHOLE)
    const { userSerial: _, ...expected } = written
    assert.deepEqual(items, [{ ...expected, id: items[0]?.id }])
    assert.match(items[0]?.id ?? '', /^\d+$/)
  },

  'a user known by serial alone is named': async ({ records, app }) => {
    const { id } = await app()
    const { user } = await records.users.put({ app: id, id: 'ann', at: NOON })
    const lines = [{ userSerial: user.serial }, { userSerial: 2 ** 40 }, { user: 'bob', userSerial: user.serial }]
    await records.views.append(lines.map((line, n) => view(id, { ...line, at: NOON + n })))
    const { items } = await records.views.list(id, WHOLE)
    assert.deepEqual(
      items.map((item) => item.user),
      ['bob', null, 'ann'],
    )
  },

  'the list goes newest first, paged and narrowed; a resource means at and below': async ({ records, app }) => {
    const { id } = await app()
    const at = (path: string) => `/apps/${id}/${path}`
    const rows = [
      view(id, { resource: at('a'), user: 'ann' }),
      view(id, { resource: at('a/b'), user: 'bob', at: NOON + 2 }),
      view(id, { resource: at('a/b/c'), user: 'ann', at: NOON + 1, allowed: false }),
      view(id, { resource: at('ab'), user: 'ann', at: NOON + 3 }),
      view(id, { resource: at('a-b'), user: 'bob', at: NOON + 3 }),
    ]
    await records.views.append(rows)
    const list = async (filter: { resource?: string; user?: string; allowed?: boolean }) =>
      (await all((paging) => records.views.list(id, { ...paging, ...filter }))).map((item) =>
        item.resource.slice(at('').length),
      )
    assert.deepEqual(await list({}), ['a-b', 'ab', 'a/b', 'a/b/c', 'a'])
    assert.deepEqual(await list({ resource: at('a') }), ['a/b', 'a/b/c', 'a'])
    assert.deepEqual(await list({ resource: at('a/b') }), ['a/b', 'a/b/c'])
    assert.deepEqual(await list({ resource: '/' }), ['a-b', 'ab', 'a/b', 'a/b/c', 'a'])
    assert.deepEqual(await list({ user: 'bob' }), ['a-b', 'a/b'])
    assert.deepEqual(await list({ allowed: false }), ['a/b/c'])
    assert.deepEqual(await list({ resource: at('a'), user: 'ann', allowed: true }), ['a'])
    assert.deepEqual(await list({ resource: at('none') }), [])
  },

  'apps do not see each other, and a deleted one leaves no lines': async ({ records, app, change }) => {
    const [one, two] = [(await app()).id, (await app()).id]
    await records.views.append([view(one), view(two), view(one)])
    assert.equal((await records.views.list(one, WHOLE)).items.length, 2)
    assert.equal((await records.views.list(two, WHOLE)).items.length, 1)
    await change({ kind: 'app', app: one, to: 'deleted' })
    while (await records.apps.clear());
    assert.equal((await records.views.list(one, WHOLE)).items.length, 0)
    assert.equal((await records.views.list(two, WHOLE)).items.length, 1)
  },

  'every receiver has a receipt, those who have not opened it an empty one': async ({
    records,
    conversation,
    attachment,
  }) => {
    const { app } = await conversation('ann', 'bob', 'cid')
    const file = await attachment(app, { conversation: 'talk' })
    const bob = await records.users.find(app, 'bob')
    const of = { attachment: file.id }
    await records.views.append([
      view(app, { ...of, user: 'ann', at: NOON + 5, lastAt: NOON + 7, bytes: 4 }),
      view(app, { ...of, user: 'ann', at: NOON + 1, lastAt: NOON + 2, bytes: 6 }),
      view(app, { ...of, userSerial: bob?.serial ?? 0, at: NOON + 3, lastAt: NOON + 3, bytes: 1 }),
      view(app, { ...of, user: 'cid', allowed: false, status: 401, bytes: 0 }),
      view(app, { ...of, user: 'cid', method: 'HEAD', bytes: 0, count: 0 }),
      view(app, { ...of, user: 'stranger', bytes: 99 }),
      view(app, { attachment: fresh(), user: 'cid', bytes: 50 }),
    ])
    const receipts = await all((paging) => records.views.receipts(file, paging))
    assert.deepEqual(receipts, [
      { user: 'ann', firstAt: NOON + 1, lastAt: NOON + 7, bytes: 10 },
      { user: 'bob', firstAt: NOON + 3, lastAt: NOON + 3, bytes: 1 },
      { user: 'cid', firstAt: null, lastAt: null, bytes: 0 },
    ])
  },

  'pruning takes the oldest first, at most as many as asked, of one app or of all': async ({ records, app }) => {
    const [one, two] = [(await app()).id, (await app()).id]
    const long = 1_000_000
    await records.views.append([3, 1, 2, 4].map((n) => view(one, { at: long + n, lastAt: long + n })))
    await records.views.append([view(two, { at: long, lastAt: long })])
    const left = async (id: string) => (await records.views.list(id, WHOLE)).items.map((item) => item.at - long)
    assert.equal(await records.views.prune(long + 4, 2, one), 2)
    assert.deepEqual(await left(one), [4, 3])
    assert.equal(await records.views.prune(long + 4, 10), 2)
    assert.deepEqual([await left(one), await left(two)], [[4], []])
    assert.equal(await records.views.prune(long + 4, 10), 0)
  },

  'ten thousand lines go in at once while other work goes on': async ({ records, app }) => {
    const { id } = await app()
    let turns = 0
    let done = false
    const turn = () => {
      turns++
      if (!done) setImmediate(turn)
    }
    setImmediate(turn)
    await records.views.append(Array.from({ length: 10_000 }, (_, n) => view(id, { at: NOON + n })))
    done = true
    assert.ok(turns >= 50, `the event loop turned ${turns} times`)
    assert.equal((await all((paging) => records.views.list(id, paging), 1000)).length, 10_000)
  },
}
