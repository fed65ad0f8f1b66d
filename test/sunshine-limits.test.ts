import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { bearer } from './support/client.ts'
import { filesBelow, startGatehouse } from './support/gatehouse.ts'
import { createSunshineApp } from './support/sunshine-http.ts'
import { cookieFor, formOf, PNG, sourceOf, talkWith, tokensFor, uploadTo } from './support/sunshine-media.ts'
import { openApp, refusal } from './support/tenant.ts'

/** What is full, and what is gone (contract, sections 2.5, 4 and 5). */

const server = await startGatehouse()
after(() => server.stop())
const bare = server.admin.as({})
const said = { author: { type: 'business' }, content: { type: 'text', text: 'hello' } }
const blobs = () => filesBelow(join(server.data, 'blobs'))

test('a file that passes the quota of its app is refused for that, not for its size, and leaves nothing', async () => {
  const app = await createSunshineApp(server.admin)
  const { user } = await talkWith(app, 'ann')
  const native = openApp(server.admin, app.id)
  const before = await blobs()
  const path = `${app.home}/attachments?access=public`
  const form = (bytes: number) => sourceOf(Buffer.concat([PNG, Buffer.alloc(bytes)]), 'a.png', 'image/png')
  const image = formOf([
    { name: 'source', value: Buffer.concat([PNG, Buffer.alloc(5000)]), type: 'image/png', filename: 'a.png' },
    { name: 'role', value: 'appUser' },
  ])
  const quota = 'Delete attachments of this app or raise its quota.'
  await native.settings({ quotaBytes: 4000 })
  for (const bytes of [5000, 3_000_000]) {
    const { headers, body } = form(bytes)
    assert.equal(await app.v2.fails('POST', path, body, headers), `403 forbidden: ${quota}`, `${bytes}`)
  }
  const old = await app.old.fails('POST', `/appusers/${user}/images`, image.body, image.headers)
  assert.equal(old, `403 forbidden: ${quota}`)
  await native.settings({ quotaBytes: 100 * 1024 * 1024, quotaAttachments: 0 })
  const small = form(1)
  assert.equal(await app.v2.fails('POST', path, small.body, small.headers), `403 forbidden: ${quota}`)
  await native.settings({ quotaAttachments: null, maxUploadBytes: 4000 })
  const { headers, body } = form(5000)
  assert.match(await app.v2.fails('POST', path, body, headers), /^413 payload_too_large: /)
  assert.deepEqual(await blobs(), before)
})

test('a conversation takes 30000 messages, with those of conversations merged into it, and no more', async () => {
  const app = await createSunshineApp(server.admin)
  const { user, conversation } = await talkWith(app, 'ann')
  const path = `${app.home}/conversations/${conversation}/messages`
  const { messages } = await app.v2.ok('POST', path, said)
  const database = new DatabaseSync(join(server.data, 'gatehouse.db'))
  const columns = database
    .prepare("select name from pragma_table_info('messages') where name <> 'serial'")
    .all()
    .map(({ name }) => `"${name}"`)
    .join(', ')
  database
    .prepare(
      `with recursive n (i) as (select 1 union all select i + 1 from n where i < 29998)
       insert into messages (${columns}) select ${columns} from messages, n where serial = ?`,
    )
    .run(messages[0].id)
  database.prepare('update conversations set messages = messages + 29998 where id = ?').run(conversation)
  database.close()

  const last = await app.v2.ok('POST', path, said)
  const full = '423 locked: Message limit of 30000 per conversation reached.'
  assert.equal(await app.v2.fails('POST', path, said), full)
  assert.equal(
    await app.old.fails('POST', `/appusers/${user}/messages`, { role: 'appMaker', type: 'text', text: 'x' }),
    full,
  )
  const before = await blobs()
  const { headers, body } = formOf([
    { name: 'source', value: PNG, type: 'image/png', filename: 'a.png' },
    { name: 'role', value: 'appUser' },
  ])
  assert.equal(await app.old.fails('POST', `/appusers/${user}/images`, body, headers), full)
  assert.deepEqual(await blobs(), before)

  await app.v2.ok('DELETE', `${path}/${last.messages[0].id}`)
  await app.v2.ok('POST', path, said)
  assert.equal(await app.v2.fails('POST', path, said), full)
  const eve = await talkWith(app, 'eve')
  await app.old.ok('POST', '/appusers/merge', { surviving: { _id: eve.user }, discarded: { _id: user } })
  assert.equal(await app.v2.fails('POST', `${app.home}/conversations/${eve.conversation}/messages`, said), full)
})

test('a file that is gone is 404 to tokens that cover it, and as if it were there to all others', async () => {
  const app = await createSunshineApp(server.admin)
  const { conversation } = await talkWith(app, 'ann')
  const home = `${app.home}/conversations/${conversation}`
  const file = await uploadTo(app, `access=private&conversationId=${conversation}`)
  const other = await uploadTo(app, 'access=private')
  const tokens = await tokensFor(app, app.home, home, file, other)
  const { status } = await app.v2.call('POST', `${app.home}/attachments/remove`, { mediaUrl: server.url + file })
  assert.equal(status, 200)
  for (const path of [app.home, home, file]) {
    refusal(await bare.get(file, bearer(tokens[path] ?? '')), 404)
    refusal(await bare.get(file, { cookie: await cookieFor(bare, app, tokens[path] ?? '') }), 404)
  }
  refusal(await bare.get(file, bearer(tokens[other] ?? '')), 403)
  refusal(await bare.get(file), 401)
})

test('media tokens from before a conversation was deleted are void there, since its id may come again: 401; later ones that cover it: 404', async () => {
  const app = await createSunshineApp(server.admin)
  const native = openApp(server.admin, app.id)
  await native.conversation('talk', ['ann', 'bob'])
  const home = `${app.home}/conversations/talk`
  const file = await uploadTo(app, 'access=private&conversationId=talk')
  const outside = await uploadTo(app, 'access=private')
  const before = await tokensFor(app, app.home, home, file)
  assert.equal((await app.v2.call('DELETE', home)).status, 200)
  for (const token of Object.values(before)) refusal(await bare.get(file, bearer(token)), 401)
  assert.equal((await bare.get(outside, bearer(before[app.home] ?? ''))).status, 200, 'what lies elsewhere stays open')
  const later = await tokensFor(app, app.home)
  refusal(await bare.get(file, bearer(later[app.home] ?? '')), 404)

  await native.conversation('talk', ['eve', 'fay'])
  const next = await uploadTo(app, 'access=private&conversationId=talk')
  for (const token of Object.values(before)) refusal(await bare.get(next, bearer(token)), 401, 403)
  assert.equal((await bare.get(next, bearer(later[app.home] ?? ''))).status, 200)
  assert.equal((await bare.get(next, bearer((await tokensFor(app, home))[home] ?? ''))).status, 200)
})
