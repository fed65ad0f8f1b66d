/** The vendor's client of the v1.1 API, `smooch-core` 8.11.4, unmodified (contract, section 9, steps 16, 17 and 21). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { bearer } from './support/client.ts'
import { ADMIN } from './support/gatehouse.ts'
import { closed, cookies, fileOf, opens, pathOf, picture, startJourney } from './support/sunshine/journey.ts'
import { loadSmooch, smoochRefused } from './support/sunshine/smooch.ts'

const journey = await startJourney({ attachmentsAccess: 'private' })
after(() => journey.stop())
const { app, key, house, account, get, tokens } = journey
const HOME = `/apps/${app}`
const smooches = await loadSmooch(house.url)
const smooch = smooches({ ...key, scope: 'app' })
const admin = smooches({ ...ADMIN, scope: 'account' })

const una = (await smooch.appUsers.create({ appUser: { userId: 'una' } })).appUser._id
const token = async (path: string) => (await tokens(path))[path] ?? ''
const all = async () => bearer(await token(HOME))
const conversationOf = (url: string) => pathOf(url).split('/').slice(0, 5).join('/')
/** Sends a picture as a user; answers its URL, and the path of the conversation. */
async function send(userId: string, name: string) {
  const role = { role: 'appUser' }
  const { message, conversation } = await smooch.appUsers.uploadImage(userId, fileOf(name, picture(name)), role)
  return { message, url: message.mediaUrl ?? '', talk: `${HOME}/conversations/${conversation._id}` }
}

test('the account makes, reads, changes, lists and deletes apps', async () => {
  const made = (await admin.apps.create('Old', { attachmentsAccess: 'private' })).app
  assert.deepEqual([made.name, made.settings.attachmentsAccess], ['Old', 'private'])
  const changed = await admin.apps.update(made._id, { name: 'Older', settings: { attachmentsAccess: 'public' } })
  assert.deepEqual([changed.app.name, changed.app.settings.attachmentsAccess], ['Older', 'public'])
  assert.equal((await admin.apps.get(made._id)).app.name, 'Older')
  assert.ok((await admin.apps.list()).apps.some(({ _id }) => _id === made._id))
  await admin.apps.delete(made._id)
  await smoochRefused(admin.apps.get(made._id), 404, 'app_not_found')
})

test('users are made once, by a key of the app that signs its calls', async () => {
  const { appUser } = await smooch.appUsers.create({ appUser: { userId: 'eve', givenName: 'Eve' } })
  assert.deepEqual([appUser.userId, appUser.conversationStarted], ['eve', false])
  await smoochRefused(smooch.appUsers.create({ appUser: { userId: 'una' } }), 409, 'conflict')
  const text = { role: 'appMaker', type: 'text', text: 'hello' }
  await smoochRefused(smooch.appUsers.sendMessage('nobody', text), 404, 'user_not_found')
  await smoochRefused(
    smooches({ ...key, secret: 'x'.repeat(64), scope: 'app' }).appUsers.sendMessage('una', text),
    401,
    'unauthorized',
  )
  await smoochRefused(smooches({ ...key, scope: 'app' }).apps.create('no'), 403, 'forbidden')
})

test('pictures of users are private or public as the app says when they come, and stay so', async () => {
  const first = await send('una', 'first.png')
  assert.deepEqual([first.message.type, first.message.role], ['image', 'appUser'])
  assert.equal(first.message.mediaType, 'image/png')
  assert.ok(Math.abs(first.message.received - Date.now() / 1000) < 600)
  assert.equal(conversationOf(first.url), first.talk)
  assert.match(pathOf(first.url), /\/[A-Za-z0-9_-]{24}\/[A-Za-z0-9_-]{24}\.png$/)
  closed(await get(first.url), 401)
  opens(await get(first.url, cookies(await token(first.talk))), picture('first.png'))
  await account.apps.updateApp(app, { settings: { attachmentsAccess: 'public' } })
  const second = await send('una', 'second.png')
  assert.equal(second.talk, first.talk)
  opens(await get(second.url), picture('second.png'))
  closed(await get(first.url), 401)
  await account.apps.updateApp(app, { settings: { attachmentsAccess: 'private' } })
  opens(await get(second.url), picture('second.png'))
})

