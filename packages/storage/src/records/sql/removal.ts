import { type RawBuilder, sql, type Transaction } from 'kysely'
import type { Flavour } from './database.ts'
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

/** How many rows a portion of a deletion has at most: few enough that it holds nobody up. */
const PORTION: { readonly [F in Flavour]: number } = { sqlite: 200, postgres: 1000 }
/** Rows whose own rows are looked at together. */
const PARENTS = 50

type Belonging = {
  readonly table: string
  /** The columns that name a row. */
  readonly key: readonly string[]
  /** Rows that belong to its rows alone, by the column that refers to them; they go first. */
  readonly own?: readonly { readonly table: string; readonly key: readonly string[]; readonly column: string }[]
}

/** What belongs to an app, what refers to others first. */
const BELONGINGS: readonly Belonging[] = [
  { table: 'deliveries', key: ['serial'] },
  { table: 'subscriptions', key: ['app', 'event', 'webhook', 'name'] },
  { table: 'webhooks', key: ['serial'] },
  { table: 'messages', key: ['serial'] },
  {
    table: 'attachments',
    key: ['serial'],
    own: [{ table: 'recipients', key: ['attachment', 'uid'], column: 'attachment' }],
  },
  {
    table: 'conversations',
    key: ['serial'],
    own: [
      { table: 'memberships', key: ['conversation', 'uid', 'joined'], column: 'conversation' },
      { table: 'bans', key: ['conversation', 'uid'], column: 'conversation' },
    ],
  },
  { table: 'logins', key: ['serial'] },
  { table: 'merged_users', key: ['serial'] },
  { table: 'users', key: ['serial'] },
  { table: 'keys', key: ['serial'] },
]

/**
 * Deletes an app for everybody who looks, and answers its serial; null where there is none. Its keys and what its webhooks wait for go at once;
 * everything else is left to {@link clearApps}.
 */
export async function deleteApp(tx: Transaction<Tables>, app: string): Promise<number | null> {
  const home = await tx
    .updateTable('apps')
    .set({ status: 'deleted' })
    .where('id', '=', app)
    .where('status', '<>', 'deleted')
    .returning('serial')
    .executeTakeFirst()
  if (home === undefined) return null
  await tx.updateTable('webhooks').set({ gone: 1 }).where('app', '=', app).execute()
  await tx.deleteFrom('subscriptions').where('app', '=', app).execute()
  await tx.deleteFrom('keys').where('app', '=', app).execute()
  return home.serial
}

/** Deletes a portion of what is left of a deleted app. False where no deleted app is left. */
export async function clearApps(tx: Transaction<Tables>, flavour: Flavour): Promise<boolean> {
  const found = await tx.selectFrom('apps').select('serial').where('status', '=', 'deleted').limit(1).executeTakeFirst()
  if (found === undefined) return false
  // Nodes that clear at the same time do it one after the other.
  const home = await tx
    .updateTable('apps')
    .set({ status: 'deleted' })
    .where('serial', '=', found.serial)
    .returning('id')
    .executeTakeFirst()
  if (home === undefined) return true
  for (const belonging of BELONGINGS) {
    if ((await clearPortion(tx, flavour, belonging, home.id)) > 0) return true
  }
  // The mark that the app itself is gone stays for good.
  const marks = { table: 'standing', key: ['position'] }
  const ofApp = sql`app = ${home.id} and scope <> 'app'`
  if ((await deleteSome(tx, flavour, marks, ofApp)) > 0) return true
  await tx.deleteFrom('apps').where('serial', '=', found.serial).execute()
  return true
}

async function clearPortion(
  tx: Transaction<Tables>,
  flavour: Flavour,
  belonging: Belonging,
  app: string,
): Promise<number> {
  const { table, own } = belonging
  if (own === undefined) return deleteSome(tx, flavour, belonging, sql`app = ${app}`)
  const found = await sql<{
    serial: number
  }>`select serial from ${sql.table(table)} where app = ${app} limit ${PARENTS}`.execute(tx)
  if (found.rows.length === 0) return 0
  const parents = sql.join(found.rows.map(({ serial }) => sql.val(serial)))
  for (const { column, ...rows } of own) {
    const gone = await deleteSome(tx, flavour, rows, sql`${sql.ref(column)} in (${parents})`)
    if (gone > 0) return gone
  }
  return deleteSome(tx, flavour, belonging, sql`serial in (${parents})`)
}

async function deleteSome(
  tx: Transaction<Tables>,
  flavour: Flavour,
  { table, key }: Pick<Belonging, 'table' | 'key'>,
  which: RawBuilder<unknown>,
): Promise<number> {
  const row = sql.join(key.map((column) => sql.ref(column)))
  const rows = sql`from ${sql.table(table)} where ${which} limit ${PORTION[flavour]}`
  const some =
    flavour === 'sqlite'
      ? sql`delete from ${sql.table(table)} where (${row}) in (select ${row} ${rows})`
      : sql`delete from ${sql.table(table)} where ctid = any(array(select ctid ${rows}))`
  return Number((await some.execute(tx)).numAffectedRows ?? 0)
}
