import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openApi } from '../../test/api.ts'
import { hashSecret } from '../gate/known-keys.ts'
import { endLogin, endLogins, MOST_LOGINS, openLogin } from '../login.ts'

const house = await openApi()
after(() => house.close())
const { parts } = house
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const users = `/v1/apps/${app.id}/users`

async function user(uid: string): Promise<string> {
  await house.call('PUT', `${users}/${encodeURIComponent(uid)}`)
  return `${users}/${encodeURIComponent(uid)}/logins`
}

const idsAt = async (base: string): Promise<readonly string[]> =>
  (await house.call('GET', `${base}?limit=1000`)).body.items.map(({ id }: { id: string }) => id)

/** The standing of a session as the log left it. */
async function isRevoked(id: string): Promise<boolean> {
  for await (const piece of parts.records.changes.standing()) {
    const row = piece.find(({ scope, target }) => scope === 'session' && target === `${app.id}/${id}`)
    if (row !== undefined) return row.revoked
  }
  return false
}

test('a session begins with a token that is shown once and kept as a hash', async () => {
  const base = await user('ann b')
  const { status, headers, body } = await house.call('POST', base)
  assert.deepEqual([status, headers.location], [201, `${base}/${body.id}`])
  assert.match(body.id, /^[0-9a-f]{24}$/)
  assert.match(body.token, /^ghl_[A-Za-z0-9_-]{43}$/)
  const { token, ...shown } = body
  assert.deepEqual(shown, { id: body.id, user: 'ann b', createdAt: body.createdAt })
  assert.deepEqual((await house.call('GET', `${base}/${body.id}`)).body, shown)
  assert.deepEqual((await house.call('GET', base)).body, { items: [shown], next: null })
  const stored = await parts.records.logins.findBySecretHash(hashSecret(token))
  assert.equal(stored?.id, body.id)
})

test('the same Idempotency-Key begins one session', async () => {
  const base = await user('ida')
  const key = { 'idempotency-key': 'once' }
  const [first, second] = [
    await house.call('POST', base, undefined, key),
    await house.call('POST', base, undefined, key),
  ]
  assert.deepEqual([second.status, second.body], [201, first.body])
  assert.deepEqual(await idsAt(base), [first.body.id])
})

test('sessions are listed newest first and paged', async () => {
  const base = await user('list')
  const made: string[] = []
  for (let n = 0; n < 3; n++) made.push((await house.call('POST', base)).body.id)
  const first = await house.call('GET', `${base}?limit=2`)
  const second = await house.call('GET', `${base}?limit=2&cursor=${first.body.next}`)
  const items = [...first.body.items, ...second.body.items].map(({ id }: { id: string }) => id)
  assert.deepEqual(items, made.toReversed())
  assert.equal(second.body.next, null)
})

test('ending one or all is final, and stands in the order of changes', async () => {
  const base = await user('end')
  const made: string[] = []
  for (let n = 0; n < 3; n++) made.push((await house.call('POST', base)).body.id)
  const [one = '', ...others] = made
  assert.equal((await house.call('DELETE', `${base}/${one}`)).status, 204)
  assert.equal(await isRevoked(one), true)
  for (const method of ['GET', 'DELETE']) assert.equal((await house.call(method, `${base}/${one}`)).status, 404)
  assert.deepEqual(await idsAt(base), others.toReversed())
  for (const each of others) assert.equal(await isRevoked(each), false)
  assert.equal((await house.call('DELETE', base)).status, 204)
  assert.deepEqual(await idsAt(base), [])
  for (const each of others) assert.equal(await isRevoked(each), true)
  assert.equal((await house.call('DELETE', base)).status, 204, 'none to end is as asked for')
})

test(`a user keeps the newest ${MOST_LOGINS} sessions; the others end as if by a call`, async () => {
  const base = await user('many')
  const made: string[] = []
  for (let n = 0; n < MOST_LOGINS + 2; n++) made.push((await house.call('POST', base)).body.id)
  assert.deepEqual(await idsAt(base), made.slice(2).toReversed())
  assert.deepEqual(await Promise.all(made.slice(0, 3).map(isRevoked)), [true, true, false])
})

