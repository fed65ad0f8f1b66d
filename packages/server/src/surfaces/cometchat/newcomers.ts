import type { User } from '@gatehouse/storage/records/port'
import { addMembers, banMembers, type Newcomer } from '../../membership.ts'
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

/** The outcomes of lists that name nobody. */
export const NOBODY: Outcomes = { admins: {}, moderators: {}, participants: {}, usersToBan: {} }

/** Leaving through this surface takes access away, unless the app says otherwise. */
export function actorOf(by: string) {
  return { by, revokeByDefault: true } as const
}

/** Somebody whom a list names, as it does. */
type Named = { readonly list: keyof Lists; readonly uid: string; readonly user: User | null }

/**
 * Adds and bans the users of lists and tells for each what came of it. Whoever is no active user, is a member already, or is banned
 * stays what they were; whom several lists name is in the first, and so the highest, alone. All who are added come in one step, and all who
 * are banned go in one. A user bans only those who stand below their `rank`; a server, whose is null, everybody.
 */
export async function addLists(
  parts: Parts,
  asked: { app: string; guid: string; lists: Lists; by: string; bannedBy: string | null; rank: Rank | null },
): Promise<Outcomes> {
  const { app, guid, lists, by, bannedBy, rank } = asked
  const named = await whomTheyName(parts, app, lists)
  const newcomers = named.flatMap(({ list, user }): Newcomer[] =>
    list === 'usersToBan' || user === null ? [] : [{ user: user.id, role: LISTS[list] }],
  )
  const arrival = await addMembers(parts, app, guid, newcomers, { by })
  if (arrival === null) throw noSuchGroup(guid)
  const toBan = named.flatMap(({ list, user }) => (list === 'usersToBan' && user !== null ? [user.id] : []))
  const users = rank === null ? toBan : await below(rank, parts, { app, guid, users: toBan })
  const gone = users.length === 0 ? [] : await banMembers(parts, app, guid, { users, bannedBy }, actorOf(by))
  const [present, banned, banished] = [ids(arrival.present), ids(arrival.banned), ids(gone)]

  function outcomeOf({ list, uid, user }: Named): Outcome {
    if (user === null) return refused('ERR_UID_NOT_FOUND', noSuchUser(uid).message)
    if (list === 'usersToBan') {
      return banished.has(user.id) ? DONE : refused('ERR_PERMISSION_DENIED', `${uid} does not stand below you here.`)
    }
    if (present.has(user.id)) return refused('ERR_ALREADY_JOINED', `${uid} is a member already.`)
    return banned.has(user.id) ? refused('ERR_PERMISSION_DENIED', `${uid} is banned here.`) : DONE
  }

  const outcomes: Record<keyof Lists, Record<string, Outcome>> = {
    admins: {},
    moderators: {},
    participants: {},
    usersToBan: {},
  }
  for (const one of named) outcomes[one.list][one.uid] = outcomeOf(one)
  return outcomes
}

/** Everybody whom lists name, list by list, without those whom an earlier list names. */
async function whomTheyName({ records }: Parts, app: string, lists: Lists): Promise<readonly Named[]> {
  const users = new Map(await findUsers(records, app, Object.values(lists).flat(), { active: true }))
  const named: Named[] = []
  const earlier = new Set<string>()
  for (const list of ['admins', 'moderators', 'participants', 'usersToBan'] as const) {
    const here = lists[list].map((uid): Named => ({ list, uid, user: users.get(uid) ?? null }))
    const fresh = here.filter(({ uid, user }) => !earlier.has(user?.id ?? uid))
    for (const { uid, user } of fresh) earlier.add(user?.id ?? uid)
    named.push(...fresh)
  }
  return named
}

/** Of these users those who stand below a rank in a group, members or not. */
async function below(
  rank: Rank,
  { records }: Parts,
  { app, guid, users }: { readonly app: string; readonly guid: string; readonly users: readonly string[] },
): Promise<readonly string[]> {
  const group = await findGroup(records, app, guid)
  const members = new Map(
    (await records.conversations.membersAmong(app, guid, users)).map((member) => [member.id, member]),
  )
  return users.filter((id) => isAbove(rank, rankOf(group, members.get(id) ?? null)))
}

const DONE: Outcome = { success: true }

function refused(code: ErrorCode, message: string): Outcome {
  return { success: false, error: { code, message } }
}

function ids(receivers: readonly { readonly id: string }[]): ReadonlySet<string> {
  return new Set(receivers.map(({ id }) => id))
}
