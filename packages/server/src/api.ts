import type { Server } from 'node:http'
import multipart from '@fastify/multipart'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  LogController,
  type RouteOptions,
} from 'fastify'
import type { TSchema } from 'typebox'
import { createAdmission } from './admission.ts'
import { BROWSER_HEADERS } from './browser-headers.ts'
import { createFeatures, type Plugged } from './features.ts'
import { createOnce } from './idempotency.ts'
import type { Judge } from './judge.ts'
import { mount } from './mount.ts'
import { describe } from './openapi.ts'
import type { Parts } from './parts.ts'
import { Problem, problem, problemBody, problemOf } from './problems.ts'
import { requestId } from './request-id.ts'
import { routes } from './routes.ts'
import { createSerializers } from './serialization.ts'
import { bodiesOf, type Surface } from './surface.ts'
import { compileValidator } from './validation.ts'

/** What the API is made of. */
export type ApiOptions = Plugged & {
  readonly parts: Parts
  readonly judge: Judge
  readonly version: string
  /** Makes the server that hands requests on; without it Fastify makes its own. */
  readonly serverFactory?: FastifyServerFactory<Server>
  /** Faces of other systems, mounted beside the native API. */
  readonly surfaces?: readonly Surface[]
}

/**
 * Creates the Fastify instance with the whole native API, ready for further routes (surfaces) before `ready()` is called.
 *
 * Every route, those added later too, MUST have `config.asking`; `ready()` fails otherwise. What is thrown anywhere leaves as a
 * problem document. Nothing of a request but its id, operation and status is logged.
 */
export async function createApi(options: ApiOptions): Promise<FastifyInstance> {
  const { parts, judge, version, serverFactory, surfaces = [] } = options
  const surfaceOf = ({ method, url }: FastifyRequest) => surfaces.find((surface) => surface.owns(method, url))
  const app = Fastify({
    loggerInstance: parts.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    requestIdHeader: false,
    routerOptions: { maxParamLength: 2048 },
    schemaController: { compilersFactory: { buildSerializer: createSerializers() } },
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      const surface = surfaceOf(request)
      void (surface === undefined ? sendProblem(problemOf(error), request, reply) : surface.fail(error, request, reply))
    },
    // A server that was made elsewhere answers what is no HTTP request by itself.
    ...(serverFactory && { serverFactory, clientErrorHandler: () => {} }),
  }) as unknown as FastifyInstance
  app.setValidatorCompiler(({ schema, httpPart }) =>
    compileValidator(schema as TSchema, (httpPart ?? 'body') as Parameters<typeof compileValidator>[1]),
  )
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
  app.decorateRequest('caller', null)
  app.decorateRequest('pending', null)
  requireAsking(app)

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store', ...BROWSER_HEADERS })
  })
  app.addHook('onRequest', async (request, reply) => surfaceOf(request)?.before(request, reply))
  const features = createFeatures(parts, { ...options, bodies: bodiesOf(surfaces) })
  const rows = routes(features)
  app.addHook('onRequest', async (request) => {
    if (request.is404) throw noSuchCall(request, rows)
  })
  const admission = createAdmission(parts, judge)
  app.addHook('onRequest', admission.onRequest)
  app.addHook('onRequest', async ({ headers }) => {
    const encoding = headers['content-encoding'] ?? 'identity'
    if (encoding.toLowerCase() !== 'identity') throw problem('unsupported_encoding')
  })
  app.addHook('preValidation', admission.preValidation)
  app.addHook('preHandler', admission.preHandler)
  app.addHook('onResponse', async (request, reply) => {
    const { operationId } = (request.routeOptions.schema ?? {}) as { operationId?: string }
    const { by } = request.caller ?? {}
    const milliseconds = Math.round(reply.elapsedTime * 10) / 10
    // Balancers and pages ask for what is open to everybody all the time.
    const level = by === undefined && reply.statusCode < 400 ? 'debug' : 'info'
    parts.log[level](
      { requestId: request.id, operation: operationId, by, status: reply.statusCode, milliseconds },
      'call',
    )
  })

  readJson(app)
  await app.register(multipart)
  await describe(app, { version, publicUrl: () => parts.config.publicUrl })
  mount(app, rows, features, createOnce(parts))
  for (const surface of surfaces) await app.register(async (inner) => surface.mount(inner))
  return app
}

/** Fails the start where a route does not say what it asks for. */
function requireAsking(app: FastifyInstance): void {
  const registered: RouteOptions[] = []
  app.addHook('onRoute', (route) => void registered.push(route))
  app.addHook('onReady', async () => {
    const silent = registered.filter(({ config }) => config?.asking === undefined)
    if (silent.length === 0) return
    const list = silent.map(({ method, url }) => `${method} ${url}`).join(', ')
    throw new Error(`These routes do not declare what they ask for: ${list}`)
  })
}

/** JSON bodies only: fatal UTF-8, no prototype tricks; an empty body is none. */
function readJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(body as Buffer)
    } catch {
      return done(problem('malformed_body'))
    }
    return text === '' ? done(null, undefined) : parse(request, text, done)
  })
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const shown = problemOf(error)
  if (shown.status >= 500) request.log.error({ err: error, requestId: request.id }, 'call failed')
  return reply
    .code(shown.status)
    .headers({ 'x-request-id': request.id, 'cache-control': 'no-store', ...BROWSER_HEADERS, ...shown.headers })
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(shown, request.id)))
}

/** 404, or 405 with the methods that there are (RFC 9110, section 15.5.6). */
function noSuchCall({ url }: FastifyRequest, rows: ReturnType<typeof routes>): Problem {
  const segments = (url.split('?', 1)[0] ?? '').split('/')
  const methods = rows
    .filter(([, path]) => {
      const parts = path.split('/')
      return parts.length === segments.length && parts.every((part, i) => part.startsWith('{') || part === segments[i])
    })
    .flatMap(([method]) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  if (methods.length === 0) return problem('route_not_found')
  return new Problem('method_not_allowed', { headers: { allow: [...new Set(methods)].join(', ') } })
}
