import type { Selectable, Transaction } from 'kysely'
import type { Conversation, Conversations } from '../port.ts'
import type { Database } from './database.ts'
import { joinAll, leaveAll, lockConversation, presentMembers, setVersion } from './memberships.ts'
import { pageOf } from './paging.ts'
import type { ConversationsTable, Tables } from './schema.ts'
import { ensureUsers } from './users.ts'

/** Conversations in SQL. */
export function createConversations({ flavour, read, write }: Database<Tables>): Conversations {
  return {
    put: ({ app, id, type, members, at }) =>
      write(async (tx) => {
        const { row, created } = await findOrInsert(tx, { app, id, type, at })
        if (row.merged_into !== null) return null
        const wanted = new Set(members)
        const present = await presentMembers(tx, flavour, row.serial)
        const leaving = [...present.keys()].filter((uid) => !wanted.has(uid))
        const joining = [...wanted].filter((uid) => !present.has(uid))
        const changed = leaving.length > 0 || joining.length > 0
        const version = changed && !created ? row.version + 1 : row.version
        const users = await ensureUsers(tx, flavour, app, joining, at)
        const left = await leaveAll(tx, flavour, row.serial, leaving, version)
        const joined = await joinAll(tx, flavour, row.serial, users, version)
        await tx.updateTable('conversations').set({ type, version }).where('serial', '=', row.serial).execute()
        return { conversation: conversationOf({ ...row, type, version }), created, left, joined }
      }),

    find: async (app, id) => {
      const row = await read
        .selectFrom('conversations')
        .selectAll()
        .where('app', '=', app)
        .where('id', '=', id)
        .executeTakeFirst()
      return row === undefined ? null : conversationOf(row)
    },

    list: async (app, { after, limit }) => {
      const rows = await read
        .selectFrom('conversations')
        .selectAll()
        .where('app', '=', app)
        .where('id', '>', after ?? '')
        .orderBy('id')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, conversationOf, (row) => row.id)
    },

    members: async (app, id, { after, limit }) => {
      const rows = await read
        .selectFrom('memberships')
        .select(['uid', 'member'])
        .where('conversation', '=', (eb) =>
          eb.selectFrom('conversations').select('serial').where('app', '=', app).where('id', '=', id),
        )
        .where('ended', 'is', null)
        .where('uid', '>', after ?? '')
        .orderBy('uid')
        .limit(limit + 1)
        .execute()
      return pageOf(
        rows,
        limit,
        (row) => ({ id: row.uid, serial: row.member }),
        (row) => row.uid,
      )
    },

    isMember: async (app, id, user) => {
      const row = await read
        .selectFrom('memberships')
        .select('member')
        .where('conversation', '=', (eb) =>
          eb.selectFrom('conversations').select('serial').where('app', '=', app).where('id', '=', id),
        )
        .where('ended', 'is', null)
        .where('uid', '=', user)
        .executeTakeFirst()
      return row !== undefined
    },

    addMember: (app, id, user, at) =>
      write(async (tx) => {
        const row = await lockConversation(tx, app, id)
        if (row === undefined || row.merged_into !== null) return null
        const [member] = await ensureUsers(tx, flavour, app, [user], at)
        if (member === undefined) return null
        const joined = await joinAll(tx, flavour, row.serial, [member], row.version + 1)
        if (joined.length > 0) await setVersion(tx, row.serial, row.version + 1)
        return { member, changed: joined.length > 0 }
      }),

    removeMember: (app, id, user) =>
      write(async (tx) => {
        const row = await lockConversation(tx, app, id)
        if (row === undefined || row.merged_into !== null) return null
        const [left] = await leaveAll(tx, flavour, row.serial, [user], row.version + 1)
        if (left === undefined) return null
        await setVersion(tx, row.serial, row.version + 1)
        return left
      }),

    merge: (app, id, from) =>
      write(async (tx) => {
        if (id === from) return null
        const locked = new Map<string, Selectable<ConversationsTable>>()
        for (const each of [id, from].sort()) {
          const row = await lockConversation(tx, app, each)
          if (row === undefined || row.merged_into !== null) return null
          locked.set(each, row)
        }
        const [survivor, merged] = [locked.get(id), locked.get(from)]
        if (survivor === undefined || merged === undefined) return null

        const present = await presentMembers(tx, flavour, merged.serial)
        const coming = [...present].map(([uid, serial]) => ({ id: uid, serial }))
        const joined = await joinAll(tx, flavour, survivor.serial, coming, survivor.version + 1)
        const mergedFrom = [from, ...JSON.parse(merged.merged_from), ...JSON.parse(survivor.merged_from)]
        // Those that were merged into `from` earlier count for the survivor now.
        await tx
          .updateTable('conversations')
          .set({ merged_into: id })
          .where('app', '=', app)
          .where('merged_into', '=', from)
          .execute()
        await tx
          .updateTable('conversations')
          .set({ merged_into: id, merged_from: '[]' })
          .where('serial', '=', merged.serial)
          .execute()
        const row = await tx
          .updateTable('conversations')
          .set({
            merged_from: JSON.stringify(mergedFrom),
            version: joined.length > 0 ? survivor.version + 1 : survivor.version,
          })
          .where('serial', '=', survivor.serial)
          .returningAll()
          .executeTakeFirstOrThrow()
        return conversationOf(row)
      }),
  }
}

async function findOrInsert(
  tx: Transaction<Tables>,
  { app, id, type, at }: { app: string; id: string; type: 'direct' | 'group'; at: number },
) {
  const present = await lockConversation(tx, app, id)
  if (present !== undefined) return { row: present, created: false }
  const made = await tx
    .insertInto('conversations')
    .values({ app, id, type, version: 1, merged_into: null, merged_from: '[]', created_at: at })
    .onConflict((conflict) => conflict.columns(['app', 'id']).doNothing())
    .returningAll()
    .executeTakeFirst()
  if (made !== undefined) return { row: made, created: true }
  const other = await lockConversation(tx, app, id)
  if (other === undefined) throw new Error('A conversation came and went while being written')
  return { row: other, created: false }
}

function conversationOf(row: Selectable<ConversationsTable>): Conversation {
  return {
    app: row.app,
    id: row.id,
    serial: row.serial,
    type: row.type,
    version: row.version,
    mergedInto: row.merged_into,
    mergedFrom: JSON.parse(row.merged_from),
    createdAt: row.created_at,
  }
}
