import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parseResource } from '@gatehouse/core/resource'
import { EVERYTHING, openApi } from '../../test/api.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat' })
const base = `/v1/apps/${app.id}`
for (const [id, members] of [
  ['c', ['ann', 'bob']],
  ['d', ['ann', 'zoe']],
] as const) {
  await house.call('PUT', `${base}/conversations/${id}`, { type: 'direct', members })
}

async function attach(id: string, conversation: string, recipients: string[] | null = null) {
  return house.parts.records.attachments.create({
    ...{ app: app.id, id, path: `/apps/${app.id}/conversations/${conversation}/${id}/f.txt`, conversation },
    ...{ filename: 'f.txt', contentType: 'text/plain', size: 1, sha256: '00', blob: `${app.id}/${id}` },
    ...{ access: 'private' as const, from: 'ann', recipients, at: Date.now() },
  })
}

test('each reader sees each attachment with a URL of their own, and what is not theirs without one', async () => {
  await attach('both', 'c')
  await attach('only-ann', 'c', ['ann'])
  const body = { conversation: 'c', from: 'ann', text: 'look', attachments: ['both', 'only-ann'] }
  const made = await house.call('POST', `${base}/messages`, body)
  assert.equal(made.status, 201, made.text)
  assert.match(made.body.id, /^\d+$/)
  assert.equal(made.headers.location, `${base}/messages/${made.body.id}`)
  assert.deepEqual([made.body.text, made.body.from, made.body.attachments.length], ['look', 'ann', 2])

  const urlsFor = async (user: string) => {
    const before = house.asked.length
    const { body: list } = await house.call('GET', `${base}/conversations/c/messages?for=${user}`)
    assert.equal(house.asked[before]?.action, 'issue', 'own links are issued')
    return list.items[0].attachments.map(({ url }: { url?: string }) => url)
  }
  const [forAnn, forBob, forZoe] = [await urlsFor('ann'), await urlsFor('bob'), await urlsFor('zoe')]
  assert.match(forAnn[0], /\?t=/)
  assert.match(forAnn[1], /\?t=/)
  assert.match(forBob[0], /\?t=/)
  assert.notEqual(forAnn[0], forBob[0])
  assert.equal(forBob[1], undefined)
  assert.deepEqual(forZoe, [undefined, undefined])
  const link = await house.call('GET', `${base}/attachments/both/links/bob`)
  assert.deepEqual(link.body, { user: 'bob', url: forBob[0] })
  assert.equal((await house.call('GET', `${base}/attachments/only-ann/links/bob`)).status, 404)

  const before = house.asked.length
  const plain = await house.call('GET', `${base}/conversations/c/messages`)
  assert.equal(house.asked[before]?.action, 'manage')
  assert.equal(plain.body.items[0].attachments[0].url, `http://media.test/apps/${app.id}/conversations/c/both/f.txt`)
})

test('messages come in order, page by page, and go', async () => {
  const ids: string[] = []
  for (let n = 0; n < 5; n++) {
    ids.push((await house.call('POST', `${base}/messages`, { conversation: 'd', text: `${n}` })).body.id)
  }
  for (const [order, expected] of [
    ['ascending', ids],
    ['descending', [...ids].reverse()],
  ] as const) {
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = `order=${order}&limit=2${cursor && `&cursor=${cursor}`}`
      const { body } = await house.call('GET', `${base}/conversations/d/messages?${query}`)
      seen.push(...body.items.map(({ id }: { id: string }) => id))
      cursor = body.next
    }
    assert.deepEqual(seen, expected)
  }
  const one = `${base}/messages/${ids[0]}`
  assert.equal((await house.call('GET', one)).body.text, '0')
  assert.equal((await house.call('DELETE', one)).status, 204)
  assert.equal((await house.call('DELETE', one)).status, 404)
  for (const id of ['x', '999999999', '-1', '9'.repeat(40)]) {
    assert.equal((await house.call('GET', `${base}/messages/${id}`)).status, 404, id)
  }
})

test('attachments have to be in the conversation, and the conversation has to be there', async () => {
  const rows = [
    [{ conversation: 'd', attachments: ['both'] }, 400],
    [{ conversation: 'c', attachments: ['none'] }, 400],
    [{ conversation: 'nowhere' }, 404],
    [{}, 400],
    [{ conversation: 'c', text: 5 }, 400],
  ] as const
  for (const [body, status] of rows) {
    assert.equal((await house.call('POST', `${base}/messages`, body)).status, status, JSON.stringify(body))
  }
})

test('who may write only in one conversation may write there, and learns nothing elsewhere', async () => {
  const resource = parseResource(`/apps/${app.id}/conversations/c`) ?? assert.fail()
  house.as([{ actions: ['write'], resource, limits: {} }])
  const rows = [
    [{ conversation: 'c' }, 201],
    [{ conversation: 'd' }, 403],
    [{ conversation: 'nowhere' }, 403],
    [{ conversation: 7 }, 403],
    [{}, 403],
    [undefined, 403],
  ] as const
  for (const [body, status] of rows) {
    assert.equal((await house.call('POST', `${base}/messages`, body)).status, status, JSON.stringify(body))
  }
  house.as(null)
  const nobody = await house.call('POST', `${base}/messages`, '{ not json', { 'content-type': 'application/json' })
  assert.equal(nobody.status, 401, 'without a credential not even the body is read')
  house.as(EVERYTHING)
})
