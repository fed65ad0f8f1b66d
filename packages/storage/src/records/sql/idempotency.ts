import type { Idempotency } from '../port.ts'
import type { Database } from './database.ts'
import type { Tables } from './schema.ts'

/** Answers to repeated requests, in SQL. */
export function createIdempotency({ write }: Database<Tables>): Idempotency {
  return {
    claim: (scope, key, fingerprint, at) =>
      write(async (tx) => {
        for (;;) {
          const made = await tx
            .insertInto('idempotency')
            .values({ scope, key, fingerprint, at, status: null, body: null, location: null })
            .onConflict((conflict) => conflict.columns(['scope', 'key']).doNothing())
            .returning('at')
            .executeTakeFirst()
          if (made !== undefined) return { claimed: true }
          const row = await tx
            .selectFrom('idempotency')
            .select(['fingerprint', 'status', 'body', 'location'])
            .where('scope', '=', scope)
            .where('key', '=', key)
            .executeTakeFirst()
          // Released between the two questions: then it is free again.
          if (row === undefined) continue
          const { status, body, location } = row
          const answer = status === null || body === null ? null : { status, body: JSON.parse(body), location }
          return { claimed: false, fingerprint: row.fingerprint, answer }
        }
      }),

    complete: async (scope, key, { status, body, location }) => {
      await write((tx) =>
        tx
          .updateTable('idempotency')
          .set({ status, body: JSON.stringify(body), location })
          .where('scope', '=', scope)
          .where('key', '=', key)
          .execute(),
      )
    },

    release: async (scope, key) => {
      await write((tx) =>
        tx
          .deleteFrom('idempotency')
          .where('scope', '=', scope)
          .where('key', '=', key)
          .where('status', 'is', null)
          .execute(),
      )
    },

    prune: async (before) => {
      await write((tx) => tx.deleteFrom('idempotency').where('at', '<', before).execute())
    },
  }
}
