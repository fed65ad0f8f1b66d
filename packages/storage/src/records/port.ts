import type { Nodes } from './nodes.ts'

/**
 * The port of what is remembered. Every adapter (memory, sqlite, postgres) implements {@link Records} and is proven by the
 * one suite in `conformance/records.ts`.
 *
 * Manners, for every method:
 * - Times are milliseconds since the epoch. Ids are strings. Serial numbers are positive integers, never used twice.
 * - A method that looks for one thing answers null where there is none; it never throws for that.
 * - Lists are ordered and paged: `after` is the last cursor of the page before (null for the first page), `limit` the most
 *   that may be answered; `next` is null exactly where nothing follows.
 * - What a method has answered survives `kill -9` (SQLite: WAL with `synchronous=FULL`).
 * - A database that is gone or hangs raises {@link Unavailable} within two seconds; a full disk raises {@link Full}; a
 *   unique name taken already raises {@link Conflict}; writing below an app or conversation that does not exist raises
 *   {@link Missing}. Nothing of a failed call is left behind.
 * - A cursor that no page has answered is followed by nothing.
 * - Everything but {@link Keys.find}, {@link Keys.findBySecretHash}, and installation secrets is per app.
 */
export interface Records {
  readonly apps: Apps
  readonly keys: Keys
  readonly users: Users
  readonly conversations: Conversations
  readonly messages: Messages
  readonly attachments: Attachments
  readonly changes: Changes
  readonly views: Views
  readonly idempotency: Idempotency
  readonly secrets: Secrets
  readonly uses: Uses
  /** The nodes that serve this database together; null where only one can. */
  readonly nodes: Nodes | null
  /** Answers once the database has answered a trivial question. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** The database does not answer. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** The disk under the database is full. */
export class Full extends Error {
  override readonly name = 'Full'
}

/** A name that has to be unique is taken. `what` is the noun: `user`, `app`, `conversation`, `key`. */
export class Conflict extends Error {
  override readonly name = 'Conflict'
  readonly what: string
  constructor(what: string) {
    super(`${what} exists already`)
    this.what = what
  }
}

/** What a row would belong to does not exist (any more). `what` is the noun: `app`, `conversation`. */
export class Missing extends Error {
  override readonly name = 'Missing'
  readonly what: string
  constructor(what: string, options?: ErrorOptions) {
    super(`there is no such ${what}`, options)
    this.what = what
  }
}

/** One page of a list; hand `next` in as `after` to get the following one. */
export type Page<T> = { readonly items: readonly T[]; readonly next: string | null }

/** Which page of a list. `limit` is between 1 and 1000. */
export type Paging = { readonly after: string | null; readonly limit: number }

/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** Settings of an app as the operator set them; whatever is absent has its default. Merged key by key, null resets a key. */
export type SettingsJson = { readonly [name: string]: Json }

/** An app: the tenant everything else belongs to. */
export type App = {
  readonly id: string
  readonly serial: number
  readonly name: string
  readonly settings: SettingsJson
  /** The key of its recipient links, sealed with the master key. */
  readonly linkKey: Uint8Array
  readonly status: 'active' | 'suspended'
  readonly createdAt: number
}

/**
 * Apps. Deleting one is a change ({@link Changes.append}) and takes everything under it along, in one transaction: a large
 * app takes seconds, during which others write late. Its id is never used again, so that nobody inherits what is known of it.
 */
export interface Apps {
  /** Raises {@link Conflict} (`app`) where the id is, or was, an app's. */
  create(app: { id: string; name: string; settings: SettingsJson; linkKey: Uint8Array; at: number }): Promise<App>
  find(id: string): Promise<App | null>
  list(paging: Paging): Promise<Page<App>>
  /** Renames; settings are changed through {@link Changes.append} (`settings`), since caches depend on them. */
  rename(id: string, name: string): Promise<App | null>
  /** Bytes and number of attachments now stored in the app, for quotas. Constant time. */
  usage(id: string): Promise<{ readonly bytes: number; readonly attachments: number }>
}

/** A grant as stored: the shape of the `grants` of the native API. */
export type GrantJson = { readonly actions: readonly string[]; readonly resource: string; readonly limits?: Json }

/** An API key. The secret is kept twice: hashed (to find it) and sealed (to verify HS256 with it). */
export type Key = {
  readonly id: string
  readonly serial: number
  /** Null for an account-wide key. */
  readonly app: string | null
  readonly name: string
  readonly grants: readonly GrantJson[]
  readonly secretHash: string
  readonly sealedSecret: Uint8Array
  readonly status: 'active' | 'deactivated'
  readonly expiresAt: number | null
  readonly createdAt: number
}

/** API keys. Deactivating, activating and deleting are changes. A deleted key is gone from every list and look-up. */
export interface Keys {
  create(key: Omit<Key, 'serial' | 'status' | 'createdAt'> & { at: number }): Promise<Key>
  find(id: string): Promise<Key | null>
  findBySecretHash(secretHash: string): Promise<Key | null>
  /** Keys of one app, or with null the account-wide ones; oldest first. */
  list(app: string | null, paging: Paging): Promise<Page<Key>>
}

/** A user of an app; `id` is the uid that the app chose. */
export type User = {
  readonly app: string
  readonly id: string
  readonly serial: number
  readonly name: string | null
  readonly metadata: { readonly [name: string]: Json }
  readonly status: 'active' | 'deactivated'
  readonly createdAt: number
  readonly deactivatedAt: number | null
}

/**
 * Users. Deactivating, activating and deleting are changes. A deleted user's serial is never used again: whoever comes later
 * under the same id is another user, no member and no receiver of anything.
 */
export interface Users {
  /** Creates, or replaces name and metadata (undefined leaves what is there). `created` tells which. Keeps status and serial. */
  put(user: {
    app: string
    id: string
    name?: string | null
    metadata?: { readonly [name: string]: Json }
    at: number
  }): Promise<{ readonly user: User; readonly created: boolean }>
  find(app: string, id: string): Promise<User | null>
  findBySerial(serial: number): Promise<User | null>
  /** By id, ascending. */
  list(app: string, paging: Paging & { status?: 'active' | 'deactivated' }): Promise<Page<User>>
}

/** A conversation. `version` counts its changes of membership, so that "the members at this moment" is a number. */
export type Conversation = {
  readonly app: string
  readonly id: string
  readonly serial: number
  readonly type: 'direct' | 'group'
  readonly version: number
  readonly mergedInto: string | null
  /** Ids of the conversations merged into this one, newest first; chains count for the last. */
  readonly mergedFrom: readonly string[]
  readonly createdAt: number
}

/** One receiver of an attachment. */
export type Receiver = { readonly id: string; readonly serial: number }

/**
 * Conversations and their members. Membership is kept as intervals of the conversation's version, so that nothing is written
 * per receiver when something is shared, however many members there are.
 */
export interface Conversations {
  /**
   * Creates or replaces type and members; a user who does not exist yet is created (active, no name).
   * Members left out leave at this version, members who stay keep their interval. Members of a conversation that was merged
   * away cannot be changed (answers null).
   */
  put(conversation: {
    app: string
    id: string
    type: 'direct' | 'group'
    members: readonly string[]
    at: number
  }): Promise<{
    readonly conversation: Conversation
    readonly created: boolean
    readonly left: readonly Receiver[]
    readonly joined: readonly Receiver[]
  } | null>
  find(app: string, id: string): Promise<Conversation | null>
  list(app: string, paging: Paging): Promise<Page<Conversation>>
  /** Present members by user id, ascending. */
  members(app: string, id: string, paging: Paging): Promise<Page<Receiver>>
  isMember(app: string, id: string, user: string): Promise<boolean>
  /** Adds one (creating the user where there is none). Answers the user, and whether that changed anything; null without such a conversation. */
  addMember(
    app: string,
    id: string,
    user: string,
    at: number,
  ): Promise<{ readonly member: Receiver; readonly changed: boolean } | null>
  /** Removes one; null where there is no such conversation or member. */
  removeMember(app: string, id: string, user: string, at: number): Promise<Receiver | null>
  /**
   * Merges `from` into `id`: its members join the survivor, its attachments keep their paths and receivers.
   * Null where one of the two is not there, is merged away already, or both are the same.
   */
  merge(app: string, id: string, from: string, at: number): Promise<Conversation | null>
}

/** A message. Ids are decimal strings that increase. */
export type Message = {
  readonly app: string
  readonly id: string
  readonly conversation: string
  readonly from: string | null
  readonly text: string | null
  readonly attachments: readonly string[]
  readonly createdAt: number
}

/** Messages. */
export interface Messages {
  create(message: Omit<Message, 'id' | 'createdAt'> & { at: number }): Promise<Message>
  find(app: string, id: string): Promise<Message | null>
  /** Messages of a conversation and of those merged into it; `order` by id. `after` is a message id. */
  list(
    app: string,
    conversation: string,
    paging: Paging & { order: 'ascending' | 'descending' },
  ): Promise<Page<Message>>
  /** True where there was one. */
  delete(app: string, id: string): Promise<boolean>
}

/** An attachment: one file at one path. */
export type Attachment = {
  readonly app: string
  readonly id: string
  readonly serial: number
  /** Canonical text of its resource; unique. */
  readonly path: string
  readonly conversation: string | null
  readonly conversationSerial: number | null
  /** The conversation's version when it was shared: its members are the receivers. 0 outside conversations. */
  readonly version: number
  /** The name it was uploaded with, unchanged but for control characters. */
  readonly filename: string
  readonly contentType: string
  readonly size: number
  /** Hex. */
  readonly sha256: string
  readonly access: 'private' | 'public'
  /** The blob that holds the bytes; several attachments may share one. */
  readonly blob: string
  readonly from: string | null
  /** Receivers named at upload; null means the members at that version. */
  readonly recipients: readonly string[] | null
  readonly createdAt: number
}

/** Attachments. Deleting one and changing its access are changes. */
export interface Attachments {
  /**
   * Commits an uploaded blob as an attachment. `version` is read inside the same transaction from the conversation.
   * Recipients who are no users yet are created. MUST be called only after the blob is durable.
   * Raises {@link Conflict} (`attachment`) where its id in the app or its path is taken, {@link Missing} without its app or conversation.
   * Raises {@link Conflict} (`quota`) where `quota` bytes or attachments would be passed; nothing is written then.
   */
  create(
    attachment: Omit<Attachment, 'serial' | 'version' | 'conversationSerial' | 'createdAt'> & {
      at: number
      quota?: { readonly bytes: number | null; readonly attachments: number | null }
    },
  ): Promise<Attachment>
  find(app: string, id: string): Promise<Attachment | null>
  /** Those that are there, each once, in the order asked for. */
  findMany(app: string, ids: readonly string[]): Promise<readonly Attachment[]>
  findByPath(path: string): Promise<Attachment | null>
  /** Newest first; of one conversation (not those merged into it), or of the whole app. */
  list(
    app: string,
    paging: Paging & { conversation?: string; access?: 'private' | 'public'; createdBefore?: number },
  ): Promise<Page<Attachment>>
  /** The receivers by user id, ascending: members at its version, or those named; users who are deleted are left out. */
  receivers(attachment: Attachment, paging: Paging): Promise<Page<Receiver>>
  /** One receiver, or null for somebody who is none. */
  receiver(attachment: Attachment, user: string): Promise<Receiver | null>
  /** Of the given attachments those that the user receives, with the user: for message lists, in one question. */
  receivedBy(
    app: string,
    user: string,
    attachments: readonly Attachment[],
  ): Promise<{ readonly receiver: Receiver | null; readonly ids: ReadonlySet<string> }>
  /** Whether any attachment holds this blob; for the sweep. */
  references(blob: string): Promise<boolean>
  /** Every blob that rows refer to, with size and hash, ascending by blob; for `gatehouse check`. */
  blobs(paging: Paging): Promise<Page<{ readonly blob: string; readonly size: number; readonly sha256: string }>>
}

/** What can be revoked or suspended, and every other fact that all nodes must know before a caller is answered. */
export type Change =
  | {
      readonly kind: 'user'
      readonly app: string
      readonly user: string
      readonly to: 'active' | 'suspended' | 'deleted'
    }
  | {
      readonly kind: 'key'
      readonly app: string | null
      readonly key: string
      readonly to: 'active' | 'suspended' | 'deleted'
    }
  | { readonly kind: 'app'; readonly app: string; readonly to: 'active' | 'suspended' | 'deleted' }
  | { readonly kind: 'settings'; readonly app: string; readonly settings: SettingsJson }
  /** `linkKey` replaces the app's link key: every link of the app is dead. */
  | { readonly kind: 'link-key'; readonly app: string; readonly linkKey: Uint8Array }
  | { readonly kind: 'revoke'; readonly app: string; readonly target: RevocationTarget }
  /** Leaving takes access along, coming back restores it; writes the membership, too (not in a conversation that was merged away). */
  | {
      readonly kind: 'member'
      readonly app: string
      readonly conversation: string
      readonly user: string
      readonly to: 'in' | 'out'
    }
  | {
      readonly kind: 'attachment'
      readonly app: string
      readonly attachment: string
      readonly to: 'deleted' | 'private' | 'public'
    }
  /**
   * Makes public attachments shared before `before` (null: all) private, or those that `protect` made private public again, oldest first and
   * at most `limit` at a time. Repeat until it is answered null: nothing is left to change.
   */
  | {
      readonly kind: 'protect'
      readonly app: string
      readonly to: 'private' | 'public'
      readonly before: number | null
      readonly limit: number
    }

/**
 * The subject of a revocation. `issuedBefore` is a sequence; one beyond the change's own counts as that, so that nothing issued later
 * is void.
 */
export type RevocationTarget =
  | { readonly user: string }
  | { readonly token: string }
  | { readonly key: string }
  | { readonly session: string }
  | { readonly conversation: string }
  | { readonly resource: string }
  | { readonly app: true }
  | { readonly subject: string; readonly issuedBefore: number }

/**
 * The present standing of one thing. What has never been touched has no row.
 *
 * scope and target: `user`, `key`, `conversation`, `app` with `serial` set and target the id (with `app/` in front of a uid or
 * conversation id); `subject` (target `app/uid`, for tokens that name a user by id, registered or not); `token` (`app/jti`);
 * `session` (`app/id`); `resource` (canonical path); `member` (target `conversationSerial/userSerial`; suspended = out).
 * `sequence` is that of the last change; a row with a lower one than already known is stale.
 *
 * A change of a user writes both `user` and `subject`. A deleted user's `user` row is revoked for good, while `subject` only gets
 * `before` and is not suspended any more: the id is open to a new user, but for what was issued earlier.
 * A deleted app keeps the one row of scope `app`; those of what was under it are gone.
 */
export type StandingRow = {
  readonly scope: 'user' | 'key' | 'conversation' | 'app' | 'subject' | 'token' | 'session' | 'resource' | 'member'
  readonly target: string
  readonly serial: number | null
  readonly suspended: boolean
  readonly revoked: boolean
  readonly before: number
  readonly sequence: number
}

/** A change as it stands in the log. */
export type LoggedChange = {
  readonly sequence: number
  readonly app: string | null
  readonly change: Change
  /** Who did it: the id of the API key, or `operator`. */
  readonly by: string
  readonly at: number
  /** The standing rows as they are after this change, so that a node applies it without asking again. */
  readonly rows: readonly StandingRow[]
  /** Paths of attachments whose row changed or went, for caches. Only for `attachment` and `protect`. */
  readonly paths: readonly string[]
}

/**
 * The one ordered, durable log of changes of standing. `append` writes the effect on the rows (a user's status, a deleted
 * attachment …), the present standing and the log entry in ONE transaction; sequences increase in the order of commits.
 * A user's deletion takes their memberships along; an app's deletion takes everything under it along.
 * Suspending and activating never touch `before`; `revoke` sets `before` to its own sequence (all that was issued earlier is
 * void), except for `token` and `session`, and `key` and an app that are `deleted` (revoked for good).
 * Revoking a user, conversation, or key that does not exist is answered null; subjects, tokens and resources need not exist.
 */
export interface Changes {
  /** A change that is in force already is written again and answered with a sequence of its own. Null takes no sequence. */
  append(change: Change, by: string, at: number): Promise<LoggedChange | null>
  /** The last sequence; 0 before the first change. */
  last(): Promise<number>
  /** Entries after a sequence, in order: what a node has not applied yet. */
  since(sequence: number, limit: number): Promise<readonly LoggedChange[]>
  /** Every row of the present standing, in pieces. */
  standing(): AsyncIterable<readonly StandingRow[]>
  /** Revocations and suspensions of an app, newest first, for people: kinds `user`, `key`, `app`, `link-key` and `revoke`. */
  list(app: string, paging: Paging): Promise<Page<LoggedChange>>
}

/** One line of the access log: an access, or several alike within a short time taken together (`count`). */
export type View = {
  readonly id: string
  readonly app: string
  readonly at: number
  readonly lastAt: number
  readonly action: string
  /** Canonical path. */
  readonly resource: string
  readonly attachment: string | null
  readonly user: string | null
  readonly credential: string | null
  readonly key: string | null
  readonly allowed: boolean
  /** `ok`, or the code of a refusal. */
  readonly reason: string
  readonly status: number
  readonly method: string
  readonly ip: string | null
  readonly userAgent: string | null
  readonly bytes: number
  readonly count: number
}

/** A view to be written; `userSerial` names the user where only the serial is known. */
export type NewView = Omit<View, 'id' | 'user'> & { readonly user: string | null; readonly userSerial: number | null }

/** Who has opened an attachment, and how much of it. */
export type Receipt = {
  readonly user: string
  readonly firstAt: number | null
  readonly lastAt: number | null
  /** Bytes delivered to this user in all. */
  readonly bytes: number
}

/** The access log and the receipts made from it. Losing the last fraction of a second in a crash is allowed here, and only here. */
export interface Views {
  /** Writes many at once; MUST NOT hold the event loop for more than a few milliseconds at a time. */
  append(views: readonly NewView[]): Promise<void>
  /** Newest first. `resource` means at and below (whole segments). */
  list(app: string, paging: Paging & { resource?: string; user?: string; allowed?: boolean }): Promise<Page<View>>
  /** One line for each receiver, by user id ascending; those who have not opened it have null times. */
  receipts(attachment: Attachment, paging: Paging): Promise<Page<Receipt>>
  /** Deletes lines older than a time, of all apps or of one, oldest first and at most `limit`; answers how many went. */
  prune(before: number, limit: number, app?: string): Promise<number>
}

/** Answers kept for repeated requests with one `Idempotency-Key`. */
export interface Idempotency {
  /**
   * Claims a key. `claimed` is true for the first caller; others get what is stored: `fingerprint` of the first request, and
   * its answer once there is one (null while the first is still at work).
   */
  claim(
    scope: string,
    key: string,
    fingerprint: string,
    at: number,
  ): Promise<
    | { readonly claimed: true }
    | {
        readonly claimed: false
        readonly fingerprint: string
        readonly answer: { readonly status: number; readonly body: string; readonly location: string | null } | null
      }
  >
  complete(scope: string, key: string, answer: { status: number; body: string; location: string | null }): Promise<void>
  /** Gives a claim back after a fault, so that the request can be tried again. */
  release(scope: string, key: string): Promise<void>
  prune(before: number): Promise<void>
}

/** Secrets of the installation, sealed: made once, read by every node. */
export interface Secrets {
  /** The stored value, or `value` where there was none; the first writer wins. */
  findOrCreate(name: string, value: Uint8Array): Promise<Uint8Array>
}

/** Counted uses of tokens with `maxUses`. */
export interface Uses {
  /**
   * Takes one use of a token if fewer than `max` are taken, or finds that this viewer has taken one since `since`:
   * exactly `max` different viewers win among any number of simultaneous callers. `open` false only asks whether it would be
   * granted, and takes nothing.
   */
  claim(use: {
    token: string
    viewer: string
    max: number
    at: number
    since: number
    open: boolean
  }): Promise<'granted' | 'spent'>
}
