import type { Conversation, Json, Member, User } from '@gatehouse/storage/records/port'

/** A moment of storage as this surface shows it: whole seconds. */
export function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000)
}

/** What of a user's or group's profile is shown under a name of its own; anything else in it stays with the app. */
/** What a user keeps in the profile, under the names of this surface. */
export const USER_PROFILE = ['avatar', 'link', 'statusMessage'] as const
/** What a group keeps there. */
export const GROUP_PROFILE = ['icon', 'description'] as const

/** What is shown of somebody whom nobody gave a role. */
export const NO_ROLE = 'default'

/** What a user's metadata holds under this name is for servers alone: addresses and numbers to reach the user by. */
const PRIVATE = '@private'

/**
 * A user as JSON, without what is for servers alone. `status` is whether they can be reached; nobody is without a socket, but for the one
 * who just logged in.
 */
export function showUser(user: User, status: 'available' | 'offline' = 'offline'): { readonly [name: string]: Json } {
  if (!Object.hasOwn(user.metadata, PRIVATE)) return showWholeUser(user, status)
  const { [PRIVATE]: _hidden, ...metadata } = user.metadata
  return showWholeUser({ ...user, metadata }, status)
}

/** The same with everything; MUST NOT be shown to any client. */
export function showWholeUser(
  user: User,
  status: 'available' | 'offline' = 'offline',
): { readonly [name: string]: Json } {
  const { id, name, role, metadata, tags, createdAt, updatedAt, deactivatedAt } = user
  return {
    uid: id,
    name: name ?? id,
    ...texts(user.profile, USER_PROFILE),
    role: role ?? NO_ROLE,
    status,
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(tags.length > 0 && { tags }),
    createdAt: seconds(createdAt),
    updatedAt: seconds(updatedAt),
    ...(deactivatedAt !== null && { deactivatedAt: seconds(deactivatedAt) }),
  }
}

/** A user whom a message still names, though they are gone. */
export function showGoneUser(uid: string): { readonly [name: string]: Json } {
  return { uid, name: uid, role: NO_ROLE, status: 'offline' }
}

/** How this surface calls the ways into a conversation. */
export const GROUP_TYPES = { open: 'public', password: 'password', invited: 'private' } as const

/**
 * A group as JSON. `member` is what the reader is in it: null for one who has not joined, undefined where there is no reader.
 */
export function showGroup(group: Conversation, member: Member | null | undefined): { readonly [name: string]: Json } {
  const { id, name, owner, joining, metadata, tags, membersCount, createdAt, updatedAt } = group
  return {
    guid: id,
    name: name ?? id,
    type: GROUP_TYPES[joining],
    ...texts(group.profile, GROUP_PROFILE),
    owner: owner ?? '',
    ...(member != null && { scope: member.role, joinedAt: seconds(member.joinedAt) }),
    ...(member !== undefined && { hasJoined: member !== null }),
    membersCount,
    conversationId: `group_${id}`,
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(tags.length > 0 && { tags }),
    createdAt: seconds(createdAt),
    updatedAt: seconds(updatedAt),
  }
}

/** A member of a group as JSON: the user, and what they are there. */
export function showMember(user: User, { role, joinedAt }: Member): { readonly [name: string]: Json } {
  return { ...showUser(user), scope: role, joinedAt: seconds(joinedAt), hasJoined: true }
}

function texts(
  profile: { readonly [name: string]: Json },
  names: readonly string[],
): { readonly [name: string]: Json } {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = Object.hasOwn(profile, name) ? profile[name] : undefined
      return typeof value === 'string' && value !== '' ? [[name, value]] : []
    }),
  )
}
