import { isId, resourceOf } from '@gatehouse/core/resource'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { askThroughSurface, fill, open } from '../../ask.ts'
import { BROWSER_HEADERS } from '../../browser-headers.ts'
import type { Found } from '../../gate/credential.ts'
import type { Caller, SurfaceJudge } from '../../judge.ts'
import type { Parts, Tenant } from '../../parts.ts'
import { problem } from '../../problems.ts'
import type { Surface } from '../../surface.ts'
import { type Context, type SurfaceCall, textOf, type UncredentialedCall } from './call.ts'
import { allowOrigin, answerPreflight, createOrigins } from './cors.ts'
import { dialect } from './dialect.ts'
import { CallError, callErrorOf, errorBody, failure, noSuchUser, refusalError } from './errors.ts'
import { findUser } from './people.ts'
import { fieldsOf, queryOf } from './request.ts'

/** The versions that this surface answers under; they mean the same. */
const VERSIONS = ['/v3', '/v3.0']
const OWN = /^\/v3(\.0)?(?=[/?]|$)/
/** What another surface answers under the same version. */
const FOREIGN = /^\/v3\/media(?=[/?]|$)/
const FOREIGN_FILE = /^\/v3\/files\/[^/?]+(?=\?|$)/

/** Whether a request is this surface's. */
export function owns(method: string, url: string): boolean {
  if (!OWN.test(url) || FOREIGN.test(url)) return false
  return !((method === 'GET' || method === 'HEAD') && FOREIGN_FILE.test(url))
}

/** Somebody who was let in. */
type Admitted = { readonly tenant: Tenant; readonly who: 'client' | 'rest'; readonly caller: Caller }

