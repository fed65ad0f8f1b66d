import type { Action } from '@gatehouse/core/access'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../../judge.ts'
import type { Tenant } from '../../parts.ts'
import type { Fields, Query } from './request.ts'
import type { Version } from './version.ts'

/** A call on the account (all apps together) that was let in, its body read (forms apart). */
export type AccountContext = {
  readonly version: Version
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

/** A call in an app that was let in: under v1.1 the path may leave the app out, which is then that of the key. */
export type Context = AccountContext & {
  readonly tenant: Tenant
  /** The app's id. */
  readonly app: string
}

/** What a call answers. An empty object is sent as such: clients tell it from no body. */
export type Answer = { readonly status: 200 | 201; readonly body: object }

/** What every call says of itself. */
type Declared = {
  /** The versions under which there is this call. */
  readonly versions: readonly Version[]
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** The path below the version, with parameters in braces: `/apps/{app}/users/{user}`. */
  readonly path: string
  /** What the key has to hold. */
  readonly action: Action
  /** Where it has to hold it, with the parameters of the path. */
  readonly resource: string
  /** The most bytes of a JSON body. */
  readonly bodyLimit: number
}

/** One call of this surface. */
export type SurfaceCall = Declared &
  (
    | { readonly of: 'account'; readonly handle: (context: AccountContext) => Promise<Answer> }
    | { readonly of: 'app'; readonly handle: (context: Context) => Promise<Answer> }
  )

/** The most bytes of a JSON body (contract, section 3.3). */
export const BODY_LIMIT = 100 * 1024

/**
 * Declares a call in an app; its path MUST begin with `/apps/{app}`. Under v1.1 it is there a second time without that beginning, unless
 * nothing follows it. The key needs `manage` on the app unless `action` and `resource` say otherwise.
 */
export function call(declared: {
  versions: readonly Version[]
  method: SurfaceCall['method']
  path: string
  action?: Action
  resource?: string
  bodyLimit?: number
  handle: (context: Context) => Promise<Answer>
}): SurfaceCall {
  return { of: 'app', action: 'manage', resource: '/apps/{app}', bodyLimit: BODY_LIMIT, ...declared }
}

/** Declares a call on the account: the key needs `manage` on everything. */
export function accountCall(declared: {
  versions: readonly Version[]
  method: SurfaceCall['method']
  path: string
  handle: (context: AccountContext) => Promise<Answer>
}): SurfaceCall {
  return { of: 'account', action: 'manage', resource: '/', bodyLimit: BODY_LIMIT, ...declared }
}

/**
 * A call that no API key opens: `handle` finds what opens it by itself, and MUST look at that before anything else. What it throws is told
 * in the shape of the version.
 */
export type OpenCall = {
  readonly versions: readonly Version[]
  readonly methods: readonly ('GET' | 'POST' | 'OPTIONS')[]
  /** As in {@link SurfaceCall}; under v1.1 without `/apps/{app}`, too. */
  readonly path: string
  /** Why the gate is not asked before. */
  readonly why: string
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
}
