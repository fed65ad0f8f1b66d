import type { ReadStream } from 'node:fs'

/** The few shapes of `sunshine-conversations-client` that the journeys touch, in our own words. */
export type SunshineClient = {
  readonly ApiClient: new () => ApiClient
  readonly AppsApi: new (client: ApiClient) => AppsApi
  readonly AppKeysApi: new (client: ApiClient) => AppKeysApi
  readonly UsersApi: new (client: ApiClient) => UsersApi
  readonly ConversationsApi: new (client: ApiClient) => ConversationsApi
  readonly ParticipantsApi: new (client: ApiClient) => ParticipantsApi
  readonly MessagesApi: new (client: ApiClient) => MessagesApi
  readonly AttachmentsApi: new (client: ApiClient) => AttachmentsApi
}

/** Where it calls, and as whom. */
export type ApiClient = {
  basePath: string
  enableCookies: boolean
  readonly authentications: {
    readonly basicAuth: { username?: string; password?: string }
    readonly bearerAuth: { accessToken?: string }
  }
  /** The jar that it keeps cookies in (superagent's). */
  readonly agent: { readonly jar: { getCookies(access: unknown): readonly JarCookie[] & { toValueString(): string } } }
}

/** A cookie in its jar. */
export type JarCookie = {
  readonly name: string
  readonly value: string
  readonly path: string
  readonly expiration_date: number
}

/** What the variants with `WithHttpInfo` answer. */
export type WithResponse<Data> = {
  readonly data: Data
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string | readonly string[]>> }
}

/** An app, as far as the journeys look at it. */
export type SunshineApp = {
  readonly id: string
  readonly displayName: string
  readonly settings: { readonly attachmentsAccess?: string; readonly attachmentsTokenExpirationSeconds?: number }
  readonly metadata: unknown
}

/** A user. */
export type SunshineUser = {
  readonly id: string
  readonly externalId: string
  readonly profile: { givenName?: string }
}

/** A conversation. */
export type SunshineConversation = {
  readonly id: string
  readonly type: string
  readonly isDefault: boolean
  readonly displayName: string
}

/** A message. */
export type SunshineMessage = {
  readonly id: string
  readonly received: string
  readonly author: { readonly type: string; readonly userId?: string }
  readonly content: {
    readonly type: string
    readonly text?: string
    readonly mediaUrl?: string
    readonly mediaType?: string
    readonly mediaSize?: number
    readonly altText?: string
  }
}

/** An attachment. */
export type SunshineAttachment = { readonly mediaUrl: string; readonly mediaType: string }

type Page = { readonly meta: { readonly hasMore: boolean; readonly afterCursor?: string } }
type Paging = { readonly page?: Readonly<Record<string, string | number>> }

type AppsApi = {
  createApp(body: object): Promise<{ app: SunshineApp }>
  getApp(app: string): Promise<{ app: SunshineApp }>
  updateApp(app: string, body: object): Promise<{ app: SunshineApp }>
  listApps(options?: Paging & { readonly filter?: object }): Promise<Page & { apps: readonly SunshineApp[] }>
  deleteApp(app: string): Promise<unknown>
}

type AppKeysApi = {
  createAppKey(app: string, body: object): Promise<{ key: { id: string; displayName: string; secret: string } }>
  getAppKey(app: string, key: string): Promise<{ key: { id: string } }>
  listAppKeys(app: string): Promise<{ keys: readonly { id: string }[] }>
  deleteAppKey(app: string, key: string): Promise<unknown>
}

type UsersApi = {
  createUser(app: string, body: object): Promise<{ user: SunshineUser }>
  getUser(app: string, user: string): Promise<{ user: SunshineUser }>
  updateUser(app: string, user: string, body: object): Promise<{ user: SunshineUser }>
  deleteUser(app: string, user: string): Promise<unknown>
}

