import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openApi } from '../../test/api.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const base = `/v1/apps/${app.id}/users`

test('a user is made by PUT and changed by PUT; what is left out stays', async () => {
  const made = await house.call('PUT', `${base}/ann`, { name: 'Ann', metadata: { plan: { seats: 3 } } })
  assert.deepEqual([made.status, made.headers.location], [201, `${base}/ann`])
  const again = await house.call('PUT', `${base}/ann`, { name: null })
  assert.deepEqual([again.status, again.body.name, again.body.metadata], [200, null, { plan: { seats: 3 } }])
  assert.equal((await house.call('PUT', `${base}/bob`)).status, 201, 'an empty body is fine')
  assert.deepEqual((await house.call('GET', `${base}/ann`)).body, again.body)
  assert.equal((await house.call('GET', `${base}/nobody`)).status, 404)
})

test('role, tags and profile are kept and shown, and users are found by them', async () => {
  const zoe = { name: 'Zoë', role: 'host', tags: ['beta', 'x,y'], profile: { avatar: 'https://pictures.example/zoe' } }
  const made = await house.call('PUT', `${base}/zed`, zoe)
  const { name, role, tags, profile, createdAt, updatedAt } = made.body
  assert.deepEqual([made.status, { name, role, tags, profile }], [201, zoe])
  assert.equal(updatedAt, createdAt)
  const again = await house.call('PUT', `${base}/zed`, { role: null, tags: ['beta'] })
  assert.deepEqual([again.body.role, again.body.tags, again.body.profile], [null, ['beta'], zoe.profile])
  await house.call('PUT', `${base}/zebra`, { role: 'host' })
  const rows = [
    ['search=zo%C3%8B', ['zed']],
    ['search=ze', ['zebra', 'zed']],
    ['role=host', ['zebra']],
    ['tag=beta', ['zed']],
    ['tag=x%2Cy', []],
    ['search=ze&role=host&status=active', ['zebra']],
  ] as const
  for (const [query, expected] of rows) {
    const { body } = await house.call('GET', `${base}?${query}`)
    assert.deepEqual(
      body.items.map(({ id }: { id: string }) => id),
      expected,
      query,
    )
  }
  const first = await house.call('GET', `${base}?search=ze&limit=1`)
  const second = await house.call('GET', `${base}?search=ze&limit=1&cursor=${first.body.next}`)
  assert.deepEqual([second.body.items[0].id, second.body.next], ['zed', null])
  const other = await house.call('GET', `${base}?search=z&limit=1&cursor=${first.body.next}`)
  assert.deepEqual([other.status, other.body.code], [400, 'bad_cursor'], 'a cursor fits its own list only')
})

test('deactivation is reversible, deletion is not, and both say what they achieved', async () => {
  await house.call('PUT', `${base}/eve`, {})
  const off = await house.call('POST', `${base}/eve/deactivate`)
  assert.deepEqual([off.status, off.body.status], [200, 'deactivated'])
  assert.ok(off.body.revocation.sequence > 0 && off.body.deactivatedAt !== null)
  assert.deepEqual((await house.call('GET', `${base}?status=deactivated`)).body.items.length, 1)
  const on = await house.call('POST', `${base}/eve/activate`)
  assert.deepEqual([on.body.status, on.body.deactivatedAt], ['active', null])
  assert.equal((await house.call('DELETE', `${base}/eve`)).status, 204)
  for (const [method, url] of [
    ['DELETE', `${base}/eve`],
    ['POST', `${base}/eve/deactivate`],
    ['GET', `${base}/eve`],
  ] as const) {
    assert.equal((await house.call(method, url)).status, 404, `${method} ${url}`)
  }
})

test('uids are any text that can be one segment, and nothing else', async () => {
  for (const uid of ['a b', 'ünïcödé', '😀', 'a@b.c', 'x'.repeat(128), '...']) {
    const url = `${base}/${encodeURIComponent(uid)}`
    const made = await house.call('PUT', url, {})
    assert.deepEqual([made.status, made.body?.id], [201, uid], uid)
    assert.equal(made.headers.location, url)
  }
  for (const uid of ['a%2Fb', 'a%5Cb', 'a%00b', 'x'.repeat(129), 'e%CC%81', '100%25']) {
    const answer = await house.call('PUT', `${base}/${uid}`, {})
    assert.deepEqual([answer.status, answer.body.code], [400, 'validation_failed'], uid)
    assert.equal(answer.body.errors[0].path, '{uid}')
  }
})

test('bodies are strict: wrong types and unknown fields are named, nothing is coerced or dropped', async () => {
  const rows: readonly (readonly [body: unknown, paths: readonly string[]])[] = [
    [{ name: 5 }, ['/name']],
    [{ name: 'ok', nmae: 'x', metadata: [] }, ['/metadata', '/nmae']],
    [{ name: '' }, ['/name']],
    [{ name: 'a\nb' }, ['/name']],
    [{ metadata: { big: 'x'.repeat(20_000) } }, ['/metadata']],
    [{ profile: { big: 'x'.repeat(20_000) } }, ['/profile']],
    [{ profile: null, role: 7, tags: 'a' }, ['/profile', '/role', '/tags']],
    [{ tags: Array.from({ length: 26 }, (_, n) => `t${n}`) }, ['/tags']],
    [{ tags: ['a', 'a'] }, ['/tags']],
    [{ tags: [''] }, ['/tags/0']],
    [[], ['/']],
    ['text', ['/']],
  ]
  for (const [body, paths] of rows) {
    const answer = await house.call('PUT', `${base}/zoe`, JSON.stringify(body), { 'content-type': 'application/json' })
    assert.equal(answer.status, 400, JSON.stringify(body).slice(0, 80))
    assert.deepEqual(answer.body.errors.map(({ path }: { path: string }) => path).sort(), paths)
  }
  assert.equal((await house.call('GET', `${base}/zoe`)).status, 404)
  const unknown = await house.call('GET', `${base}?stauts=active`)
  assert.deepEqual([unknown.status, unknown.body.errors[0].path], [400, '?stauts'])
  const full = await house.call('POST', `${base}/ann/deactivate`, { reason: 'x' })
  assert.deepEqual([full.status, full.body.code], [400, 'validation_failed'])
})
