import type { Json, Page, Paging, SettingsJson } from './port-basics.ts'

/** What can be revoked or suspended, and every other fact that all nodes must know before a caller is answered. */
export type Change =
  | {
      readonly kind: 'user'
      readonly app: string
      readonly user: string
      readonly to: 'active' | 'suspended' | 'deleted'
    }
  /**
   * Makes `user` and `into` one person, who is `into` from then on: see {@link Changes}. Null where one of the two is no user, or both are
   * the same.
   */
  | { readonly kind: 'user-merge'; readonly app: string; readonly user: string; readonly into: string }
  /** Ends login sessions for good. Null where there is none to end. */
  | { readonly kind: 'login'; readonly app: string; readonly target: LoginTarget }
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
  | MediaKeyChange
  /**
   * Leaving takes access along, coming back restores it, in conversations merged into this one, too; writes the membership (not in a
   * conversation that was merged away). Nobody who is banned comes back: that is answered null.
   */
  | {
      readonly kind: 'member'
      readonly app: string
      readonly conversation: string
      readonly user: string
      readonly to: 'in' | 'out'
    }
  /**
   * The same for many at once, in the order named; whoever is no user, or is banned and to come in, is left out, and null is answered
   * where nobody is left. Webhooks are told of each as of a `member`.
   */
  | {
      readonly kind: 'members'
      readonly app: string
      readonly conversation: string
      readonly users: readonly string[]
      readonly to: 'in' | 'out'
    }
  | {
      readonly kind: 'attachment'
      readonly app: string
      readonly attachment: string
      /** `shared` gives one that is held to the sender and the members of its conversation as of now; null where none is held. */
      readonly to: 'deleted' | 'private' | 'public' | 'shared'
    }
  /**
   * Takes members, bans, messages and attachments along, and the conversations merged into this one; one that was merged away cannot be
   * deleted by itself. Voids what was issued for its resource, so that a conversation that comes later under the same id is another.
   */
  | { readonly kind: 'conversation'; readonly app: string; readonly conversation: string; readonly to: 'deleted' }
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
 * The keys of media tokens, for the whole installation. `next` adds one: null where one waits already; `sealed` (the private half) is null in
 * the log. `active` puts the next key in the place of the active one, which is retiring then: null where that is not the next.
 * `retired` voids what a key has signed, for good, and of an active one puts the next in its place: null where there is none, or
 * nothing to retire.
 */
export type MediaKeyChange = { readonly kind: 'media-key'; readonly app: null; readonly key: string } & (
  | {
      readonly to: 'next'
      readonly jwk: { readonly [name: string]: Json }
      readonly sealed: Uint8Array | null
    }
  | { readonly to: 'active' | 'retired' }
)

/** Which login sessions end: one by its id, or all of a user but the newest `keep` (0: all). */
export type LoginTarget = { readonly login: string } | { readonly user: string; readonly keep: number }

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
  /** All media tokens of the app. */
  | { readonly media: true }
  | { readonly subject: string; readonly issuedBefore: number }

/**
 * The present standing of one thing. What has never been touched has no row.
 *
 * scope and target: `user`, `key`, `conversation`, `app` with `serial` set and target the id (with `app/` in front of a uid or
 * conversation id); `subject` (target `app/uid`, for tokens that name a user by id, registered or not); `token` (`app/jti`);
 * `session` (`app/id`); `resource` (canonical path); `member` (target `conversationSerial/userSerial`; suspended = out).
 * `media` (target the app: what media tokens of it were issued before is void); `media-key` (target its id).
 * `second` stands where `before` is above 0 in a scope that reaches media tokens (`app`, `conversation`, `resource`, `media`): of those,
 * which carry no sequence, whatever was issued in this second of the epoch or earlier was issued before. It grows with the sequence.
 * `sequence` is that of the last change; a row with a lower one than already known is stale.
 *
 * A change of a user writes both `user` and `subject`. A deleted user's `user` row is revoked for good, while `subject` only gets
 * `before` and is not suspended any more: the id is open to a new user, but for what was issued earlier.
 * A deleted app keeps the one row of scope `app`; those of what was under it are gone.
 */
export type StandingRow = {
  readonly scope:
    | 'user'
    | 'key'
    | 'conversation'
    | 'app'
    | 'subject'
    | 'token'
    | 'session'
    | 'resource'
    | 'member'
    | 'media'
    | 'media-key'
  readonly target: string
  readonly serial: number | null
  readonly suspended: boolean
  readonly revoked: boolean
  readonly before: number
  readonly second?: number
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
  /** Paths of attachments whose row changed or went, for caches. Only for `attachment`, `conversation` and `protect`. */
  readonly paths: readonly string[]
}

/**
 * The one ordered, durable log of changes of standing. `append` writes the effect on the rows (a user's status, a deleted
 * attachment …), the present standing and the log entry in ONE transaction; sequences increase in the order of commits.
 * A user's deletion takes their memberships and login sessions along; an app's deletion takes everything under it along.
 * Suspending and activating never touch `before`; `revoke` sets `before` to its own sequence (all that was issued earlier is
 * void; `subject` sets it to the sequence named), except for `token`, `session` and `key`, which are revoked for good, the key's row
 * going as by a deletion. A conversation takes those merged into it along.
 * A user who is merged into another is gone, and the id is free, as after a deletion; what names the user by serial follows the survivor:
 * it stands as the survivor does, whatever is done to that one later. Memberships, bans, ownership, login sessions, and what was shared
 * by or with the user, are the survivor's; messages keep the name that they were sent under. In each conversation the survivor is a member
 * where one of the two was, unless one of them was banned; and cut off where one of the two was and neither is a member. Whoever was merged
 * into the user earlier goes along.
 * A login session that ends, or is revoked as a session, loses its row and is marked `session`, revoked for good; one that a revocation
 * of its user, subject or app makes void loses its row.
 * Revoking a user, conversation, or key that does not exist is answered null; subjects, tokens and resources need not exist.
 */
export interface Changes {
  /** A change that is in force already is written again and answered with a sequence of its own. Null takes no sequence. */
  append(change: Change, by: string, at: number): Promise<LoggedChange | null>
  /** The last sequence; 0 before the first change. */
  last(): Promise<number>
  /** Entries after a sequence, in order: what a node has not applied yet. */
  since(sequence: number, limit: number): Promise<readonly LoggedChange[]>
  /**
   * Deletes entries that {@link Changes.list} does not show, of before a time and below a sequence that every node has applied, oldest first
   * and at most `limit`; answers how many went. What is in force stays in force, and sequences go on from where they are.
   */
  prune(before: number, applied: number, limit: number): Promise<number>
  /** Every row of the present standing, in pieces. */
  standing(): AsyncIterable<readonly StandingRow[]>
  /** Revocations and suspensions of an app, newest first, for people: kinds `user`, `key`, `app`, `link-key` and `revoke`. */
  list(app: string, paging: Paging): Promise<Page<LoggedChange>>
}