/** Puts calls together to a surface that answers them, and refuses everything else below its versions in its own words. */
export function mountCalls(
  parts: Parts,
  judge: SurfaceJudge,
  calls: readonly SurfaceCall[],
  others: readonly UncredentialedCall[] = [],
): Surface {
  const { tenants, records, now, log } = parts
  const origins = createOrigins(records.apps, now)
  const admitted = new WeakMap<FastifyRequest, Admitted>()

  /** The app that the request names, or the error where it names none. */
  async function tenantOf(request: FastifyRequest): Promise<Tenant | CallError> {
    const app = header(request, 'appid')
    if (app === null) return failure('AUTH_ERR_EMPTY_APPID')
    return (isId(app) ? await tenants.find(app) : null) ?? failure('AUTH_ERR_INVALID_APPID')
  }

  async function admit(request: FastifyRequest, declared: SurfaceCall): Promise<void> {
    const tenant = await tenantOf(request)
    if (tenant instanceof Error) throw tenant
    const who = whoOf(request, declared)
    const text = header(request, who === 'client' ? 'authtoken' : 'apikey') ?? ''
    const found: Found = { outcome: 'found', candidates: [{ form: who === 'client' ? 'login' : 'secret', text }] }
    const home = resourceOf('apps', tenant.app.id)
    const judged = await judge(request, {
      ...(who === 'client'
        ? { action: request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write', resource: home }
        : {
            action: declared.action,
            resource: fill(`/apps/{app}${declared.place}`, { ...paramsOf(request), app: tenant.app.id }),
          }),
      found,
      accepts: [who === 'client' ? 'login' : 'key'],
    })
    if (!judged.allow) throw refusalError(who, judged.reason, judged.retryAfter)
    admitted.set(request, { tenant, who, caller: judged.caller })
  }

  async function confirm({ who, caller }: Admitted): Promise<void> {
    const reason = await caller.stillAllowed()
    if (reason !== null) throw refusalError(who, reason)
  }

  async function readerOf(request: FastifyRequest, { tenant, who, caller }: Admitted): Promise<Context['reader']> {
    if (who === 'client') return caller.user
    const uid = header(request, 'onbehalfof')
    if (uid === null) return null
    const user = await findUser(records, tenant.app.id, uid)
    if (user?.status !== 'active') throw noSuchUser(uid)
    return { id: user.id, serial: user.serial }
  }

  async function contextOf(request: FastifyRequest): Promise<Context> {
    const entry = admitted.get(request)
    if (entry === undefined) throw new Error('a call was not admitted')
    const { tenant, who, caller } = entry
    return {
      tenant,
      app: tenant.app.id,
      who,
      reader: await readerOf(request, entry),
      caller,
      params: paramsOf(request),
      query: queryOf(request.query),
      fields: fieldsOf(request.body),
      request,
      confirm: () => confirm(entry),
    }
  }

  function send(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    const shown = callErrorOf(error)
    if (shown.status >= 500) log.error({ err: error, requestId: request.id }, 'call failed')
    if (shown.retryAfter > 0) reply.header('retry-after', String(shown.retryAfter))
    return reply
      .code(shown.status)
      .headers({ 'x-request-id': request.id, 'cache-control': 'no-store', ...BROWSER_HEADERS })
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(errorBody(shown)))
  }

  async function before(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (request.method === 'OPTIONS') {
      return answerPreflight(request, reply, await origins.listed(request.headers.origin))
    }
    if (request.headers.origin === undefined) return undefined
    const tenant = await tenantOf(request)
    return allowOrigin(request, reply, tenant instanceof Error ? [] : tenant.settings.allowedOrigins)
  }

  function mount(app: FastifyInstance): void {
    app.setErrorHandler((error, request, reply) => {
      // Told natively: it is the handler further out that gets what this one raises. Our own errors are nobody else's, however the path
      // was spelt (`/v3%2e0` leads here, too).
      if (!(error instanceof CallError) && !owns(request.method, request.url)) throw error
      return send(error, request, reply)
    })
    // A body that is not there has any type; one that is there has to be JSON or a form.
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      const empty = body.length === 0
      done(empty ? null : failure('ERR_BAD_REQUEST', 'Send JSON as application/json and files as multipart/form-data.'))
    })
    for (const version of VERSIONS) {
      for (const declared of calls) {
        app.route({
          method: declared.method,
          url: version + declared.path.replaceAll(/\{(\w+)\}/g, ':$1'),
          bodyLimit: declared.bodyLimit,
          config: { asking: askThroughSurface('cometchat') },
          schema: { hide: true, operationId: operationOf(declared) },
          onRequest: (request) => admit(request, declared),
          preHandler: async (request) => {
            const entry = admitted.get(request)
            if (entry !== undefined && request.body != null) await confirm(entry)
          },
          handler: answerWith(declared),
        })
      }
      for (const { method, path, why, handle } of others) {
        app.route({
          method,
          url: version + path,
          config: { asking: open(why) },
          schema: { hide: true },
          handler: handle,
        })
      }
      for (const url of [version, `${version}/*`]) {
        app.route({
          method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
          url,
          config: { asking: askThroughSurface('cometchat') },
          schema: { hide: true },
          onRequest: async ({ method, url }) => {
            throw owns(method, url) ? failure('ERR_API_NOT_FOUND') : problem('route_not_found')
          },
          handler: async () => ({}),
        })
      }
    }
  }

  function answerWith({ handle }: SurfaceCall): RouteHandlerMethod {
    return async (request, reply) => {
      // For the log; not before, since the native API judges again, and refuses, whoever it finds there.
      request.caller = admitted.get(request)?.caller ?? null
      const answer = await handle(await contextOf(request))
      return reply.type('application/json; charset=utf-8').send(textOf(answer))
    }
  }

  return {
    name: 'cometchat',
    dialect,
    owns,
    before,
    mount,
    async fail(error, request, reply) {
      // What can be said of the origin is said; that it cannot be looked up is no other answer.
      if (request.method !== 'OPTIONS') await before(request, reply).catch(() => {})
      return send(error, request, reply)
    },
  }
}

/**
 * Which of the two kinds of credential the call is made with. Where a call takes both and neither is there, it is guessed what was
 * forgotten: the client package names itself and asks under `/v3.0`.
 */
function whoOf(request: FastifyRequest, { who }: SurfaceCall): 'client' | 'rest' {
  const [token, key] = [header(request, 'authtoken'), header(request, 'apikey')]
  if ((token !== null && key !== null) || request.headers.authorization !== undefined) {
    throw failure('ERR_BAD_REQUEST', 'Send exactly one credential: the header authToken or the header apiKey.')
  }
  if (token !== null && who !== 'rest') return 'client'
  if (key !== null && who !== 'client') return 'rest'
  const client = who === 'client' || (who === 'both' && (request.url.startsWith('/v3.0') || 'sdk' in request.headers))
  throw failure(client ? 'AUTH_ERR_EMPTY_AUTH_TOKEN' : 'AUTH_ERR_EMPTY_APIKEY')
}

/** A header that may be there once; null where it is not, or empty. One that was sent twice holds both, and fits nothing. */
function header({ headers }: FastifyRequest, name: string): string | null {
  const value = headers[name]
  const text = Array.isArray(value) ? value.join() : value
  return text === undefined || text === '' ? null : text
}

function paramsOf(request: FastifyRequest): Readonly<Record<string, string>> {
  return request.params as Readonly<Record<string, string>>
}

/** `cometchat.POST /users/{uid}`: what the log calls it. */
function operationOf({ method, path }: SurfaceCall): string {
  return `cometchat ${method} ${path}`
}
