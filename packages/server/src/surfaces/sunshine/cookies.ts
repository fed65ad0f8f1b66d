import type { FastifyReply, FastifyRequest } from 'fastify'
import { corsHeaders } from '../../deliver/cors.ts'
import { findCredential } from '../../gate/credential.ts'
import type { Caller, SurfaceJudge } from '../../judge.ts'
import { cookieHeaders } from '../../media-cookie.ts'
import { createOrigins } from '../../origins.ts'
import type { Parts } from '../../parts.ts'
import type { OpenCall } from './call.ts'
import { failure, refusalError } from './errors.ts'

/** The cookie that this vendor's clients know. */
export const COOKIE = 'zendesk_media_token'

/**
 * The call that swaps a media token for its cookie (contract, section 3.5), by GET and POST, and its preflight. The token is the bearer; no
 * API key opens this.
 */
export function createCookieCalls(parts: Parts, judge: SurfaceJudge): readonly OpenCall[] {
  const { config, records, tenants, now } = parts
  const origins = createOrigins(records.apps, now)

  async function bearerOf(request: FastifyRequest): Promise<Caller> {
    const found = findCredential(request.raw, null)
    const judged = await judge(request, { action: 'read', resource: null, found, accepts: ['media'] })
    if (judged.allow) return judged.caller
    throw judged.reason === 'kind_not_accepted'
      ? failure('unauthorized')
      : refusalError(judged.reason, judged.retryAfter)
  }

  async function swap(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { token } = await bearerOf(request)
    const { app } = request.params as { readonly app?: string }
    const tenant = token.app === null ? null : await tenants.find(token.app)
    if (tenant === null) throw failure('unauthorized')
    if (app !== undefined && app !== tenant.app.id) throw failure('forbidden', 'The token is of another app')
    const { settings } = tenant
    const own = cookieHeaders({ name: COOKIE, headers: request.headers, token, settings, config, at: now() })
    if (own === 'foreign_origin') throw failure('forbidden', 'The app does not list the origin of this page')
    if (own === 'path_too_long') throw failure('badRequest', 'The path of the token is longer than browsers take')
    return send(reply, 200, own)
  }

  async function preflight(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { origin } = request.headers
    if (origin === undefined || !(await origins.allowed(origin))) throw failure('forbidden')
    const cors = corsHeaders(origin, [origin]).slice(0, 4)
    const own = ['Access-Control-Allow-Methods', 'GET, POST', 'Access-Control-Allow-Headers', 'authorization']
    return send(reply, 204, [...cors, ...own, 'Access-Control-Max-Age', '600', 'Vary', 'Origin'])
  }

  const path = '/apps/{app}/attachments/cookie'
  const versions = ['v2', 'v1.1'] as const
  return [
    { versions, methods: ['GET', 'POST'], path, why: 'the media token in its head opens it', handle: swap },
    { versions, methods: ['OPTIONS'], path, why: 'a preflight brings no credential', handle: preflight },
  ]
}

/** `headers`: names and values in turn. */
function send(reply: FastifyReply, status: 200 | 204, headers: readonly string[]): FastifyReply {
  for (let at = 0; at + 1 < headers.length; at += 2) reply.header(headers[at] ?? '', headers[at + 1])
  return status === 204 ? reply.code(204).send() : reply.code(200).type('application/json; charset=utf-8').send('{}')
}
