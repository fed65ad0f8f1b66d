import type { Arrival, Conversation, MemberRole, Receiver } from '@gatehouse/storage/records/port'
import type { Parts } from './parts.ts'

/** What the acts on members need. */
type Acting = Pick<Parts, 'records' | 'standings' | 'tenants' | 'now'>

/** Who acts, and what an app's `revokeOnLeave` means at their door where nobody has set it. */
export type Actor = {
  /** For the log of changes: the id of a key, a user, or `operator`. */
  readonly by: string
  readonly revokeByDefault: boolean
}

/** Who is to come in, and as what (`participant`). */
export type Newcomer = { readonly user: string; readonly role?: MemberRole }

/** What came of somebody's own attempt to join. */
export type Joined = 'joined' | 'present' | 'banned' | 'invited only' | 'wrong password'

/** Whether leaving a conversation of this app takes access along. */
export async function revokesOnLeave({ tenants }: Acting, app: string, actor: Actor): Promise<boolean> {
  return (await tenants.find(app))?.settings.revokeOnLeave ?? actor.revokeByDefault
}

/** So many members are changed in one step: it keeps others who write waiting. */
const PORTION = 250

/** Lets members of a conversation go, or come back, with their access; in one step, or a few where they are many. */
export async function changeMembers(
  { standings }: Pick<Acting, 'standings'>,
  app: string,
  conversation: string,
  { users, to }: { readonly users: readonly Receiver[]; readonly to: 'in' | 'out' },
  by: string,
): Promise<void> {
  for (let start = 0; start < users.length; start += PORTION) {
    const some = users.slice(start, start + PORTION).map(({ id }) => id)
    await standings.change({ kind: 'members', app, conversation, users: some, to }, by)
  }
}

/** Gives back to these users what leaving the conversation took from them; nothing is written for the others. */
export async function giveBack(
  { records, standings }: Acting,
  app: string,
  conversation: string,
  users: readonly Receiver[],
  by: string,
): Promise<void> {
  const cut = await records.conversations.cutOff(app, conversation, users)
  await changeMembers({ standings }, app, conversation, { users: cut, to: 'in' }, by)
}

/**
 * Adds members to a conversation, in one step however many they are, and gives back what leaving took from them. Null without such
 * a conversation, or where it was merged away.
 */
export async function addMembers(
  parts: Acting,
  app: string,
  conversation: string,
  members: readonly Newcomer[],
  actor: Pick<Actor, 'by'>,
): Promise<Arrival | null> {
  const arrival = await parts.records.conversations.addMembers(app, conversation, members, parts.now())
  if (arrival === null) return null
  // Also to those who were members already: a merge may have brought them in, or an earlier call ended halfway.
  await giveBack(parts, app, conversation, [...arrival.joined, ...arrival.present], actor.by)
  return arrival
}

/** Lets a user join by themselves, if the conversation is one for that. Raises `too_many_tries`. */
export async function joinConversation(
  parts: Acting & Pick<Parts, 'passwords'>,
  { app, id, joining, passwordHash }: Conversation,
  { user, password }: { readonly user: string; readonly password?: string | undefined },
  actor: Pick<Actor, 'by'>,
): Promise<Joined> {
  const { conversations } = parts.records
  if (await conversations.isBanned(app, id, user)) return 'banned'
  if (await conversations.isMember(app, id, user)) return 'present'
  if (joining === 'invited') return 'invited only'
  if (joining === 'password') {
    const known =
      password !== undefined &&
      passwordHash !== null &&
      (await parts.passwords.matches(password, passwordHash, `${app}/${user}`))
    if (!known) return 'wrong password'
  }
  const arrival = await addMembers(parts, app, id, [{ user }], actor)
  return arrival === null || arrival.banned.length > 0 ? 'banned' : 'joined'
}

/** Takes a member out, by their own wish or another's; access goes along where the app says so. False for one who is none. */
export async function removeMember(
  parts: Acting,
  app: string,
  conversation: string,
  user: string,
  actor: Actor,
): Promise<boolean> {
  const { records, standings, now } = parts
  if (!(await records.conversations.isMember(app, conversation, user))) return false
  if (await revokesOnLeave(parts, app, actor)) {
    return (await standings.change({ kind: 'member', app, conversation, user, to: 'out' }, actor.by)) !== null
  }
  return (await records.conversations.removeMember(app, conversation, user, now())) !== null
}

/**
 * Takes users out, members or not, and keeps them out, in one step however many they are. Answers those who are banned now: whoever is
 * no user is not among them, and nobody is without such a conversation.
 */
export async function banMembers(
  parts: Acting,
  app: string,
  conversation: string,
  { users, bannedBy }: { readonly users: readonly string[]; readonly bannedBy: string | null },
  actor: Actor,
): Promise<readonly Receiver[]> {
  const { records, now } = parts
  const { conversations } = records
  const revokes = await revokesOnLeave(parts, app, actor)
  // Access goes first, so that a call repeated after a fault takes it all.
  if (revokes) {
    const present = await conversations.membersAmong(app, conversation, users)
    await changeMembers(parts, app, conversation, { users: present, to: 'out' }, actor.by)
  }
  const outcome = await conversations.ban(app, conversation, { users, by: bannedBy, at: now() })
  if (outcome === null) return []
  // Who joined in between has left by the ban alone.
  if (revokes) await changeMembers(parts, app, conversation, { users: outcome.left, to: 'out' }, actor.by)
  return outcome.banned
}
