import type { TokenKind } from '@gatehouse/core/token'
import type { Found, Head, PresignedText } from './credential.ts'

/** A URL in place of the bytes: the client is sent there, or told of it in a document. */
export type Exchange = 'redirect' | 'document'

/** How the clients of a surface show what they hold at media paths, and what they are answered. Pure; no I/O, no state. */
export type Dialect = {
  /** Request headers, lower-case, that pages of other origins may send along (CORS). */
  readonly headers: readonly string[]
  /** The explicit credential that stands under names of its own, shown in `app`; null where the request has none of them. */
  find(head: Head, query: string, app: string | null): Found | null
  /** What a request that was let in with a token of this kind gets in place of the bytes; null: the bytes. */
  exchange(head: Head, query: string, kind: TokenKind): Exchange | null
  /** The ids under which the user is looked for on whose behalf a server asks, in order; null where it asks for itself. */
  onBehalfOf(head: Head): readonly string[] | null
  /** A URL that is complete in itself: with a link or service token (a text), or pre-signed. `base` stands before the path. */
  url(base: string, path: string, proof: string | PresignedText): string
  /** The body (JSON) of a document that tells a URL. */
  document(url: string): string
}
