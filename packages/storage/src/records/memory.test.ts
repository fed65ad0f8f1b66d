import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { recordsConformance } from '../../conformance/records.ts'
import { openMemoryRecords } from './memory.ts'

const make = async () => ({ open: openMemoryRecords, end: async () => {} })

recordsConformance({ describe, test, before, after }, 'memory', make, { shared: false })

test('who left and came back a thousand times reads what was said while they were there', async () => {
  const records = await openMemoryRecords()
  const { id: app } = await records.apps.create({ id: 'a', name: '', settings: {}, linkKey: new Uint8Array(1), at: 1 })
  await records.conversations.put({ app, id: 'talk', type: 'group', members: ['ann', 'bob'], at: 1 })
  const [bob] = await records.users.findMany(app, ['bob'])
  const said: string[] = []
  const say = (text: string) =>
    records.messages.create({ app, conversation: 'talk', from: 'ann', text, attachments: [], at: 1 })
  for (let n = 0; n < 1100; n++) {
    if (n % 100 === 0) said.push((await say('there')).id)
    await records.conversations.removeMember(app, 'talk', 'bob', 1)
    if (n % 100 === 0) await say('away')
    await records.conversations.addMembers(app, 'talk', [{ user: 'bob' }], 1)
  }
  const page = { after: null, limit: 100, order: 'ascending', visibleTo: { serial: bob?.serial ?? 0 } } as const
  for (const conversation of ['talk', null]) {
    const { items } = await records.messages.list(app, conversation, page)
    assert.deepEqual(
      items.map(({ id }) => id),
      said,
    )
  }
  await records.close()
})
