import type { Conversations } from '../port.ts'
import type { Database } from './database.ts'
import { leaveAll, lockConversation } from './memberships.ts'
import { pageOf } from './paging.ts'
import type { Tables } from './schema.ts'

/** Bans in SQL. They name a user by serial, so that nobody who comes later under the same id is kept out. */
export function createBans({
  flavour,
  read,
  write,
}: Database<Tables>): Pick<Conversations, 'ban' | 'unban' | 'isBanned' | 'bans'> {
  const ofConversation = (app: string, id: string) =>
    read
      .selectFrom('bans')
      .where('conversation', '=', (eb) =>
        eb.selectFrom('conversations').select('serial').where('app', '=', app).where('id', '=', id),
      )

  return {
    ban: (app, id, { user, by, at }) =>
      write(async (tx) => {
        const row = await lockConversation(tx, app, id)
        const found = await tx
          .selectFrom('users')
          .select('serial')
          .where('app', '=', app)
          .where('id', '=', user)
          .executeTakeFirst()
        if (row === undefined || row.merged_into !== null || found === undefined) return null
        await tx
          .insertInto('bans')
          .values({ conversation: row.serial, uid: user, member: found.serial, actor: by, at })
          .onConflict((conflict) => conflict.doNothing())
          .execute()
        const { left } = await leaveAll(tx, flavour, row, [user])
        return { user: { id: user, serial: found.serial }, left: left.length > 0 }
      }),

    unban: (app, id, user) =>
      write(async (tx) => {
        const result = await tx
          .deleteFrom('bans')
          .where('conversation', '=', (eb) =>
            eb.selectFrom('conversations').select('serial').where('app', '=', app).where('id', '=', id),
          )
          .where('uid', '=', user)
          .executeTakeFirst()
        return result.numDeletedRows > 0n
      }),

    isBanned: async (app, id, user) => {
      const row = await ofConversation(app, id).select('member').where('uid', '=', user).executeTakeFirst()
      return row !== undefined
    },

    bans: async (app, id, { after, limit }) => {
      const rows = await ofConversation(app, id)
        .select(['uid', 'member', 'actor', 'at'])
        .where('uid', '>', after ?? '')
        .orderBy('uid')
        .limit(limit + 1)
        .execute()
      return pageOf(
        rows,
        limit,
        (row) => ({ id: row.uid, serial: row.member, by: row.actor, at: row.at }),
        (row) => row.uid,
      )
    },
  }
}
