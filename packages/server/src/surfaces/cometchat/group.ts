import { isId } from '@gatehouse/core/resource'
import type { Conversation, Member, MemberRole, Records } from '@gatehouse/storage/records/port'
import type { Context } from './call.ts'
import { badField, failure, noSuchGroup } from './errors.ts'
import { type Fields, fieldsOf, textsOf } from './request.ts'

/** The group with this guid: a conversation of many. Raises ERR_GUID_NOT_FOUND. */
export async function findGroup(
  { conversations }: Pick<Records, 'conversations'>,
  app: string,
  guid: string,
): Promise<Conversation> {
  const found = isId(guid) ? await conversations.find(app, guid) : null
  if (found === null || found.type !== 'group' || found.mergedInto !== null) throw noSuchGroup(guid)
  return found
}

/** What somebody is to a group. */
export type Rank = 'outsider' | MemberRole | 'owner'

const ORDER: readonly Rank[] = ['outsider', 'participant', 'moderator', 'admin', 'owner']

/** What a member, or nobody, is to a group. */
export function rankOf({ owner }: Conversation, member: Member | null): Rank {
  if (member === null) return 'outsider'
  return member.id === owner ? 'owner' : member.role
}

/** Whether one rank stands above another. */
export function isAbove(rank: Rank, other: Rank): boolean {
  return ORDER.indexOf(rank) > ORDER.indexOf(other)
}

/**
 * The group of the path, with the rank of the user who calls, at least `least`; a server may do everything, and counts as owner.
 * Raises ERR_GUID_NOT_FOUND, ERR_GROUP_NOT_JOINED for outsiders and ERR_PERMISSION_DENIED below it.
 */
export async function groupFor(
  records: Pick<Records, 'conversations'>,
  { app, params, who, reader }: Pick<Context, 'app' | 'params' | 'who' | 'reader'>,
  least: Rank,
): Promise<{ readonly group: Conversation; readonly rank: Rank }> {
  const group = await findGroup(records, app, params.guid ?? '')
  if (who === 'rest') return { group, rank: 'owner' }
  const rank = rankOf(group, reader === null ? null : await records.conversations.member(app, group.id, reader.id))
  if (rank === 'outsider') throw failure('ERR_GROUP_NOT_JOINED', notJoined(reader?.id ?? '', group.id))
  if (isAbove(least, rank)) throw failure('ERR_PERMISSION_DENIED', `Only those who are at least ${least} may do this.`)
  return { group, rank }
}

/** What is said of somebody who is not in a group. */
export function notJoined(uid: string, guid: string): string {
  return `The user with UID ${uid} has not joined the group with GUID ${guid}.`
}

/** How the lists of people in a body are called, with the role each gives. */
export const LISTS = { admins: 'admin', moderators: 'moderator', participants: 'participant' } as const

/** Uids as a body lists them. */
export type Lists = Readonly<Record<keyof typeof LISTS | 'usersToBan', readonly string[]>>

/** So many uids are taken in one call, all lists together (the vendor's limit). */
const MOST = 25

/** Reads the lists of people to add and to ban; those left out are empty. Raises ERR_BAD_REQUEST, also where they name too many. */
export function readLists(given: unknown): Lists {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw badField('members', 'The members must be an object with lists of UIDs.')
  }
  const fields: Fields = fieldsOf(given)
  const list = (name: keyof Lists) => textsOf(fields, name, MOST) ?? []
  const lists = {
    admins: list('admins'),
    moderators: list('moderators'),
    participants: list('participants'),
    usersToBan: list('usersToBan'),
  }
  if (new Set(Object.values(lists).flat()).size > MOST) {
    throw badField('members', `The members may not have more than ${MOST} items in all.`)
  }
  return lists
}
