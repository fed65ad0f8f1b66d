import type { Kysely } from 'kysely'
import type { Tables } from './schema.ts'

/** An app as everybody sees it: not there any more from the moment at which it was deleted, however long it takes to clear it. */
export function presentApp(db: Kysely<Tables>, app: string) {
  return db.selectFrom('apps').where('id', '=', app).where('status', '<>', 'deleted')
}

/** An app that was deleted and is not cleared yet; null where there is none. */
export async function findDeletedApp(db: Kysely<Tables>): Promise<string | null> {
  const row = await db.selectFrom('apps').select('id').where('status', '=', 'deleted').limit(1).executeTakeFirst()
  return row?.id ?? null
}
