import type { Selectable, Transaction } from 'kysely'
import { breathe, type Flavour, isIn } from './database.ts'
import type { ConversationRow } from './memberships.ts'
import type { Tables } from './schema.ts'
import type { MembershipsTable } from './schema-talk.ts'

/** A user by both names. */
export type Person = { readonly id: string; readonly serial: number }

/** Whether the person who two users are now is cut off from a conversation. */
export type InOrOut = { readonly conversation: number; readonly out: boolean }

type Interval = Selectable<MembershipsTable>

/**
 * Gives what one user is and was in conversations to another: intervals, bans and conversations of two. Answers the conversations that one of the
 * two was cut off from. Both users MUST be locked.
 */
export async function mergeMemberships(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  from: Person,
  to: Person,
): Promise<readonly InOrOut[]> {
  const serials = [from.serial, to.serial]
  const touched = await tx
    .selectFrom('memberships')
    .select('conversation')
    .where('member', '=', from.serial)
    .union(tx.selectFrom('bans').select('conversation').where('member', '=', from.serial))
    .orderBy('conversation')
    .execute()
  for (const { conversation } of touched) {
    const home = await tx
      .updateTable('conversations')
      .set((eb) => ({ version: eb.ref('version') }))
      .where('serial', '=', conversation)
      .returningAll()
      .executeTakeFirst()
    if (home !== undefined) await mergeIn(tx, flavour, home, from, to)
    await breathe()
  }
  return cutOffs(tx, flavour, app, serials, to)
}

async function mergeIn(
  tx: Transaction<Tables>,
  flavour: Flavour,
  home: ConversationRow,
  from: Person,
  to: Person,
): Promise<void> {
  const ofBoth = isIn(flavour, 'member', [from.serial, to.serial])
  const bans = await tx.selectFrom('bans').selectAll().where('conversation', '=', home.serial).where(ofBoth).execute()
  const banned = bans.length > 0
  if (bans.some(({ member }) => member === from.serial)) {
    await tx.deleteFrom('bans').where('conversation', '=', home.serial).where('member', '=', from.serial).execute()
    const [ban] = bans
    if (bans.length === 1 && ban !== undefined) {
      await tx
        .insertInto('bans')
        .values({ ...ban, uid: to.id, member: to.serial })
        .execute()
    }
  }
  const before = await tx
    .deleteFrom('memberships')
    .where('conversation', '=', home.serial)
    .where(ofBoth)
    .returningAll()
    .execute()
  const present = (rows: readonly Interval[]) => rows.filter(({ ended }) => ended === null).length
  const version = home.version + 1
  const joined = united(before, to)
  const leaves = banned && present(joined) > 0
  const after = joined.map((row) => (leaves && row.ended === null ? { ...row, ended: version } : row))
  for (const row of after) await tx.insertInto('memberships').values(row).execute()
  await tx
    .updateTable('conversations')
    .set({
      members: home.members + present(after) - present(before),
      pair: await pairOf(tx, home, from, to),
      ...(leaves && { version }),
    })
    .where('serial', '=', home.serial)
    .execute()
}

/** The times of two users in a conversation as one person's: what overlaps or touches is one time. What the survivor was there counts. */
function united(rows: readonly Interval[], { id, serial }: Person): readonly Interval[] {
  const all: Interval[] = []
  const ordered = rows.toSorted(
    (a, b) => a.joined - b.joined || Number(b.member === serial) - Number(a.member === serial),
  )
  let roleIsOwn = false
  for (const row of ordered) {
    const own = row.member === serial
    const last = all.at(-1)
    if (last === undefined || (last.ended !== null && last.ended < row.joined)) {
      all.push({ ...row, uid: id, member: serial })
      roleIsOwn = own
      continue
    }
    const ended = last.ended === null || row.ended === null ? null : Math.max(last.ended, row.ended)
    // The part played last, and rather as oneself.
    const role = own || (!roleIsOwn && row.ended === ended) ? row.role : last.role
    roleIsOwn ||= own
    all[all.length - 1] = { ...last, ended, role, joined_at: Math.min(last.joined_at, row.joined_at) }
  }
  return all
}

/** Whose a conversation of two is now: nobody's where the two are one, or have another one already. */
async function pairOf(
  tx: Transaction<Tables>,
  { app, pair }: ConversationRow,
  from: Person,
  to: Person,
): Promise<string | null> {
  const owners = pair?.split('/').map(Number) ?? []
  if (!owners.includes(from.serial)) return pair
  if (owners.includes(to.serial)) return null
  const now = owners.map((serial) => (serial === from.serial ? to.serial : serial)).sort((a, b) => a - b)
  const taken = await tx
    .selectFrom('conversations')
    .select('serial')
    .where('app', '=', app)
    .where('pair', '=', now.join('/'))
    .executeTakeFirst()
  return taken === undefined ? now.join('/') : null
}

/** Of conversations that a user of these was cut off from: whether the survivor, who has all memberships by now, is. */
async function cutOffs(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  serials: readonly number[],
  { serial: survivor }: Person,
): Promise<readonly InOrOut[]> {
  const marks = await tx
    .selectFrom('standing')
    .select('target')
    .where('scope', '=', 'member')
    .where('app', '=', app)
    .where('suspended', '=', 1)
    .where((eb) => eb.or(serials.map((serial) => eb('target', 'like', `%/${serial}`))))
    .execute()
  const left = [...new Set(marks.map(({ target }) => Number(target.split('/')[0])))]
  // What was merged into another conversation is read through that one, and so is who belongs there.
  const homes = await tx
    .selectFrom('conversations')
    .leftJoin('conversations as survivors', (join) =>
      join.onRef('survivors.app', '=', 'conversations.app').onRef('survivors.id', '=', 'conversations.merged_into'),
    )
    .select((eb) => [
      'conversations.serial as conversation',
      eb.fn.coalesce('survivors.serial', 'conversations.serial').as('home'),
    ])
    .where(isIn(flavour, 'conversations.serial', left))
    .execute()
  const present = await tx
    .selectFrom('memberships')
    .select('conversation')
    .where('member', '=', survivor)
    .where('ended', 'is', null)
    .execute()
  const within = new Set(present.map(({ conversation }) => conversation))
  return homes.map(({ conversation, home }) => ({ conversation, out: !within.has(home) }))
}
