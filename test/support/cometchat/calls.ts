import type { Sdk, SdkDraft, SdkMessage } from './sdk.ts'

/** Whom something is sent to. */
export type To = { readonly receiver: string; readonly receiverType: 'user' | 'group' }

/** A file that a user picks; its bytes as base64, since processes tell each other JSON. */
export type Picked = { readonly name: string; readonly type: string; readonly base64: string }

/** A message as an application sees it. */
export type Told = {
  readonly id: string
  readonly type: string
  readonly sender: string | null
  readonly parent: string | null
  readonly text: string | null
  readonly caption: string | null
  readonly mentioned: readonly string[]
  readonly url: string | null
  readonly deleted: boolean
  readonly edited: boolean
  readonly attachments: readonly { readonly url: string; readonly name: string; readonly mimeType: string }[]
  /** Everything the SDK keeps of it, for texts that must not be there. */
  readonly whole: string
}

/** What the journey lets a user do, each with the SDK's own calls. */
export function createCalls(sdk: Sdk) {
  const sendMedia = async (message: SdkDraft) => told(await sdk.sendMediaMessage(message))
  return {
    async init(of: { app: string; host: string; headerMode: boolean; socket?: boolean }) {
      const settings = new sdk.AppSettingsBuilder()
        .setRegion('us')
        .overrideClientHost(`${of.host}/v3.0`)
        .overrideAdminHost(`${of.host}/v3`)
        .autoEstablishSocketConnection(of.socket === true)
      if (of.headerMode) settings.setSecureMediaMode?.(sdk.SecureMediaMode?.HEADER_BASED ?? '')
      return sdk.init(of.app, settings.build())
    },
    login: async (of: { token: string } | { uid: string; key: string }) => {
      const user = await ('token' in of ? sdk.login(of.token) : sdk.login(of.uid, of.key))
      return { uid: user.getUid(), name: user.getName() }
    },
    logout: async () => sdk.logout().then(() => true),
    user: async (of: { uid: string }) => (await sdk.getUser(of.uid)).getName(),
    sendFiles: async (of: To & { files: readonly Picked[]; caption?: string; parent?: string }) => {
      const files = of.files.map(file)
      const message = new sdk.MediaMessage(of.receiver, files.length === 1 ? files[0] : files, 'image', of.receiverType)
      if (of.caption !== undefined) message.setCaption(of.caption)
      if (of.parent !== undefined) message.setParentMessageId(of.parent)
      return sendMedia(message)
    },
    sendUrl: async (of: To & { url: string; name: string }) => {
      const message = new sdk.MediaMessage(of.receiver, '', 'image', of.receiverType)
      const { url, name } = of
      message.setAttachments([new sdk.Attachment({ url, name, extension: 'png', mimeType: 'image/png', size: '1' })])
      return sendMedia(message)
    },
    sendText: async (of: To & { text: string }) =>
      told(await sdk.sendMessage(new sdk.TextMessage(of.receiver, of.text, of.receiverType))),
    /** Pages from the newest back, until one is empty or as many as asked for are there; each oldest first. */
    history: async (of: { uid?: string; guid?: string; parent?: string; limit: number; pages: number }) => {
      const builder = new sdk.MessagesRequestBuilder().setLimit(of.limit)
      if (of.uid !== undefined) builder.setUID(of.uid)
      if (of.guid !== undefined) builder.setGUID(of.guid)
      if (of.parent !== undefined) builder.setParentMessageId(of.parent)
      const request = builder.build()
      const pages: Told[][] = []
      while (pages.length < of.pages) {
        const page = (await request.fetchPrevious()).map(told)
        pages.push(page)
        if (page.length === 0) break
      }
      return pages
    },
    /** What came after a message, oldest first. */
    newer: async (of: { guid: string; after: string; limit: number }) => {
      const request = new sdk.MessagesRequestBuilder()
        .setGUID(of.guid)
        .setLimit(of.limit)
        .setMessageId(of.after)
        .build()
      return (await request.fetchNext()).map(told)
    },
    conversations: async () => {
      const found = await new sdk.ConversationsRequestBuilder().setLimit(30).build().fetchNext()
      return found.map((one) => {
        const last = one.getLastMessage()
        return { id: one.getConversationId(), last: last === undefined ? null : told(last) }
      })
    },
    message: async (of: { id: string }) => told(await sdk.getMessageDetails(of.id)),
    edit: async (of: To & { id: string; text: string }) => {
      const message = new sdk.TextMessage(of.receiver, of.text, of.receiverType)
      message.setId(of.id)
      return told(await sdk.editMessage(message))
    },
    delete: async (of: { id: string }) => told(await sdk.deleteMessage(of.id)),
    makeGroup: async (of: { guid: string; participants: readonly string[]; banned: readonly string[] }) => {
      const members = of.participants.map((uid) => new sdk.GroupMember(uid, 'participant'))
      const made = await sdk.createGroupWithMembers(new sdk.Group(of.guid, of.guid, 'public'), members, of.banned)
      return { guid: made.group.getGuid(), members: made.members }
    },
    handOver: async (of: { guid: string; uid: string }) => sdk.transferGroupOwnership(of.guid, of.uid),
    /** Who is kept out, page by page, until one is empty or as many as asked for are there. */
    banned: async (of: { guid: string; limit: number; pages: number }) => {
      const request = new sdk.BannedMembersRequestBuilder(of.guid).setLimit(of.limit).build()
      const pages: (readonly string[])[] = []
      while (pages.length < of.pages) {
        const page = (await request.fetchNext()).map((one) => one.getUid())
        pages.push(page)
        if (page.length === 0) break
      }
      return pages
    },
    rename: async (of: { uid: string; name: string }) => {
      const user = new sdk.User(of.uid)
      user.setName(of.name)
      return (await sdk.updateCurrentUserDetails(user)).getName()
    },
    usersNamed: async (of: { uids: readonly string[] }) => {
      const found = await new sdk.UsersRequestBuilder().setLimit(30).setUIDs(of.uids).build().fetchNext()
      return found.map((one) => one.getUid())
    },
    unread: async () => {
      const { users, groups } = await sdk.getUnreadMessageCount()
      return [...Object.keys(users), ...Object.keys(groups)]
    },
    conversation: async (of: { guid: string }) => (await sdk.getConversation(of.guid, 'group')).getConversationId(),
    join: async (of: { guid: string }) => sdk.joinGroup(of.guid, 'public', '').then(() => true),
    leave: async (of: { guid: string }) => sdk.leaveGroup(of.guid).then(() => true),
    kick: async (of: { guid: string; uid: string }) => sdk.kickGroupMember(of.guid, of.uid).then(() => true),
    add: async (of: { guid: string; uid: string }) =>
      sdk.addMembersToGroup(of.guid, [new sdk.GroupMember(of.uid, 'participant')], []),
    /** Uploads files by URLs of their own, and sends one message with all of them. */
    upload: async (of: To & { files: readonly Picked[] }) => {
      const request = sdk.createUploadFileRequest(of.receiver, of.receiverType)
      const failures: { code: string; message: string }[] = []
      await new Promise<void>((resolve) => {
        const failed = (_id: string, { code, message }: { code: string; message: string }) => {
          failures.push({ code, message })
        }
        const files = of.files.map((picked, at) => ({ fileId: `file-${at}`, file: file(picked) }))
        const listener = { onFileError: failed, onFileFailure: failed, onComplete: () => resolve() }
        request.uploadAttachments(files, new sdk.UploadFileListener(listener))
      })
      if (failures.length > 0) return { failures, sent: null }
      const message = new sdk.MediaMessage(of.receiver, '', 'image', of.receiverType)
      message.setAttachments(request.getAttachments())
      return { failures, sent: await sendMedia(message) }
    },
    fat: async () => sdk.getFat?.() ?? null,
    presigned: async (of: { url: string }) => sdk.fetchPresignedUrl?.(of.url) ?? null,
    /** Everything that the SDK has put into local storage. */
    stored: async () => {
      const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at) ?? '')
      return Object.fromEntries(keys.map((key) => [key, localStorage.getItem(key)]))
    },
  }
}

/** What the journey lets a user do. */
export type Calls = ReturnType<typeof createCalls>

function file({ name, type, base64 }: Picked): File {
  // In words that browsers know, too.
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))
  return new File([bytes], name, { type })
}

function told(message: SdkMessage): Told {
  const parent = message.getParentMessageId()
  return {
    id: String(message.getId()),
    type: message.getType(),
    sender: message.getSender()?.getUid() ?? null,
    parent: parent === undefined || parent === 0 || parent === '' ? null : String(parent),
    text: message.getText?.() ?? null,
    caption: message.getCaption?.() ?? null,
    mentioned: (message.getMentionedUsers?.() ?? []).map((one) => one.getName()),
    url: message.getURL?.() ?? null,
    deleted: message.getDeletedAt() !== undefined && message.getDeletedAt() !== 0,
    edited: message.getEditedAt() !== undefined && message.getEditedAt() !== 0,
    attachments: (message.getAttachments?.() ?? []).map((one) => {
      return { url: one.getUrl(), name: one.getName(), mimeType: one.getMimeType() }
    }),
    whole: JSON.stringify(message),
  }
}
