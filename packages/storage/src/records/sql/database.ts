import { setImmediate } from 'node:timers/promises'
import { CompiledQuery, type Kysely, type RawBuilder, type SqlBool, sql, type Transaction } from 'kysely'

/** The two dialects of SQL. Code that differs between them asks here; there is little of it. */
export type Flavour = 'sqlite' | 'postgres'

/** Who answers SQL that is written down (`statement.ts`): a database, for reading, or a transaction ({@link askingIn}). */
export type Asked = {
  readonly flavour: Flavour
  /** Answers all rows of a statement, past the query builder. `R` MUST be what it selects. */
  ask<R>(text: string, values: readonly unknown[]): Promise<readonly R[]>
}

/** One open database: two ways to read, and a way to write. */
export type Database<T> = Asked & {
  /** For reading only; every statement sees what has been committed. */
  readonly read: Kysely<T>
  /**
   * Runs `work` in one transaction that may write, and answers once it is durable. `work` may run again after a conflict
   * with another transaction, so it MUST touch nothing but the database.
   */
  write<R>(work: (tx: Transaction<T>) => Promise<R>): Promise<R>
  /**
   * The same for changes of the schema: other transactions, and each statement, are waited for however long they take. What `work` tells of
   * itself may be told again.
   */
  upgrade<R>(work: (tx: Transaction<T>) => Promise<R>): Promise<R>
  close(): Promise<void>
}

/** What the query builder is connected to, asked past it. */
export function askingIn(flavour: Flavour, db: Pick<Kysely<unknown>, 'executeQuery'>): Asked {
  return {
    flavour,
    ask: async <R>(text: string, values: readonly unknown[]) =>
      (await db.executeQuery(CompiledQuery.raw(text, [...values]) as CompiledQuery<R>)).rows,
  }
}

/** How long a change of the schema may take, in milliseconds: a day, longer than anybody waits. */
export const UPGRADE_PATIENCE: number = 24 * 60 * 60 * 1000

/** How many rows long statements take at a time, so that they hold neither event loop nor statement timeout for long. */
export const CHUNK: { readonly [F in Flavour]: number } = { sqlite: 500, postgres: 2000 }

/** Lets everything else that waits have its turn. */
export async function breathe(): Promise<void> {
  await setImmediate()
}

/** Cuts a list into pieces of at most `size`. */
export function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}

/** Whether a column is one of the values: one parameter and one statement, however many they are. */
export function isIn(
  flavour: Flavour,
  column: string,
  values: readonly string[] | readonly number[],
): RawBuilder<SqlBool> {
  return flavour === 'sqlite'
    ? sql<SqlBool>`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`
    : sql<SqlBool>`${sql.ref(column)} = any(${values})`
}

/**
 * Rows as a query with named columns, to insert many with one parameter. `columns` names each column's type, in the order
 * of the cells. Texts MUST NOT hold NUL.
 */
export function rowTable<R>(
  flavour: Flavour,
  columns: { readonly [Name in keyof R]: 'text' | 'bigint' },
  rows: readonly (readonly (string | number | null)[])[],
): RawBuilder<R> {
  const json = JSON.stringify(rows)
  const cells = Object.entries(columns).map(([name, type], index) =>
    flavour === 'sqlite'
      ? sql`json_extract(value, ${sql.lit(`$[${index}]`)}) as ${sql.id(name)}`
      : sql`(value ->> ${sql.lit(index)})::${sql.raw(String(type))} as ${sql.id(name)}`,
  )
  return flavour === 'sqlite'
    ? sql<R>`select ${sql.join(cells)} from json_each(${json}) where true`
    : sql<R>`select ${sql.join(cells)} from json_array_elements(${json}::json) as list(value)`
}
