import { type Selectable, type SelectQueryBuilder, sql, type Transaction } from 'kysely'
import { Conflict, Missing, type Receiver, type User, type UserDetails, type UserFilter, type Users } from '../port.ts'
import { askingIn, breathe, CHUNK, chunks, type Database, type Flavour, isIn, rowTable } from './database.ts'
import { folded, hasTag, holds, tagLines } from './folding.ts'
import { rowsNamed } from './named.ts'
import { pageOf } from './paging.ts'
import type { Tables, UsersTable } from './schema.ts'

/** Users in SQL. */
export function createUsers(database: Database<Tables>): Users {
  const { flavour, read, write } = database
  const ofApp = (app: string) => read.selectFrom('users').where('app', '=', app)
  const bySerial = async (serial: number) => {
    const row = await read.selectFrom('users').select(COLUMNS).where('serial', '=', serial).executeTakeFirst()
    return row === undefined ? null : userOf(row)
  }

  return {
    put: ({ app, id, at, serial, ...details }) =>
      write(async (tx) => {
        const change = columnsOf(id, details)
        const changed = () =>
          tx
            .updateTable('users')
            .set({ app, ...change, ...(Object.keys(change).length === 0 ? {} : { updated_at: at }) })
            .where('app', '=', app)
            .where('id', '=', id)
            .$if(serial !== undefined, (update) => update.where('serial', '=', serial as number))
            .returning(COLUMNS)
            .executeTakeFirst()

        const present = await changed()
        if (present !== undefined) return { user: userOf(present), created: false }
        if (serial !== undefined) throw new Missing('user')
        const made = await insert(tx, app, id, details, at)
        if (made !== undefined) return { user: userOf(made), created: true }
        const other = await changed()
        if (other === undefined) throw new Error('A user came and went while being written')
        return { user: userOf(other), created: false }
      }),

    create: ({ app, id, at, ...details }) =>
      write(async (tx) => {
        const made = await insert(tx, app, id, details, at)
        if (made === undefined) throw new Conflict('user')
        return userOf(made)
      }),

    find: async (app, id) => {
      const row = await ofApp(app).select(COLUMNS).where('id', '=', id).executeTakeFirst()
      return row === undefined ? null : userOf(row)
    },

    findMany: async (app, ids) => {
      const users = new Map<string, User>()
      for (const some of chunks(ids, CHUNK[flavour])) {
        for (const row of await rowsNamed(database, 'users', COLUMNS, app, some)) users.set(row.id, userOf(row))
      }
      return [...new Set(ids)].flatMap((id) => users.get(id) ?? [])
    },

    findBySerial: bySerial,

    survivorOf: async (serial) => {
      const merged = await read
        .selectFrom('merged_users')
        .select('survivor')
        .where('serial', '=', serial)
        .executeTakeFirst()
      return bySerial(merged?.survivor ?? serial)
    },

    list: async (app, { after, limit, ...filter }) => {
      const rows = await narrowed(flavour, ofApp(app), filter)
        .select(COLUMNS)
        .where('id', '>', after ?? '')
        .orderBy('id')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, userOf, (row) => row.id)
    },

    page: async (app, { offset, limit, ...filter }) => {
      const some = narrowed(flavour, ofApp(app), filter)
      const rows = await some.select(COLUMNS).orderBy('id').limit(limit).offset(offset).execute()
      if (offset === 0 && rows.length < limit) return { items: rows.map(userOf), total: rows.length }
      const { total } = await some.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
      return { items: rows.map(userOf), total }
    },
  }
}

/** What a user is made of. */
const COLUMNS = [
  ...(['app', 'id', 'serial', 'name', 'role', 'tags', 'profile', 'metadata'] as const),
  ...(['merged_from', 'status', 'created_at', 'updated_at', 'deactivated_at'] as const),
]

type UsersQuery = SelectQueryBuilder<Tables, 'users', unknown>

