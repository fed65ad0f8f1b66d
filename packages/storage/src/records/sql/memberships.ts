import type { Transaction } from 'kysely'
import type { Receiver } from '../port.ts'
import { breathe, CHUNK, chunks, type Flavour, isIn, rowTable } from './database.ts'
import type { MembershipsTable, Tables } from './schema.ts'

/** Everybody who is a member now: serials by user id. */
export async function presentMembers(
  tx: Transaction<Tables>,
  flavour: Flavour,
  conversation: number,
): Promise<Map<string, number>> {
  const present = new Map<string, number>()
  for (let after = ''; ; ) {
    const rows = await tx
      .selectFrom('memberships')
      .select(['uid', 'member'])
      .where('conversation', '=', conversation)
      .where('ended', 'is', null)
      .where('uid', '>', after)
      .orderBy('uid')
      .limit(CHUNK[flavour])
      .execute()
    for (const { uid, member } of rows) present.set(uid, member)
    const last = rows.at(-1)
    if (last === undefined || rows.length < CHUNK[flavour]) return present
    after = last.uid
    await breathe()
  }
}

/** Lets users join as of a version and answers those who did; those who are members already stay as they are. */
export async function joinAll(
  tx: Transaction<Tables>,
  flavour: Flavour,
  conversation: number,
  users: readonly Receiver[],
  version: number,
): Promise<readonly Receiver[]> {
  const joined: Receiver[] = []
  for (const some of chunks(users, CHUNK[flavour])) {
    const rows = await tx
      .insertInto('memberships')
      .columns(['conversation', 'uid', 'member', 'joined'])
      .expression(
        rowTable<Pick<MembershipsTable, 'conversation' | 'uid' | 'member' | 'joined'>>(
          flavour,
          { conversation: 'bigint', uid: 'text', member: 'bigint', joined: 'bigint' },
          some.map(({ id, serial }) => [conversation, id, serial, version]),
        ),
      )
      .onConflict((conflict) => conflict.doNothing())
      .returning(['uid', 'member'])
      .execute()
    for (const { uid, member } of rows) joined.push({ id: uid, serial: member })
    if (users.length > some.length) await breathe()
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
  for (const some of chunks(ids, CHUNK[flavour])) {
    const rows = await tx
      .updateTable('memberships')
      .set({ ended: version })
      .where('conversation', '=', conversation)
      .where('ended', 'is', null)
      .where(isIn(flavour, 'uid', some))
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
