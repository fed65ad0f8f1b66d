import type { Selectable, Transaction } from 'kysely'
import { Conflict, type LoginSession, type Logins } from '../port.ts'
import type { Database } from './database.ts'
import { pageOf, serialCursor } from './paging.ts'
import type { LoginsTable, Tables } from './schema.ts'

/** Login sessions in SQL. */
export function createLogins({ read, write }: Database<Tables>): Logins {
  return {
    create: ({ app, id, user, secretHash, at }) =>
      write(async (tx) => {
        const member = await lockUser(tx, app, user)
        if (member === null) return null
        // Read behind the lock: a revocation of the user that is under way comes first.
        const { value: sequence } = await tx
          .selectFrom('sequence')
          .select('value')
          .where('id', '=', 1)
          .executeTakeFirstOrThrow()
        const row = await tx
          .insertInto('logins')
          .values({ app, id, uid: user, member, secret_hash: secretHash, sequence, created_at: at })
          .onConflict((conflict) => conflict.doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) throw new Conflict('login')
        const { open } = await tx
          .selectFrom('logins')
          .select((eb) => eb.fn.countAll<number>().as('open'))
          .where('member', '=', member)
          .executeTakeFirstOrThrow()
        return { login: loginOf(row), open }
      }),

    find: async (app, id) => {
      const row = await read
        .selectFrom('logins')
        .selectAll()
        .where('app', '=', app)
        .where('id', '=', id)
        .executeTakeFirst()
      return row === undefined ? null : loginOf(row)
    },

    findBySecretHash: async (secretHash) => {
      const row = await read
        .selectFrom('logins')
        .selectAll('logins')
        .innerJoin('apps', 'apps.id', 'logins.app')
        .where('apps.status', '<>', 'deleted')
        .where('secret_hash', '=', secretHash)
        .executeTakeFirst()
      return row === undefined ? null : loginOf(row)
    },

    list: async (app, user, { after, limit }) => {
      const rows = await read
        .selectFrom('logins')
        .selectAll()
        .where('member', '=', (eb) =>
          eb.selectFrom('users').select('serial').where('app', '=', app).where('id', '=', user),
        )
        .where('serial', '<', serialCursor(after, 'descending'))
        .orderBy('serial', 'desc')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, loginOf, (row) => row.serial)
    },
  }
}

/** The serial of a user, who neither goes nor begins a session before the transaction ends; null where there is none. */
export async function lockUser(tx: Transaction<Tables>, app: string, id: string): Promise<number | null> {
  const row = await tx
    .updateTable('users')
    .set({ app })
    .where('app', '=', app)
    .where('id', '=', id)
    .returning('serial')
    .executeTakeFirst()
  return row?.serial ?? null
}

/** Which sessions are deleted: one; those of a user but the newest `keep`; or those that began before a change (of anybody, or one user). */
export type LoginSelection =
  | { readonly login: string }
  | { readonly user: string; readonly keep: number }
  | { readonly user: string | null; readonly before: number }

/** Deletes sessions of an app and answers their ids. */
export async function deleteLogins(
  tx: Transaction<Tables>,
  app: string,
  which: LoginSelection,
): Promise<readonly string[]> {
  const some = tx.deleteFrom('logins').where('app', '=', app).returning('id')
  if ('login' in which) return idsOf(await some.where('id', '=', which.login).execute())
  if ('before' in which) {
    const earlier = some.where('sequence', '<', which.before)
    if (which.user === null) return idsOf(await earlier.execute())
    const member = await lockUser(tx, app, which.user)
    return member === null ? [] : idsOf(await earlier.where('member', '=', member).execute())
  }
  const member = await lockUser(tx, app, which.user)
  if (member === null) return []
  const newest = await tx
    .selectFrom('logins')
    .select('serial')
    .where('member', '=', member)
    .orderBy('serial', 'desc')
    .offset(which.keep)
    .limit(1)
    .executeTakeFirst()
  if (newest === undefined) return []
  return idsOf(await some.where('member', '=', member).where('serial', '<=', newest.serial).execute())
}

function idsOf(rows: readonly { readonly id: string }[]): readonly string[] {
  return rows.map((row) => row.id)
}

function loginOf(row: Selectable<LoginsTable>): LoginSession {
  return {
    app: row.app,
    id: row.id,
    user: row.uid,
    userSerial: row.member,
    secretHash: row.secret_hash,
    sequence: row.sequence,
    createdAt: row.created_at,
  }
}
