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
