import { sql, type Transaction } from 'kysely'
import { breathe, CHUNK, type Flavour } from './database.ts'
import { lockConversation } from './memberships.ts'
import type { Tables } from './schema.ts'

/** What was deleted: the conversations, and the paths of their attachments. */
export type RemovedConversations = {
  readonly homes: readonly { readonly id: string; readonly serial: number }[]
  readonly paths: readonly string[]
}

/**
 * Deletes a conversation and those merged into it, with members, bans, messages and attachments; the blobs are left to the caller. Null where
 * there is none, or it was merged away.
 */
export async function deleteConversationRows(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  id: string,
): Promise<RemovedConversations | null> {
  const home = await lockConversation(tx, app, id)
  if (home === undefined || home.merged_into !== null) return null
  const merged = await tx
    .selectFrom('conversations')
    .select(['id', 'serial'])
    .where('app', '=', app)
    .where('merged_into', '=', id)
    .orderBy('serial')
    .execute()
  const homes = [...merged, { id, serial: home.serial }]
  const paths: string[] = []
  for (const { serial } of homes) {
    for (const path of await deleteAttachmentsOf(tx, flavour, app, serial)) paths.push(path)
    for (const table of ['messages', 'memberships', 'bans'] as const) await deleteRowsOf(tx, flavour, table, serial)
    await tx.deleteFrom('conversations').where('serial', '=', serial).execute()
  }
  return { homes, paths }
}

async function deleteAttachmentsOf(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  conversation: number,
): Promise<readonly string[]> {
  const paths: string[] = []
  const limit = CHUNK[flavour]
  for (;;) {
    const some = await tx
      .selectFrom('attachments')
      .select(['serial', 'path', 'size'])
      .where('conversation', '=', conversation)
      .orderBy('serial')
      .limit(limit)
      .execute()
    const last = some.at(-1)
    if (last === undefined) return paths
    const these = tx
      .selectFrom('attachments')
      .select('serial')
      .where('conversation', '=', conversation)
      .where('serial', '<=', last.serial)
    await tx.deleteFrom('recipients').where('attachment', 'in', these).execute()
    await tx
      .deleteFrom('attachments')
      .where('conversation', '=', conversation)
      .where('serial', '<=', last.serial)
      .execute()
    const bytes = some.reduce((sum, { size }) => sum + size, 0)
    await tx
      .updateTable('apps')
      .set((eb) => ({
        used_bytes: eb('used_bytes', '-', bytes),
        used_attachments: eb('used_attachments', '-', some.length),
      }))
      .where('id', '=', app)
      .execute()
    for (const { path } of some) paths.push(path)
    await breathe()
  }
}

async function deleteRowsOf(
  tx: Transaction<Tables>,
  flavour: Flavour,
  table: 'messages' | 'memberships' | 'bans',
  conversation: number,
): Promise<void> {
  const limit = CHUNK[flavour]
  const key = sql.raw(
    { messages: 'serial', memberships: 'conversation, uid, joined', bans: 'conversation, uid' }[table],
  )
  const rows = sql`from ${sql.table(table)} where conversation = ${conversation} limit ${limit}`
  const some =
    flavour === 'sqlite'
      ? sql`delete from ${sql.table(table)} where (${key}) in (select ${key} ${rows})`
      : sql`delete from ${sql.table(table)} where ctid = any(array(select ctid ${rows}))`
  for (let gone = limit; gone >= limit; await breathe()) {
    gone = Number((await some.execute(tx)).numAffectedRows ?? 0)
  }
}
