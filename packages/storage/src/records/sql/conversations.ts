import type { Transaction } from 'kysely'
import { Conflict, type ConversationDetails, type ConversationFilter, type Conversations } from '../port.ts'
import { changedColumns, conversationOf, newConversation } from './conversation-row.ts'
import { type Database, isIn } from './database.ts'
import { folded, hasTag, holds } from './folding.ts'
import { createMembers } from './members.ts'
import {
  bannedAmong,
  type ConversationRow,
  joinAll,
  leaveAll,
  lockConversation,
  presentMembers,
} from './memberships.ts'
import { rowsNamed } from './named.ts'
import { pageOf } from './paging.ts'
import { createPairs } from './pairs.ts'
import type { Tables } from './schema.ts'
import { createTalks } from './talks.ts'
import { ensureUsers } from './users.ts'

/** Conversations in SQL. */
export function createConversations(database: Database<Tables>): Conversations {
  const { flavour, read, write } = database
  return {
    ...createMembers(database),
    ...createPairs(database),
    ...createTalks(database),

    put: ({ app, id, type, members, at, ...details }) =>
      write(async (tx) => {
        const { row, created } = await findOrInsert(tx, { app, id, type, at }, details)
        if (row.merged_into !== null) return null
        const wanted = new Set(members)
        const present = created ? new Map<string, number>() : await presentMembers(tx, flavour, row.serial)
        const leaving = [...present.keys()].filter((uid) => !wanted.has(uid))
        const joining = [...wanted].filter((uid) => !present.has(uid))
        const users = await ensureUsers(tx, flavour, app, joining, at)
        const banned = new Set(created ? [] : await bannedAmong(tx, row.serial, users))
        const { left, home: without } = await leaveAll(tx, flavour, row, leaving)
        const coming = users.filter((user) => !banned.has(user))
        // Those who leave and those who come do so at one version.
        const first = created || left.length > 0
        const { joined, home } = await joinAll(tx, flavour, without, coming, { at, first })
        const columns = { type, pair: type === 'direct' ? home.pair : null, ...changedColumns(id, details, at) }
        if (!created) await tx.updateTable('conversations').set(columns).where('serial', '=', row.serial).execute()
        return { conversation: conversationOf(created ? home : { ...home, ...columns }), created, left, joined }
      }),

    create: ({ app, id, type, members, at, ...details }) =>
      write(async (tx) => {
        const { row, created } = await findOrInsert(tx, { app, id, type, at }, details)
        if (!created) throw new Conflict('conversation')
        const roles = new Map(members.map(({ user, role }) => [user, role ?? 'participant']))
        const users = await ensureUsers(tx, flavour, app, [...roles.keys()], at)
        const coming = users.map((user) => ({ ...user, role: roles.get(user.id) ?? 'participant' }))
        return conversationOf((await joinAll(tx, flavour, row, coming, { at, first: true })).home)
      }),

    update: (app, id, details, at) =>
      write(async (tx) => {
        const row = await tx
          .updateTable('conversations')
          .set({ app, ...changedColumns(id, details, at) })
          .where('app', '=', app)
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst()
        return row === undefined ? null : conversationOf(row)
      }),

    find: async (app, id) => {
      const [row] = await rowsNamed(database, 'conversations', '*', app, [id])
      return row === undefined ? null : conversationOf(row)
    },

    findMany: async (app, ids) => {
      const rows = await rowsNamed(database, 'conversations', '*', app, ids)
      const found = new Map(rows.map((row) => [row.id, conversationOf(row)]))
      return [...new Set(ids)].flatMap((id) => found.get(id) ?? [])
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

    page: async (app, { offset, limit, ...filter }) => {
      const query = matching(app, filter)
      const [rows, counted] = await Promise.all([
        query.selectAll().orderBy('id').limit(limit).offset(offset).execute(),
        query.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirst(),
      ])
      return { items: rows.map(conversationOf), total: counted?.total ?? 0 }
    },

    merge: (app, id, from, at) =>
      write(async (tx) => {
        if (id === from) return null
        const locked = new Map<string, ConversationRow>()
        for (const each of [id, from].sort()) {
          const row = await lockConversation(tx, app, each)
          if (row === undefined || row.merged_into !== null) return null
          locked.set(each, row)
        }
        const [survivor, merged] = [locked.get(id), locked.get(from)]
        if (survivor === undefined || merged === undefined) return null

        const present = await presentMembers(tx, flavour, merged.serial)
        const coming = [...present].map(([uid, serial]) => ({ id: uid, serial }))
        const banned = new Set(await bannedAmong(tx, survivor.serial, coming))
        const welcome = coming.filter((user) => !banned.has(user))
        const { home } = await joinAll(tx, flavour, survivor, welcome, { at })
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
          .set({ merged_into: id, merged_from: '[]', pair: null })
          .where('serial', '=', merged.serial)
          .execute()
        const spoken = Math.max(home.spoken, merged.spoken)
        const columns = { merged_from: JSON.stringify(mergedFrom), spoken }
        await tx.updateTable('conversations').set(columns).where('serial', '=', home.serial).execute()
        return conversationOf({ ...home, ...columns })
      }),
  }

  function matching(app: string, { type, search, tags, joining, member, visibleTo }: ConversationFilter) {
    const ofUser = (uid: string) =>
      read
        .selectFrom('memberships')
        .select('conversation')
        .where('ended', 'is', null)
        .where('member', '=', (eb) =>
          eb.selectFrom('users').select('serial').where('app', '=', app).where('id', '=', uid),
        )
    let query = read.selectFrom('conversations').where('app', '=', app).where('merged_into', 'is', null)
    if (type !== undefined) query = query.where('type', '=', type)
    if (search !== undefined) query = query.where(holds(flavour, 'folded', folded(search)))
    if (tags !== undefined) query = query.where(hasTag(flavour, 'tags', tags))
    if (joining !== undefined) query = query.where(isIn(flavour, 'joining', joining))
    if (member !== undefined) query = query.where('serial', 'in', ofUser(member))
    if (visibleTo === undefined) return query
    return query.where((eb) => eb.or([eb('joining', '<>', 'invited'), eb('serial', 'in', ofUser(visibleTo))]))
  }
}

async function findOrInsert(
  tx: Transaction<Tables>,
  conversation: { app: string; id: string; type: 'direct' | 'group'; at: number },
  details: ConversationDetails,
) {
  const { app, id } = conversation
  const present = await lockConversation(tx, app, id)
  if (present !== undefined) return { row: present, created: false }
  const made = await tx
    .insertInto('conversations')
    .values(newConversation(conversation, details))
    .onConflict((conflict) => conflict.columns(['app', 'id']).doNothing())
    .returningAll()
    .executeTakeFirst()
  if (made !== undefined) return { row: made, created: true }
  const other = await lockConversation(tx, app, id)
  if (other === undefined) throw new Error('A conversation came and went while being written')
  return { row: other, created: false }
}
