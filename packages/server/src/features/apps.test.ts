import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openApi } from '../../test/api.ts'

const house = await openApi()
after(() => house.close())

test('an app is made with safe settings, read, changed, suspended and deleted', async () => {
  const made = await house.call('POST', '/v1/apps', { name: 'Chat', settings: { linkSeconds: 60 } })
  assert.equal(made.status, 201)
  assert.match(made.body.id, /^[0-9a-f]{24}$/)
  assert.equal(made.headers.location, `/v1/apps/${made.body.id}`)
  assert.equal(new Date(made.body.createdAt).toISOString(), made.body.createdAt)
  const { tokenizedMedia, attachmentsAccess, mediaTokenSeconds, linkSeconds } = made.body.settings
  assert.deepEqual([tokenizedMedia, attachmentsAccess, mediaTokenSeconds, linkSeconds], [true, 'private', 7200, 60])
  assert.ok(!JSON.stringify(made.body).includes('linkKey'))

  const url = `/v1/apps/${made.body.id}`
  const changed = await house.call('PATCH', url, {
    name: 'Chat 2',
    settings: { linkSeconds: null, tokenizedMedia: false },
  })
  assert.equal(changed.status, 200)
  assert.deepEqual(
    [changed.body.name, changed.body.settings.linkSeconds, changed.body.settings.tokenizedMedia],
    ['Chat 2', null, false],
  )
  assert.equal((await house.parts.tenants.find(made.body.id))?.settings.tokenizedMedia, false)

  const suspended = await house.call('POST', `${url}/deactivate`)
  assert.equal(suspended.body.status, 'suspended')
  assert.deepEqual(Object.keys(suspended.body.revocation), ['sequence', 'nodes', 'milliseconds', 'cut'])
  assert.equal((await house.call('POST', `${url}/activate`)).body.status, 'active')
  assert.equal((await house.call('POST', `${url}/link-key/retire`)).status, 200)
  assert.equal((await house.call('DELETE', url)).status, 204)
  assert.equal((await house.call('GET', url)).status, 404)
})

test('settings that make no sense are refused, all at once, and nothing is changed', async () => {
  const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
  const rows: readonly (readonly [settings: unknown, paths: readonly string[]])[] = [
    [{ tokenizedMedia: 'yes', linkSeconds: -1 }, ['/settings/linkSeconds', '/settings/tokenizedMedia']],
    [{ nonsense: 1 }, ['/settings/nonsense']],
    [{ cometchatLinks: 'none' }, ['/settings/cometchatLinks']],
    [{ cometchatLinks: 'session', loginWall: 'https://wall.example/?to=' }, ['/settings/loginWall']],
    [{ cometchatLinks: 'session', loginWall: 'https://wall.example/#' }, ['/settings/loginWall']],
    [{ cometchatLinks: 'session', loginWall: 'https://fat.example/' }, ['/settings/loginWall']],
    [
      { allowedOrigins: ['https://a.test', 'https://a.test/', 'null', '*'] },
      ['/settings/allowedOrigins/1', '/settings/allowedOrigins/2', '/settings/allowedOrigins/3'],
    ],
    [{ loginWall: 'javascript:alert(1)' }, ['/settings/loginWall']],
    [[], ['/settings']],
  ]
  for (const [settings, paths] of rows) {
    const answer = await house.call('PATCH', `/v1/apps/${app.id}`, { name: 'Other', settings })
    assert.equal(answer.status, 400, JSON.stringify(settings))
    assert.equal(answer.body.code, 'validation_failed')
    assert.deepEqual(answer.body.errors.map(({ path }: { path: string }) => path).sort(), paths)
  }
  assert.equal((await house.call('GET', `/v1/apps/${app.id}`)).body.name, 'Chat')
})

test("of the login wall's word only the digest is kept, and may be sent back as it was shown", async () => {
  const { body: app } = await house.call('POST', '/v1/apps', {
    name: 'Chat',
    settings: { loginWallSecret: 'open-sesame' },
  })
  const digest = 'sha256:d7ecdf25eaf3deba0f2628771dbdd22d4138ab6cf38f91ed02a2ca0dec7c8ab7'
  const change = (loginWallSecret: unknown) =>
    house.call('PATCH', `/v1/apps/${app.id}`, { settings: { loginWallSecret } })
  assert.equal(app.settings.loginWallSecret, digest)
  assert.equal((await change(digest)).body.settings.loginWallSecret, digest)
  for (const wrong of [
    '',
    'short',
    'with a space in it',
    'ümlaut-and-more',
    'a'.repeat(257),
    7,
    true,
    ['open-sesame'],
  ]) {
    const { status, text } = await change(wrong)
    assert.equal(status, 400, JSON.stringify(wrong))
    assert.doesNotMatch(text, /open-sesame|with a space|mlaut/)
  }
  const stored = await house.parts.records.apps.find(app.id)
  assert.equal(stored?.settings.loginWallSecret, digest)
  const log = await house.parts.records.changes.since(0, 1000)
  assert.doesNotMatch(JSON.stringify(log), /open-sesame/)
  assert.equal((await change(null)).body.settings.loginWallSecret, null)
})

test('apps are listed page by page, and a cursor fits its own list only', async () => {
  for (let n = 0; n < 3; n++) await house.call('POST', '/v1/apps', { name: `app ${n}` })
  const seen: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = await house.call('GET', `/v1/apps?limit=2${cursor && `&cursor=${cursor}`}`)
    assert.equal(page.status, 200)
    assert.ok(page.body.items.length <= 2)
    seen.push(...page.body.items.map(({ id }: { id: string }) => id))
    cursor = page.body.next
  }
  assert.equal(new Set(seen).size, seen.length)
  assert.ok(seen.length >= 3)

  const { next } = (await house.call('GET', '/v1/apps?limit=1')).body
  const [app] = seen
  const rows = ['x', 'AAAA', Buffer.from('{}').toString('base64url'), `${next}A`, '%00', '..']
  for (const wrong of rows) {
    const answer = await house.call('GET', `/v1/apps?cursor=${wrong}`)
    assert.deepEqual([answer.status, answer.body.code], [400, 'bad_cursor'], wrong)
  }
  assert.equal((await house.call('GET', `/v1/apps/${app}/users?cursor=${next}`)).body.code, 'bad_cursor')
  for (const limit of ['0', '1001', 'many', '']) {
    const answer = await house.call('GET', `/v1/apps?limit=${limit}`)
    assert.deepEqual([answer.status, answer.body.errors[0].path], [400, '?limit'], limit)
  }
})
