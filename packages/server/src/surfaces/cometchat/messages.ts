import type { Message } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { deleteMessage, editMessage } from '../../talk.ts'
import { createAddresses } from './addresses.ts'
import { type Answer, type Context, call, type SurfaceCall } from './call.ts'
import { failure } from './errors.ts'
import { readEdit } from './message-draft.ts'
import type { Places } from './message-place.ts'
import type { Scenes } from './message-scene.ts'
import { keepContent, SYSTEM, showAction, showMessage } from './message-view.ts'
import { truthOf } from './request.ts'
import type { Send } from './sending.ts'

/** The calls that send, read, edit and delete single messages. */
export function createMessageCalls(parts: Parts, places: Places, scenes: Scenes, send: Send): readonly SurfaceCall[] {
  const { now } = parts

  async function sent(context: Context, parent: string | null): Promise<Answer> {
    const message = await send(context, parent)
    return { data: showMessage(message, await scenes(context, [message])) }
  }

  async function acted(context: Context, action: 'edited' | 'deleted', message: Message): Promise<Answer> {
    const by = context.reader?.id ?? SYSTEM
    const scene = await scenes(context, [message], { users: [by] })
    return { data: showAction(action, message, by, message.updatedAt, scene) }
  }

  return [
    call({ method: 'POST', path: '/messages', who: 'both', handle: (context) => sent(context, null) }),

    call({
      method: 'POST',
      path: '/messages/{id}/thread',
      who: 'both',
      handle: (context) => sent(context, context.params.id ?? ''),
    }),

    call({
      method: 'GET',
      path: '/messages/{id}',
      who: 'both',
      handle: async (context) => {
        const message = await places.message(context, context.params.id ?? '')
        return { data: showMessage(message, await scenes(context, [message])) }
      },
    }),

    call({
      method: 'PUT',
      path: '/messages/{id}',
      who: 'both',
      handle: async (context) => {
        const { app, tenant, fields, reader, caller } = context
        const message = await places.changeable(context, context.params.id ?? '')
        const { content, ...edit } = readEdit(fields, {
          addresses: createAddresses({ mediaUrl: parts.config.mediaUrl, loginWall: tenant.settings.loginWall }),
          clientsAddTokens: tenant.settings.cometchatLinks === 'session',
        })
        const data = content === undefined ? {} : { data: keepContent(message, content) }
        const edited = await editMessage(parts, app, message.id, { ...edit, ...data }, reader?.id ?? caller.by)
        if (edited === null) throw failure('ERR_MESSAGE_ID_NOT_FOUND')
        return acted(context, 'edited', edited)
      },
    }),

    call({
      method: 'DELETE',
      path: '/messages/{id}',
      who: 'both',
      handle: async (context) => {
        const { who, reader, caller, fields, query } = context
        const message = await places.changeable(context, context.params.id ?? '')
        const permanent = who === 'rest' && (truthOf(fields, 'permanent') || query.truth('permanent'))
        const by = reader?.id ?? caller.by
        const deleted = await deleteMessage(parts, message, { by, mark: !permanent, attachments: true })
        if (deleted === null) throw failure('ERR_MESSAGE_ID_NOT_FOUND')
        const at = now()
        return acted(
          context,
          'deleted',
          permanent ? { ...deleted, deletedAt: at, updatedAt: at, deletedBy: by } : deleted,
        )
      },
    }),
  ]
}
