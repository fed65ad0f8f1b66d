import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database, Flavour } from '../database.ts'

/** One step of the schema. Names sort in the order of application and are never changed once released. */
export type Migration = { readonly name: string; readonly statements: (types: ColumnTypes) => readonly string[] }

/** What the two databases call the same thing. */
export type ColumnTypes = {
  /** A serial number that is the primary key and is never used twice. */
  readonly serial: string
  readonly integer: string
  /** Text that compares by bytes. */
  readonly text: string
  readonly bytes: string
  /** Goes behind a table's closing parenthesis. */
  readonly table: string
  /** The same for a table whose rows lie in the order of its primary key, where that can be had. */
  readonly clustered: string
}

const TYPES: { readonly [F in Flavour]: ColumnTypes } = {
  sqlite: {
    serial: 'integer primary key autoincrement',
    integer: 'integer',
    text: 'text',
    bytes: 'blob',
    table: 'strict',
    clustered: 'strict, without rowid',
  },
  postgres: {
    serial: 'bigint generated always as identity primary key',
    integer: 'bigint',
    text: 'text collate "C"',
    bytes: 'bytea',
    table: '',
    clustered: '',
  },
}

type MigrationTable = { readonly migrations: { name: string; at: number } }

/** Any fixed number that nothing else in the database uses as an advisory lock. */
const LOCK = 7_283_604_519

/**
 * Brings a database up to date. Safe when several processes start at once: the first one applies, the others wait for it, however long it takes.
 * Refuses a database that a later version has changed already. `onStep` is told the name of each step that begins here.
 */
export async function migrate<T>(
  database: Database<T>,
  migrations: readonly Migration[],
  at: number,
  onStep: (name: string) => void = () => {},
): Promise<void> {
  if (missing(await stepsDone(database), migrations).length === 0) return
  await database.upgrade(async (transaction) => {
    const tx = transaction as unknown as Transaction<MigrationTable>
    const types = TYPES[database.flavour]
    if (database.flavour === 'postgres') await sql`select pg_advisory_xact_lock(${LOCK})`.execute(tx)
    await sql
      .raw(`create table if not exists migrations (name ${types.text} primary key, at ${types.integer} not null)`)
      .execute(tx)
    for (const migration of missing(await applied(tx), migrations)) {
      onStep(migration.name)
      for (const statement of migration.statements(types)) await sql.raw(statement).execute(tx)
      await tx.insertInto('migrations').values({ name: migration.name, at }).execute()
    }
  })
}

/** The names of the steps that a database has behind it; none where it is new. */
export async function stepsDone<T>(database: Database<T>): Promise<ReadonlySet<string>> {
  const read = database.read as unknown as Kysely<MigrationTable>
  const known =
    database.flavour === 'sqlite'
      ? sql<{ found: number }>`select count(*) as found from sqlite_master where name = 'migrations'`
      : sql<{ found: number }>`select count(to_regclass('migrations')) as found`
  const found = (await known.execute(read)).rows[0]?.found ?? 0
  return found === 0 ? new Set() : applied(read)
}

async function applied(db: Kysely<MigrationTable>): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom('migrations').select('name').execute()
  return new Set(rows.map((row) => row.name))
}

/** The steps of an area that are still to be made. Refuses what a later version has made. */
export function missing(names: ReadonlySet<string>, migrations: readonly Migration[]): readonly Migration[] {
  const known = new Set(migrations.map((migration) => migration.name))
  const area = migrations[0]?.name.split('-')[0]
  for (const name of names) {
    if (name.split('-')[0] === area && !known.has(name)) {
      throw new Error(`The database was changed by a later version of Gatehouse (migration ${name}); use that version.`)
    }
  }
  return migrations.filter((migration) => !names.has(migration.name))
}
