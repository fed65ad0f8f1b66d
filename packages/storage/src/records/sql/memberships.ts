import { type Selectable, sql, type Transaction } from 'kysely'
import type { MemberRole, Receiver } from '../port.ts'
import { breathe, CHUNK, chunks, type Flavour, isIn, rowTable } from './database.ts'
import type { Tables } from './schema.ts'
import type { ConversationsTable, MembershipsTable } from './schema-talk.ts'

const ROLES: readonly MemberRole[] = ['participant', 'moderator', 'admin']

/** A row of a conversation. */
export type ConversationRow = Selectable<ConversationsTable>

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

/** Of these ids those of users, each once, in the order asked for. */
export async function usersAmong(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  ids: readonly string[],
): Promise<readonly Receiver[]> {
  const found = new Map<string, Receiver>()
  for (const some of chunks(ids, CHUNK[flavour])) {
    const rows = await tx
      .selectFrom('users')
      .select(['id', 'serial'])
      .where('app', '=', app)
      .where(isIn(flavour, 'id', some))
      .execute()
    for (const row of rows) found.set(row.id, row)
  }
  return [...new Set(ids)].flatMap((id) => found.get(id) ?? [])
}

/** Of these users those who are banned from a conversation. */
export async function bannedAmong(
  tx: Transaction<Tables>,
  conversation: number,
  users: readonly Receiver[],
): Promise<readonly Receiver[]> {
  const rows = await tx.selectFrom('bans').select('member').where('conversation', '=', conversation).execute()
  const banned = new Set(rows.map(({ member }) => member))
  return users.filter(({ serial }) => banned.has(serial))
}

/**
 * Lets users join a conversation, all as of its next version (`first`: as of the one it has), and writes what changes with that; answers
 * those who did. Those who are members already stay as they are. The row MUST be locked, nobody of them banned.
 */
export async function joinAll(
  tx: Transaction<Tables>,
  flavour: Flavour,
  home: ConversationRow,
  users: readonly (Receiver & { readonly role?: MemberRole })[],
  { at, first = false }: { readonly at: number; readonly first?: boolean },
): Promise<{ readonly joined: readonly Receiver[]; readonly home: ConversationRow }> {
  const version = first ? home.version : home.version + 1
  const joined: Receiver[] = []
  for (const role of ROLES) {
    const alike = users.filter((user) => (user.role ?? 'participant') === role)
    for (const some of chunks(alike, CHUNK[flavour])) {
      const rows = rowTable<Pick<MembershipsTable, 'uid' | 'member'>>(
        flavour,
        { uid: 'text', member: 'bigint' },
        some.map(({ id, serial }) => [id, serial]),
      )
      const [of, as, when] = [home.serial, version, at].map((value) => sql<number>`cast(${value} as bigint)`)
      const came = await tx
        .insertInto('memberships')
        .columns(['conversation', 'uid', 'member', 'joined', 'role', 'joined_at'])
        // What is the same for all stands outside of the rows, which are many.
        .expression(
          sql<Omit<MembershipsTable, 'ended'>>`
            select ${of}, uid, member, ${as}, ${sql.lit(role)}, ${when} from (${rows}) as newcomers where true`,
        )
        .onConflict((conflict) => conflict.doNothing())
        .returning(['uid', 'member'])
        .execute()
      for (const { uid, member } of came) joined.push({ id: uid, serial: member })
      if (users.length > some.length) await breathe()
    }
  }
  if (joined.length === 0) return { joined, home }
  const owners = home.pair?.split('/') ?? []
  const pair = joined.every(({ serial }) => owners.includes(String(serial))) ? home.pair : null
  const changed = { ...home, version, pair, members: home.members + joined.length }
  await writeMembership(tx, changed)
  return { joined, home: changed }
}

/** Lets members leave a conversation as of its next version, and answers those who did. The row MUST be locked. */
export async function leaveAll(
  tx: Transaction<Tables>,
  flavour: Flavour,
  home: ConversationRow,
  ids: readonly string[],
): Promise<{ readonly left: readonly Receiver[]; readonly home: ConversationRow }> {
  const version = home.version + 1
  const left: Receiver[] = []
  for (const some of chunks(ids, CHUNK[flavour])) {
    const rows = await tx
      .updateTable('memberships')
      .set({ ended: version })
      .where('conversation', '=', home.serial)
      .where('ended', 'is', null)
      .where(isIn(flavour, 'uid', some))
      .returning(['uid', 'member'])
      .execute()
    for (const { uid, member } of rows) left.push({ id: uid, serial: member })
    if (ids.length > some.length) await breathe()
  }
  if (left.length === 0) return { left, home }
  const changed = { ...home, version, members: home.members - left.length }
  await writeMembership(tx, changed)
  return { left, home: changed }
}

async function writeMembership(tx: Transaction<Tables>, { serial, version, members, pair }: ConversationRow) {
  await tx.updateTable('conversations').set({ version, members, pair }).where('serial', '=', serial).execute()
}

/** Reads a conversation and keeps everybody else from changing it until the transaction ends. */
export async function lockConversation(
  tx: Transaction<Tables>,
  app: string,
  id: string,
): Promise<ConversationRow | undefined> {
  return tx
    .updateTable('conversations')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('app', '=', app)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
}
