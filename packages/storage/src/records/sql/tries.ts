import type { Tries } from '../port.ts'
import type { Database } from './database.ts'
import type { Tables } from './schema.ts'

const MINUTE = 60_000

/** Tries at what may be guessed, in SQL. Each takes its share of a minute, and at most a minute is taken in advance. */
export function createTries({ read, write }: Database<Tables>): Tries {
  return {
    take: async (name, { perMinute, at }) => {
      const share = MINUTE / perMinute
      /** Until when the tries would last if one more were taken. */
      const next = (until: number) => Math.max(until, at) + share
      const wait = (until: number) => Math.max(0, Math.ceil((next(until) - at - MINUTE) / 1000))
      const seen = await read.selectFrom('tries').select('spent_until').where('name', '=', name).executeTakeFirst()
      // Whoever is over the limit keeps the database from nothing but reading.
      if (seen !== undefined && wait(seen.spent_until) > 0) return wait(seen.spent_until)
      return write(async (tx) => {
        // This row keeps all other tries under the name waiting.
        const { spent_until: until } = await tx
          .insertInto('tries')
          .values({ name, spent_until: 0 })
          .onConflict((conflict) =>
            conflict.column('name').doUpdateSet((eb) => ({ spent_until: eb.ref('tries.spent_until') })),
          )
          .returning('spent_until')
          .executeTakeFirstOrThrow()
        const seconds = wait(until)
        if (seconds > 0) return seconds
        await tx
          .updateTable('tries')
          .set({ spent_until: Math.round(next(until)) })
          .where('name', '=', name)
          .execute()
        return 0
      })
    },

    prune: (before, limit) =>
      write(async (tx) => {
        const gone = await tx
          .deleteFrom('tries')
          .where('name', 'in', (eb) =>
            eb.selectFrom('tries').select('name').where('spent_until', '<', before).orderBy('spent_until').limit(limit),
          )
          .executeTakeFirst()
        return Number(gone.numDeletedRows)
      }),
  }
}
