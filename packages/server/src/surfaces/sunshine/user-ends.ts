import type { Conversation, User } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { deleteConversation, unshareForMessages } from '../../talk.ts'
import { mergeUsers } from '../../user-merge.ts'
import { call, type SurfaceCall } from './call.ts'
import { failure } from './errors.ts'
import { findUser } from './people.ts'
import { METADATA, missing, objectOf, requiredText } from './request.ts'

const AT_ONCE = 100

/**
 * Deletes a user with the conversations that are nobody else's, and everything in these; in others, what was uploaded for the user's messages. Raises
 * `user_not_found`.
 */
export async function deleteUser(parts: Parts, { app, id: user, mergedFrom }: User, by: string): Promise<void> {
  // Messages keep the names that they were sent under; a name may be somebody else's by now.
  const others = new Set((await parts.records.users.findMany(app, mergedFrom)).map(({ id }) => id))
  const names = new Set([user, ...mergedFrom.filter((id) => !others.has(id))])
  for (const { id, type, membersCount } of await conversationsOf(parts, app, user)) {
    if (type === 'direct' && membersCount === 1) await deleteConversation(parts, app, id, by)
    else await unshareForMessages(parts, { app, id }, by, ({ from }) => from !== null && names.has(from))
  }
  const gone = await parts.standings.change({ kind: 'user', app, user, to: 'deleted' }, by)
  if (gone === null) throw failure('userNotFound')
}

/** The call that merges users (contract, section 3.4). */
export function createMergeCalls(parts: Parts): readonly SurfaceCall[] {
  const { records } = parts
  return [
    call({
      versions: ['v1.1'],
      method: 'POST',
      path: '/apps/{app}/appusers/merge',
      handle: async ({ app, fields, caller: { by } }) => {
        const named = async (name: string) => {
          const given = objectOf(fields, name)
          if (given === undefined) throw missing(name)
          const id = given._id === undefined || given._id === null ? 'userId' : '_id'
          return findUser(records, app, requiredText(given, id))
        }
        const [surviving, discarded] = [await named('surviving'), await named('discarded')]
        if (surviving.serial === discarded.serial) throw failure('badRequest', 'A user cannot be merged with itself')
        const merged = await mergeUsers(parts, { from: discarded, into: surviving }, { by, metadataBytes: METADATA })
        if (merged === null) throw failure('userNotFound')
        return { status: 200, body: {} }
      },
    }),
  ]
}

/** The conversations that a user is a member of. */
async function conversationsOf({ records }: Parts, app: string, member: string): Promise<readonly Conversation[]> {
  const found: Conversation[] = []
  for (;;) {
    const { items } = await records.conversations.page(app, { offset: found.length, limit: AT_ONCE, member })
    found.push(...items)
    if (items.length < AT_ONCE) return found
  }
}
