import { Type } from 'typebox'
import { corsHeaders } from '../deliver/cors.ts'
import { endpoint } from '../endpoint.ts'
import { MEDIA_COOKIE } from '../gate/credential.ts'
import { cookieHeaders } from '../media-cookie.ts'
import { createOrigins } from '../origins.ts'
import type { Parts } from '../parts.ts'
import { invalid, problem } from '../problems.ts'

/** The cookie that a media token is swapped for. */
export function createCookies(parts: Parts) {
  const { records, tenants, now } = parts
  const origins = createOrigins(records.apps, now)
  const swap = () =>
    endpoint({
      summary: 'Swap a media token for a cookie',
      description:
        'With the token as bearer. The cookie `gatehouse_media` has the path of the token and ends with it; the browser then sends it along ' +
        'with whatever it loads from there. A page of another origin needs to be listed in `allowedOrigins`.',
      answers: { 200: Type.Object({}) },
      handle: async ({ caller: { token }, request: { headers } }) => {
        const tenant = token.app === null ? null : await tenants.find(token.app)
        if (tenant === null) throw problem('not_found')
        const { settings } = tenant
        const own = cookieHeaders({ name: MEDIA_COOKIE, headers, token, settings, config: parts.config, at: now() })
        if (own === 'foreign_origin') throw problem('origin_not_allowed')
        if (own === 'path_too_long') {
          throw invalid({ path: '/', message: 'the path of the token is longer than browsers take; send it as bearer' })
        }
        return { raw: { status: 200, headers: ['Content-Type', 'application/json', ...own], body: '{}' } }
      },
    })
  return {
    get: swap(),
    post: swap(),

    preflight: endpoint({
      summary: 'Whether pages of an origin may swap tokens (CORS)',
      answers: { 204: null },
      handle: async ({ request: { headers } }) => {
        const { origin } = headers
        if (origin === undefined || !(await origins.allowed(origin))) throw problem('origin_not_allowed')
        const cors = corsHeaders(origin, [origin]).slice(0, 4)
        const own = ['Access-Control-Allow-Methods', 'GET, POST', 'Access-Control-Allow-Headers', 'authorization']
        return {
          raw: { status: 204, headers: [...cors, ...own, 'Access-Control-Max-Age', '600', 'Vary', 'Origin'], body: '' },
        }
      },
    }),
  }
}
