import type { Conversations, Member } from '../port.ts'
import { createBans } from './bans.ts'
import { changedColumns } from './conversation-row.ts'
import { CHUNK, type Database, isIn } from './database.ts'
import { usersLike } from './folding.ts'
import { lockUser } from './logins.ts'
import { bannedAmong, joinAll, leaveAll, lockConversation } from './memberships.ts'
import { pageOf } from './paging.ts'
import type { Tables } from './schema.ts'
import type { MembershipsTable } from './schema-talk.ts'
import { piece, rowsOf } from './statement.ts'
import { ensureUsers } from './users.ts'

/** The part of conversations that members are. */
export type Members = Pick<
  Conversations,
  | 'members'
  | 'membersPage'
  | 'member'
  | 'membersAmong'
  | 'isMember'
  | 'memberships'
  | 'addMember'
  | 'addMembers'
  | 'removeMember'
  | 'setRole'
  | 'handOver'
  | 'cutOff'
  | 'ban'
  | 'unban'
  | 'isBanned'
  | 'bans'
  | 'bansPage'
>

/** Members of conversations in SQL. */
export function createMembers(database: Database<Tables>): Members {
  const { flavour, read, write } = database

  const present = (app: string, id: string) =>
    read
      .selectFrom('memberships')
      .where('conversation', '=', (eb) =>
        eb.selectFrom('conversations').select('serial').where('app', '=', app).where('id', '=', id),
      )
      .where('ended', 'is', null)

  const addMembers: Members['addMembers'] = (app, id, members, at) =>
    write(async (tx) => {
      const row = await lockConversation(tx, app, id)
      if (row === undefined || row.merged_into !== null) return null
      const roles = new Map(members.map(({ user, role }) => [user, role ?? 'participant']))
      const users = await ensureUsers(tx, flavour, app, [...roles.keys()], at)
      const banned = await bannedAmong(tx, row.serial, users)
      const welcome = users.filter((user) => !banned.includes(user))
      const coming = welcome.map((user) => ({ ...user, role: roles.get(user.id) ?? 'participant' }))
      const { joined } = await joinAll(tx, flavour, row, coming, { at })
      const came = new Set(joined.map(({ serial }) => serial))
      return {
        joined: welcome.filter(({ serial }) => came.has(serial)),
        present: welcome.filter(({ serial }) => !came.has(serial)),
        banned,
      }
    })

  return {
    ...createBans(database),
    addMembers,

    members: async (app, id, { after, limit }) => {
      const rows = await present(app, id)
        .select(['uid', 'member', 'role', 'joined_at'])
        .where('uid', '>', after ?? '')
        .orderBy('uid')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, memberOf, (row) => row.uid)
    },

    membersPage: async (app, id, { offset, limit, roles, search }) => {
      let query = present(app, id)
      if (roles !== undefined) query = query.where(isIn(flavour, 'role', roles))
      if (search !== undefined) query = query.where('member', 'in', usersLike(database, app, search))
      const [rows, counted] = await Promise.all([
        query.select(['uid', 'member', 'role', 'joined_at']).orderBy('uid').limit(limit).offset(offset).execute(),
        query.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirst(),
      ])
      return { items: rows.map(memberOf), total: counted?.total ?? 0 }
    },

    member: async (app, id, user) => {
      const [row] = await rowsOf<MemberRow>(
        database,
        piece`select uid, member, role, joined_at from memberships
          where conversation = (select serial from conversations where app = ${app} and id = ${id})
            and ended is null and uid = ${user}`,
      )
      return row === undefined ? null : memberOf(row)
    },

    membersAmong: async (app, id, users) => {
      const rows = await present(app, id)
        .select(['uid', 'member', 'role', 'joined_at'])
        .where(isIn(flavour, 'uid', users))
        .orderBy('uid')
        .execute()
      return rows.map(memberOf)
    },

    isMember: async (app, id, user) => {
      const row = await present(app, id).select('member').where('uid', '=', user).executeTakeFirst()
      return row !== undefined
    },

    memberships: async (app, user, ids) => {
      const rows = await read
        .selectFrom('conversations')
        .innerJoin('memberships', 'memberships.conversation', 'conversations.serial')
        .select(['conversations.id', 'uid', 'member', 'role', 'joined_at'])
        .where('app', '=', app)
        .where(isIn(flavour, 'conversations.id', ids))
        .where('uid', '=', user)
        .where('ended', 'is', null)
        .execute()
      return new Map(rows.map((row) => [row.id, memberOf(row)]))
    },

    addMember: async (app, id, user, at, role = 'participant') => {
      const arrival = await addMembers(app, id, [{ user, role }], at)
      const member = arrival?.joined[0] ?? arrival?.present[0]
      return arrival === null || member === undefined ? null : { member, changed: arrival.joined.length > 0 }
    },

    removeMember: (app, id, user) =>
      write(async (tx) => {
        const row = await lockConversation(tx, app, id)
        if (row === undefined || row.merged_into !== null) return null
        return (await leaveAll(tx, flavour, row, [user])).left[0] ?? null
      }),

    setRole: (app, id, user, role) =>
      write(async (tx) => {
        const result = await tx
          .updateTable('memberships')
          .set({ role })
          .where('conversation', '=', (eb) =>
            eb.selectFrom('conversations').select('serial').where('app', '=', app).where('id', '=', id),
          )
          .where('ended', 'is', null)
          .where('uid', '=', user)
          .executeTakeFirst()
        return result.numUpdatedRows > 0n
      }),

    handOver: (app, id, to, at) =>
      write(async (tx) => {
        // An owner is named by id: nobody goes, or comes under that id, before this is done.
        if ((await lockUser(tx, app, to.id)) !== to.serial) return false
        const row = await lockConversation(tx, app, id)
        if (row === undefined || row.merged_into !== null) return false
        const result = await tx
          .updateTable('memberships')
          .set({ role: 'admin' })
          .where('conversation', '=', row.serial)
          .where('ended', 'is', null)
          .where('uid', '=', to.id)
          .where('member', '=', to.serial)
          .executeTakeFirst()
        if (result.numUpdatedRows === 0n) return false
        const columns = changedColumns(id, { owner: to.id }, at)
        await tx.updateTable('conversations').set(columns).where('serial', '=', row.serial).execute()
        return true
      }),

    cutOff: async (app, id, users) => {
      const homes = await read
        .selectFrom('conversations')
        .select('serial')
        .where('app', '=', app)
        .where((eb) => eb.or([eb('id', '=', id), eb('merged_into', '=', id)]))
        .execute()
      const cut = new Set<string>()
      for (const { serial } of homes) {
        const marks = read
          .selectFrom('standing')
          .select('target')
          .where('scope', '=', 'member')
          .where('suspended', '=', 1)
        const targets = users.map((user) => `${serial}/${user.serial}`)
        // For many users, all who are out: '0' follows '/' in the order of characters.
        const rows = await (targets.length > CHUNK[flavour]
          ? marks.where('target', '>', `${serial}/`).where('target', '<', `${serial}0`)
          : marks.where(isIn(flavour, 'target', targets))
        ).execute()
        for (const { target } of rows) cut.add(target.slice(`${serial}/`.length))
      }
      return users.filter((user) => cut.has(String(user.serial)))
    },
  }
}

type MemberRow = Pick<MembershipsTable, 'uid' | 'member' | 'role' | 'joined_at'>

function memberOf(row: MemberRow): Member {
  return { id: row.uid, serial: row.member, role: row.role, joinedAt: row.joined_at }
}
