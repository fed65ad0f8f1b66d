import type { Attachment, Message } from '@gatehouse/storage/records/port'
import type { StoredPart } from '../../form-parts.ts'
import type { Parts } from '../../parts.ts'
import { newAttachmentKey } from '../../secrets.ts'
import { roomFor, share, shareAgain, unshare } from '../../share.ts'
import { reachOf, sendMessage } from '../../talk.ts'
import { createAddresses } from './addresses.ts'
import type { Context } from './call.ts'
import { failure } from './errors.ts'
import { MOST_FILES, MOST_MESSAGE_BYTES } from './me.ts'
import { accessOf } from './media-urls.ts'
import { type Draft, type Elsewhere, extensionOf, type NamedFile, readDraft } from './message-draft.ts'
import { type Form, readForm } from './message-form.ts'
import type { Place, Places } from './message-place.ts'
import { keep } from './message-view.ts'

/** For so long a call with the same `muid` is the same call, which its client repeats. */
const REPEATED_WITHIN = 24 * 3600 * 1000

/** Sends what a request holds, as a reply to `parent` where there is one. */
export type Send = (context: Context, parent: string | null) => Promise<Message>

/** Creates the way in for messages. */
export function createSend(parts: Parts, places: Places): Send {
  const { records, blobs } = parts

  async function read(context: Context): Promise<Form> {
    const { request, tenant, app, fields, confirm } = context
    if (!request.isMultipart()) return { fields, files: [] }
    const { maxBytes: fileBytes } = await roomFor(parts, tenant)
    const form = await readForm(request, blobs, { app, totalBytes: MOST_MESSAGE_BYTES, fileBytes, files: MOST_FILES })
    try {
      await confirm()
    } catch (error) {
      await throwAway(form.files)
      throw error
    }
    return form
  }

  async function throwAway(files: readonly StoredPart[]): Promise<void> {
    for (const { stored } of files) await blobs.delete(stored.blob)
  }

  /** An attachment of ours that a message names: shared with its receivers, if its sender may pass it on (contract, C7). */
  async function passOn(context: Context, place: Place, named: Extract<NamedFile, { place: unknown }>) {
    const { app, tenant, reader } = context
    const source = named.place === null ? null : await records.attachments.findByPath(named.place.path)
    if (source === null || source.app !== app || !(await mayRead(context, source))) throw notYours()
    const { conversation } = place
    if (source.held && source.from === reader?.id && source.conversation === conversation.id) return source
    const filename = named.name ?? source.filename
    const from = reader?.id ?? null
    const to = { conversation: conversation.id, from, filename, pathName: pathName(filename), access: accessOf(tenant) }
    const again = await shareAgain(parts, tenant, source, to)
    if (again === null) throw notYours()
    return again
  }

  async function mayRead({ app, tenant, reader }: Context, attachment: Attachment): Promise<boolean> {
    if (reader === null || attachment.access === 'public') return true
    const { linkSeconds } = tenant.settings
    // What the sender's own link does not open any more does not begin anew under another path.
    if (linkSeconds !== null && parts.now() >= attachment.createdAt + linkSeconds * 1000) return false
    const receiver = await records.attachments.receiver(attachment, reader.id, reachOf(tenant.settings))
    if (receiver?.serial !== reader.serial) return false
    if (attachment.conversation === null) return true
    return (await records.conversations.cutOff(app, attachment.conversation, [receiver])).length === 0
  }

  async function parentOf(context: Context, id: string | null, { conversation }: Place): Promise<string | null> {
    if (id === null) return null
    const parent = await places.message(context, id)
    const home = [conversation.id, ...conversation.mergedFrom]
    if (!home.includes(parent.conversation)) {
      throw failure('ERR_BAD_REQUEST', 'A reply goes to the conversation of the message that it replies to.')
    }
    return parent.id
  }

  /** Files of a message on their way: what was made for it so far is taken back where it fails. */
  async function gather(context: Context, draft: Draft, place: Place, uploads: readonly StoredPart[]) {
    const { tenant, reader } = context
    const made: Attachment[] = []
    const files: (Attachment | Elsewhere)[] = []
    const waiting = [...uploads]
    try {
      for (const named of draft.files) {
        if (!('place' in named)) {
          files.push(named)
          continue
        }
        const attachment = await passOn(context, place, named)
        if (!attachment.held) made.push(attachment)
        files.push(attachment)
      }
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const upload = { ...next, access: accessOf(tenant), from: reader?.id ?? null, recipients: null }
        const options = { pathName: pathName(next.filename) }
        const attachment = await share(parts, tenant, upload, place.conversation.id, options)
        made.push(attachment)
        files.push(attachment)
      }
    } catch (error) {
      await throwAway(waiting)
      await takeBack(made)
      throw error
    }
    return { files, made }
  }

  async function takeBack(made: readonly Attachment[]): Promise<void> {
    for (const attachment of made) await unshare(parts, attachment, 'operator').catch(() => {})
  }

  return async (context, parent) => {
    const form = await read(context)
    let draft: Draft
    let place: Place
    let replyTo: string | null
    try {
      const { settings } = context.tenant
      draft = readDraft(form.fields, {
        addresses: createAddresses({ mediaUrl: parts.config.mediaUrl, loginWall: settings.loginWall }),
        clientsAddTokens: settings.cometchatLinks === 'session',
        uploads: form.files.length,
      })
      place = await places.forDraft(context, draft)
      replyTo = await parentOf(context, parent ?? draft.parent, place)
    } catch (error) {
      await throwAway(form.files)
      throw error
    }
    const once = draft.muid === null ? undefined : { key: draft.muid, since: parts.now() - REPEATED_WITHIN }
    const from = context.reader?.id ?? null
    const sent = once && (await records.messages.findOnce(context.app, place.conversation.id, from, once))
    if (sent) {
      await throwAway(form.files)
      return sent
    }
    const { files, made } = await gather(context, draft, place, form.files)
    const attachments = files.filter((file) => 'path' in file)
    const { category, type, text, tags } = draft
    const version = made[0]?.version
    const message = {
      ...{ app: context.app, conversation: place.conversation.id, from },
      ...{ category, type, text, tags, parent: replyTo, at: parts.now() },
      attachments: attachments.map(({ id }) => id),
      data: keep(
        { ...draft, receiver: place.receiver },
        files.map((file) => ('path' in file ? file.id : file)),
      ),
      ...(version !== undefined && { version }),
      ...(once !== undefined && { once }),
    }
    try {
      const there = await sendMessage(parts, message, context.caller.by, attachments)
      // The same, sent at the same time, was first: it has files of its own.
      await takeBack(made.filter(({ id }) => !there.attachments.includes(id)))
      return there
    } catch (error) {
      await takeBack(made)
      throw error
    }
  }
}

/** The name under which a file lies: random, since names tell things and clients read meaning into them (contract, C10). */
export function pathName(filename: string): string {
  const extension = extensionOf(filename)
  return extension === '' || /fat/.test(extension) ? newAttachmentKey() : `${newAttachmentKey()}.${extension}`
}

function notYours() {
  return failure('ERR_PERMISSION_DENIED', 'The file that an attachment names is not there for the sender to pass on.')
}
