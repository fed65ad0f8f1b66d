import type { Attachment, LoggedChange, Message, Records, View } from '@gatehouse/storage/records/port'
import type { LinkMaker, Links } from '../parts.ts'
import { showAttachment, showChange, showView, time } from '../presenters.ts'
import { showMessage } from '../talk-presenters.ts'
import type { OutgoingEvent } from './bodies.ts'

/** A body as the native API sends it. */
export type NativeBody = {
  readonly id: string
  readonly type: string
  readonly timestamp: string
  readonly app: string
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * Makes native bodies. What they show has the form that the API's own answers have; URLs of media carry no token. Null
 * where the app is gone.
 */
export function createNativeBody({ records, links }: { readonly records: Records; readonly links: Links }) {
  return async (event: OutgoingEvent): Promise<NativeBody | null> => {
    const maker = await links.of(event.app)
    if (maker === null) return null
    const { id, type, at, app } = event
    return { id, type, timestamp: time(at), app, data: await show(event, records, maker) }
  }
}

async function show({ app, type, data }: OutgoingEvent, records: Records, maker: LinkMaker) {
  switch (type) {
    case 'attachment.created':
      return showAttachment(data.attachment as unknown as Attachment, maker)
    case 'attachment.viewed':
    case 'attachment.refused': {
      const { id: _none, ...line } = showView({ ...(data.view as unknown as View) })
      return line
    }
    case 'message.created': {
      const message = data.message as unknown as Message
      const attachments = await records.attachments.findMany(app, message.attachments)
      return showMessage(
        message,
        attachments.map((attachment) => showAttachment(attachment, maker)),
      )
    }
    case 'user.deactivated':
    case 'user.activated':
    case 'user.deleted':
    case 'user.merged': {
      const { target, sequence, at, by } = showChange(data.change as unknown as LoggedChange)
      return { ...target, sequence, at, by }
    }
    case 'revocation.applied':
      return showChange(data.change as unknown as LoggedChange)
    default:
      return data
  }
}
