import type { Conversation, User } from '@gatehouse/storage/records/port'
import { addMembers } from '../../membership.ts'
import type { Parts } from '../../parts.ts'
import { deleteConversation, directConversation, unshareForMessages } from '../../talk.ts'
import { call, type SurfaceCall } from './call.ts'
import { failure } from './errors.ts'
import { findUser } from './people.ts'
import { missing, objectOf, requiredText } from './request.ts'

const AT_ONCE = 100

/**
 * Deletes a user with the conversations that are nobody else's, and everything in these; in others, what was uploaded for the user's messages. Raises
 * `user_not_found`.
 */
export async function deleteUser(parts: Parts, { app, id: user }: User, by: string): Promise<void> {
  for (const { id, type, membersCount } of await conversationsOf(parts, app, user)) {
    if (type === 'direct' && membersCount === 1) await deleteConversation(parts, app, id, by)
    else await unshareForMessages(parts, { app, id }, by, ({ from }) => from === user)
  }
  const gone = await parts.standings.change({ kind: 'user', app, user, to: 'deleted' }, by)
  if (gone === null) throw failure('userNotFound')
}

/** The call that merges users (contract, section 3.4). */
export function createMergeCalls(parts: Parts): readonly SurfaceCall[] {
  const { records, standings, now } = parts

  /** Puts what was said with one user into the conversations of another: the default ones become one, in the others the participant changes. */
  async function moveTalks(discarded: User, surviving: User, by: string): Promise<void> {
    const { app } = discarded
    const { conversations } = records
    const own = await conversations.findBetween(app, [discarded.id, discarded.id])
    if (own !== null) {
      const home = await directConversation(parts, app, [surviving.id, surviving.id])
      // Before, since a default conversation that another joins is nobody's own any more.
      await conversations.removeMember(app, own.id, discarded.id, now())
      if (home === null || (await conversations.merge(app, home.id, own.id, now())) === null)
        throw failure('userNotFound')
    }
    for (const { id } of await conversationsOf(parts, app, discarded.id)) {
      await addMembers(parts, app, id, [{ user: surviving.id }], { by })
    }
  }

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
        await moveTalks(discarded, surviving, by)
        // Last of all: what failed halfway is then done by the same call, sent once more.
        await standings.change({ kind: 'user', app, user: discarded.id, to: 'deleted' }, by)
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
