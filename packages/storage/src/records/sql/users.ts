import { type Selectable, sql, type Transaction } from 'kysely'
import type { Receiver, User, Users } from '../port.ts'
import { breathe, CHUNK, chunks, type Database, type Flavour, isIn, rowTable } from './database.ts'
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
          .values({
            app,
            id,
            name: 'null',
            metadata: '{}',
            ...change,
            status: 'active',
            created_at: at,
            deactivated_at: null,
          })
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
        .$if(status !== undefined, (query) => query.where('status', '=', sql.lit(status ?? 'active')))
        .where('id', '>', after ?? '')
        .orderBy('id')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, userOf, (row) => row.id)
    },
  }
}

/**
 * Creates those of the given users who do not exist yet, active and without a name; others stay as they are.
 * Answers all of them. Ids MUST be distinct.
 */
export async function ensureUsers(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  ids: readonly string[],
  at: number,
): Promise<readonly Receiver[]> {
  const users = new Map<string, number>()
  const lookUp = async (some: readonly string[]) => {
    const rows = await tx
      .selectFrom('users')
      .select(['id', 'serial'])
      .where('app', '=', app)
      .where(isIn(flavour, 'id', some))
      .execute()
    for (const { id, serial } of rows) users.set(id, serial)
    return some.filter((id) => !users.has(id))
  }
  // In one order everywhere, so that two transactions that create the same users never wait for each other in a circle.
  for (const some of chunks([...ids].sort(), CHUNK[flavour])) {
    for (let absent = await lookUp(some); absent.length > 0; absent = await lookUp(absent)) {
      await createUsersNamed(tx, flavour, app, absent, at)
    }
    if (ids.length > some.length) await breathe()
  }
  return ids.map((id) => ({ id, serial: users.get(id) ?? 0 }))
}

async function createUsersNamed(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  ids: readonly string[],
  at: number,
): Promise<void> {
  type Row = Pick<UsersTable, 'app' | 'id' | 'name' | 'metadata' | 'status' | 'created_at'>
  const rows = rowTable<Row>(
    flavour,
    { app: 'text', id: 'text', name: 'text', metadata: 'text', status: 'text', created_at: 'bigint' },
    ids.map((id) => [app, id, 'null', '{}', 'active', at]),
  )
  await tx
    .insertInto('users')
    .columns(['app', 'id', 'name', 'metadata', 'status', 'created_at'])
    .expression(rows)
    .onConflict((conflict) => conflict.columns(['app', 'id']).doNothing())
    .execute()
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
