import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { App, Attachment, Change, LoggedChange, NewView, Page, Paging, Records } from '../src/records/port.ts'

/** The tests of one group: a sentence that has to hold, and the proof. */
export type Cases = { readonly [sentence: string]: (world: World) => Promise<void> }

/** What every test is given. */
export type World = {
  readonly records: Records
  /** Opens the same database once more; closed with the world. */
  again(): Promise<Records>
  /** A new app. */
  app(): Promise<App>
  /** A new conversation of a new app, with these members. */
  conversation(...members: readonly string[]): Promise<{ readonly app: string; readonly id: string }>
  /** Commits an attachment that differs from the default as `with` says. */
  attachment(app: string, with_?: Partial<NewAttachment>): Promise<Attachment>
  /** Appends a change that MUST have an effect. */
  change(change: Change): Promise<LoggedChange>
  close(): Promise<void>
}

/** What {@link World.attachment} commits. */
export type NewAttachment = Parameters<Records['attachments']['create']>[0]

/** A moment; the tests count from it. */
export const NOON = 1_800_000_000_000

/** A name that nothing else in the database has. */
export function fresh(): string {
  return randomBytes(12).toString('hex')
}

/** Makes the world of one suite. */
export function createWorld(records: Records, open: () => Promise<Records>): World {
  const opened = [records]
  const world: World = {
    records,
    again: async () => {
      const other = await open()
      opened.push(other)
      return other
    },
    app: () =>
      records.apps.create({ id: fresh(), name: 'An app', settings: {}, linkKey: new Uint8Array([1, 2, 3]), at: NOON }),
    conversation: async (...members) => {
      const { id: app } = await world.app()
      await records.conversations.put({ app, id: 'talk', type: 'group', members, at: NOON })
      return { app, id: 'talk' }
    },
    attachment: (app, with_ = {}) => {
      const id = fresh()
      return records.attachments.create({
        app,
        id,
        path: `/apps/${app}/${id}/a.txt`,
        conversation: null,
        filename: 'a.txt',
        contentType: 'text/plain',
        size: 10,
        sha256: 'ab'.repeat(32),
        access: 'private',
        blob: `${app}/${id}`,
        from: null,
        recipients: null,
        at: NOON,
        ...with_,
      })
    },
    change: async (change) => {
      const logged = await records.changes.append(change, 'tester', NOON)
      assert.ok(logged, `no effect: ${JSON.stringify(change)}`)
      return logged
    },
    close: async () => {
      for (const each of opened) await each.close()
    },
  }
  return world
}

/** A line of the access log that differs from the default as `with` says. */
export function view(app: string, with_: Partial<NewView> = {}): NewView {
  return {
    app,
    at: NOON,
    lastAt: NOON,
    action: 'read',
    resource: `/apps/${app}/file`,
    attachment: null,
    user: null,
    userSerial: null,
    credential: null,
    key: null,
    allowed: true,
    reason: 'ok',
    status: 200,
    method: 'GET',
    ip: '203.0.113.7',
    userAgent: 'Browser/1',
    bytes: 10,
    count: 1,
    ...with_,
  }
}

/** Everything in a list, read in pages of `limit`, each of which MUST be full but for the last. */
export async function all<T>(list: (paging: Paging) => Promise<Page<T>>, limit = 2): Promise<readonly T[]> {
  const items: T[] = []
  for (let after: string | null = null; ; ) {
    const page: Page<T> = await list({ after, limit })
    items.push(...page.items)
    if (page.next === null) return items
    assert.equal(page.items.length, limit, 'a page with one behind it is full')
    after = page.next
  }
}

/** The ids of some things. */
export function ids(items: readonly { readonly id: string }[]): readonly string[] {
  return items.map((item) => item.id)
}

/** The whole list in one page. */
export const WHOLE: Paging = { after: null, limit: 1000 }
