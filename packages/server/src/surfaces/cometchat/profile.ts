import type { Json, User, UserDetails } from '@gatehouse/storage/records/port'
import { badField } from './errors.ts'
import { USER_PROFILE } from './people-view.ts'
import { type Fields, linesOf, objectOf, requiredText, textOf, textsOf } from './request.ts'

/** What of themselves users change by their own client: what others are shown. The rest is the app's, which may rely on it. */
const OWN = ['name', ...USER_PROFILE] as const
const MOST_TAGS = 25
const METADATA = 16_384
const LONGEST_URL = 2048

/**
 * What a user's own client says of them, or null where it names nothing: a client that logs in makes the same call. Role, tags and
 * metadata are given by servers alone, and are not looked at. Raises ERR_BAD_REQUEST.
 */
export function ownDetailsOf(fields: Fields, { profile }: User): UserDetails | null {
  const own = Object.fromEntries(OWN.flatMap((name) => (fields[name] == null ? [] : [[name, fields[name]]])))
  if (Object.keys(own).length === 0) return null
  return { ...detailsOf(own, profile), ...(own.name !== undefined && { name: requiredText(own, 'name') }) }
}

/** What a server's body says of a user, name apart; `unset` names what is taken away. `profile` is what is there. */
export function detailsOf(fields: Fields, profile: User['profile']): UserDetails {
  const unset = textsOf(fields, 'unset', 20) ?? []
  const role = textOf(fields, 'role', 100) || undefined
  if (role !== undefined && !/^[\w-]+$/.test(role)) {
    throw badField('role', 'The role may only contain letters, numbers, dashes and underscores.')
  }
  const shown: Record<string, Json> = { ...profile }
  for (const name of USER_PROFILE) {
    const text = (name === 'statusMessage' ? linesOf : textOf)(fields, name, LONGEST_URL)
    if (text !== undefined) shown[name] = text
    if (unset.includes(name)) delete shown[name]
  }
  return {
    ...(USER_PROFILE.some((name) => fields[name] !== undefined || unset.includes(name)) && { profile: shown }),
    role: unset.includes('role') ? null : role,
    tags: unset.includes('tags') ? [] : textsOf(fields, 'tags', MOST_TAGS, 100),
    metadata: unset.includes('metadata') ? {} : objectOf(fields, 'metadata', METADATA),
  }
}
