import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startGatehouse } from './support/gatehouse.ts'
import { accountOf, createSunshineApp } from './support/sunshine-http.ts'

/** Apps and their keys on the surface (contract, sections 2.2 to 2.4). */

const server = await startGatehouse()
after(() => server.stop())
const account = accountOf(server.admin)
const bad = (title: string) => `400 bad_request: ${title}`

test('an app is made, read, changed key by key, listed and deleted', async () => {
  const settings = { attachmentsAccess: 'private', attachmentsTokenExpirationSeconds: 60, useAnimalNames: true }
  const { app, ...others } = await account.v2.ok('POST', '/apps', {
    displayName: 'Zoo',
    settings: { ...settings, conversationRetentionSeconds: 3600, unknown: 1 },
    metadata: { plan: 'gold', seats: 3, trial: false },
  })
  assert.deepEqual(others, {})
  const { id, ...shown } = app
  const kept = { ...settings, conversationRetentionSeconds: 3600 }
  const metadata = { plan: 'gold', seats: 3, trial: false }
  assert.deepEqual(shown, { displayName: 'Zoo', settings: kept, metadata })
  assert.deepEqual((await account.v2.ok('GET', `/apps/${id}`)).app, app)
  const native = (await server.admin.get(`/v1/apps/${id}`)).json<{ settings: Record<string, unknown> }>().settings
  assert.deepEqual([native.attachmentsAccess, native.mediaTokenSeconds], ['private', 60])

  const patch = {
    settings: { useAnimalNames: null, echoPostback: true, attachmentsTokenExpirationSeconds: null },
    metadata: { seats: 4, trial: null },
  }
  const changed = (await account.v2.ok('PATCH', `/apps/${id}`, patch)).app
  assert.deepEqual(changed, {
    id,
    displayName: 'Zoo',
    settings: {
      attachmentsAccess: 'private',
      attachmentsTokenExpirationSeconds: 7200,
      conversationRetentionSeconds: 3600,
      echoPostback: true,
    },
    metadata: { plan: 'gold', seats: 4 },
  })
  const renamed = await account.v2.ok('PATCH', `/apps/${id}`, {
    displayName: 'Park',
    settings: { attachmentsAccess: null },
    metadata: null,
  })
  assert.deepEqual(
    [renamed.app.displayName, renamed.app.settings.attachmentsAccess, renamed.app.metadata],
    ['Park', 'public', {}],
  )
  const answer = await account.v2.call('DELETE', `/apps/${id}`)
  assert.deepEqual([answer.status, answer.text], [200, '{}'])
  assert.equal(await account.v2.fails('GET', `/apps/${id}`), '404 app_not_found: App not found')
})

test('an app is public and its tokens live two hours where nothing is said', async () => {
  const { app } = await account.v2.ok('POST', '/apps', { displayName: 'Plain', metadata: null })
  assert.deepEqual(app.settings, { attachmentsAccess: 'public', attachmentsTokenExpirationSeconds: 7200 })
  assert.deepEqual(app.metadata, {})
})

test('what is wrong with an app is told, and nothing of it is done', async () => {
  const seconds = bad("'settings.attachmentsTokenExpirationSeconds' should be an integer from 1 to 2592000")
  const rows: readonly (readonly [body: object, error: string])[] = [
    [{}, bad("should have required property 'displayName'")],
    [{ displayName: null }, bad("should have required property 'displayName'")],
    [{ displayName: '' }, bad("'displayName' should NOT be shorter than 1 characters")],
    [{ displayName: 7 }, bad("'displayName' should be string")],
    [{ displayName: 'x'.repeat(257) }, bad("'displayName' should NOT be longer than 256 characters")],
    [{ displayName: 'a\u0000b' }, bad("'displayName' should not hold control characters")],
    [
      { settings: { attachmentsAccess: 'secret' } },
      bad("'settings.attachmentsAccess' should be equal to one of the allowed values: public, private"),
    ],
    [{ settings: { attachmentsTokenExpirationSeconds: 0 } }, seconds],
    [{ settings: { attachmentsTokenExpirationSeconds: 2_592_001 } }, seconds],
    [{ settings: { attachmentsTokenExpirationSeconds: 1.5 } }, seconds],
    [{ settings: { attachmentsTokenExpirationSeconds: '60' } }, seconds],
    [{ settings: 'private' }, bad("'settings' should be object")],
    [{ settings: { useAnimalNames: 'yes' } }, bad("'useAnimalNames' should be boolean")],
    [
      { settings: { conversationRetentionSeconds: 'long' } },
      bad("'settings.conversationRetentionSeconds' should be integer"),
    ],
    [{ metadata: { deep: {} } }, bad("'metadata.deep' should be string, number or boolean")],
    [{ metadata: { long: 'x'.repeat(4096) } }, bad("'metadata' should NOT be larger than 4096 bytes")],
    [{ metadata: [] }, bad("'metadata' should be object")],
  ]
  const { home } = await createSunshineApp(server.admin)
  const before = await account.v2.ok('GET', home)
  for (const [body, error] of rows) {
    const named = 'displayName' in body || Object.keys(body).length === 0 ? body : { displayName: 'x', ...body }
    assert.equal(await account.v2.fails('POST', '/apps', named), error, JSON.stringify(body).slice(0, 80))
    if (Object.keys(body).length > 0 && !('displayName' in body && body.displayName === null)) {
      assert.equal(await account.v2.fails('PATCH', home, named), error, JSON.stringify(body).slice(0, 80))
    }
  }
  assert.deepEqual(await account.v2.ok('GET', home), before)
})

