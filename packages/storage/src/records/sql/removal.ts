import { sql, type Transaction } from 'kysely'
import { breathe, CHUNK, type Flavour } from './database.ts'
import { lockUser } from './logins.ts'
import type { Tables } from './schema.ts'

/** Deletes a user with their memberships, what they own, and login sessions, and answers the serial; null where there is none. */
export async function deleteUser(tx: Transaction<Tables>, app: string, id: string): Promise<number | null> {
  const serial = await lockUser(tx, app, id)
  if (serial === null) return null
  await tx
    .updateTable('conversations')
    .set((eb) => ({ members: eb('members', '-', 1) }))
    .where('serial', 'in', (eb) =>
      eb.selectFrom('memberships').select('conversation').where('member', '=', serial).where('ended', 'is', null),
    )
    .execute()
  // Ownership names a user by id, member or not: whoever comes later under the same one inherits nothing.
  await tx.updateTable('conversations').set({ owner: null }).where('app', '=', app).where('owner', '=', id).execute()
  await tx.deleteFrom('memberships').where('member', '=', serial).execute()
  await tx.deleteFrom('bans').where('member', '=', serial).execute()
  await tx.deleteFrom('logins').where('member', '=', serial).execute()
  await tx.deleteFrom('recipients').where('member', '=', serial).execute()
  await tx.deleteFrom('merged_users').where('survivor', '=', serial).execute()
  await tx.deleteFrom('users').where('serial', '=', serial).execute()
  return serial
}

/** Deletes an attachment's row and answers its path; null where there is none. The blob is left to the caller. */
export async function deleteAttachment(tx: Transaction<Tables>, app: string, id: string): Promise<string | null> {
  const row = await tx
    .selectFrom('attachments')
    .select('serial')
    .where('app', '=', app)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return null
  await tx.deleteFrom('recipients').where('attachment', '=', row.serial).execute()
  const gone = await tx
    .deleteFrom('attachments')
    .where('serial', '=', row.serial)
    .returning(['path', 'size'])
    .executeTakeFirst()
  if (gone === undefined) return null
  await tx
    .updateTable('apps')
    .set((eb) => ({
      used_bytes: eb('used_bytes', '-', gone.size),
      used_attachments: eb('used_attachments', '-', 1),
    }))
    .where('id', '=', app)
    .execute()
  return gone.path
}

/** What belongs to an app, what refers to others first: the columns that name a row, and which rows are the app's. */
const BELONGINGS = [
  { table: 'deliveries', key: ['serial'], parent: null },
  { table: 'subscriptions', key: ['app', 'event', 'webhook', 'name'], parent: null },
  { table: 'webhooks', key: ['serial'], parent: null },
  { table: 'recipients', key: ['attachment', 'uid'], parent: { column: 'attachment', table: 'attachments' } },
  {
    table: 'memberships',
    key: ['conversation', 'uid', 'joined'],
    parent: { column: 'conversation', table: 'conversations' },
  },
  { table: 'bans', key: ['conversation', 'uid'], parent: { column: 'conversation', table: 'conversations' } },
  { table: 'messages', key: ['serial'], parent: null },
  { table: 'attachments', key: ['serial'], parent: null },
  { table: 'conversations', key: ['serial'], parent: null },
  { table: 'logins', key: ['serial'], parent: null },
  { table: 'merged_users', key: ['serial'], parent: null },
  { table: 'users', key: ['serial'], parent: null },
  { table: 'keys', key: ['serial'], parent: null },
  { table: 'standing', key: ['position'], parent: null },
] as const

/** Deletes an app with everything under it, and answers its serial; null where there is none. Takes time where there is much. */
export async function deleteApp(tx: Transaction<Tables>, flavour: Flavour, app: string): Promise<number | null> {
  // Writing the row first keeps others from adding to the app while it goes.
  const home = await tx
    .updateTable('apps')
    .set({ status: 'suspended' })
    .where('id', '=', app)
    .returning('serial')
    .executeTakeFirst()
  if (home === undefined) return null
  const chunk = CHUNK[flavour]
  for (const { table, key, parent } of BELONGINGS) {
    const row = sql.join(key.map((column) => sql.ref(column)))
    const ofApp =
      parent === null
        ? sql`app = ${app}`
        : sql`${sql.ref(parent.column)} in (select serial from ${sql.table(parent.table)} where app = ${app})`
    const rows = sql`from ${sql.table(table)} where ${ofApp} limit ${chunk}`
    const some =
      flavour === 'sqlite'
        ? sql`delete from ${sql.table(table)} where (${row}) in (select ${row} ${rows})`
        : sql`delete from ${sql.table(table)} where ctid = any(array(select ctid ${rows}))`
    for (let gone = chunk; gone >= chunk; await breathe()) {
      gone = Number((await some.execute(tx)).numAffectedRows ?? 0)
    }
  }
  await tx.deleteFrom('apps').where('serial', '=', home.serial).execute()
  return home.serial
}
