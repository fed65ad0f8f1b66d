import type { Json, Page, Paging } from './port-basics.ts'

/** A user of an app; `id` is the uid that the app chose. */
export type User = {
  readonly app: string
  readonly id: string
  readonly serial: number
  readonly name: string | null
  /** What the app calls this user's part, for its own use; it permits nothing here. */
  readonly role: string | null
  /** Words to find users by, in the order given. */
  readonly tags: readonly string[]
  /** What others are shown of the user: picture, link, status line … in names that the app chose. */
  readonly profile: { readonly [name: string]: Json }
  /** What the app keeps with the user. */
  readonly metadata: { readonly [name: string]: Json }
  /** Ids of the users who were merged into this one, newest first; chains count for the last. By now others may have these ids. */
  readonly mergedFrom: readonly string[]
  readonly status: 'active' | 'deactivated'
  readonly createdAt: number
  /** When {@link Users.put} last named anything; at first `createdAt`. */
  readonly updatedAt: number
  readonly deactivatedAt: number | null
}

/** What is written of a user, each part replaced as a whole; undefined leaves what is there (for a new user: null or empty). */
export type UserDetails = {
  readonly name?: string | null | undefined
  readonly role?: string | null | undefined
  readonly tags?: readonly string[] | undefined
  readonly profile?: { readonly [name: string]: Json } | undefined
  readonly metadata?: { readonly [name: string]: Json } | undefined
}

/** Which users a list is about; what is left out narrows nothing. */
export type UserFilter = {
  /** Part of the id or the name, in either case. */
  readonly search?: string | undefined
  /** Any of these roles; null: none. */
  readonly roles?: readonly (string | null)[] | undefined
  /** Any of these tags. */
  readonly tags?: readonly string[] | undefined
  readonly status?: 'active' | 'deactivated' | undefined
}

/**
 * Users. Deactivating, activating, merging and deleting are changes. A deleted user's serial is never used again: whoever comes later
 * under the same id is another user, no member and no receiver of anything.
 */
export interface Users {
  /**
   * Creates, or replaces the details named. `created` tells which. Keeps status and serial. With `serial` nobody is created: raises
   * `Missing` (`user`) where the id is not that user's (any more).
   */
  put(
    user: { app: string; id: string; at: number; serial?: number } & UserDetails,
  ): Promise<{ readonly user: User; readonly created: boolean }>
  /** Raises `Conflict` (`user`) where the id is a user's, whatever their status. */
  create(user: { app: string; id: string; at: number } & UserDetails): Promise<User>
  find(app: string, id: string): Promise<User | null>
  /** Those that are there, each once, in the order asked for. */
  findMany(app: string, ids: readonly string[]): Promise<readonly User[]>
  findBySerial(serial: number): Promise<User | null>
  /** The user of this serial, or the one whom that user was merged into: whom an older credential stands for. */
  survivorOf(serial: number): Promise<User | null>
  /** By id, ascending. */
  list(app: string, paging: Paging & UserFilter): Promise<Page<User>>
  /** Numbered pages for people who leaf through: by id, ascending, with how many there are in all. Takes longer the further back. */
  page(
    app: string,
    page: { offset: number; limit: number } & UserFilter,
  ): Promise<{ readonly items: readonly User[]; readonly total: number }>
}

/** A login session: what a user's device holds a secret of, until it is ended. It has no end of its own. */
export type LoginSession = {
  readonly app: string
  /** 24 lower-case hex characters; `app/id` is the target of its standing, scope `session`. */
  readonly id: string
  readonly user: string
  readonly userSerial: number
  readonly secretHash: string
  /** The last change when it began: what is revoked as issued before a later one reaches it. */
  readonly sequence: number
  readonly createdAt: number
}

/**
 * Login sessions that are open. Ending is a change ({@link Change} `login`, or `revoke` of a session), after which the session is gone
 * from every list and look-up; deleting the user takes all of them along. Deactivating the user writes nothing here: the
 * user's own standing suspends them until activation.
 */
export interface Logins {
  /**
   * Begins a session; `open` is how many the user has then. Null where there is no such user; raises `Conflict` (`login`) where id or
   * secret hash is taken.
   */
  create(login: {
    app: string
    id: string
    user: string
    secretHash: string
    at: number
  }): Promise<{ readonly login: LoginSession; readonly open: number } | null>
  find(app: string, id: string): Promise<LoginSession | null>
  /** In whichever app: secrets are unique in the installation. */
  findBySecretHash(secretHash: string): Promise<LoginSession | null>
  /** Of one user, newest first. */
  list(app: string, user: string, paging: Paging): Promise<Page<LoginSession>>
}
