import type { Grant } from './grant.ts'

/**
 * The kinds of token that Gatehouse knows. Each opens its own doors only.
 *
 * `login`: a user's session with a surface, by its secret. `pass`: a session's key to the media that its user receives.
 * `presigned`: a URL that is good for minutes. `service`: one attachment for whoever an API key hands it to.
 */
export type TokenKind = 'key' | 'link' | 'grant' | 'media' | 'session' | 'login' | 'pass' | 'presigned' | 'service'

/** Kinds whose proof is a MAC with the app's link key: they go when that key is retired. */
export const BY_LINK_KEY: readonly TokenKind[] = ['link', 'pass', 'presigned', 'service']

/** Kinds that open media for one user alone. */
export const PER_USER: readonly TokenKind[] = ['link', 'pass', 'presigned']

declare const verified: unique symbol

/** What is known of a token once its signature, MAC or secret has been checked. */
export type TokenFacts = {
  readonly kind: TokenKind
  /** The token's own id (`jti`, or an API key's id); null for tokens that have none. Never its text. */
  readonly id: string | null
  /** The app it belongs to; null for an account-wide key. */
  readonly app: string | null
  /** Whom it is for: a user's id within the app, where the token says so by name. */
  readonly subject: string | null
  /** Whom it is for, by the user's serial number, where the token carries that instead of a name. */
  readonly subjectSerial: number | null
  /** The id of the key that it was signed with, or that it is; null where an app's link key signed it. */
  readonly key: string | null
  /** The serial number of that key; null where there is none. */
  readonly keySerial: number | null
  /** The id of the login session that it belongs to and ends with; null where it belongs to none. */
  readonly session: string | null
  readonly grants: readonly Grant[]
  /** The place in the order of standing changes at which it was issued; 0 where it does not say. */
  readonly sequence: number
  /** Milliseconds since the epoch; null where it does not say. */
  readonly issuedAt: number | null
  /** Milliseconds since the epoch; null for a token with no end of its own. */
  readonly expiresAt: number | null
}

/**
 * A verified token. It cannot be made by writing an object literal: the only constructor is {@link attest}, and the
 * house rules allow only the code that checks signatures to call it.
 */
export type Token = TokenFacts & { readonly [verified]: true }

/**
 * States that the facts were read out of a credential whose proof has been checked.
 *
 * MUST be called only after the proof (signature, MAC, or secret) held.
 */
export function attest(facts: TokenFacts): Token {
  return facts as Token
}
