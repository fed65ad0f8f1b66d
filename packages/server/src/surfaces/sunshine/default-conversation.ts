import type { Conversation, User } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { directConversation } from '../../talk.ts'
import { failure } from './errors.ts'
import { findUser } from './people.ts'

/**
 * A user by id or external id with the one conversation that v1.1 knows of them, made where there is none yet. Raises `user_not_found`.
 */
export async function defaultConversation(
  parts: Pick<Parts, 'records' | 'now'>,
  app: string,
  text: string,
): Promise<{ readonly user: User; readonly conversation: Conversation }> {
  const user = await findUser(parts.records, app, text)
  const conversation = await directConversation(parts, app, [user.id, user.id])
  if (conversation === null) throw failure('userNotFound')
  return { user, conversation }
}
