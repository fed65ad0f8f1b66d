/** A grant as the native API shows it. */
export type GrantView = {
  readonly actions: readonly string[]
  readonly resource: string
  readonly limits?: Readonly<Record<string, unknown>>
}

/** An app. */
export type AppView = {
  readonly id: string
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly createdAt: string
}

/** An API key; `secret` only in the answer that made it. */
export type KeyView = {
  readonly id: string
  readonly name: string
  readonly grants: readonly GrantView[]
  readonly createdAt: string
  readonly status?: string
  readonly secret?: string
}

/** A user of an app. */
export type UserView = {
  readonly id: string
  readonly name: string | null
  readonly role: string | null
  readonly tags: readonly string[]
  readonly status: string
}

/** A login session; `token` only in the answer that began it. */
export type LoginView = { readonly id: string; readonly createdAt: string; readonly token?: string }

/** An attachment. */
export type AttachmentView = {
  readonly id: string
  readonly path: string
  readonly url: string
  readonly size: number
  readonly access: string
}

/** What a revocation achieved. */
export type RevocationView = {
  readonly sequence: number
  readonly nodes: number
  readonly milliseconds: number
  readonly cut: number
}

/** An answer that may carry what a change of standing achieved. */
export type Changed<T> = T & { readonly revocation?: RevocationView }

/** An issued token. */
export type IssuedToken = { readonly token: string; readonly id: string; readonly expiresAt: string }

/** What the inspector says about a token. */
export type Inspection = {
  readonly kind: string | null
  readonly header: unknown
  readonly claims: unknown
  readonly key: { readonly id: string; readonly state: string } | null
  readonly verified: boolean
  readonly decision: { readonly allow: boolean; readonly reason: string; readonly sentence: string } | null
  readonly steps: readonly { readonly check: string; readonly outcome: string; readonly detail: string }[]
}

/** A problem document (RFC 9457). */
export type Problem = {
  readonly title?: string
  readonly status?: number
  readonly code?: string
  readonly detail?: string
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
}

/** One page of a list. */
export type PageView<T> = { readonly items: readonly T[]; readonly next: string | null }