function narrowed(flavour: Flavour, query: UsersQuery, { search, roles, tags, status }: UserFilter): UsersQuery {
  let some = query
  // Written out, so that the index of the few who are deactivated can serve.
  if (status !== undefined) some = some.where('status', '=', sql.lit(status))
  if (search !== undefined) some = some.where(holds(flavour, 'folded', folded(search)))
  if (roles !== undefined) {
    const texts = roles.map((role) => JSON.stringify(role))
    some = some.where(isIn(flavour, 'role', texts))
  }
  if (tags !== undefined) some = some.where(hasTag(flavour, 'tags', tags))
  return some
}

/** The columns that say what is named; the others are left out. */
function columnsOf(id: string, { name, role, tags, profile, metadata }: UserDetails): Partial<Selectable<UsersTable>> {
  return {
    ...(name === undefined ? {} : { name: JSON.stringify(name), folded: folded(id, name) }),
    ...(role === undefined ? {} : { role: JSON.stringify(role) }),
    ...(tags === undefined ? {} : { tags: tagLines(tags) }),
    ...(profile === undefined ? {} : { profile: JSON.stringify(profile) }),
    ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
  }
}

/** What a new user has where nothing else is said. */
const BLANK = { name: 'null', role: 'null', tags: '[]', profile: '{}', metadata: '{}', status: 'active' } as const

/** Inserts a user; undefined where the id is taken. */
function insert(tx: Transaction<Tables>, app: string, id: string, details: UserDetails, at: number) {
  return tx
    .insertInto('users')
    .values({
      app,
      id,
      ...BLANK,
      folded: folded(id),
      ...columnsOf(id, details),
      created_at: at,
      updated_at: at,
      deactivated_at: null,
    })
    .onConflict((conflict) => conflict.columns(['app', 'id']).doNothing())
    .returning(COLUMNS)
    .executeTakeFirst()
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
    for (const { id, serial } of await rowsNamed(askingIn(flavour, tx), 'users', ['id', 'serial'], app, some))
      users.set(id, serial)
    return some.filter((id) => !users.has(id))
  }
  // In one order everywhere, so that two transactions that create the same users never wait for each other in a circle.
  for (const some of chunks([...ids].sort(), CHUNK[flavour])) {
    for (let absent = await lookUp(some); absent.length > 0; absent = await lookUp(absent)) {
      for (const { id, serial } of await createUsersNamed(tx, flavour, app, absent, at)) users.set(id, serial)
      absent = absent.filter((id) => !users.has(id))
      // What somebody else has created in the meantime is left.
      if (absent.length === 0) break
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
): Promise<readonly Receiver[]> {
  const alike = { ...BLANK, app, created_at: at, updated_at: at }
  type Own = Pick<UsersTable, 'id' | 'folded'>
  const own = rowTable<Own>(
    flavour,
    { id: 'text', folded: 'text' },
    ids.map((id) => [id, folded(id)]),
  )
  const cells = Object.values(alike).map((value) =>
    typeof value === 'number' ? sql`cast(${value} as bigint)` : sql`${value}`,
  )
  return tx
    .insertInto('users')
    .columns(['id', 'folded', ...(Object.keys(alike) as (keyof typeof alike)[])])
    .expression(sql`select own.id, own.folded, ${sql.join(cells)} from (${own}) as own where true`)
    .onConflict((conflict) => conflict.columns(['app', 'id']).doNothing())
    .returning(['id', 'serial'])
    .execute()
}

function userOf(row: Omit<Selectable<UsersTable>, 'folded'>): User {
  return {
    app: row.app,
    id: row.id,
    serial: row.serial,
    name: JSON.parse(row.name),
    role: JSON.parse(row.role),
    tags: JSON.parse(row.tags),
    profile: JSON.parse(row.profile),
    metadata: JSON.parse(row.metadata),
    mergedFrom: JSON.parse(row.merged_from),
    status: row.status,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deactivatedAt: row.deactivated_at,
  }
}
