import type { Ban, Conversation, Member, Message } from '@gatehouse/storage/records/port'
import { type Static, Type } from 'typebox'
import { SeenAttachmentView, time } from './presenters.ts'
import { AnyObject, Nullable, Time } from './schemas.ts'

const optionalTime = (milliseconds: number | null) => (milliseconds === null ? null : time(milliseconds))

/** How users come in by themselves. */
export const JoiningView = Type.Union([Type.Literal('open'), Type.Literal('password'), Type.Literal('invited')], {
  description: 'How users come in by themselves; the app itself may always add them.',
})

/** What a member is to the others. */
export const RoleView = Type.Union([Type.Literal('admin'), Type.Literal('moderator'), Type.Literal('participant')], {
  description: 'What a member is to the others; it permits nothing here.',
})

/** A conversation, without its members. */
export const ConversationView = Type.Object({
  id: Type.String({ examples: ['team'] }),
  type: Type.Union([Type.Literal('direct'), Type.Literal('group')]),
  name: Nullable(Type.String()),
  owner: Nullable(Type.String()),
  joining: JoiningView,
  profile: AnyObject,
  metadata: AnyObject,
  tags: Type.Array(Type.String()),
  membersCount: Type.Integer(),
  mergedInto: Nullable(Type.String()),
  mergedFrom: Type.Array(Type.String()),
  createdAt: Time,
  updatedAt: Time,
})

/** Shows a conversation; the hash of its password never leaves. */
export function showConversation(conversation: Conversation): Static<typeof ConversationView> {
  const { id, type, name, owner, joining, membersCount, mergedInto } = conversation
  return {
    ...{ id, type, name, owner, joining, membersCount, mergedInto },
    profile: { ...conversation.profile },
    metadata: { ...conversation.metadata },
    tags: [...conversation.tags],
    mergedFrom: [...conversation.mergedFrom],
    createdAt: time(conversation.createdAt),
    updatedAt: time(conversation.updatedAt),
  }
}

/** A member of a conversation. */
export const MemberView = Type.Object({ user: Type.String({ examples: ['alice'] }), role: RoleView, joinedAt: Time })

/** Shows a member. */
export function showMember({ id, role, joinedAt }: Member): Static<typeof MemberView> {
  return { user: id, role, joinedAt: time(joinedAt) }
}

/** A user who is kept out of a conversation. */
export const BanView = Type.Object({ user: Type.String(), by: Nullable(Type.String()), at: Time })

/** Shows a ban. */
export function showBan({ id, by, at }: Ban): Static<typeof BanView> {
  return { user: id, by, at: time(at) }
}

/** A message with its attachments. */
export const MessageView = Type.Object({
  id: Type.String({ examples: ['42'], description: 'Later messages have higher numbers.' }),
  conversation: Type.String(),
  from: Nullable(Type.String()),
  type: Type.String({ examples: ['text'] }),
  category: Type.String({ examples: ['message'] }),
  text: Nullable(Type.String()),
  data: AnyObject,
  tags: Type.Array(Type.String()),
  parent: Nullable(Type.String({ description: 'The message that it replies to.' })),
  attachments: Type.Array(SeenAttachmentView),
  createdAt: Time,
  updatedAt: Time,
  editedAt: Nullable(Time),
  editedBy: Nullable(Type.String({ description: 'Who edited it last: a user, or a key.' })),
  deletedAt: Nullable(Time),
  deletedBy: Nullable(Type.String()),
})

/** Shows a message; `attachments` are as its reader sees them. */
export function showMessage(
  message: Message,
  attachments: readonly Static<typeof SeenAttachmentView>[],
): Static<typeof MessageView> {
  const { id, conversation, from, type, category, text, parent, editedBy, deletedBy } = message
  return {
    ...{ id, conversation, from, type, category, text, parent, editedBy, deletedBy },
    data: { ...message.data },
    tags: [...message.tags],
    attachments: [...attachments],
    createdAt: time(message.createdAt),
    updatedAt: time(message.updatedAt),
    editedAt: optionalTime(message.editedAt),
    deletedAt: optionalTime(message.deletedAt),
  }
}
