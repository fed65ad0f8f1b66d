import type { Access, Action } from '@gatehouse/core/access'
import type { Reason } from '@gatehouse/core/reasons'
import type { Resource } from '@gatehouse/core/resource'
import type { Token, TokenKind } from '@gatehouse/core/token'
import type { FastifyRequest } from 'fastify'
import type { Found } from './gate/credential.ts'

/**
 * What a request asks for. `resource` is null where the call belongs to no place of its own (the inspector): then it is
 * judged at the resource of the first grant of the credential that holds the action, and refused without one.
 */
export type Ask = {
  readonly action: Action
  readonly resource: Resource | null
  /** The kinds of token that open this call; left out: those that open the API. */
  readonly accepts?: readonly TokenKind[]
}

/** Somebody whom the gate has let in. */
export type Caller = {
  /** The id of the key or token, as the log of changes names it. */
  readonly by: string
  readonly token: Token
  /** The user who is logged in; null for everybody whom a login session did not let in. */
  readonly user: { readonly id: string; readonly serial: number } | null
  readonly access: Access
  /**
   * Judges the call once more, with the standing of now; null where it may go on. MUST be asked after whatever a client can draw out, a
   * body above all: else a credential could be used long after it was revoked.
   */
  readonly stillAllowed: () => Promise<Reason | null>
}

/** The gate's answer. */
export type Judged =
  | { readonly allow: true; readonly caller: Caller }
  /** `retryAfter`: seconds until another try makes sense, for refusals that pass. */
  | { readonly allow: false; readonly reason: Reason; readonly retryAfter?: number }

/** The way into the gate from the API. MUST read nothing but the head of the request: it is asked before the body arrives. */
export type Judge = (request: FastifyRequest, ask: Ask) => Promise<Judged>

/**
 * What a surface asks for, with the credential that its own dialect found. `accepts` names the kinds of token that open this
 * call: `login` for a user's client, `key` for a server.
 */
export type SurfaceAsk = {
  readonly action: Action
  /** Null as in {@link Ask}. */
  readonly resource: Resource | null
  readonly found: Found
  readonly accepts: readonly TokenKind[]
}

/**
 * The way into the gate from a surface. Refusals come as reasons, for the surface to say in its own words. MUST read nothing but the
 * head of the request, like {@link Judge}; a login session or key of another app is answered `credential_unknown`.
 */
export type SurfaceJudge = (request: FastifyRequest, ask: SurfaceAsk) => Promise<Judged>
