import assert from 'node:assert/strict'
import { type App, Conflict, Missing, type Page } from '../src/records/port.ts'
import { all, type Cases, fresh, NOON, WHOLE } from './records-world.ts'

/** Apps. */
export const appCases: Cases = {
  'an app is found as it was created, strange characters and bytes included': async ({ records }) => {
    const id = fresh()
    const settings = { text: 'ä\u0000𝄞', list: [1, null, { deep: true }] }
    const linkKey = new Uint8Array([0, 255, 39, 92])
    const made = await records.apps.create({ id, name: 'Ünïcode \u0000 𝄞', settings, linkKey, at: NOON })
    assert.deepEqual(made, {
      id,
      serial: made.serial,
      name: 'Ünïcode \u0000 𝄞',
      settings,
      linkKey,
      status: 'active',
      createdAt: NOON,
    })
    assert.ok(Number.isSafeInteger(made.serial) && made.serial > 0)
    assert.deepEqual(await records.apps.find(id), made)
  },

  'an id can be taken once': async ({ records, app }) => {
    const { id } = await app()
    const again = records.apps.create({ id, name: 'Other', settings: {}, linkKey: new Uint8Array(1), at: NOON })
    await assert.rejects(again, (error) => error instanceof Conflict && error.what === 'app')
    assert.equal((await records.apps.find(id))?.name, 'An app')
  },

  'an app that is not there is null, and uses nothing': async ({ records }) => {
    const id = fresh()
    assert.equal(await records.apps.find(id), null)
    assert.equal(await records.apps.rename(id, 'x'), null)
    assert.deepEqual(await records.apps.usage(id), { bytes: 0, attachments: 0 })
  },

  'renaming changes the name and nothing else': async ({ records, app }) => {
    const before = await app()
    const renamed = await records.apps.rename(before.id, 'New')
    assert.deepEqual(renamed, { ...before, name: 'New' })
    assert.deepEqual(await records.apps.find(before.id), renamed)
  },

  'the list goes by age and is paged': async ({ records, app }) => {
    const made = [(await app()).id, (await app()).id, (await app()).id]
    const listed = (await all(records.apps.list, 3)).map((each) => each.id)
    assert.deepEqual(listed.slice(-3), made)
    assert.equal(new Set(listed).size, listed.length)
  },

  'a cursor that no page has answered is followed by nothing': async ({ records, app }) => {
    const { id } = await app()
    await records.users.put({ app: id, id: 'ann', at: NOON })
    assert.deepEqual(await records.apps.list({ after: 'nonsense', limit: 10 }), { items: [], next: null })
    assert.deepEqual(await records.attachments.list(id, { after: '-1', limit: 10 }), { items: [], next: null })
    assert.deepEqual(await records.views.list(id, { after: '1e9.x', limit: 10 }), { items: [], next: null })
  },

  'settings are merged name by name, and null resets one': async ({ records, app, change }) => {
    const { id } = await app()
    await change({ kind: 'settings', app: id, settings: { a: 1, b: { c: 2 } } })
    const second = await change({ kind: 'settings', app: id, settings: { a: null, b: { d: 3 }, e: false } })
    assert.deepEqual((await records.apps.find(id))?.settings, { b: { d: 3 }, e: false })
    assert.deepEqual(second.rows, [])
    assert.equal(await records.changes.append({ kind: 'settings', app: fresh(), settings: {} }, 'x', NOON), null)
  },

  'a new link key takes the place of the old one and stands in the log as bytes': async ({ records, app, change }) => {
    const { id } = await app()
    const linkKey = new Uint8Array([9, 0, 200])
    const logged = await change({ kind: 'link-key', app: id, linkKey })
    assert.deepEqual((await records.apps.find(id))?.linkKey, linkKey)
    const [entry] = await records.changes.since(logged.sequence - 1, 1)
    assert.deepEqual(entry, logged)
    assert.equal(await records.changes.append({ kind: 'link-key', app: fresh(), linkKey }, 'x', NOON), null)
  },

  'suspending and activating show in the status': async ({ records, app, change }) => {
    const { id } = await app()
    await change({ kind: 'app', app: id, to: 'suspended' })
    assert.equal((await records.apps.find(id))?.status, 'suspended')
    await change({ kind: 'app', app: id, to: 'active' })
    assert.equal((await records.apps.find(id))?.status, 'active')
  },

  'deleting takes everything under the app along, in portions, nothing of another, and its id is never used again':
    async ({ records, app, attachment, change }) => {
      const [gone, kept] = [(await app()).id, (await app()).id]
      for (const id of [gone, kept]) {
        await records.keys.create({
          id: `${id}-key`,
          app: id,
          name: '',
          grants: [],
          secretHash: fresh(),
          sealedSecret: new Uint8Array(1),
          expiresAt: null,
          at: NOON,
        })
        await records.conversations.put({ app: id, id: 'talk', type: 'group', members: ['ann', 'bob'], at: NOON })
        const shared = await attachment(id, { id: 'file', conversation: 'talk', blob: `${id}/blob` })
        await attachment(id, { id: 'named', recipients: ['cid'] })
        await records.conversations.ban(id, 'talk', { users: ['cid'], by: null, at: NOON })
        await records.messages.create({
          app: id,
          conversation: 'talk',
          from: 'ann',
          text: 'hi',
          attachments: [shared.id],
          at: NOON,
        })
        await change({ kind: 'user', app: id, user: 'bob', to: 'suspended' })
      }
      const logged = await change({ kind: 'app', app: gone, to: 'deleted' })
      assert.equal(logged.rows.length, 1)
      assert.deepEqual([logged.rows[0]?.scope, logged.rows[0]?.revoked], ['app', true])

      // Before anything of it is cleared, there is no such app for anybody.
      const create = () =>
        records.apps.create({ id: gone, name: '', settings: {}, linkKey: new Uint8Array(1), at: NOON })
      assert.equal(await records.apps.find(gone), null)
      assert.equal(await records.apps.rename(gone, 'Back'), null)
      assert.equal((await records.apps.usage(gone)).bytes, 0)
      assert.equal(await records.keys.find(`${gone}-key`), null)
      for (let after: string | null = null; ; ) {
        const page: Page<App> = await records.apps.list({ after, limit: 100 })
        assert.ok(!page.items.some(({ id }) => id === gone))
        after = page.next
        if (after === null) break
      }
      for (const to of ['active', 'suspended', 'deleted'] as const) {
        assert.equal(await records.changes.append({ kind: 'app', app: gone, to }, 'x', NOON), null)
      }
      assert.equal(await records.changes.append({ kind: 'revoke', app: gone, target: { app: true } }, 'x', NOON), null)
      await assert.rejects(create(), Conflict)
      await assert.rejects(attachment(gone, { id: 'late' }), Missing)
      // Portions end, by whomever they are cleared; another node may have cleared some.
      await Promise.all(
        [1, 2].map(async () => {
          while (await records.apps.clear());
        }),
      )

      const left = async (id: string) => ({
        app: (await records.apps.find(id)) !== null,
        key: (await records.keys.find(`${id}-key`)) !== null,
        users: (await records.users.list(id, WHOLE)).items.length,
        conversations: (await records.conversations.list(id, WHOLE)).items.length,
        members: (await records.conversations.members(id, 'talk', WHOLE)).items.length,
        messages: (await records.messages.list(id, 'talk', { ...WHOLE, order: 'ascending' })).items.length,
        attachments: (await records.attachments.list(id, WHOLE)).items.length,
        blob: await records.attachments.references(`${id}/blob`),
        usage: (await records.apps.usage(id)).attachments,
      })
      assert.deepEqual(await left(gone), {
        app: false,
        key: false,
        users: 0,
        conversations: 0,
        members: 0,
        messages: 0,
        attachments: 0,
        blob: false,
        usage: 0,
      })
      assert.deepEqual(await left(kept), {
        app: true,
        key: true,
        users: 3,
        conversations: 1,
        members: 2,
        messages: 1,
        attachments: 2,
        blob: true,
        usage: 2,
      })
      assert.equal(await records.changes.append({ kind: 'app', app: gone, to: 'deleted' }, 'x', NOON), null)
      await assert.rejects(create(), Conflict)
      assert.equal(await records.apps.clear(), false)
    },
}
