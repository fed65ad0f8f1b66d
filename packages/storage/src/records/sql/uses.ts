import type { Kysely } from 'kysely'
import type { Uses } from '../port.ts'
import type { Database } from './database.ts'
import type { Tables } from './schema.ts'

/** Counted uses of tokens in SQL. */
export function createUses({ read, write }: Database<Tables>): Uses {
  return {
    claim: async ({ token, viewer, max, at, since, open, until }) => {
      if (await taken(read, token, viewer, since)) return 'granted'
      if (!open) {
        const total = await read.selectFrom('use_totals').select('taken').where('token', '=', token).executeTakeFirst()
        return (total?.taken ?? 0) < max ? 'granted' : 'spent'
      }
      return write(async (tx) => {
        await tx
          .insertInto('use_totals')
          .values({ token, taken: 0, ends_at: until })
          .onConflict((conflict) => conflict.column('token').doNothing())
          .execute()
        // From here on this row keeps all other claims of the same token waiting.
        const total = await tx
          .updateTable('use_totals')
          .set((eb) => ({ taken: eb.ref('taken') }))
          .where('token', '=', token)
          .returning(['taken', 'ends_at'])
          .executeTakeFirstOrThrow()
        if (await taken(tx, token, viewer, since)) return 'granted'
        if (total.taken >= max) return 'spent'
        await tx
          .updateTable('use_totals')
          .set({ taken: total.taken + 1, ends_at: later(total.ends_at, until) })
          .where('token', '=', token)
          .execute()
        await tx.insertInto('uses').values({ token, viewer, at }).execute()
        return 'granted'
      })
    },

    prune: (before, ended, limit) =>
      write(async (tx) => {
        const viewers = await tx
          .deleteFrom('uses')
          .where((eb) =>
            eb(
              eb.refTuple('token', 'viewer', 'at'),
              'in',
              eb
                .selectFrom('uses')
                .select(['token', 'viewer', 'at'])
                .where('at', '<', before)
                .orderBy('at')
                .limit(limit)
                .$asTuple('token', 'viewer', 'at'),
            ),
          )
          .executeTakeFirst()
        const totals = await tx
          .deleteFrom('use_totals')
          .where('token', 'in', (eb) =>
            eb.selectFrom('use_totals').select('token').where('ends_at', '<', ended).orderBy('ends_at').limit(limit),
          )
          .executeTakeFirst()
        return Number(viewers.numDeletedRows + totals.numDeletedRows)
      }),
  }
}

/** Two tokens may share an id: the one that ends last counts, and null is never. */
function later(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.max(one, other)
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
