import type { Resource } from '@gatehouse/core/resource'
import type { Token } from '@gatehouse/core/token'
import type { Blobs } from '@gatehouse/storage/blobs/port'
import type { App, Attachment, Change, LoggedChange, Receiver, Records } from '@gatehouse/storage/records/port'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { PresignedText } from './gate/credential.ts'
import type { Outgoing } from './outgoing/outgoing.ts'
import type { Passwords } from './password.ts'
import type { Settings } from './settings.ts'
import type { KeyMaker } from './signing/key-maker.ts'

/** Everything a feature is made of. Put together once, in `app.ts`; handed down, never imported. */
export type Parts = {
  readonly config: Config
  readonly records: Records
  readonly blobs: Blobs
  readonly standings: Standings
  readonly tenants: Tenants
  readonly links: Links
  readonly issuer: Issuer
  readonly vault: Vault
  readonly keyMaker: KeyMaker
  /** The one way out for requests whose URL comes from outside. */
  readonly outgoing: Outgoing
  readonly passwords: Passwords
  readonly log: Logger
  /** The clock: milliseconds since the epoch. */
  readonly now: () => number
}

/** What a change of standing achieved, as the native API answers it. */
export type Revocation = {
  readonly sequence: number
  /** Live nodes that have applied it. */
  readonly nodes: number
  readonly milliseconds: number
  /** Open responses and sockets that were cut. */
  readonly cut: number
}

/** The way to change standing. */
export interface Standings {
  /**
   * Writes a change to the log and answers once it is in force on every thread of every live node and every open response
   * that it forbids has been cut. `by` is the id of the API key that asked. Null where there is nothing to change
   * (see `Changes.append`).
   */
  change(change: Change, by: string): Promise<{ readonly revocation: Revocation; readonly logged: LoggedChange } | null>
}

/** An app with its settings, from memory. */
export type Tenant = { readonly app: App; readonly settings: Settings }

/** Apps by id, remembered and kept right by the log of changes. */
export interface Tenants {
  find(app: string): Promise<Tenant | null>
}

/** Recipient links and what is like them: derived, never stored. */
export interface Links {
  /** Prepares deriving for one app; null where there is no such app. */
  of(app: string): Promise<LinkMaker | null>
}

/** Derives the URLs of one app's attachments, and what opens them. Pure computation, no I/O. */
export interface LinkMaker {
  /** What stands before paths in URLs for people: the login wall, where there is one, and the media URL. */
  readonly base: string
  /** The same for programs, which pass no login wall. */
  readonly directBase: string
  /** The URL of this attachment for this receiver: complete in itself; without a token where the attachment is public. */
  url(attachment: Attachment, receiver: Receiver): string
  /** The URL without any token. */
  plainUrl(attachment: Attachment): string
  /** The link's token alone, for whoever writes URLs in another way. MUST be asked for receivers of the attachment only. */
  token(attachment: Pick<Attachment, 'path' | 'conversationSerial'>, receiver: Receiver): string
  /**
   * The media pass of a login session: the same each time. MUST be made of a session that the gate has just let in; it dies and
   * revives with it.
   */
  pass(login: { readonly session: string; readonly userSerial: number; readonly sequence: number }): string
  /** What makes a URL of this attachment good for some minutes, for the user of a link or pass that was let in. */
  presigned(path: string, token: PassedOn, at: number): PresignedText
  /** A token by which a program reads this attachment for an hour, no further than the key reaches. */
  service(attachment: Attachment, keySerial: number | null, at: number): string
}

/** What of a credential lives on in a pre-signed URL: whom it is for, and what ends it. */
export type PassedOn = Pick<Token, 'subjectSerial' | 'session' | 'sequence'>

/** Issues tokens that the server signs itself. */
export interface Issuer {
  /** A grant token (JWT, EdDSA). Grants are as the API takes them and have been checked already. Times in milliseconds. */
  grantToken(token: {
    app: string
    subject: string | null
    grants: readonly { readonly actions: readonly string[]; readonly resource: string; readonly limits?: unknown }[]
    issuedAt: number
    expiresAt: number
    /** The API key that asked; revoking it revokes what it issued. */
    key: string
  }): Promise<{ readonly token: string; readonly id: string }>
  /**
   * Media tokens (JWT, RS512), one for each resource, in their order: what they are for MUST have been checked. `notAfter`: when they end at the
   * latest, milliseconds, or null. Raises `unavailable`. Takes up to a second where something of the app has just been revoked, and longer for the
   * first key of an installation.
   */
  mediaTokens(request: {
    readonly app: string
    readonly resources: readonly Resource[]
    readonly seconds: number
    readonly notAfter: number | null
  }): Promise<readonly string[]>
  /** The public keys (RFC 7517), for `/.well-known/jwks.json`. */
  jwks(): Promise<{ readonly keys: readonly Record<string, unknown>[] }>
}

/** Seals secrets with the master key (AES-256-GCM) and makes random ones. */
export interface Vault {
  /** `purpose` is authenticated along: what was sealed for one purpose cannot be opened for another. */
  seal(plain: Uint8Array, purpose: string): Uint8Array
  /** Throws where the master key or the purpose is not the same. */
  open(sealed: Uint8Array, purpose: string): Uint8Array
}