test('a session belongs to its user, and what is not there is not found', async () => {
  const [anns, bobs] = [await user('ann'), await user('bob')]
  const { id } = (await house.call('POST', anns)).body
  const { body: other } = await house.call('POST', '/v1/apps', { name: 'Other' })
  await house.call('PUT', `/v1/apps/${other.id}/users/ann`)
  for (const [method, url] of [
    ['GET', `${bobs}/${id}`],
    ['DELETE', `${bobs}/${id}`],
    ['DELETE', `/v1/apps/${other.id}/users/ann/logins/${id}`],
    ['POST', `${users}/nobody/logins`],
    ['GET', `${users}/nobody/logins`],
    ['DELETE', `${users}/nobody/logins`],
    ['POST', '/v1/apps/none/users/ann/logins'],
  ] as const) {
    const answer = await house.call(method, url)
    assert.deepEqual([answer.status, answer.body.code], [404, 'not_found'], `${method} ${url}`)
  }
  assert.equal((await house.call('GET', `${anns}/${id}`)).status, 200)
})

test('a deactivated user begins none and keeps those there are; a deleted one leaves none to the next', async () => {
  const base = await user('eve')
  const { id } = (await house.call('POST', base)).body
  await house.call('POST', `${users}/eve/deactivate`)
  const refused = await house.call('POST', base)
  assert.deepEqual([refused.status, refused.body.code], [409, 'conflict'])
  assert.deepEqual(await idsAt(base), [id])
  await house.call('POST', `${users}/eve/activate`)
  assert.equal((await house.call('POST', base)).status, 201)
  await house.call('DELETE', `${users}/eve`)
  await user('eve')
  assert.deepEqual(await idsAt(base), [])
})

test('a revocation ends sessions: by their id, by their token, and all of a user', async () => {
  const base = await user('rob')
  const revoke = (target: object, of = app.id) => house.call('POST', `/v1/apps/${of}/revocations`, target)
  const begin = async () => (await house.call('POST', base)).body
  const [byId, byToken, byPass, last] = [await begin(), await begin(), await begin(), await begin()]
  const { body: other } = await house.call('POST', '/v1/apps', { name: 'Other' })
  assert.equal((await revoke({ token: byToken.token }, other.id)).status, 404)
  assert.equal((await revoke({ session: byId.id })).status, 200)
  assert.equal((await revoke({ token: byToken.token })).status, 200)
  const [links, session] = [await parts.links.of(app.id), await parts.records.logins.find(app.id, byPass.id)]
  const pass = session && links?.pass({ session: session.id, ...session })
  assert.equal((await revoke({ token: pass })).status, 200)
  for (const { id } of [byId, byToken, byPass]) assert.equal(await isRevoked(id), true)
  assert.deepEqual(await idsAt(base), [last.id])
  const again = await revoke({ token: byToken.token })
  assert.deepEqual([again.status, again.body.code], [400, 'validation_failed'], 'a secret is never kept as an id')
  assert.equal((await revoke({ user: 'rob' })).status, 200)
  assert.deepEqual(await idsAt(base), [])
  const service = `BA${'Q'.repeat(40)}`
  assert.equal((await revoke({ token: service })).status, 400, 'nor is a service token')
  const listed = await house.call('GET', `/v1/apps/${app.id}/revocations`)
  for (const secret of [byToken.token, pass, service]) assert.ok(!listed.text.includes(secret))
})

test('the acts tell whether there was anything to do, and take tokens of any form', async () => {
  await user('act')
  const of = { app: app.id, user: 'act', by: 'k' }
  const login = await openLogin(parts, { ...of, secret: 'act_17_0123456789abcdef' })
  assert.equal((await parts.records.logins.findBySecretHash(hashSecret('act_17_0123456789abcdef')))?.id, login?.id)
  assert.equal(await openLogin(parts, { ...of, user: 'nobody', secret: 'x' }), null)
  assert.deepEqual(await endLogin(parts, app.id, login?.id ?? '', 'k'), true)
  assert.deepEqual(await endLogin(parts, app.id, login?.id ?? '', 'k'), false)
  assert.deepEqual(await endLogins(parts, app.id, 'act', 'k'), false)
})

test('to begin a session is to issue a token for the user; the other calls manage the user', async () => {
  const base = await user('gil')
  const { id } = (await house.call('POST', base)).body
  house.asked.length = 0
  for (const [method, url] of [
    ['POST', base],
    ['GET', base],
    ['GET', `${base}/${id}`],
    ['DELETE', `${base}/${id}`],
    ['DELETE', base],
  ] as const) {
    await house.call(method, url)
  }
  assert.deepEqual(
    house.asked.map(({ action, resource }) => [action, resource?.path]),
    ['issue', 'manage', 'manage', 'manage', 'manage'].map((action) => [action, `/apps/${app.id}/users/gil`]),
  )
})