test('an app is the same under v1.1, by other names', async () => {
  const { app } = await account.old.ok('POST', '/apps', { name: 'Old', settings: { attachmentsAccess: 'private' } })
  assert.deepEqual(Object.keys(app).sort(), ['_id', 'appToken', 'metadata', 'name', 'settings'])
  const home = `/apps/${app._id}`
  assert.deepEqual((await account.old.ok('GET', home)).app, app)
  assert.equal((await account.v2.ok('GET', home)).app.displayName, 'Old')
  const changed = (await account.old.ok('PUT', home, { name: 'Older', settings: { attachmentsAccess: 'public' } })).app
  assert.deepEqual([changed.name, changed.settings.attachmentsAccess], ['Older', 'public'])
  const { apps, ...page } = await account.old.ok('GET', '/apps?limit=1&offset=1')
  assert.equal(apps.length, 1)
  assert.deepEqual([page.offset, page.limit], [1, 1])
  assert.equal(await account.old.fails('GET', '/apps?limit=0'), bad("'limit' should be an integer from 1 to 100"))
  assert.equal(await account.old.fails('POST', '/apps', {}), bad("should have required property 'name'"))
  assert.deepEqual(await account.old.ok('DELETE', home), {})
  assert.equal(await account.old.fails('GET', home), '404 app_not_found: App not found')
})

test('app keys are shown once, listed without secrets, and at most ten', async () => {
  const { home, key } = await createSunshineApp(server.admin)
  assert.match(key.id, /^app_[0-9a-f]{24}$/)
  assert.deepEqual(await account.v2.ok('GET', `${home}/keys/${key.id}`), { key: { id: key.id, displayName: 'suite' } })
  for (let n = 1; n < 10; n++) await account.v2.ok('POST', `${home}/keys`, { displayName: `${n}` })
  assert.equal(await account.v2.fails('POST', `${home}/keys`, { displayName: 'x' }), bad('An app has at most 10 keys'))
  const { keys } = await account.v2.ok('GET', `${home}/keys`)
  assert.equal(keys.length, 10)
  for (const shown of keys) assert.deepEqual(Object.keys(shown).sort(), ['displayName', 'id'])
  assert.deepEqual(await account.v2.ok('DELETE', `${home}/keys/${key.id}`), {})
  const gone = '404 not_found: Resource not found'
  assert.equal(await account.v2.fails('DELETE', `${home}/keys/${key.id}`), gone)
  assert.equal(await account.v2.fails('GET', `${home}/keys/${key.id}`), gone)
  const other = await createSunshineApp(server.admin)
  assert.equal(await account.v2.fails('DELETE', `${home}/keys/${other.key.id}`), gone)
  await other.v2.ok('GET', other.home)
  assert.equal(await account.v2.fails('POST', `${home}/keys`, {}), bad("should have required property 'displayName'"))
})

test('apps are listed in pages, for the account alone', async () => {
  const { apps: all } = await account.v2.ok('GET', '/apps?page[size]=100')
  const seen: string[] = []
  for (let query = '?page[size]=2'; ; ) {
    const { apps, links } = await account.v2.ok('GET', `/apps${query}`)
    assert.ok(apps.length <= 2)
    seen.push(...apps.map(({ id }: { id: string }) => id))
    if (links.next === undefined) break
    query = new URL(links.next).search
  }
  assert.deepEqual(
    seen,
    all.map(({ id }: { id: string }) => id),
  )
})
