import { type Kysely, sql } from 'kysely'
import { type Messages, Missing, type Once } from '../port.ts'
import { type Database, isIn } from './database.ts'
import { messageCreated, tell } from './events.ts'
import { tagLines } from './folding.ts'
import { lockConversation } from './memberships.ts'
import { createMessageList } from './message-list.ts'
import { messageOf, messageSerial } from './message-row.ts'
import { newRevision } from './revision.ts'
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
        if (more.once !== undefined) {
          // From here on the others who send here wait, so that of the same message sent twice at once one finds the other.
          await lockConversation(tx, app, conversation)
          const sent = await sentOnce(tx, home.serial, from, more.once)
          if (sent !== undefined) return messageOf(sent)
        }
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
            once: more.once?.key ?? null,
            created_at: at,
            updated_at: at,
            revision: newRevision(),
          })
          .returningAll()
          .executeTakeFirstOrThrow()
        await tx
          .updateTable('conversations')
          .set((eb) => ({
            messages: eb('messages', '+', 1),
            spoken: eb.case().when('spoken', '<', row.serial).then(row.serial).else(eb.ref('spoken')).end(),
          }))
          .where('serial', '=', home.serial)
          .execute()
        const message = messageOf(row)
        await tell(tx, flavour, messageCreated(message))
        return message
      }),

    findOnce: async (app, conversation, from, once) => {
      const home = await read
        .selectFrom('conversations')
        .select('serial')
        .where('app', '=', app)
        .where('id', '=', conversation)
        .executeTakeFirst()
      const row = home && (await sentOnce(read, home.serial, from, once))
      return row === undefined ? null : messageOf(row)
    },

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

    holds: async (app, conversation, count) => {
      const home = await read
        .selectFrom('conversations')
        .select(sql<number | null>`cast(sum(messages) as bigint)`.as('held'))
        .where('app', '=', app)
        .where((eb) => eb.or([eb('id', '=', conversation), eb('merged_into', '=', conversation)]))
        .executeTakeFirstOrThrow()
      return (home.held ?? 0) >= count
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

    update: (app, id, { type, text, data, tags }, by, at) =>
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
            edited_by: by,
            revision: newRevision(),
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
          .set({
            ...{ text: 'null', data: '{}', tags: '[]', updated_at: at, deleted_at: at, deleted_by: by },
            revision: newRevision(),
          })
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
        const ofMessage = { serial: messageSerial(id), app }
        const found = await tx
          .selectFrom('messages')
          .select('conversation_id')
          .where((eb) => eb.and(ofMessage))
          .executeTakeFirst()
        // In the order of those who delete the whole conversation, so that neither waits for the other in a circle.
        const home = found && (await lockConversation(tx, app, found.conversation_id))
        if (home === undefined) return false
        const { numDeletedRows: gone } = await tx
          .deleteFrom('messages')
          .where((eb) => eb.and(ofMessage))
          .executeTakeFirst()
        if (gone === 0n) return false
        await tx
          .updateTable('conversations')
          .set((eb) => ({ messages: eb('messages', '-', 1) }))
          .where('serial', '=', home.serial)
          .execute()
        return true
      }),
  }
}

/** The last message of a sender under a mark. */
function sentOnce(db: Kysely<Tables>, conversation: number, from: string | null, { key, since }: Once) {
  return db
    .selectFrom('messages')
    .selectAll()
    .where('conversation', '=', conversation)
    .where('once', '=', key)
    .where('sender', from === null ? 'is' : '=', from)
    .where('created_at', '>=', since)
    .orderBy('serial', 'desc')
    .limit(1)
    .executeTakeFirst()
}
