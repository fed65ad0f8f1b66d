import { createHash } from 'node:crypto'
import { isId } from '@gatehouse/core/resource'
import type { Conversation, Receiver, Records, User } from '@gatehouse/storage/records/port'
import { failure } from './errors.ts'
import { type Fields, textOf } from './request.ts'

/** What has an id of this surface's own making. */
type Named = 'user' | 'participant'

const ID = /^[0-9a-f]{24}$/

/**
 * The id of a user or participant beside the one that the app chose: made of the serial number, so that nothing is kept for it, and whoever
 * comes later under the same external id has another. `place` is the app of a user, the conversation's serial of a participant.
 */
function idOf(kind: Named, place: string | number, serial: number): string {
  const digest = createHash('sha256').update(`${kind}\n${place}\n${serial}`).digest('hex')
  return digest.slice(0, 12) + serial.toString(16).padStart(12, '0')
}

/** The serial that such an id was made of; null where it is none of these. */
function serialOf(kind: Named, place: string | number, id: string): number | null {
  if (!ID.test(id)) return null
  const serial = Number.parseInt(id.slice(12), 16)
  return idOf(kind, place, serial) === id ? serial : null
}

/** A user's `id` (`_id` under v1.1). */
export function userIdOf(app: string, { serial }: Pick<User, 'serial'>): string {
  return idOf('user', app, serial)
}

/** A participant's `id`. */
export function participantIdOf({ serial }: Conversation, member: Receiver): string {
  return idOf('participant', serial, member.serial)
}

/** The serial of the user whose `participantId` this is in a conversation; null where it is nobody's. */
export function participantSerial({ serial }: Conversation, id: string): number | null {
  return serialOf('participant', serial, id)
}

/** The user with this `id` or external id; raises `user_not_found`. An `id` comes first: nobody can choose it. */
export async function findUser({ users }: Pick<Records, 'users'>, app: string, text: string): Promise<User> {
  const serial = serialOf('user', app, text)
  const bySerial = serial === null ? null : await users.findBySerial(serial)
  if (bySerial?.app === app) return bySerial
  const found = isId(text) ? await users.find(app, text) : null
  if (found === null) throw failure('userNotFound')
  return found
}

/** The user whom `userId` or `userExternalId` names; undefined where neither is there. Raises `user_not_found`. */
export async function namedUser(
  { users }: Pick<Records, 'users'>,
  app: string,
  fields: Fields,
): Promise<User | undefined> {
  const id = textOf(fields, 'userId')
  if (id !== undefined) return findUser({ users }, app, id)
  const externalId = textOf(fields, 'userExternalId')
  if (externalId === undefined) return undefined
  const found = isId(externalId) ? await users.find(app, externalId) : null
  if (found === null) throw failure('userNotFound')
  return found
}

/** The conversation with this id; raises `conversation_not_found`, for one that was merged into another, too. */
export async function findConversation(
  { conversations }: Pick<Records, 'conversations'>,
  app: string,
  id: string,
): Promise<Conversation> {
  const found = isId(id) ? await conversations.find(app, id) : null
  if (found === null || found.mergedInto !== null) throw failure('conversationNotFound')
  return found
}

/**
 * The user whose default conversation this is; null where it is nobody's. A user's default conversation is the one direct conversation with
 * nobody else.
 */
export async function ownerOfDefault(
  { conversations }: Pick<Records, 'conversations'>,
  { app, id, type, membersCount }: Conversation,
): Promise<Receiver | null> {
  if (type !== 'direct' || membersCount !== 1) return null
  const { items } = await conversations.members(app, id, { after: null, limit: 1 })
  const [only] = items
  if (only === undefined) return null
  return (await conversations.findBetween(app, [only.id, only.id]))?.id === id ? only : null
}
