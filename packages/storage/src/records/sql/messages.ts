import { type Messages, Missing } from '../port.ts'
import { type Database, isIn } from './database.ts'
import { messageCreated, tell } from './events.ts'
import { tagLines } from './folding.ts'
import { createMessageList } from './message-list.ts'
import { messageOf, messageSerial } from './message-row.ts'
import type { Tables } from './schema.ts'
import { visible } from './talks.ts'

/** Messages in SQL. */
export function createMessages(database: Database<Tables>): Messages {
  const { flavour, read, write } = database
  return {
    ...createMessageList(database),

    create: ({ app, conversation, from, text, attachments, at, ...more }) =>
      write(async (tx) => {
        const home = await tx
          .selectFrom('conversations')
          .select(['serial', 'version'])
          .where('app', '=', app)
          .where('id', '=', conversation)
          .executeTakeFirst()
        if (home === undefined) throw new Missing('conversation')
        const row = await tx
          .insertInto('messages')
          .values({
            app,
            conversation: home.serial,
            conversation_id: conversation,
            sender: from,
            type: more.type ?? 'text',
            category: more.category ?? 'message',
            text: JSON.stringify(text),
            data: JSON.stringify(more.data ?? {}),
            tags: tagLines(more.tags ?? []),
            attachments: JSON.stringify(attachments),
            parent: more.parent == null ? null : messageSerial(more.parent),
            version: more.version ?? home.version,
            created_at: at,
            updated_at: at,
          })
          .returningAll()
          .executeTakeFirstOrThrow()
        await tx
          .updateTable('conversations')
          .set({ spoken: row.serial })
          .where('serial', '=', home.serial)
          .where('spoken', '<', row.serial)
          .execute()
        const message = messageOf(row)
        await tell(tx, flavour, messageCreated(message))
        return message
      }),

    find: async (app, id) => {
      const row = await read
        .selectFrom('messages')
        .selectAll()
        .where('serial', '=', messageSerial(id))
        .where('app', '=', app)
        .executeTakeFirst()
      return row === undefined ? null : messageOf(row)
    },

    findMany: async (app, ids) => {
      const rows = await read
        .selectFrom('messages')
        .selectAll()
        .where(isIn(flavour, 'serial', ids.map(messageSerial)))
        .where('app', '=', app)
        .execute()
      const found = new Map(rows.map((row) => [row.serial, messageOf(row)]))
      return [...new Set(ids.map(messageSerial))].flatMap((serial) => found.get(serial) ?? [])
    },

    isVisible: async ({ app, id }, viewer) => {
      const row = await read
        .selectFrom('messages')
        .select('serial')
        .where('serial', '=', messageSerial(id))
        .where('app', '=', app)
        .where(visible(viewer))
        .executeTakeFirst()
      return row !== undefined
    },

    update: (app, id, { type, text, data, tags }, at) =>
      write(async (tx) => {
        const row = await tx
          .updateTable('messages')
          .set({
            ...(type !== undefined && { type }),
            ...(text !== undefined && { text: JSON.stringify(text) }),
            ...(data !== undefined && { data: JSON.stringify(data) }),
            ...(tags !== undefined && { tags: tagLines(tags) }),
            updated_at: at,
            edited_at: at,
          })
          .where('serial', '=', messageSerial(id))
          .where('app', '=', app)
          .where('deleted_at', 'is', null)
          .returningAll()
          .executeTakeFirst()
        return row === undefined ? null : messageOf(row)
      }),

    markDeleted: (app, id, by, at) =>
      write(async (tx) => {
        const ofMessage = { serial: messageSerial(id), app }
        await tx
          .updateTable('messages')
          .set({ text: 'null', data: '{}', tags: '[]', updated_at: at, deleted_at: at, deleted_by: by })
          .where((eb) => eb.and(ofMessage))
          .where('deleted_at', 'is', null)
          .execute()
        const row = await tx
          .selectFrom('messages')
          .selectAll()
          .where((eb) => eb.and(ofMessage))
          .executeTakeFirst()
        return row === undefined ? null : messageOf(row)
      }),

    delete: (app, id) =>
      write(async (tx) => {
        const result = await tx
          .deleteFrom('messages')
          .where('serial', '=', messageSerial(id))
          .where('app', '=', app)
          .executeTakeFirst()
        return result.numDeletedRows > 0n
      }),
  }
}
