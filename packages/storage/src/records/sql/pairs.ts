import type { Kysely, Transaction } from 'kysely'
import { Conflict, type Conversations } from '../port.ts'
import { conversationOf, newConversation } from './conversation-row.ts'
import { type Database, isIn } from './database.ts'
import { joinAll, lockConversation } from './memberships.ts'
import type { Tables } from './schema.ts'

/** The direct conversation of two users in SQL: found by their serials, so that a user who comes later under the same id has another one. */
export function createPairs({
  flavour,
  read,
  write,
}: Database<Tables>): Pick<Conversations, 'between' | 'findBetween'> {
  /** The two, and what their conversation is found by; null where one of them is no user. */
  async function pairOf(db: Kysely<Tables> | Transaction<Tables>, app: string, ids: readonly [string, string]) {
    const users = await db
      .selectFrom('users')
      .select(['id', 'serial'])
      .where('app', '=', app)
      .where(isIn(flavour, 'id', ids))
      .orderBy('serial')
      .execute()
    const [lower, higher = lower] = users
    if (users.length < new Set(ids).size || lower === undefined || higher === undefined) return null
    return { users, pair: `${lower.serial}/${higher.serial}` }
  }

  async function find(db: Kysely<Tables> | Transaction<Tables>, app: string, pair: string) {
    return db.selectFrom('conversations').selectAll().where('app', '=', app).where('pair', '=', pair).executeTakeFirst()
  }

  return {
    between: ({ app, id, users: ids, at }) =>
      write(async (tx) => {
        const owners = await pairOf(tx, app, ids)
        if (owners === null) return null
        const { users, pair } = owners
        const made = await tx
          .insertInto('conversations')
          .values({ ...newConversation({ app, id, type: 'direct', at }, {}), pair })
          .onConflict((conflict) => conflict.doNothing())
          .returningAll()
          .executeTakeFirst()
        const there = made ?? (await find(tx, app, pair))
        if (there === undefined) throw new Conflict('conversation')
        const row = made ?? (await lockConversation(tx, app, there.id)) ?? there
        const { joined, home } = await joinAll(tx, flavour, row, users, { at, first: made !== undefined })
        return { conversation: conversationOf(home), joined }
      }),

    findBetween: async (app, ids) => {
      const owners = await pairOf(read, app, ids)
      const row = owners === null ? undefined : await find(read, app, owners.pair)
      return row === undefined ? null : conversationOf(row)
    },
  }
}
