import { sql, type Transaction } from 'kysely'
import type { Receiver } from '../port.ts'
import { breathe, CHUNK, chunks, type Flavour, textList } from './database.ts'
import type { Tables } from './schema.ts'

/** Everybody who is a member now: serials by user id. */
export async function presentMembers(tx: Transaction<Tables>, conversation: number): Promise<Map<string, number>> {
  const present = new Map<string, number>()
  for (let after = ''; ; ) {
    const rows = await tx
      .selectFrom('memberships')
      .select(['uid', 'member'])
      .where('conversation', '=', conversation)
      .where('ended', 'is', null)
      .where('uid', '>', after)
      .orderBy('uid')
      .limit(CHUNK)
      .execute()
    for (const { uid, member } of rows) present.set(uid, member)
    const last = rows.at(-1)
    if (last === undefined || rows.length < CHUNK) return present
    after = last.uid
    await breathe()
  }
}

/**
 * Lets users join as of a version and answers those who did, by id. They MUST exist; those who are members already stay
 * as they are.
 */
export async function joinAll(
  tx: Transaction<Tables>,
  flavour: Flavour,
  conversation: { readonly app: string; readonly serial: number },
  ids: readonly string[],
  version: number,
): Promise<readonly Receiver[]> {
  const joined: Receiver[] = []
  for (const some of chunks([...ids].sort())) {
    const { rows } = await sql<{ uid: string; member: number }>`
      insert into memberships (conversation, uid, member, joined)
      select cast(${conversation.serial} as bigint), users.id, users.serial, cast(${version} as bigint)
      from users
      where users.app = ${conversation.app} and users.id in ${textList(flavour, some)} and not exists (
        select 1 from memberships
        where conversation = ${conversation.serial} and uid = users.id and ended is null
      )
      returning uid, member`.execute(tx)
    for (const { uid, member } of rows) joined.push({ id: uid, serial: member })
    if (ids.length > some.length) await breathe()
  }
  return joined
}

/** Lets members leave as of a version and answers those who did. */
export async function leaveAll(
  tx: Transaction<Tables>,
  flavour: Flavour,
  conversation: number,
  ids: readonly string[],
  version: number,
): Promise<readonly Receiver[]> {
  const left: Receiver[] = []
  for (const some of chunks(ids)) {
    const rows = await tx
      .updateTable('memberships')
      .set({ ended: version })
      .where('conversation', '=', conversation)
      .where('ended', 'is', null)
      .where('uid', 'in', textList(flavour, some))
      .returning(['uid', 'member'])
      .execute()
    for (const { uid, member } of rows) left.push({ id: uid, serial: member })
    if (ids.length > some.length) await breathe()
  }
  return left
}

/** Reads a conversation and keeps everybody else from changing it until the transaction ends. */
export async function lockConversation(tx: Transaction<Tables>, app: string, id: string) {
  return tx
    .updateTable('conversations')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('app', '=', app)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
}

/** Gives a conversation its next version. */
export async function setVersion(tx: Transaction<Tables>, conversation: number, version: number): Promise<void> {
  await tx.updateTable('conversations').set({ version }).where('serial', '=', conversation).execute()
}
