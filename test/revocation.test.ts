import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { bearer, createClient, form, type Headers, targetOf } from './support/client.ts'
import { type Gatehouse, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { logIn } from './support/login.ts'
import { requestHead, startSlowDownload } from './support/raw.ts'
import { createApp, expect, keyed, openApp, type RevocationView, refusal, type Tenant } from './support/tenant.ts'
import { offlineToken, readClaims } from './support/tokens.ts'

const house = await startGatehouse()
const threads = await startGatehouse({ flags: ['--workers', '3'] })
after(() => Promise.all([house.stop(), threads.stop()]))

const LARGE = randomBytes(50_000_000)

/** An app with one file of 50 MB for ann and bob. */
async function large(at: Gatehouse) {
  const app = await createApp(at.admin)
  await app.users('ann', 'bob')
  await app.conversation('c', ['ann', 'bob'])
  const file = await app.upload(LARGE)
  const start = async (count: number, target: string, headers: Headers = {}) => {
    const head = requestHead('GET', target, headers)
    return await Promise.all(Array.from({ length: count }, () => startSlowDownload(at.port, head)))
  }
  return { app, file, start, link: (uid: string) => app.link(file.id, uid) }
}

/** The target of a pre-signed URL. */
const presigned = async (app: Tenant, path: string, pass: string) =>
  targetOf(expect(await app.bare.get(`${path}?fat=${pass}`), 302).headers.location ?? '')

const gone = async (app: Tenant, path: string) => {
  expect(await app.admin.delete(path), 204)
  return null
}

for (const [name, at] of [
  ['one worker', house],
  ['three workers', threads],
] as const) {
  test(`downloads in flight are cut with an error when their right goes, and no others: ${name}`, async () => {
    type Row = readonly [
      string,
      (
        parts: Awaited<ReturnType<typeof large>>,
      ) => Promise<readonly [string, Headers, () => Promise<RevocationView | null>]>,
    ]
    const rows: readonly Row[] = [
      ['user', async ({ app, link }) => [await link('bob'), {}, () => app.deactivate('bob')]],
      [
        'key',
        async ({ app, file }) => {
          const key = await app.key()
          return [
            file.path,
            keyed(key),
            async () =>
              (await app.admin.post(`${app.base}/keys/${key.id}/deactivate`)).json<{ revocation: RevocationView }>()
                .revocation,
          ]
        },
      ],
      [
        'token',
        async ({ app, file }) => {
          const { token, id } = await app.token([{ actions: ['read'], resource: `/apps/${app.id}` }])
          return [file.path, bearer(token), () => app.revoke({ token: id })]
        },
      ],
      [
        'user, by a pre-signed URL',
        async ({ app, file }) => {
          const pass = await (await logIn(app, 'bob')).pass()
          return [await presigned(app, file.path, pass), {}, () => app.deactivate('bob')]
        },
      ],
      [
        'login session, by a pre-signed URL',
        async ({ app, file }) => {
          const login = await logIn(app, 'bob')
          const target = await presigned(app, file.path, await login.pass())
          return [target, {}, () => app.revoke({ session: login.id })]
        },
      ],
      [
        'key, by a service token',
        async ({ app, file }) => {
          const key = await app.key()
          const told = expect(await app.bare.get(file.path, { apikey: key.secret }), 200)
          const target = targetOf(told.json<{ data: { url: string } }>().data.url)
          return [target, {}, () => app.revoke({ key: key.id })]
        },
      ],
    ]
    for (const [level, prepare] of rows) {
      const parts = await large(at)
      const [target, headers, revoke] = await prepare(parts)
      const condemned = await parts.start(8, target, headers)
      const spared = await parts.start(3, await parts.link('ann'))
      for (const { response } of [...condemned, ...spared]) assert.equal(response.status, 200)
      const revocation = await revoke()
      assert.equal(revocation?.cut, 8, `${level}: cut counts the responses that were cut`)
      assert.ok(Number.isInteger(revocation.sequence) && revocation.nodes === 1 && revocation.milliseconds >= 0)
      for (const one of condemned)
        assert.equal((await one.finish()).whole, false, `${level}: a cut download must not look complete`)
      for (const one of spared) assert.equal((await one.finish()).whole, true, `${level}: the others go on`)
      assert.equal((await parts.app.bare.get(target, headers)).status, 401)
    }
  })
}

test('deleting the attachment or the app cuts every download of it, also of public bytes', async () => {
  for (const what of ['attachment', 'app'] as const) {
    const { app, file, start, link } = await large(house)
    const open = await app.upload(LARGE, { access: 'public' })
    const running = [...(await start(2, await link('ann'))), ...(await start(2, file.path, keyed(await app.key())))]
    const openly = await start(2, open.path)
    await gone(app, what === 'app' ? app.base : `${app.base}/attachments/${file.id}`)
    for (const one of running) assert.equal((await one.finish()).whole, false, what)
    for (const one of openly) assert.equal((await one.finish()).whole, what === 'attachment', `public, ${what} deleted`)
  }
})

test('a new link key cuts downloads by links, and a deletion those begun before a change of settings', async () => {
  const { app, file, start, link } = await large(house)
  const pass = await (await logIn(app, 'ann')).pass()
  const byLink = [...(await start(1, await link('ann'))), ...(await start(1, await presigned(app, file.path, pass)))]
  const byKey = await start(2, file.path, keyed(await app.key()))
  const retired = expect(await app.admin.post(`${app.base}/link-key/retire`), 200)
  assert.equal(retired.json<{ revocation: RevocationView }>().revocation.cut, 2)
  for (const one of byLink) assert.equal((await one.finish()).whole, false)
  await app.settings({ noStore: true })
  await gone(app, `${app.base}/attachments/${file.id}`)
  for (const one of byKey) assert.equal((await one.finish()).whole, false)
})

test('a body that comes after its key was deactivated does nothing', async () => {
  const { app } = await large(house)
  const calls: readonly (readonly [path: string, headers: Headers, body: Buffer])[] = [
    [`${app.base}/keys`, { 'content-type': 'application/json' }, Buffer.from('{"name":"late"}')],
    (({ headers, body }) => [`${app.base}/attachments`, headers, body] as const)(
      form([], { name: 'late.bin', type: 'application/octet-stream', bytes: randomBytes(5000) }),
    ),
  ]
  for (const [path, headers, body] of calls) {
    const key = await app.key()
    const socket = connect(house.port, '127.0.0.1')
    const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
    const length = String(body.length)
    socket.write(
      requestHead('POST', path, { ...keyed(key), ...headers, 'content-length': length, expect: '100-continue' }),
    )
    // By then the key has opened the door.
    assert.match(await answer, /^HTTP\/1.1 100 /)
    expect(await app.admin.post(`${app.base}/keys/${key.id}/deactivate`), 200)
    const last = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
    socket.write(body)
    assert.match(await last, /^HTTP\/1.1 401 /, path)
    socket.destroy()
  }
  assert.ok(!(await app.admin.get(`${app.base}/keys`)).text.includes('late'))
  assert.ok(!(await app.admin.get(`${app.base}/attachments`)).text.includes('late.bin'))
})

test('two hundred downloads of one user are cut by one call', async () => {
  const { app, start, link } = await large(threads)
  const running = await start(200, await link('bob'))
  assert.equal((await app.deactivate('bob')).cut, 200)
  const ends = await Promise.all(running.map((one) => one.finish()))
  assert.equal(ends.filter(({ whole }) => whole).length, 0)
})

test('kill -9, a restart, and a clock set back revive nothing', async (t) => {
  const data = temporaryFolder()
  const first = await startGatehouse({ data })
  t.after(first.kill)
  const app = await createApp(first.admin)
  await app.users('ann', 'bob', 'eve')
  await app.conversation('c', ['ann', 'bob', 'eve'])
  const file = await app.upload(Buffer.from('x'))
  const deleted = await app.upload(Buffer.from('y'))
  const key = await app.key()
  const everything = `/apps/${app.id}`
  const issued = await app.token([{ actions: ['read'], resource: everything }], { seconds: 86_400 })
  const offline = offlineToken(await app.key(), readClaims(everything, { exp: Math.floor(Date.now() / 1000) + 86_400 }))
  const alive = await app.link(file.id, 'ann')
  const told = expect(await app.bare.get(file.path, { apikey: key.secret }), 200)
  const session = await logIn(app, 'ann')
  const [pass, bobs] = [await session.pass(), await (await logIn(app, 'bob')).pass()]
  const dead: readonly (readonly [string, Headers])[] = [
    [await app.link(file.id, 'bob'), {}],
    [await app.link(file.id, 'eve'), {}],
    [await app.link(deleted.id, 'ann'), {}],
    [file.path, bearer(issued.token)],
    [file.path, bearer(offline)],
    [file.path, keyed(key)],
    [targetOf(told.json<{ data: { url: string } }>().data.url), {}],
    [`${file.path}?redirect=0&fat=${pass}`, {}],
    [await presigned(app, file.path, pass), {}],
    [`${file.path}?redirect=0&fat=${bobs}`, {}],
    [await presigned(app, file.path, bobs), {}],
  ]
  for (const [target, headers] of dead) expect(await app.bare.get(target, headers), 200)
  await app.deactivate('bob')
  await gone(app, `${app.base}/users/eve`)
  await gone(app, `${app.base}/attachments/${deleted.id}`)
  await app.revoke({ token: issued.id })
  await app.revoke({ token: offline })
  await gone(app, `${app.base}/users/ann/logins/${session.id}`)
  await gone(app, `${app.base}/keys/${key.id}`)
  await first.kill()

  for (const faketime of ['+0', '-3h', '-30d', '+1h']) {
    const again = await startGatehouse({ data, faketime })
    t.after(again.kill)
    const same = openApp(again.admin, app.id)
    for (const [target, headers] of dead) refusal(await same.bare.get(target, headers), 401, 403, 404)
    expect(await same.bare.get(alive), 200)
    again.setClock('-1h')
    for (const [target, headers] of dead) refusal(await same.bare.get(target, headers), 401, 403, 404)
    await again.kill()
  }
})

/** Somebody else each time: another address and another user agent. */
function viewer(n: number) {
  const client = createClient(house.url, { 'user-agent': `Viewer/${n}` }, `127.0.2.${n + 1}`)
  return { get: (target: string, headers: Headers = {}) => client.get(target, headers), head: client.head }
}

async function limited(maxUses: number) {
  const app = await createApp(house.admin)
  await app.conversation('c', ['ann', 'bob'])
  const file = await app.upload(randomBytes(10_000))
  const { token } = await app.token([{ actions: ['read'], resource: file.path, limits: { maxUses } }])
  return { app, target: `${file.path}?t=${token}` }
}

test('of 64 who use a single-use token at once, exactly one wins, however they ask and whoever they are', async () => {
  const everyone = (n: number) => viewer(n)
  const oneAndTheSame = () => viewer(0)
  const rows: readonly (readonly [name: string, who: typeof everyone, headers: Headers])[] = [
    ['64 viewers', everyone, {}],
    ['one viewer, 64 times', oneAndTheSame, {}],
    ['from the first byte on', everyone, { range: 'bytes=0-' }],
    ['from the second byte on, without having begun', everyone, { range: 'bytes=1-' }],
    ['the last bytes, without having begun', everyone, { range: 'bytes=-9999' }],
  ]
  for (const [name, who, headers] of rows) {
    const { target } = await limited(1)
    const answers = await Promise.all(Array.from({ length: 64 }, (_, n) => who(n).get(target, headers)))
    const won = answers.filter(({ status }) => status === 200 || status === 206)
    assert.equal(won.length, 1, `${won.length} winners: ${name}`)
    for (const answer of answers) if (!won.includes(answer)) assert.equal(refusal(answer, 403), 'limit_uses')
  }
})

test('one view is one use: HEAD, 304, continuing a range and link previews cost none', async () => {
  const { target } = await limited(2)
  for (const agent of ['WhatsApp/2.23', 'Slackbot-LinkExpanding 1.0', 'facebookexternalhit/1.1', 'Twitterbot/1.0']) {
    const preview = createClient(house.url, { 'user-agent': agent }, '127.0.3.1')
    assert.ok([200, 403].includes((await preview.get(target)).status))
  }
  const [first, second, third] = [viewer(1), viewer(2), viewer(3)]
  expect(await first.head(target), 200)
  const { etag = '' } = expect(await first.get(target), 200).headers
  expect(await first.get(target, { range: 'bytes=5000-' }), 206)
  expect(await first.get(target, { 'if-none-match': etag }), 304)
  expect(await second.get(target, { range: 'bytes=0-' }), 206)
  expect(await second.get(target, { range: 'bytes=100-' }), 206)
  assert.equal(refusal(await third.get(target), 403), 'limit_uses')
  assert.equal(refusal(await third.get(target, { range: 'bytes=100-' }), 403), 'limit_uses')
  assert.equal(refusal(await third.get(target, { 'if-none-match': etag }), 403), 'limit_uses')
})

test('a revoked key is gone for good: neither it nor what is signed with it later is accepted', async () => {
  const app = await createApp(house.admin)
  const key = await app.key()
  await app.conversation('c', ['ann'])
  const file = await app.upload(randomBytes(100))
  expect(await app.bare.get(file.path, keyed(key)), 200)
  const { sequence } = await app.revoke({ key: key.id })
  for (const headers of [keyed(key), keyed(key, 'bearer')]) refusal(await app.bare.get(file.path, headers), 401)
  const later = offlineToken(key, { ...readClaims(app.base.replace('/v1', '')), seq: sequence })
  refusal(await app.bare.get(file.path, bearer(later)), 401)
})

test('revoking a conversation takes along what was shared in those merged into it', async () => {
  const app = await createApp(house.admin)
  await app.conversation('old', ['ann'])
  await app.conversation('new', ['bob'])
  const file = await app.upload(randomBytes(100), { conversation: 'old' })
  const link = await app.link(file.id, 'ann')
  expect(await app.admin.post(`${app.base}/conversations/new/merge`, { from: 'old' }), 200)
  expect(await app.bare.get(link), 200)
  await app.revoke({ conversation: 'new' })
  refusal(await app.bare.get(link), 401)
  expect(await app.bare.get(await app.link(file.id, 'ann')), 200)
})

test('revoking what a subject got before a moment reaches the links of a user of that name', async () => {
  const app = await createApp(house.admin)
  await app.conversation('c', ['ann', 'bob'])
  const file = await app.upload(randomBytes(100))
  const [ann, bob] = [await app.link(file.id, 'ann'), await app.link(file.id, 'bob')]
  const { sequence } = await app.revoke({ token: 'something else' })
  await app.revoke({ subject: 'ann', issuedBefore: sequence })
  refusal(await app.bare.get(ann), 401)
  expect(await app.bare.get(bob), 200)
})
