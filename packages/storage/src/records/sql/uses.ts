import type { Kysely } from 'kysely'
import type { Uses } from '../port.ts'
import type { Database } from './database.ts'
import type { Tables } from './schema.ts'

/** Counted uses of tokens in SQL. */
export function createUses({ read, write }: Database<Tables>): Uses {
  return {
    claim: async ({ token, viewer, max, at, since, open }) => {
      if (await taken(read, token, viewer, since)) return 'granted'
      if (!open) {
        const total = await read.selectFrom('use_totals').select('taken').where('token', '=', token).executeTakeFirst()
        return (total?.taken ?? 0) < max ? 'granted' : 'spent'
      }
      return write(async (tx) => {
        await tx
          .insertInto('use_totals')
          .values({ token, taken: 0 })
          .onConflict((conflict) => conflict.column('token').doNothing())
          .execute()
        // From here on this row keeps all other claims of the same token waiting.
        const total = await tx
          .updateTable('use_totals')
          .set((eb) => ({ taken: eb.ref('taken') }))
          .where('token', '=', token)
          .returning('taken')
          .executeTakeFirstOrThrow()
        if (await taken(tx, token, viewer, since)) return 'granted'
        if (total.taken >= max) return 'spent'
        await tx
          .updateTable('use_totals')
          .set({ taken: total.taken + 1 })
          .where('token', '=', token)
          .execute()
        await tx.insertInto('uses').values({ token, viewer, at }).execute()
        return 'granted'
      })
    },
  }
}

async function taken(db: Kysely<Tables>, token: string, viewer: string, since: number): Promise<boolean> {
  const row = await db
    .selectFrom('uses')
    .select('at')
    .where('token', '=', token)
    .where('viewer', '=', viewer)
    .where('at', '>=', since)
    .executeTakeFirst()
  return row !== undefined
}
