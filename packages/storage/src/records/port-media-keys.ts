import type { Json } from './port-basics.ts'

/**
 * A key pair with which the installation signs media tokens. `next` is made and published, `active` signs, `retiring` signs no more and
 * is still believed, `retired` is not. There is at most one `next` and at most one `active`.
 */
export type MediaKey = {
  /** A UUID. */
  readonly id: string
  readonly state: 'next' | 'active' | 'retiring' | 'retired'
  /** The public half as a JWK (RFC 7517). */
  readonly jwk: { readonly [name: string]: Json }
  /** The private half, sealed; null where it signs nothing any more. */
  readonly sealed: Uint8Array | null
  readonly createdAt: number
  /** When it came into its present state. */
  readonly since: number
  /** When the last token that it signed ends. Milliseconds; 0 where it has signed none. */
  readonly until: number
}

/** What is needed to sign and verify media tokens. Their states change by {@link Changes.append} (`media-key`). */
export interface MediaKeys {
  /** All of them, newest first. */
  list(): Promise<readonly MediaKey[]>
  /**
   * MUST be asked before the active key signs tokens that are issued in this second (of the epoch) and end at `until` (milliseconds) at
   * the latest. Revocations that are appended after it has answered reach those tokens, whatever clock they are timed by.
   * False, with nothing written, where the key is not the active one.
   */
  reserve(id: string, second: number, until: number): Promise<boolean>
}
