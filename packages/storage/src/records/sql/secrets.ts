import type { Secrets } from '../port.ts'
import type { Database } from './database.ts'
import type { Tables } from './schema.ts'

/** Secrets of the installation in SQL. */
export function createSecrets({ read, write }: Database<Tables>): Secrets {
  const find = async (name: string) => {
    const row = await read.selectFrom('secrets').select('value').where('name', '=', name).executeTakeFirst()
    return row === undefined ? null : new Uint8Array(row.value)
  }
  return {
    find,
    findOrCreate: async (name, value) => {
      const present = await find(name)
      if (present !== null) return present
      await write((tx) =>
        tx
          .insertInto('secrets')
          .values({ name, value })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .execute(),
      )
      return (await find(name)) ?? value
    },
  }
}
