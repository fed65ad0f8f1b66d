import type { Attachment } from '@gatehouse/storage/records/port'
import { issueMediaTokens, MOST_PATHS, type NotIssued } from '../../media-tokens.ts'
import type { Parts } from '../../parts.ts'
import { newAttachmentKey } from '../../secrets.ts'
import { roomFor, share, unshare, withinQuota } from '../../share.ts'
import { type Context, call, type SurfaceCall } from './call.ts'
import { defaultConversation } from './default-conversation.ts'
import { CallError, failure } from './errors.ts'
import { MOST_FILE_BYTES } from './media-files.ts'
import { beforeForm, type MediaForm, readMediaForm } from './media-form.ts'
import { mediaUrls } from './media-urls.ts'
import { findConversation } from './people.ts'
import { choiceOf, type Fields, missing, requiredText } from './request.ts'

const BOTH = ['v2', 'v1.1'] as const

/** How an upload becomes an attachment. */
export type Keeping = {
  /** The conversation that it lies in; null for none. */
  readonly conversation: string | null
  readonly access: Attachment['access']
  readonly forMessage: boolean
  /** The user who sends it: its name is then told to nobody by its URL. Null for the business. */
  readonly from: string | null
}

/** Takes files in. */
export type Uploads = {
  /** Reads a form, and asks once more whether its sender may go on. Whoever gets it owns its blob. */
  read(context: Context): Promise<MediaForm>
  /** Makes it an attachment; its blob is deleted where that fails. */
  keep(context: Context, form: MediaForm, keeping: Keeping): Promise<Attachment>
  /** Gives up a form that was read. */
  discard(form: MediaForm): Promise<void>
}

/** Creates the way in for files. */
export function createUploads(parts: Parts): Uploads {
  const { blobs } = parts
  const discard = ({ file }: MediaForm) => blobs.delete(file.stored.blob)
  return {
    discard,

    async read({ app, tenant, request, confirm }) {
      const room = await beforeForm(request, () => roomFor(parts, tenant))
      const maxBytes = Math.min(room.maxBytes, MOST_FILE_BYTES)
      const byQuota = room.byQuota && room.maxBytes <= maxBytes
      const form = await withinQuota(byQuota, () => readMediaForm(request, blobs, { app, maxBytes }))
      try {
        await confirm()
        return form
      } catch (error) {
        await discard(form)
        throw error
      }
    },

    keep({ tenant }, { file, media }, { conversation, access, forMessage, from }) {
      const upload = { ...file, access, from, recipients: null }
      const random = { pathName: `${newAttachmentKey()}.${media.extension}` }
      return share(parts, tenant, upload, conversation, { forMessage, ...(from !== null && random) })
    },
  }
}

/** The calls that upload and delete attachments, and issue what opens them. */
export function createAttachmentCalls(parts: Parts, uploads: Uploads): readonly SurfaceCall[] {
  const { records } = parts

  async function homeOf({ app, version, query }: Context): Promise<string | null> {
    if (version === 'v1.1') {
      const user = query.text('userId') ?? query.text('appUserId')
      return user === undefined ? null : (await defaultConversation(parts, app, user)).conversation.id
    }
    const id = query.text('conversationId')
    return id === undefined ? null : (await findConversation(records, app, id)).id
  }

  async function keepingOf(context: Context): Promise<Keeping> {
    const { query } = context
    const asked = { access: query.text('access'), for: query.text('for') }
    const access = choiceOf(asked, 'access', ['public', 'private'])
    if (access === undefined) throw missing('access')
    const forMessage = choiceOf(asked, 'for', ['message']) !== undefined
    return { conversation: await homeOf(context), access, forMessage, from: null }
  }

  return [
    call({
      versions: BOTH,
      method: 'POST',
      path: '/apps/{app}/attachments',
      action: 'write',
      handle: async (context) => {
        const { version, app, request } = context
        const keeping = await beforeForm(request, () => keepingOf(context))
        const form = await uploads.read(context)
        const kept = await uploads.keep(context, form, keeping)
        const { path, contentType } = kept
        const attachment = { mediaUrl: (await mediaUrls(parts, app)).url(path), mediaType: contentType }
        return { status: 201, body: version === 'v2' ? { attachment } : attachment }
      },
    }),

    call({
      versions: BOTH,
      method: 'POST',
      path: '/apps/{app}/attachments/remove',
      action: 'write',
      handle: async ({ app, fields, caller }) => {
        const mediaUrl = requiredText(fields, 'mediaUrl', 8192)
        const place = (await mediaUrls(parts, app)).place(mediaUrl)
        if (place === 'foreign') {
          throw failure('badRequest', `Unsupported media URL for attachment deletion: ${mediaUrl}`)
        }
        const found = place === null ? null : await records.attachments.findByPath(place.path)
        if (found === null || found.app !== app) throw failure('notFound', 'Attachment not found')
        await unshare(parts, found, caller.by)
        return { status: 200, body: {} }
      },
    }),

    call({
      versions: BOTH,
      method: 'POST',
      path: '/apps/{app}/attachments/token',
      action: 'issue',
      handle: async ({ tenant, fields, caller }) => {
        const paths = pathsOf(fields)
        const issued = await issueMediaTokens(parts, tenant, paths, caller.token)
        if ('why' in issued) throw refused(issued, paths)
        return { status: 200, body: { tokens: issued.tokens } }
      },
    }),
  ]
}

function pathsOf(fields: Fields): readonly string[] {
  const { paths } = fields
  if (paths === undefined || paths === null) throw missing('paths')
  if (!Array.isArray(paths)) throw failure('badRequest', "'paths' should be array")
  const places = paths.flatMap((path, place) => (typeof path === 'string' ? [] : [place]))
  if (places.length > 0) throw failure('badRequest', ...places.map((place) => `'paths[${place}]' should be string`))
  const unique = [...new Set(paths as string[])]
  if (unique.length === 0) throw failure('badRequest', "'paths' should NOT have fewer than 1 items")
  if (unique.length > MOST_PATHS) throw failure('badRequest', `'paths' should NOT have more than ${MOST_PATHS} items`)
  return unique
}

function refused({ why, at }: NotIssued, paths: readonly string[]): CallError {
  const named = at.map((place) => paths[place])
  switch (why) {
    case 'malformed':
      return new CallError('badRequest', { titles: named.map((path) => `Unusable path: ${path}`) })
    case 'foreign':
      return failure('forbidden', `Not a path of this app: ${named.join(', ')}`)
    case 'not_held':
      return failure('forbidden', `This key may not pass on: ${named.join(', ')}`)
    case 'conversation_unknown':
      return failure('conversationNotFound')
    case 'file_unknown':
      return failure('notFound')
  }
}
