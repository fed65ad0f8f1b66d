/** The few shapes of CometChat's SDK that the journey touches, in our own words. */
export type Sdk = {
  readonly AppSettingsBuilder: new () => SettingsBuilder
  readonly SecureMediaMode?: { readonly HEADER_BASED: string }
  readonly MediaMessage: new (receiver: string, file: unknown, type: string, receiverType: string) => SdkDraft
  readonly TextMessage: new (receiver: string, text: string, receiverType: string) => SdkDraft
  readonly Attachment: new (of: object) => unknown
  readonly MessagesRequestBuilder: new () => HistoryBuilder
  readonly ConversationsRequestBuilder: new () => {
    setLimit(limit: number): { build(): { fetchNext(): Promise<readonly SdkConversation[]> } }
  }
  readonly GroupMember: new (uid: string, scope: string) => unknown
  readonly Group: new (guid: string, name: string, type: string) => SdkGroup
  readonly User: new (uid: string) => SdkUser & { setName(name: string): void }
  readonly BannedMembersRequestBuilder: new (guid: string) => ListBuilder<SdkUser>
  readonly UsersRequestBuilder: new () => {
    setLimit(limit: number): { setUIDs(uids: readonly string[]): ListBuilder<SdkUser> }
  }
  readonly UploadFileListener: new (callbacks: object) => unknown
  readonly init: (app: string, settings: unknown) => Promise<boolean>
  readonly login: (...words: readonly string[]) => Promise<SdkUser>
  readonly logout: () => Promise<unknown>
  readonly sendMediaMessage: (message: SdkDraft) => Promise<SdkMessage>
  readonly sendMessage: (message: SdkDraft) => Promise<SdkMessage>
  readonly getMessageDetails: (id: string) => Promise<SdkMessage>
  readonly editMessage: (message: SdkDraft) => Promise<SdkMessage>
  readonly deleteMessage: (id: string) => Promise<SdkMessage>
  readonly joinGroup: (guid: string, type: string, password: string) => Promise<unknown>
  readonly leaveGroup: (guid: string) => Promise<unknown>
  readonly kickGroupMember: (guid: string, uid: string) => Promise<unknown>
  readonly addMembersToGroup: (guid: string, members: readonly unknown[], banned: readonly string[]) => Promise<unknown>
  readonly createGroupWithMembers: (
    group: SdkGroup,
    members: readonly unknown[],
    banned: readonly string[],
  ) => Promise<{ readonly group: SdkGroup; readonly members: Readonly<Record<string, string>> }>
  readonly transferGroupOwnership: (guid: string, uid: string) => Promise<string>
  readonly updateCurrentUserDetails: (user: SdkUser) => Promise<SdkUser>
  readonly getUnreadMessageCount: () => Promise<{ readonly users: object; readonly groups: object }>
  readonly getConversation: (id: string, type: 'user' | 'group') => Promise<SdkConversation>
  readonly getUser: (uid: string) => Promise<SdkUser>
  readonly createUploadFileRequest: (receiver: string, receiverType: string) => SdkUploads
  readonly getFat?: () => string | null
  readonly fetchPresignedUrl?: (url: string) => Promise<string>
}

/** A message on its way out. */
export type SdkDraft = {
  setCaption(text: string): void
  setAttachments(attachments: readonly unknown[]): void
  setMetadata(metadata: object): void
  setParentMessageId(id: string): void
  setId(id: string): void
}

/** A message as the SDK hands it to an application. */
export type SdkMessage = {
  getId(): string | number
  getType(): string
  getSender(): SdkUser | null
  getParentMessageId(): string | number
  getDeletedAt(): number | undefined
  getEditedAt(): number | undefined
  getText?(): string | undefined
  getCaption?(): string | undefined
  getURL?(): string | undefined
  getMetadata?(): unknown
  getMentionedUsers?(): readonly SdkUser[]
  getAttachments?(): readonly SdkAttachment[] | undefined
}

/** An attachment as the SDK hands it to an application. */
export type SdkAttachment = { getUrl(): string; getName(): string; getMimeType(): string; getSize(): number }

/** A user as the SDK hands it to an application. */
export type SdkUser = { getUid(): string; getName(): string }

type SdkConversation = { getConversationId(): string; getLastMessage(): SdkMessage | undefined }

type SdkUploads = {
  uploadAttachments(files: readonly { fileId: string; file: File }[], listener: unknown): void
  getAttachments(): readonly SdkAttachment[]
}

/** A group as the SDK hands it to an application. */
export type SdkGroup = { getGuid(): string }

type ListBuilder<T> = {
  setLimit(limit: number): ListBuilder<T>
  build(): { fetchNext(): Promise<readonly T[]> }
}

type SettingsBuilder = {
  setRegion(region: string): SettingsBuilder
  overrideClientHost(host: string): SettingsBuilder
  overrideAdminHost(host: string): SettingsBuilder
  autoEstablishSocketConnection(on: boolean): SettingsBuilder
  setSecureMediaMode?(mode: string): SettingsBuilder
  build(): unknown
}

type HistoryBuilder = {
  setLimit(limit: number): HistoryBuilder
  setGUID(guid: string): HistoryBuilder
  setUID(uid: string): HistoryBuilder
  setParentMessageId(id: string): HistoryBuilder
  setMessageId(id: string): HistoryBuilder
  build(): { fetchPrevious(): Promise<readonly SdkMessage[]>; fetchNext(): Promise<readonly SdkMessage[]> }
}
