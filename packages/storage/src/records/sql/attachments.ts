import { type Selectable, sql, type Transaction } from 'kysely'
import { type Attachments, Conflict, Missing } from '../port.ts'
import { attachmentOf } from './attachment-row.ts'
import { createNamedAttachments } from './attachments-named.ts'
import { breathe, CHUNK, chunks, type Database, rowTable } from './database.ts'
import { attachmentCreated, tell } from './events.ts'
import { pageOf, serialCursor } from './paging.ts'
import { createReceivers } from './receivers.ts'
import { newRevision } from './revision.ts'
import type { AttachmentsTable, RecipientsTable, Tables } from './schema.ts'
import { ensureUsers } from './users.ts'

/** Attachments in SQL. */
export function createAttachments(database: Database<Tables>): Attachments {
  const { flavour, read, write } = database
  return {
    ...createReceivers(database),
    ...createNamedAttachments(database),

    create: ({ quota, at, held, forMessage, ...attachment }) =>
      write(async (tx) => {
        const { app, id, path, size, recipients } = attachment
        await charge(tx, app, size, quota ?? { bytes: null, attachments: null })
        const home = await shareIn(tx, app, attachment.conversation)
        const sender = await serialOf(tx, app, attachment.from)
        const row = await tx
          .insertInto('attachments')
          .values({
            app,
            id,
            path,
            conversation: home?.serial ?? null,
            conversation_id: attachment.conversation,
            version: home?.version ?? 0,
            filename: JSON.stringify(attachment.filename),
            content_type: attachment.contentType,
            size,
            sha256: attachment.sha256,
            access: attachment.access,
            protected: 0,
            blob: attachment.blob,
            sender: attachment.from,
            sender_serial: sender,
            held: held === true ? 1 : 0,
            for_message: forMessage === true ? 1 : 0,
            recipients: recipients === null ? null : JSON.stringify(recipients),
            created_at: at,
            revision: newRevision(),
          })
          .onConflict((conflict) => conflict.doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) throw new Conflict('attachment')
        if (recipients !== null) await nameRecipients(tx, row, [...new Set(recipients)], at)
        const made = attachmentOf(row)
        if (!made.held) await tell(tx, flavour, attachmentCreated(made))
        return made
      }),

    find: async (app, id) => {
      const row = await read
        .selectFrom('attachments')
        .selectAll()
        .where('app', '=', app)
        .where('id', '=', id)
        .executeTakeFirst()
      return row === undefined ? null : attachmentOf(row)
    },

    findByPath: async (path) => {
      const row = await read.selectFrom('attachments').selectAll().where('path', '=', path).executeTakeFirst()
      return row === undefined ? null : attachmentOf(row)
    },

    list: async (app, { after, limit, conversation, access, createdBefore }) => {
      let query = read
        .selectFrom('attachments')
        .selectAll()
        .where('app', '=', app)
        .where('serial', '<', serialCursor(after, 'descending'))
      if (conversation !== undefined) {
        query = query.where('conversation', '=', (eb) =>
          eb.selectFrom('conversations').select('serial').where('app', '=', app).where('id', '=', conversation),
        )
      }
      if (access !== undefined) query = query.where('access', '=', access)
      if (createdBefore !== undefined) query = query.where('created_at', '<', createdBefore)
      const rows = await query
        .orderBy('serial', 'desc')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, attachmentOf, (row) => row.serial)
    },

    held: async (before, limit) => {
      const rows = await read
        .selectFrom('attachments')
        .selectAll()
        .where('held', '=', sql.lit(1))
        .where('created_at', '<', before)
        .orderBy('created_at')
        .limit(limit)
        .execute()
      return rows.map(attachmentOf)
    },

    references: async (blob) => {
      const row = await read.selectFrom('attachments').select('serial').where('blob', '=', blob).executeTakeFirst()
      return row !== undefined
    },

    blobs: async ({ after, limit }) => {
      const rows = await read
        .selectFrom('attachments')
        .select((eb) => ['blob', eb.fn.min('size').as('size'), eb.fn.min('sha256').as('sha256')])
        .where('blob', '>', after ?? '')
        .groupBy('blob')
        .orderBy('blob')
        .limit(limit + 1)
        .execute()
      return pageOf(
        rows,
        limit,
        (row) => row,
        (row) => row.blob,
      )
    },
  }

  async function nameRecipients(
    tx: Transaction<Tables>,
    { app, serial }: Selectable<AttachmentsTable>,
    ids: readonly string[],
    at: number,
  ): Promise<void> {
    const users = await ensureUsers(tx, flavour, app, ids, at)
    for (const some of chunks(users, CHUNK[flavour])) {
      await tx
        .insertInto('recipients')
        .columns(['attachment', 'uid', 'member'])
        .expression(
          rowTable<RecipientsTable>(
            flavour,
            { attachment: 'bigint', uid: 'text', member: 'bigint' },
            some.map((user) => [serial, user.id, user.serial]),
          ),
        )
        .execute()
      if (users.length > some.length) await breathe()
    }
  }
}

/** Counts one more attachment of an app, within its quota. */
async function charge(
  tx: Transaction<Tables>,
  app: string,
  size: number,
  quota: { readonly bytes: number | null; readonly attachments: number | null },
): Promise<void> {
  const row = await tx
    .updateTable('apps')
    .set((eb) => ({
      used_bytes: eb('used_bytes', '+', size),
      used_attachments: eb('used_attachments', '+', 1),
    }))
    .where('id', '=', app)
    .where('status', '<>', 'deleted')
    .returning(['used_bytes', 'used_attachments'])
    .executeTakeFirst()
  if (row === undefined) throw new Missing('app')
  const { bytes, attachments } = quota
  if ((bytes !== null && row.used_bytes > bytes) || (attachments !== null && row.used_attachments > attachments)) {
    throw new Conflict('quota')
  }
}

async function shareIn(tx: Transaction<Tables>, app: string, conversation: string | null) {
  if (conversation === null) return null
  const home = await tx
    .selectFrom('conversations')
    .select(['serial', 'version'])
    .where('app', '=', app)
    .where('id', '=', conversation)
    .executeTakeFirst()
  if (home === undefined) throw new Missing('conversation')
  return home
}

async function serialOf(tx: Transaction<Tables>, app: string, user: string | null): Promise<number | null> {
  if (user === null) return null
  const row = await tx
    .selectFrom('users')
    .select('serial')
    .where('app', '=', app)
    .where('id', '=', user)
    .executeTakeFirst()
  return row?.serial ?? null
}
