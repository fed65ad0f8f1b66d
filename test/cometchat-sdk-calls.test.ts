/**
 * The official SDK of CometChat (see cometchat-sdk.test.ts) asks for what it reads from answers without looking whether it is there, and
 * takes whatever others send.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { COMETCHAT_SDK_VERSIONS } from '../script/cometchat-sdk.ts'
import type { Told } from './support/cometchat/calls.ts'
import { startJourney } from './support/cometchat/journey.ts'

const journey = await startJourney({})
after(() => journey.stop())
const { rest, people, enter, group } = journey
await people('alice', 'bob', 'carol', 'dave')
await group('Mixed-Case', 'alice', 'bob')

for (const version of COMETCHAT_SDK_VERSIONS) {
  const alice = await enter('alice', version)
  const bob = await enter('bob', version)
  const guid = `of-${version.replaceAll('.', '-')}`

  test(`${version}: a group is made with nobody, and with some of whom one is none`, async () => {
    assert.deepEqual(await alice.do('makeGroup', { guid: `${guid}-alone`, participants: [], banned: [] }), {
      guid: `${guid}-alone`,
      members: {},
    })
    const { members } = await alice.do('makeGroup', {
      guid,
      participants: ['bob', 'nobody'],
      banned: ['carol', 'dave'],
    })
    const { nobody, ...others } = members
    assert.deepEqual(others, { bob: 'success', carol: 'success', dave: 'success' })
    assert.match(nobody ?? '', /does not exist/)
  })

  test(`${version}: pages of bans end; a group is handed over; its conversation is found in any case`, async () => {
    assert.deepEqual(await alice.do('banned', { guid, limit: 1, pages: 9 }), [['carol'], ['dave'], []])
    assert.match(await alice.do('handOver', { guid, uid: 'bob' }), /bob/)
    assert.equal((await rest.ok('GET', `/groups/${guid}`)).owner, 'bob')
    assert.equal(await alice.do('conversation', { guid: 'Mixed-Case' }), 'group_Mixed-Case')
  })

  test(`${version}: users rename themselves, are asked for by name, and have nothing unread`, async () => {
    const name = `Alice with ${version}`
    assert.equal(await alice.do('rename', { uid: 'alice', name }), name)
    assert.equal(await bob.do('user', { uid: 'alice' }), name)
    assert.deepEqual(await alice.do('usersNamed', { uids: ['carol', 'bob'] }), ['carol', 'bob'])
    await bob.do('sendText', { receiver: 'alice', receiverType: 'user', text: 'hi' })
    assert.deepEqual(await alice.do('unread'), [])
  })

  test(`${version}: whatever somebody may send, every message reaches the application`, async () => {
    const sent: string[] = []
    const data: readonly Readonly<Record<string, unknown>>[] = [
      { text: 'x', mentions: { a: null } },
      { text: 'x', mentions: [null], reactions: [null], metadata: 'text', entities: null },
      { text: 'see <@uid:bob>', mentions: 5 },
      { text: 'x', hasOwnProperty: 1 },
      { text: 'x', toString: 1, valueOf: null, constructor: {}, toJSON: 1 },
      { customData: null, interactiveData: null, interactionGoal: 5, subType: {} },
    ]
    for (const category of ['message', 'custom', 'interactive', 'agentic', 'card', 'foo']) {
      for (const type of ['text', 'form', 'custom']) {
        for (const each of data) {
          const body = { receiver: guid, receiverType: 'group', category, type, data: each }
          const { status, data: message } = await rest.call('POST', '/messages', body, { onBehalfOf: 'bob' })
          if (status === 200) sent.push(message.id)
        }
      }
    }
    const seen = (await alice.do('history', { guid, limit: 50, pages: 1 })).flat() as Told[]
    assert.deepEqual(
      seen.map(({ id }) => id),
      sent,
    )
    assert.ok(sent.length >= 30)
    const mentioning = seen.filter(({ mentioned }) => mentioned.length > 0)
    assert.ok(mentioning.length > 0)
    for (const { mentioned } of mentioning) assert.deepEqual(mentioned, ['BOB'])
  })
}
