import { isId, ROOT } from '@gatehouse/core/resource'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { askThroughSurface, fill, open } from '../../ask.ts'
import { BROWSER_HEADERS } from '../../browser-headers.ts'
import { findDefaultApp } from '../../default-app.ts'
import type { Caller, SurfaceJudge } from '../../judge.ts'
import type { Parts, Tenant } from '../../parts.ts'
import type { Surface } from '../../surface.ts'
import type { AccountContext, OpenCall, SurfaceCall } from './call.ts'
import { findKey } from './credential.ts'
import { callErrorOf, errorBody, failure, refusalError } from './errors.ts'
import { fieldsOf, queryOf } from './request.ts'
import type { Version } from './version.ts'

/** Under `/v2` other surfaces answer, too: here only what lies below `apps`. */
const OWN = /^\/(?:v2\/apps|v1\.1)(?=[/?]|$)/
const HOME = '/apps/{app}'

/** Somebody who was let in; `tenant` is null for calls on the account. */
type Admitted = { readonly tenant: Tenant | null; readonly caller: Caller }

/** Puts calls together to a surface that answers them, and refuses everything else below its paths in its own words. */
export function mountCalls(
  parts: Parts,
  judge: SurfaceJudge,
  calls: readonly SurfaceCall[],
  others: readonly OpenCall[] = [],
): Surface {
  const { tenants, records, log } = parts
  const admitted = new WeakMap<FastifyRequest, Admitted>()

  /** Who calls, and in which app: the path's or, where it leaves the app out, the key's; the default one for a key of all apps. */
  async function admit(request: FastifyRequest, declared: SurfaceCall): Promise<void> {
    const { found, keyId } = findKey(request.raw)
    const params = paramsOf(request)
    const ofKey = async () => (keyId === null || !isId(keyId) ? null : ((await records.keys.find(keyId))?.app ?? null))
    const app = declared.of === 'account' ? null : (params.app ?? (await ofKey()) ?? (await findDefaultApp(parts)))
    const resource = app === null || !isId(app) ? ROOT : fill(declared.resource, { ...params, app })
    const judged = await judge(request, { action: declared.action, resource, found, accepts: ['key'] })
    if (!judged.allow) {
      // Who may know of all apps is told that there is none; who has one learns nothing of others.
      if (judged.reason === 'app_unknown') throw failure((await ofKey()) === null ? 'appNotFound' : 'forbidden')
      throw refusalError(judged.reason, judged.retryAfter)
    }
    const { caller } = judged
    if (declared.of === 'account') return void admitted.set(request, { tenant: null, caller })
    if (app === null) throw failure('forbidden', 'This key is of no app: name one in the path, or set a default app')
    const tenant = isId(app) ? await tenants.find(app) : null
    if (tenant === null) throw failure('appNotFound')
    admitted.set(request, { tenant, caller })
  }

  function admittedOf(request: FastifyRequest): Admitted {
    const entry = admitted.get(request)
    if (entry === undefined) throw new Error('a call was not admitted')
    return entry
  }

  async function confirm({ caller }: Admitted): Promise<void> {
    const reason = await caller.stillAllowed()
    if (reason !== null) throw refusalError(reason)
  }

  function send(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    const shown = callErrorOf(error)
    if (shown.status >= 500) log.error({ err: error, requestId: request.id }, 'call failed')
    if (shown.retryAfter > 0) reply.header('retry-after', String(shown.retryAfter))
    if (shown.status === 401) reply.header('www-authenticate', 'Bearer')
    return reply
      .code(shown.status)
      .headers({ 'x-request-id': request.id, 'cache-control': 'no-store', ...BROWSER_HEADERS })
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(errorBody(shown, versionOf(request.url))))
  }

  async function answer(declared: SurfaceCall, request: FastifyRequest, reply: FastifyReply) {
    const entry = admittedOf(request)
    const { tenant, caller } = entry
    // For the log; not before, since the native API judges again, and refuses, whoever it finds there.
    request.caller = caller
    const context: AccountContext = {
      version: versionOf(request.url),
      caller,
      params: paramsOf(request),
      query: queryOf(request.query),
      fields: fieldsOf(request.body),
      request,
      confirm: () => confirm(entry),
    }
    const { status, body } =
      declared.of === 'account'
        ? await declared.handle(context)
        : await declared.handle({ ...context, ...inApp(tenant) })
    return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))
  }

  function mount(app: FastifyInstance): void {
    app.setErrorHandler((error, request, reply) => send(error, request, reply))
    // A body that is not there has any type; one that is there has to be JSON or a form.
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      const words = 'Send JSON as application/json and files as multipart/form-data'
      done(body.length === 0 ? null : failure('badRequest', words))
    })
    for (const declared of calls) {
      for (const url of urlsOf(declared)) {
        app.route({
          method: declared.method,
          url,
          bodyLimit: declared.bodyLimit,
          config: { asking: askThroughSurface('sunshine') },
          schema: { hide: true, operationId: `sunshine ${declared.method} ${declared.path}` },
          onRequest: (request) => admit(request, declared),
          preHandler: async (request) => {
            if (request.body != null) await confirm(admittedOf(request))
          },
          handler: (request, reply) => answer(declared, request, reply),
        })
      }
    }
    for (const declared of others) {
      for (const url of urlsOf(declared)) {
        const { methods, why, handle } = declared
        const config = { asking: open(why) }
        // What is sent along is nothing that this call reads: it is answered by its head, before anybody's body is taken in.
        app.route({ method: [...methods], url, config, schema: { hide: true }, onRequest: handle, handler: handle })
      }
    }
  }

  return {
    name: 'sunshine',
    owns: (_method, url) => OWN.test(url),
    /** No page of another origin may read what keys open: there are no CORS headers. */
    async before(request, reply) {
      return request.is404 ? send(failure('notFound'), request, reply) : undefined
    },
    mount,
    fail: async (error, request, reply) => send(error, request, reply),
  }
}

/** Where a call is: under each of its versions, and under v1.1 a second time without the app. */
function urlsOf({ versions, path }: Pick<SurfaceCall, 'versions' | 'path'>): readonly string[] {
  return versions.flatMap((version) => {
    const short = version === 'v1.1' && path.startsWith(`${HOME}/`) ? [path.slice(HOME.length)] : []
    return [path, ...short].map((one) => `/${version}${one.replaceAll(/\{(\w+)\}/g, ':$1')}`)
  })
}

function inApp(tenant: Tenant | null) {
  if (tenant === null) throw new Error('a call in an app was admitted without one')
  return { tenant, app: tenant.app.id }
}

function versionOf(url: string): Version {
  return url.startsWith('/v2') ? 'v2' : 'v1.1'
}

function paramsOf(request: FastifyRequest): Readonly<Record<string, string>> {
  return request.params as Readonly<Record<string, string>>
}
