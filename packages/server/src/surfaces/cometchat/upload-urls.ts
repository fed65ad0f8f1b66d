import type { Conversation } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { reserve, roomFor } from '../../share.ts'
import { type Context, call, type SurfaceCall } from './call.ts'
import { badField, CallError, callErrorOf, type ErrorCode, failure } from './errors.ts'
import { MOST_FILES, MOST_MESSAGE_BYTES } from './me.ts'
import { accessOf, mediaUrls } from './media-urls.ts'
import { extensionOf, fileSizeOf } from './message-draft.ts'
import type { Places } from './message-place.ts'
import { choiceOf, type Fields, fieldsOf, requiredText, textOf } from './request.ts'
import { pathName } from './sending.ts'
import { sealTicket, TICKET_MILLISECONDS } from './upload-ticket.ts'

/** Where files with a ticket go, below the version. */
export const UPLOAD_PATH = '/files/uploads'

const TYPE = /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/

/** The call by which a client asks where to upload files that it will send later. */
export function createUploadUrlCalls(parts: Parts, places: Places): readonly SurfaceCall[] {
  const { vault, now } = parts

  async function ticketFor(context: Context, conversation: Conversation, given: unknown) {
    const { app, tenant, reader, caller } = context
    if (reader === null) throw failure('ERR_PERMISSION_DENIED')
    const { name, size, type } = readFile(fieldsOf(given))
    const { maxBytes, byQuota } = await roomFor(parts, tenant)
    if (size > Math.min(maxBytes, MOST_MESSAGE_BYTES)) {
      throw failure(byQuota ? 'ERR_PERMISSION_DENIED' : 'ERR_FILE_SIZE_EXCEEDED')
    }
    const place = reserve(app, conversation.id, pathName(name))
    const expiresAt = now() + TICKET_MILLISECONDS
    const ticket = sealTicket(
      {
        ...{ app, user: reader.id, userSerial: reader.serial, session: caller.token.session, key: caller.token.key },
        ...{ conversation: conversation.id, ...place, name, size, type, expiresAt },
      },
      vault,
    )
    const { cometchatLinks } = tenant.settings
    const urls = await mediaUrls(parts, app)
    const attachment = { path: place.path, conversationSerial: conversation.serial, access: accessOf(tenant) }
    const url = cometchatLinks === 'session' ? urls.clean(attachment) : urls.own(attachment, reader)
    return {
      request: { method: 'POST', url: `${parts.config.publicUrl}/v3.0${UPLOAD_PATH}`, body: { ticket } },
      attachment: { url, name, mimeType: type, extension: extensionOf(name), size },
      expiresAt: Math.floor(expiresAt / 1000),
    }
  }

  return [
    call({
      method: 'POST',
      path: '/files/upload-url',
      who: 'both',
      handle: async (context) => {
        const { fields } = context
        const asked = fields.files
        if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) {
          throw badField('files', 'The files field is required.')
        }
        const entries = Object.entries(asked)
        if (entries.length === 0 || entries.length > MOST_FILES) {
          throw badField('files', `The files must have between 1 and ${MOST_FILES} items.`)
        }
        const receiverType = choiceOf(fields, 'receiverType', ['user', 'group'])
        if (receiverType === undefined) throw badField('receiverType', 'The receiver type field is required.')
        const draft = { receiverType, receiver: requiredText(fields, 'receiver') }
        const parent = textOf(fields, 'parentMessageId')
        const { conversation } = await denied(() => places.forDraft(context, draft))
        if (parent !== undefined) await denied(() => places.message(context, parent))
        const data = await Promise.all(
          entries.map(async ([fileId, given]) => [fileId, await told(() => ticketFor(context, conversation, given))]),
        )
        return { data: Object.fromEntries(data) }
      },
    }),
  ]
}

function readFile(file: Fields): { name: string; size: number; type: string } {
  const name = requiredText(file, 'name', 512)
  const size = fileSizeOf(file.size)
  if (size === null) throw badField('size', 'The size must be a whole number of bytes.')
  const type = (textOf(file, 'mimeType', 127) ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type !== '' && !TYPE.test(type)) throw badField('mimeType', 'The mime type format is invalid.')
  return { name, size, type: type === '' ? 'application/octet-stream' : type }
}

/** What went wrong with one file, in its place among the others. */
async function told<T>(work: () => Promise<T>): Promise<T | { error: { code: string; message: string } }> {
  try {
    return await work()
  } catch (error) {
    const { code, message, status } = callErrorOf(error)
    if (status >= 500) throw error
    return { error: { code, message } }
  }
}

const OUTSIDER: ReadonlySet<ErrorCode> = new Set(['ERR_GROUP_NOT_JOINED', 'ERR_NOT_A_MEMBER', 'ERR_MESSAGE_NO_ACCESS'])

/** Says to outsiders what makes the client give up at once. */
async function denied<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof CallError && OUTSIDER.has(error.code)
      ? failure('ERR_PERMISSION_DENIED', error.message)
      : error
  }
}
