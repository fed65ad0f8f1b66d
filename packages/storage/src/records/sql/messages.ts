import type { Selectable } from 'kysely'
import { type Message, type Messages, Missing } from '../port.ts'
import { type Database, isIn } from './database.ts'
import { pageOf, serialCursor } from './paging.ts'
import type { MessagesTable, Tables } from './schema.ts'

/** Messages in SQL. */
export function createMessages({ flavour, read, write }: Database<Tables>): Messages {
  return {
    create: ({ app, conversation, from, text, attachments, at }) =>
      write(async (tx) => {
        const home = await tx
          .selectFrom('conversations')
          .select('serial')
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
            text: JSON.stringify(text),
            attachments: JSON.stringify(attachments),
            created_at: at,
          })
          .returningAll()
          .executeTakeFirstOrThrow()
        return messageOf(row)
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

    list: async (app, conversation, { after, limit, order }) => {
      const home = await read
        .selectFrom('conversations')
        .select(['id', 'merged_from'])
        .where('app', '=', app)
        .where('id', '=', conversation)
        .executeTakeFirst()
      if (home === undefined) return { items: [], next: null }
      const sources = await read
        .selectFrom('conversations')
        .select('serial')
        .where('app', '=', app)
        .where(isIn(flavour, 'id', [home.id, ...JSON.parse(home.merged_from)]))
        .execute()
      // Each source from its own index, however long it is; there are as many as were merged, mostly one.
      const found: Selectable<MessagesTable>[] = []
      for (const { serial } of sources) {
        const some = await read
          .selectFrom('messages')
          .selectAll()
          .where('conversation', '=', serial)
          .where('serial', order === 'ascending' ? '>' : '<', serialCursor(after, order))
          .orderBy('serial', order === 'ascending' ? 'asc' : 'desc')
          .limit(limit + 1)
          .execute()
        found.push(...some)
      }
      const rows = found
        .sort((a, b) => (order === 'ascending' ? a.serial - b.serial : b.serial - a.serial))
        .slice(0, limit + 1)
      return pageOf(rows, limit, messageOf, (row) => row.serial)
    },

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

/** The serial number behind a message's id; 0, which none has, where the text is no such id. */
function messageSerial(id: string): number {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : 0
}

function messageOf(row: Selectable<MessagesTable>): Message {
  return {
    app: row.app,
    id: String(row.serial),
    conversation: row.conversation_id,
    from: row.sender,
    text: JSON.parse(row.text),
    attachments: JSON.parse(row.attachments),
    createdAt: row.created_at,
  }
}