test('the business uploads for a user, sends that, and deletes it', async () => {
  for (const named of [{ userId: 'una' }, { appUserId: una }]) {
    const of = { access: 'private', for: 'message', ...named }
    const { mediaUrl, mediaType, ...rest } = await smooch.attachments.create(of, fileOf('doc.png', picture('doc')))
    assert.deepEqual([mediaType, rest], ['image/png', {}])
    assert.match(pathOf(mediaUrl), /\/doc\.png$/)
    const talk = conversationOf(mediaUrl)
    closed(await get(mediaUrl), 401)
    opens(await get(mediaUrl, cookies(await token(talk))), picture('doc'))
    const body = { role: 'appMaker', type: 'image', mediaUrl, mediaType }
    const { message, conversation } = await smooch.appUsers.sendMessage('una', body)
    assert.deepEqual([message.mediaUrl, talk.endsWith(`/${conversation._id}`)], [mediaUrl, true])
    await smooch.attachments.delete(mediaUrl)
    closed(await get(mediaUrl, await all()), 404)
    await smoochRefused(smooch.attachments.delete(mediaUrl), 404, 'not_found')
  }
  await smoochRefused(smooch.attachments.delete('https://media.example.com/a.png'), 400, 'bad_request')
  await smoochRefused(smooch.attachments.create('bogus', fileOf('a.png', picture('a'))), 400, 'bad_request')
  const open = await smooch.attachments.create('public', fileOf('open.png', picture('open')))
  opens(await get(open.mediaUrl), picture('open'))
})

test('messages are deleted one by one and all together, with their pictures', async () => {
  await smooch.appUsers.create({ appUser: { userId: 'del' } })
  const [a, b, c] = [await send('del', 'a.png'), await send('del', 'b.png'), await send('del', 'c.png')]
  const text = await smooch.appUsers.sendMessage('del', { role: 'appMaker', type: 'text', text: 'hello' })
  assert.deepEqual([text.message.text, text.message.role], ['hello', 'appMaker'])
  await smooch.appUsers.deleteMessage('del', a.message._id)
  closed(await get(a.url, await all()), 404)
  opens(await get(b.url, await all()), picture('b.png'))
  await smooch.appUsers.deleteMessages('del')
  closed(await get(b.url, await all()), 404)
  closed(await get(c.url, await all()), 404)
  const last = await send('del', 'd.png')
  await smooch.appUsers.delete('del')
  closed(await get(last.url, await all()), 404)
  await smoochRefused(smooch.appUsers.delete('del'), 404, 'user_not_found')
})

test('a conversation brings along the ten that were merged into it last; older ones need the token of the app', async () => {
  const survivor = (await smooch.appUsers.create({ appUser: { userId: 'survivor' } })).appUser._id
  const own = await send('survivor', 'own.png')
  const merged: { url: string; talk: string; name: string }[] = []
  for (let at = 0; at < 12; at += 1) {
    const userId = `guest${at}`
    const discarded = (await smooch.appUsers.create({ appUser: { userId } })).appUser._id
    merged.push({ ...(await send(userId, `${userId}.png`)), name: `${userId}.png` })
    await smooch.appUsers.mergeUsers({ surviving: { _id: survivor }, discarded: { _id: discarded } })
    await smoochRefused(smooch.appUsers.delete(userId), 404, 'user_not_found')
  }
  const issued = await tokens(own.talk)
  const [oldest, older, ...newest] = merged
  assert.ok(oldest && older)
  assert.deepEqual(Object.keys(issued), [own.talk, ...newest.map(({ talk }) => talk).reverse()])
  opens(await get(own.url, cookies(issued[own.talk] ?? '')), picture('own.png'))
  for (const { url, talk, name } of newest) {
    opens(await get(url, cookies(issued[talk] ?? '')), picture(name))
    closed(await get(url, cookies(issued[own.talk] ?? '')), 403)
  }
  for (const { url, name } of [oldest, older]) {
    closed(await get(url, cookies(...Object.values(issued))), 403)
    opens(await get(url, await all()), picture(name))
  }
  const { messages } = await journey.business.messages.listMessages(app, own.talk.split('/').at(-1) ?? '')
  const listed = messages.map(({ content }) => content.mediaUrl)
  for (const { url } of [own, ...merged])
    assert.ok(listed.includes(url), 'the messages say the URLs that they said before')
})
