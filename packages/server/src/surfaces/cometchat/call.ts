import type { Action } from '@gatehouse/core/access'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../../judge.ts'
import type { Tenant } from '../../parts.ts'
import type { Fields, Query } from './request.ts'

/** Who may make a call: a user's client (header `authToken`), a server (header `apiKey`), or both. */
export type Who = 'client' | 'rest' | 'both'

/** A user who reads or acts. */
export type Reader = { readonly id: string; readonly serial: number }

/** A call that was let in, its body read (forms apart). */
export type Context = {
  readonly tenant: Tenant
  /** The app's id. */
  readonly app: string
  readonly who: 'client' | 'rest'
  /**
   * For whom the answer is made: the user who is logged in, or whom a server names in `onBehalfOf` (found, and active); null for a
   * server by itself. URLs of media are made for this user.
   */
  readonly reader: Reader | null
  /** Who calls: what changes is logged under `caller.by`, and nothing is passed on beyond `caller.token.grants`. */
  readonly caller: Caller
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  /** The JSON body; `{}` where there is none. */
  readonly fields: Fields
  readonly request: FastifyRequest
  /**
   * Raises an error where the caller may not go on any more. MUST be called after a form was read and before what it brought takes
   * effect; for JSON bodies it has been.
   */
  readonly confirm: () => Promise<void>
}

/**
 * What a call answers: it leaves as `{"data": …}`, with `meta` beside it where there is any. `data` is never null. What is written already is
 * `text`, the whole of it.
 */
export type Answer = { readonly data: object; readonly meta?: object } | { readonly text: string }

/** An answer as it leaves. */
export function textOf(answer: Answer): string {
  if ('text' in answer) return answer.text
  const { data, meta } = answer
  return JSON.stringify({ data, ...(meta !== undefined && { meta }) })
}

/** One call of this surface, under both `/v3` and `/v3.0`. */
export type SurfaceCall = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** The path below the version, with parameters in braces: `/users/{uid}`. */
  readonly path: string
  readonly who: Who
  /** What a server's key has to hold. */
  readonly action: Action
  /** Where below the app it has to hold it; the app itself where this is left out. */
  readonly place: string
  /** The most bytes of a JSON body. */
  readonly bodyLimit: number
  readonly handle: (context: Context) => Promise<Answer>
}

/** The most bytes of a JSON body where a call says nothing else. */
export const BODY_LIMIT = 1024 * 1024

/**
 * Declares a call. A server's key needs `manage` on the app unless `action` and `place` (a path below the app, with the parameters of
 * the call's own path) say otherwise; a client needs a login session of an active user.
 */
export function call(declared: {
  method: SurfaceCall['method']
  path: string
  who: Who
  action?: Action
  place?: string
  bodyLimit?: number
  handle: SurfaceCall['handle']
}): SurfaceCall {
  return { action: 'manage', place: '', bodyLimit: BODY_LIMIT, ...declared }
}

/** A call that carries no credential in its head: what opens it stands in its form, and `handle` MUST look at that first. */
export type UncredentialedCall = {
  readonly method: 'POST'
  readonly path: string
  /** Why the gate is not asked before. */
  readonly why: string
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
}
