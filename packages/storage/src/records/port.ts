import type { Nodes } from './nodes.ts'
import type { Json, Page, Paging, SettingsJson } from './port-basics.ts'
import type { Changes } from './port-changes.ts'
import type { Attachments } from './port-content.ts'
import type { MediaKeys } from './port-media-keys.ts'
import type { Messages } from './port-messages.ts'
import type { Logins, Users } from './port-people.ts'
import type { Conversations } from './port-talk.ts'
import type { Views } from './port-views.ts'
import type { Outbox, Webhooks } from './port-webhooks.ts'

export type { Json, Page, Paging, SettingsJson } from './port-basics.ts'
export { Conflict, Full, Missing, Unavailable } from './port-basics.ts'
export type {
  Change,
  Changes,
  LoggedChange,
  LoginTarget,
  MediaKeyChange,
  RevocationTarget,
  StandingRow,
} from './port-changes.ts'
export type { Attachment, Attachments, Reach, Receiver } from './port-content.ts'
export type { MediaKey, MediaKeys } from './port-media-keys.ts'
export type { Message, MessageFilter, MessagePatch, Messages, NewMessage, Once } from './port-messages.ts'
export type { LoginSession, Logins, User, UserDetails, UserFilter, Users } from './port-people.ts'
export type {
  Arrival,
  Ban,
  Conversation,
  ConversationDetails,
  ConversationFilter,
  Conversations,
  Joining,
  Member,
  MemberRole,
  Numbered,
  Talk,
} from './port-talk.ts'
export type { NewView, Receipt, View, Views } from './port-views.ts'
export type {
  NewEvent,
  Outbox,
  OutgoingDelivery,
  Settlement,
  Subscription,
  Webhook,
  Webhooks,
} from './port-webhooks.ts'

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
 * - Everything but {@link Keys.find}, {@link Keys.findBySerial}, {@link Keys.findBySecretHash}, {@link Logins.findBySecretHash}, and installation secrets and media keys is
 *   per app.
 */
export interface Records {
  readonly apps: Apps
  readonly keys: Keys
  readonly users: Users
  readonly logins: Logins
  readonly conversations: Conversations
  readonly messages: Messages
  readonly attachments: Attachments
  readonly changes: Changes
  readonly views: Views
  readonly webhooks: Webhooks
  readonly outbox: Outbox
  readonly idempotency: Idempotency
  readonly secrets: Secrets
  readonly mediaKeys: MediaKeys
  readonly uses: Uses
  readonly tries: Tries
  /** The nodes that serve this database together; null where only one can. */
  readonly nodes: Nodes | null
  /** Answers once the database has answered a trivial question. */
  ping(): Promise<void>
  close(): Promise<void>
}

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
 * Apps. Deleting one is a change ({@link Changes.append}): from then on there is no such app, and its keys are gone. Everything else under it
 * goes with {@link Apps.clear}, and until then may still be found by who does not ask for the app first: the gate does. Its id is never used again, so that
 * nobody inherits what is known of it.
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
  /**
   * Deletes a portion of what is left of deleted apps, small enough to hold nobody up. False once nothing is left. May be called by several nodes at
   * once, and goes on where it was interrupted. The blobs are left to the sweep, which takes what no record names.
   */
  clear(): Promise<boolean>
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
  findBySerial(serial: number): Promise<Key | null>
  /**
   * Replaces name and grants (undefined leaves what is there); null without such a key. Where grants changed, the caller MUST append a
   * change of the key (its present status will do), so that every node takes note.
   */
  update(id: string, key: { name?: string | undefined; grants?: readonly GrantJson[] | undefined }): Promise<Key | null>
  /** Keys of one app, or with null the account-wide ones; oldest first. */
  list(app: string | null, paging: Paging): Promise<Page<Key>>
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
  find(name: string): Promise<Uint8Array | null>
  /** The stored value, or `value` where there was none; the first writer wins. */
  findOrCreate(name: string, value: Uint8Array): Promise<Uint8Array>
}

/** Counted uses of tokens with `maxUses`. */
export interface Uses {
  /**
   * Takes one use of a token if fewer than `max` are taken, or finds that this viewer has taken one since `since`:
   * exactly `max` different viewers win among any number of simultaneous callers. `open` false only asks whether it would be
   * granted, and takes nothing. `until` is when the token ends for good, null where it does not.
   */
  claim(use: {
    token: string
    viewer: string
    max: number
    at: number
    since: number
    open: boolean
    until: number | null
  }): Promise<'granted' | 'spent'>
  /**
   * Forgets who has taken a use before `taken`, and how many are taken of tokens that ended before `ended`; at most `limit` of each.
   * Answers how many went in all. What is taken of a token that has not ended stays taken.
   */
  prune(taken: number, ended: number, limit: number): Promise<number>
}

/** Tries at something that may be guessed, counted for all threads and nodes together. */
export interface Tries {
  /**
   * Takes one try: `perMinute` flow off in a minute, and as many again may come at once. Answers how many seconds to wait, and takes nothing
   * then; 0 where it was taken. Of any number of simultaneous callers no more win than that.
   */
  take(name: string, limit: { perMinute: number; at: number }): Promise<number>
  /** Forgets those who tried last before a time; at most `limit`. Answers how many went. */
  prune(before: number, limit: number): Promise<number>
}