type ConversationsApi = {
  createConversation(app: string, body: object): Promise<{ conversation: SunshineConversation }>
  getConversation(app: string, conversation: string): Promise<{ conversation: SunshineConversation }>
  updateConversation(app: string, conversation: string, body: object): Promise<{ conversation: SunshineConversation }>
  listConversations(
    app: string,
    filter: object,
    options?: Paging,
  ): Promise<Page & { conversations: readonly SunshineConversation[] }>
  deleteConversation(app: string, conversation: string): Promise<unknown>
}

type ParticipantsApi = {
  joinConversation(app: string, conversation: string, body: object): Promise<{ participant: { userId: string } }>
  leaveConversation(app: string, conversation: string, body: object): Promise<unknown>
  listParticipants(
    app: string,
    conversation: string,
    options?: Paging,
  ): Promise<Page & { participants: readonly { userId: string; userExternalId: string }[] }>
}

type MessagesApi = {
  postMessage(app: string, conversation: string, body: object): Promise<{ messages: readonly SunshineMessage[] }>
  listMessages(
    app: string,
    conversation: string,
    options?: Paging,
  ): Promise<Page & { messages: readonly SunshineMessage[] }>
  deleteMessage(app: string, conversation: string, message: string): Promise<unknown>
  deleteAllMessages(app: string, conversation: string): Promise<unknown>
}

type AttachmentsApi = {
  uploadAttachment(
    app: string,
    access: string,
    source: ReadStream | Buffer,
    options?: { readonly _for?: string; readonly conversationId?: string },
  ): Promise<{ attachment: SunshineAttachment }>
  deleteAttachment(app: string, body: object): Promise<unknown>
  /** Not in 14.x. */
  generateMediaJsonWebToken(app: string, body: object): Promise<{ tokens: Readonly<Record<string, string>> }>
  /** Not in 14.x. */
  setCookieWithHttpInfo(app: string): Promise<WithResponse<unknown>>
}

/** The few shapes of `smooch-core` that the journeys touch. With an account's key calls name the app first, with an app's they do not. */
export type SmoochCore = new (of: {
  readonly keyId: string
  readonly secret: string
  readonly scope: 'app' | 'account'
  readonly serviceUrl: string
}) => Smooch

/** A client of the v1.1 API. */
export type Smooch = {
  readonly apps: {
    create(name: string, settings?: object): Promise<{ app: SmoochApp }>
    get(app: string): Promise<{ app: SmoochApp }>
    update(app: string, body: object): Promise<{ app: SmoochApp }>
    list(): Promise<{ apps: readonly SmoochApp[] }>
    delete(app: string): Promise<unknown>
  }
  readonly appUsers: {
    create(of: { readonly appUser: object }): Promise<{ appUser: SmoochUser }>
    delete(user: string): Promise<unknown>
    sendMessage(user: string, message: object): Promise<SmoochSent>
    uploadImage(user: string, source: ReadStream, message: object): Promise<SmoochSent>
    deleteMessage(user: string, message: string): Promise<unknown>
    deleteMessages(user: string): Promise<unknown>
    mergeUsers(of: object): Promise<unknown>
  }
  readonly attachments: {
    create(of: object | string, source: ReadStream): Promise<SunshineAttachment>
    delete(url: string): Promise<unknown>
  }
}

/** An app under v1.1. */
export type SmoochApp = {
  readonly _id: string
  readonly name: string
  readonly settings: { readonly attachmentsAccess?: string }
}

/** A user under v1.1. */
export type SmoochUser = { readonly _id: string; readonly userId: string; readonly conversationStarted: boolean }

/** A message under v1.1; `received` is in seconds. */
export type SmoochMessage = {
  readonly _id: string
  readonly type: string
  readonly role: string
  readonly text?: string
  readonly mediaUrl?: string
  readonly mediaType?: string
  readonly received: number
}

/** What sending answers under v1.1. */
export type SmoochSent = { readonly message: SmoochMessage; readonly conversation: { readonly _id: string } }
