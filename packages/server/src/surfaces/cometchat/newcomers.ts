import type { User } from '@gatehouse/storage/records/port'
import { addMembers, banMember, type Newcomer } from '../../membership.ts'
import type { Parts } from '../../parts.ts'
import { type ErrorCode, noSuchGroup, noSuchUser } from './errors.ts'
import { findGroup, isAbove, LISTS, type Lists, type Rank, rankOf } from './group.ts'
import { findUsers } from './people.ts'

/** What came of one uid. */
type Outcome =
  | { readonly success: true }
  | { readonly success: false; readonly error: { readonly code: ErrorCode; readonly message: string } }

/** What came of every uid, list by list; all four are there, however empty. */
export type Outcomes = Readonly<Record<keyof Lists, Readonly<Record<string, Outcome>>>>

/** Leaving through this surface takes access away, unless the app says otherwise. */
export function actorOf(by: string) {
  return { by, revokeByDefault: true } as const
}

/**
 * Adds and bans the users of lists and tells for each what came of it. Whoever is no active user, is a member already, or is banned
 * stays what they were. All who are added come in one step. A user bans only those who stand below their `rank`; a server, whose is null,
 * everybody.
 */
export async function addLists(
  parts: Parts,
  asked: { app: string; guid: string; lists: Lists; by: string; bannedBy: string | null; rank: Rank | null },
): Promise<Outcomes> {
  const { app, guid, lists, by, bannedBy, rank } = asked
  const { conversations } = parts.records
  const named = Object.values(lists).flat()
  const users = new Map(await findUsers(parts.records, app, named, { active: true }))
  const newcomers = new Map<string, Newcomer>()
  for (const list of Object.keys(LISTS) as (keyof typeof LISTS)[]) {
    for (const uid of lists[list]) {
      const user = users.get(uid)
      // The first, and so the highest, of the lists that name a user counts.
      if (user && !newcomers.has(user.id)) newcomers.set(user.id, { user: user.id, role: LISTS[list] })
    }
  }
  const arrival = await addMembers(parts, app, guid, [...newcomers.values()], { by })
  if (arrival === null) throw noSuchGroup(guid)
  const [present, banned] = [ids(arrival.present), ids(arrival.banned)]
  const group = await findGroup(parts.records, app, guid)
  const banish = async (uid: string, user: User) => {
    if (rank !== null && !isAbove(rank, rankOf(group, await conversations.member(app, guid, user.id)))) {
      return refused('ERR_PERMISSION_DENIED', `${uid} does not stand below you in this group.`)
    }
    await banMember(parts, app, guid, { user: user.id, bannedBy }, actorOf(by))
    return DONE
  }

  const outcomes: Record<keyof Lists, Record<string, Outcome>> = {
    admins: {},
    moderators: {},
    participants: {},
    usersToBan: {},
  }
  for (const list of Object.keys(outcomes) as (keyof Lists)[]) {
    for (const uid of lists[list]) {
      const user = users.get(uid) ?? null
      if (user === null) outcomes[list][uid] = refused('ERR_UID_NOT_FOUND', noSuchUser(uid).message)
      else if (list === 'usersToBan') outcomes[list][uid] = await banish(uid, user)
      else if (present.has(user.id)) outcomes[list][uid] = refused('ERR_ALREADY_JOINED', `${uid} is a member already.`)
      else if (banned.has(user.id)) outcomes[list][uid] = refused('ERR_PERMISSION_DENIED', `${uid} is banned here.`)
      else outcomes[list][uid] = DONE
    }
  }
  return outcomes
}

const DONE: Outcome = { success: true }

function refused(code: ErrorCode, message: string): Outcome {
  return { success: false, error: { code, message } }
}

function ids(receivers: readonly { readonly id: string }[]): ReadonlySet<string> {
  return new Set(receivers.map(({ id }) => id))
}
