import { sql } from 'kysely'
import type { Ban, Conversations } from '../port.ts'
import { CHUNK, chunks, type Database, rowTable } from './database.ts'
import { usersLike } from './folding.ts'
import { leaveAll, lockConversation, usersAmong } from './memberships.ts'
import { pageOf } from './paging.ts'
import type { Tables } from './schema.ts'
import type { BansTable } from './schema-talk.ts'

/** Bans in SQL. They name a user by serial, so that nobody who comes later under the same id is kept out. */
export function createBans({
  flavour,
  read,
  write,
}: Database<Tables>): Pick<Conversations, 'ban' | 'unban' | 'isBanned' | 'bans' | 'bansPage'> {
  const ofConversation = (app: string, id: string) =>
    read
      .selectFrom('bans')
      .where('conversation', '=', (eb) =>
        eb.selectFrom('conversations').select('serial').where('app', '=', app).where('id', '=', id),
      )

  return {
    ban: (app, id, { users, by, at }) =>
      write(async (tx) => {
        const row = await lockConversation(tx, app, id)
        if (row === undefined || row.merged_into !== null) return null
        const banned = await usersAmong(tx, flavour, app, users)
        for (const some of chunks(banned, CHUNK[flavour])) {
          const who = rowTable<Pick<BansTable, 'uid' | 'member'>>(
            flavour,
            { uid: 'text', member: 'bigint' },
            some.map(({ id, serial }) => [id, serial]),
          )
          await tx
            .insertInto('bans')
            .columns(['conversation', 'uid', 'member', 'actor', 'at'])
            .expression(
              sql<BansTable>`select cast(${row.serial} as bigint), uid, member, cast(${by} as text), cast(${at} as bigint)
                from (${who}) as banned where true`,
            )
            .onConflict((conflict) => conflict.doNothing())
            .execute()
        }
        const { left } = await leaveAll(
          tx,
          flavour,
          row,
          banned.map(({ id }) => id),
        )
        return { banned, left }
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
      return pageOf(rows, limit, banOf, (row) => row.uid)
    },

    bansPage: async (app, id, { offset, limit, search }) => {
      const all = ofConversation(app, id)
      const query = search === undefined ? all : all.where('member', 'in', usersLike({ flavour, read }, app, search))
      const [rows, counted] = await Promise.all([
        query.select(['uid', 'member', 'actor', 'at']).orderBy('uid').limit(limit).offset(offset).execute(),
        query.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirst(),
      ])
      return { items: rows.map(banOf), total: counted?.total ?? 0 }
    },
  }
}

function banOf(row: Omit<BansTable, 'conversation'>): Ban {
  return { id: row.uid, serial: row.member, by: row.actor, at: row.at }
}
