import type { Selectable, Transaction } from 'kysely'
import type { User, Users } from '../port.ts'
import { breathe, chunks, type Database, type Flavour, rowTable } from './database.ts'
import { pageOf } from './paging.ts'
import type { Tables, UsersTable } from './schema.ts'

/** Users in SQL. */
export function createUsers({ read, write }: Database<Tables>): Users {
  return {
    put: ({ app, id, name, metadata, at }) =>
      write(async (tx) => {
        const change = {
          ...(name === undefined ? {} : { name: JSON.stringify(name) }),
          ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
        }
        const changed = () =>
          tx
            .updateTable('users')
            .set({ app, ...change })
            .where('app', '=', app)
            .where('id', '=', id)
            .returningAll()
            .executeTakeFirst()

        const present = await changed()
        if (present !== undefined) return { user: userOf(present), created: false }
        const made = await tx
          .insertInto('users')
          .values({ app, id, name: 'null', metadata: '{}', ...change, ...newUser(at) })
          .onConflict((conflict) => conflict.columns(['app', 'id']).doNothing())
          .returningAll()
          .executeTakeFirst()
        if (made !== undefined) return { user: userOf(made), created: true }
        const other = await changed()
        if (other === undefined) throw new Error('A user came and went while being written')
        return { user: userOf(other), created: false }
      }),

    find: async (app, id) => {
      const row = await read
        .selectFrom('users')
        .selectAll()
        .where('app', '=', app)
        .where('id', '=', id)
        .executeTakeFirst()
      return row === undefined ? null : userOf(row)
    },

    findBySerial: async (serial) => {
      const row = await read.selectFrom('users').selectAll().where('serial', '=', serial).executeTakeFirst()
      return row === undefined ? null : userOf(row)
    },

    list: async (app, { after, limit, status }) => {
      const rows = await read
        .selectFrom('users')
        .selectAll()
        .where('app', '=', app)
        .$if(status !== undefined, (query) => query.where('status', '=', status ?? 'active'))
        .where('id', '>', after ?? '')
        .orderBy('id')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, userOf, (row) => row.id)
    },
  }
}

/** Creates those of the given users who do not exist yet, active and without a name. Others stay as they are. */
export async function ensureUsers(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  ids: readonly string[],
  at: number,
): Promise<void> {
  // In one order everywhere, so that two transactions that create the same users never wait for each other in a circle.
  for (const some of chunks([...ids].sort())) {
    const wanted = rowTable<{ uid: string }>(
      flavour,
      { uid: 'text' },
      some.map((id) => [id]),
    ).as('wanted')
    const { status, created_at, deactivated_at } = newUser(at)
    await tx
      .insertInto('users')
      .columns(['app', 'id', 'name', 'metadata', 'status', 'created_at', 'deactivated_at'])
      .expression((eb) =>
        eb
          .selectFrom(wanted)
          .select((from) => [
            from.val(app).as('app'),
            'wanted.uid as id',
            from.val('null').as('name'),
            from.val('{}').as('metadata'),
            from.val(status).as('status'),
            from.cast<number>(from.val(created_at), 'bigint').as('created_at'),
            from.cast<null>(from.val(deactivated_at), 'bigint').as('deactivated_at'),
          ])
          .where((where) =>
            where.not(
              where.exists(
                where
                  .selectFrom('users')
                  .select('users.serial')
                  .where('users.app', '=', app)
                  .whereRef('users.id', '=', 'wanted.uid'),
              ),
            ),
          ),
      )
      .onConflict((conflict) => conflict.columns(['app', 'id']).doNothing())
      .execute()
    if (ids.length > some.length) await breathe()
  }
}

function newUser(at: number) {
  return { status: 'active' as const, created_at: at, deactivated_at: null }
}

function userOf(row: Selectable<UsersTable>): User {
  return {
    app: row.app,
    id: row.id,
    serial: row.serial,
    name: JSON.parse(row.name),
    metadata: JSON.parse(row.metadata),
    status: row.status,
    createdAt: row.created_at,
    deactivatedAt: row.deactivated_at,
  }
}
