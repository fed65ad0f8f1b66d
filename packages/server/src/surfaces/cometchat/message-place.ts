import { isId } from '@gatehouse/core/resource'
import type { Conversation, Member, Message } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { directConversation, reachOf } from '../../talk.ts'
import type { Context, Reader } from './call.ts'
import { failure, noSuchUser } from './errors.ts'
import { findGroup, isAbove, notJoined, rankOf } from './group.ts'
import type { Draft } from './message-draft.ts'
import type { Joined } from './message-scene.ts'
import { SYSTEM } from './message-view.ts'
import { findUser } from './people.ts'

/** Finds where messages belong, and who may see and change them. */
export type Places = {
  /**
   * The conversation that a draft goes to, and its receiver's id as it is kept. Raises ERR_UID_NOT_FOUND, ERR_GUID_NOT_FOUND, and
   * ERR_GROUP_NOT_JOINED or ERR_NOT_A_MEMBER for a sender who is no member.
   */
  forDraft(context: Context, draft: Pick<Draft, 'receiverType' | 'receiver'>): Promise<Place>
  /** The conversation of a user with another, or null where they never spoke. Raises ERR_UID_NOT_FOUND. */
  withUser(context: Context, uid: string): Promise<Conversation | null>
  /** A group whose messages the caller may read, and what the reader is there. Raises as {@link Places.forDraft} does. */
  group(context: Context, guid: string): Promise<Joined>
  /** A message that the caller may see. Raises ERR_MESSAGE_ID_NOT_FOUND and ERR_MESSAGE_NO_ACCESS. */
  message(context: Context, id: string): Promise<Message>
  /** The same, if the caller may change it too: its sender, who moderates its group, or a server. */
  changeable(context: Context, id: string): Promise<Message>
}

/** Where a message goes. */
export type Place = { readonly conversation: Conversation; readonly receiver: string }

/** Creates it. */
export function createPlaces(parts: Parts): Places {
  const { records } = parts

  async function memberOf({ app, who, reader }: Context, group: Conversation): Promise<Member | null> {
    const member = reader === null ? null : await records.conversations.member(app, group.id, reader.id)
    if (reader === null || member !== null) return member
    throw failure(who === 'client' ? 'ERR_GROUP_NOT_JOINED' : 'ERR_NOT_A_MEMBER', notJoined(reader.id, group.id))
  }

  async function group(context: Context, guid: string): Promise<Joined> {
    const found = await findGroup(records, context.app, guid)
    return { group: found, member: await memberOf(context, found) }
  }

  async function isParty({ app, tenant }: Context, message: Message, reader: Reader): Promise<boolean> {
    if (!(await records.messages.isVisible(message, { serial: reader.serial, ...reachOf(tenant.settings) })))
      return false
    return records.conversations.isMember(app, await survivor(app, message.conversation), reader.id)
  }

  /** The conversation that a message is found in now. */
  async function survivor(app: string, id: string): Promise<string> {
    return (await records.conversations.find(app, id))?.mergedInto ?? id
  }

  async function message(context: Context, id: string): Promise<Message> {
    const found = isId(id) ? await records.messages.find(context.app, id) : null
    if (found === null) throw failure('ERR_MESSAGE_ID_NOT_FOUND', `The message with id ${id} does not exist.`)
    const { reader } = context
    if (reader !== null && !(await isParty(context, found, reader))) throw failure('ERR_MESSAGE_NO_ACCESS')
    return found
  }

  return {
    group,
    message,

    async forDraft(context, { receiverType, receiver }) {
      const { app, reader } = context
      if (receiverType === 'group') {
        const { group: conversation } = await group(context, receiver)
        return { conversation, receiver: conversation.id }
      }
      const user = await findUser(records, app, receiver)
      if (user === null) throw noSuchUser(receiver)
      const conversation = await directConversation(parts, app, [reader?.id ?? user.id, user.id])
      if (conversation === null) throw noSuchUser(receiver)
      return { conversation, receiver: user.id }
    },

    async withUser({ app, reader }, uid) {
      if (reader === null) throw new Error('a conversation of two needs a reader')
      const user = await findUser(records, app, uid)
      if (user === null && uid !== SYSTEM) throw noSuchUser(uid)
      return records.conversations.findBetween(app, [reader.id, user?.id ?? reader.id])
    },

    async changeable(context, id) {
      const found = await message(context, id)
      const { app, reader } = context
      if (reader === null) return found
      // A message names its sender by uid, and an earlier user may have had it: a sender was there when it was sent.
      if (found.from === reader.id && (await records.messages.isVisible(found, { serial: reader.serial }))) return found
      const home = await records.conversations.find(app, found.conversation)
      const member = home?.type === 'group' ? await records.conversations.member(app, home.id, reader.id) : null
      if (home === null || !isAbove(rankOf(home, member), 'participant')) throw failure('ERR_MESSAGE_NO_ACCESS')
      return found
    },
  }
}
