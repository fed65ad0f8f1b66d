import type { Receiver } from '@gatehouse/storage/records/port'
import { addMembers, removeMember } from '../../membership.ts'
import type { Parts } from '../../parts.ts'
import { call, type SurfaceCall } from './call.ts'
import { failure } from './errors.ts'
import { createPages } from './pages.ts'
import { findConversation, namedUser, participantSerial } from './people.ts'
import { missing, textOf } from './request.ts'
import { showParticipant } from './views.ts'

const PLACE = '/apps/{app}/conversations/{conversation}'

/** The calls on those who take part in a conversation. */
export function createParticipantCalls(parts: Parts): readonly SurfaceCall[] {
  const { records } = parts
  const { conversations, users } = records
  const pages = createPages(parts)

  return [
    call({
      versions: ['v2'],
      method: 'POST',
      path: `${PLACE}/join`,
      resource: PLACE,
      handle: async ({ app, params, fields, caller: { by } }) => {
        const conversation = await findConversation(records, app, params.conversation ?? '')
        const user = await namedUser(records, app, fields)
        if (user === undefined) throw missing('userId')
        if (conversation.type !== 'group') {
          throw failure('badRequest', 'Participants join conversations of type sdkGroup only')
        }
        const arrival = await addMembers(parts, app, conversation.id, [{ user: user.id }], { by })
        if (arrival === null) throw failure('conversationNotFound')
        if (arrival.banned.length > 0) throw failure('forbidden', 'This user is banned from the conversation')
        return { status: 201, body: { participant: showParticipant(conversation, user) } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'POST',
      path: `${PLACE}/leave`,
      resource: PLACE,
      handle: async ({ app, params, fields, caller: { by } }) => {
        const conversation = await findConversation(records, app, params.conversation ?? '')
        const participant = textOf(fields, 'participantId')
        const serial = participant === undefined ? null : participantSerial(conversation, participant)
        const user: Receiver | null | undefined =
          participant === undefined
            ? await namedUser(records, app, fields)
            : serial === null
              ? null
              : await users.findBySerial(serial)
        if (user === undefined) throw missing('userId')
        if (conversation.type !== 'group') {
          throw failure('badRequest', 'Participants leave conversations of type sdkGroup only')
        }
        const actor = { by, revokeByDefault: false }
        if (user === null || !(await removeMember(parts, app, conversation.id, user.id, actor))) {
          throw failure('notFound', 'Participant not found')
        }
        return { status: 200, body: {} }
      },
    }),

    call({
      versions: ['v2'],
      method: 'GET',
      path: `${PLACE}/participants`,
      resource: PLACE,
      handle: async (context) => {
        const { app, params } = context
        const conversation = await findConversation(records, app, params.conversation ?? '')
        const list = `sunshine participants ${conversation.serial}`
        const { items, ...ends } = await pages(context, list, (offset, limit) =>
          conversations.membersPage(app, conversation.id, { offset, limit }),
        )
        return {
          status: 200,
          body: { participants: items.map((member) => showParticipant(conversation, member)), ...ends },
        }
      },
    }),
  ]
}
