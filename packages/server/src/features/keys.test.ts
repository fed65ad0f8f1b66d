import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parseResource } from '@gatehouse/core/resource'
import { EVERYTHING, openApi } from '../../test/api.ts'
import { hashSecret } from '../gate/known-keys.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const { body: other } = await house.call('POST', '/v1/apps', { name: 'Other' })
const base = `/v1/apps/${app.id}/keys`
const at = (path: string) => parseResource(path) ?? assert.fail(path)

test('a key is made, and its secret is shown this once', async () => {
  const made = await house.call('POST', base, { name: 'backend' })
  assert.equal(made.status, 201)
  assert.equal(made.headers.location, `${base}/${made.body.id}`)
  assert.match(made.body.secret, /^gh_[A-Za-z0-9_-]{43}$/)
  assert.deepEqual(made.body.grants[0].resource, `/apps/${app.id}`)
  const stored = await house.parts.records.keys.find(made.body.id)
  assert.equal(stored?.secretHash, hashSecret(made.body.secret))
  const opened = house.parts.vault.open(stored?.sealedSecret ?? new Uint8Array(), 'api-key')
  assert.equal(Buffer.from(opened).toString(), made.body.secret)
  for (const url of [base, `${base}/${made.body.id}`]) {
    const answer = await house.call('GET', url)
    assert.equal(answer.status, 200)
    assert.ok(
      !answer.text.includes(made.body.secret) && !answer.text.includes('sealed') && !answer.text.includes('Hash'),
    )
  }
})

test('a key is renamed and gets other grants, within those of the caller', async () => {
  const { body: key } = await house.call('POST', base, { name: 'before' })
  const url = `${base}/${key.id}`
  const renamed = await house.call('PATCH', url, { name: 'after' })
  assert.deepEqual([renamed.status, renamed.body.name, renamed.body.grants], [200, 'after', key.grants])
  const grants = [{ actions: ['read'], resource: `/apps/${app.id}/conversations` }]
  const narrowed = await house.call('PATCH', url, { grants })
  assert.deepEqual([narrowed.body.name, narrowed.body.grants], ['after', grants])
  assert.deepEqual((await house.call('GET', url)).body, narrowed.body)
  const beyond = await house.call('PATCH', url, { grants: [{ actions: ['read'], resource: `/apps/${other.id}` }] })
  assert.deepEqual([beyond.status, beyond.body.code], [403, 'grant_exceeded'])
  assert.equal((await house.call('PATCH', `/v1/apps/${other.id}/keys/${key.id}`, { name: 'x' })).status, 404)
})

test('a key is deactivated, activated and revoked, in its own app only', async () => {
  const { body: key } = await house.call('POST', base, { name: 'k', seconds: 60 })
  assert.ok(Date.parse(key.expiresAt) > Date.now())
  const off = await house.call('POST', `${base}/${key.id}/deactivate`)
  assert.deepEqual([off.status, off.body.status, off.body.revocation.nodes], [200, 'deactivated', 1])
  assert.equal((await house.call('POST', `${base}/${key.id}/activate`)).body.status, 'active')
  const elsewhere = `/v1/apps/${other.id}/keys/${key.id}`
  for (const [method, url] of [
    ['GET', elsewhere],
    ['DELETE', elsewhere],
    ['POST', `${elsewhere}/deactivate`],
  ] as const) {
    assert.equal((await house.call(method, url)).status, 404, `${method} ${url}`)
  }
  assert.equal((await house.call('DELETE', `${base}/${key.id}`)).status, 204)
  assert.equal((await house.call('DELETE', `${base}/${key.id}`)).status, 404)
})

test('nobody passes on what they do not hold', async () => {
  const here = `/apps/${app.id}`
  const grant = (actions: string[], resource: string, limits?: object) => ({
    actions,
    resource,
    ...(limits && { limits }),
  })
  const managing = [{ actions: ['manage' as const], resource: at(here), limits: {} }]
  const limited = [
    { actions: ['manage' as const, 'read' as const], resource: at(here), limits: { ip: ['10.0.0.0/8'] } },
  ]
  const rows = [
    ['everything, in the app', EVERYTHING, grant(['read', 'manage'], here), 201],
    ['everything, in another app', EVERYTHING, grant(['read'], `/apps/${other.id}`), 403],
    ['everything, at the root', EVERYTHING, grant(['read'], '/'), 403],
    ['manage passes on anything below', managing, grant(['read', 'write'], `${here}/conversations/c`), 201],
    ['limits stay', limited, grant(['read'], here), 403],
    ['the same limits', limited, grant(['read'], here, { ip: ['10.0.0.0/8'] }), 201],
    ['not a path', EVERYTHING, grant(['read'], 'apps'), 400],
    ['unknown action', EVERYTHING, grant(['fly'], here), 400],
    ['unknown limit', EVERYTHING, grant(['read'], here, { moon: 'full' }), 400],
    ['address that is none', EVERYTHING, grant(['read'], here, { ip: ['300.1.1.1'] }), 400],
  ] as const
  for (const [what, held, wanted, status] of rows) {
    house.as(held)
    const answer = await house.call('POST', base, { name: 'k', grants: [wanted] })
    assert.equal(answer.status, status, `${what}: ${answer.text}`)
    if (status === 403) assert.equal(answer.body.code, 'grant_exceeded')
  }
  house.as(EVERYTHING)
})
