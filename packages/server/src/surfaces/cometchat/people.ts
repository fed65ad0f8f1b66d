import { isId } from '@gatehouse/core/resource'
import type { Json, Records, User } from '@gatehouse/storage/records/port'
import type { Tenant } from '../../parts.ts'
import { createAddresses } from './addresses.ts'
import { badField } from './errors.ts'
import { type Fields, requiredText, textsOf } from './request.ts'

/** What this surface takes as the id of a new user or group. */
const NEW_ID = /^[A-Za-z0-9_-]{1,100}$/

/** The user with this uid. Uids made here are lower-case, and so are found in any; those made natively are found as they are. */
export async function findUser({ users }: Pick<Records, 'users'>, app: string, uid: string): Promise<User | null> {
  if (!isId(uid)) return null
  const found = await users.find(app, uid)
  const lower = uid.toLowerCase()
  return found ?? (lower === uid ? null : users.find(app, lower))
}

/**
 * Users by the uids that a caller named, in one question: each uid as it was named with its user, or null. `active` leaves out those
 * who are deactivated.
 */
export async function findUsers(
  { users }: Pick<Records, 'users'>,
  app: string,
  uids: readonly string[],
  { active }: { readonly active: boolean },
): Promise<readonly (readonly [uid: string, user: User | null])[]> {
  const asked = [...new Set(uids.flatMap((uid) => [uid, uid.toLowerCase()]))].filter(isId)
  const found = new Map((await users.findMany(app, asked)).map((user) => [user.id, user]))
  return uids.map((uid) => {
    const user = found.get(uid) ?? found.get(uid.toLowerCase()) ?? null
    return [uid, active && user?.status !== 'active' ? null : user]
  })
}

/** The id of a new user, out of a body: stored in lower case. */
export function newUid(fields: Fields): string {
  return newId(fields, 'uid').toLowerCase()
}

/** The id of a new group, out of a body. */
export function newGuid(fields: Fields): string {
  return newId(fields, 'guid')
}

function newId(fields: Fields, name: 'uid' | 'guid'): string {
  const id = requiredText(fields, name, 100)
  if (!NEW_ID.test(id)) throw badField(name, `The ${name} may only contain letters, numbers, dashes and underscores.`)
  return id
}

/** A list of uids out of a body, at most `most` of them; undefined where it was left out. Raises ERR_BAD_REQUEST. */
export function uidsOf(fields: Fields, name: string, most: number): readonly string[] | undefined {
  return textsOf(fields, name, most, 256)
}

/**
 * What was sent of a person or group, without the tokens of those who copied our own media URLs into it: a picture shown to everybody
 * MUST NOT hold what opens media for one.
 */
export function withoutTokens(fields: Fields, mediaUrl: string, { settings: { loginWall } }: Tenant): Fields {
  return createAddresses({ mediaUrl, loginWall }).strip(fields as Json) as Fields
}
