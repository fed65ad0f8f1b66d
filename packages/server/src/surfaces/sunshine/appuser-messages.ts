import type { Message, User } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { unshare } from '../../share.ts'
import type { Uploads } from './attachments.ts'
import { type Context, call, type SurfaceCall } from './call.ts'
import { defaultConversation } from './default-conversation.ts'
import { failure } from './errors.ts'
import { beforeForm } from './media-form.ts'
import { mediaUrls } from './media-urls.ts'
import { authorOf, type Post, requireRoom, type Scenes } from './message-post.ts'
import { showMessage11 } from './message-view.ts'
import { deleteMessages, deleteOne } from './messages.ts'
import { choiceOf, type Fields, missing } from './request.ts'

const PATH = '/apps/{app}/appusers/{user}'

/** The calls on messages under v1.1, which knows one conversation of each user. */
export function createAppUserMessageCalls(
  parts: Parts,
  uploads: Uploads,
  post: Post,
  scenes: Scenes,
): readonly SurfaceCall[] {
  const homeOf = ({ app, params }: Context) => defaultConversation(parts, app, params.user ?? '')

  async function sent(app: string, message: Message, conversation: string) {
    const shown = showMessage11(message, await scenes(app, [message]))
    return { status: 201, body: { message: shown, conversation: { _id: conversation } } } as const
  }

  return [
    call({
      versions: ['v1.1'],
      method: 'POST',
      path: `${PATH}/messages`,
      action: 'write',
      handle: async (context) => {
        const { app, fields } = context
        const author = authorIn(fields)
        const { user, conversation } = await homeOf(context)
        const message = await post(context, conversation, { ...author(app, user), fields })
        return sent(app, message, conversation.id)
      },
    }),

    call({
      versions: ['v1.1'],
      method: 'POST',
      path: `${PATH}/images`,
      action: 'write',
      handle: async (context) => {
        const { app, tenant, caller, request } = context
        const { user, conversation } = await beforeForm(request, async () => {
          const home = await homeOf(context)
          await requireRoom(parts.records, home.conversation)
          return home
        })
        const form = await uploads.read(context)
        let author: ReturnType<typeof authorIn>
        try {
          author = authorIn(form.fields)
          if (!form.media.mediaType.startsWith('image/')) throw failure('unsupportedMediaType')
        } catch (error) {
          await uploads.discard(form)
          throw error
        }
        const said = author(app, user)
        const attachment = await uploads.keep(context, form, {
          conversation: conversation.id,
          access: tenant.settings.attachmentsAccess,
          forMessage: true,
          from: said.user?.id ?? null,
        })
        try {
          const mediaUrl = (await mediaUrls(parts, app)).url(attachment.path)
          const fields = { type: 'image', mediaUrl, text: form.fields.text }
          const message = await post(context, conversation, { ...said, fields, hasRoom: true })
          return await sent(app, message, conversation.id)
        } catch (error) {
          await unshare(parts, attachment, caller.by).catch(() => {})
          throw error
        }
      },
    }),

    call({
      versions: ['v1.1'],
      method: 'DELETE',
      path: `${PATH}/messages`,
      action: 'write',
      handle: async (context) => {
        await deleteMessages(parts, (await homeOf(context)).conversation, context.caller.by)
        return { status: 200, body: {} }
      },
    }),

    call({
      versions: ['v1.1'],
      method: 'DELETE',
      path: `${PATH}/messages/{message}`,
      action: 'write',
      handle: async (context) => {
        const { conversation } = await homeOf(context)
        await deleteOne(parts, conversation, context.params.message ?? '', context.caller.by)
        return { status: 200, body: {} }
      },
    }),
  ]
}

/** Who speaks, by the role: the user of the conversation, or the business. Raises 400. */
function authorIn(fields: Fields) {
  const role = choiceOf(fields, 'role', ['appUser', 'appMaker'])
  if (role === undefined) throw missing('role')
  return (app: string, user: User) => {
    const speaker = role === 'appUser' ? user : null
    return { user: speaker, named: authorOf(app, speaker, fields, 'name') }
  }
}
