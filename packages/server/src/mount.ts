import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { sendRaw } from './admission.ts'
import type { Asking } from './ask.ts'
import type { AnyAnswer, Call, Endpoint } from './endpoint.ts'
import type { Once } from './idempotency.ts'
import { invalid } from './problems.ts'
import type { Row } from './routes.ts'
import { ProblemBody } from './schemas.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The form that an upload takes, for the OpenAPI document. */
    form?: TSchema | null
  }
}

/** Features by name, each with its endpoints by name. */
export type Named = Readonly<Record<string, Readonly<Record<string, Endpoint>>>>

/** Registers every row as a route. Feature and endpoint give each its tag and its operation id (`apps.create`: `appsCreate`). */
export function mount(app: FastifyInstance, rows: readonly Row[], features: Named, once: Once): void {
  const names = new Map<Endpoint, { tag: string; operationId: string }>()
  for (const [tag, endpoints] of Object.entries(features)) {
    for (const [name, endpoint] of Object.entries(endpoints)) {
      names.set(endpoint, { tag, operationId: `${tag}${name.charAt(0).toUpperCase()}${name.slice(1)}` })
    }
  }
  for (const [method, path, asking, endpoint] of rows) {
    const name = names.get(endpoint)
    if (name === undefined) throw new Error(`${method} ${path} has an endpoint of no feature`)
    app.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      bodyLimit: endpoint.bodyLimit,
      config: { asking, form: endpoint.form },
      schema: schemaOf(endpoint, name, asking),
      preValidation: async (request) => {
        if (endpoint.bodyOptional) request.body ??= {}
        const { body } = request
        const takesNone = endpoint.body === null && endpoint.form === null
        if (takesNone && body !== null && typeof body === 'object' && Object.keys(body).length > 0) {
          throw invalid({ path: '/', message: 'must be empty: this call takes no body' })
        }
      },
      handler: async (request, reply) => send(await answer(endpoint, once, request, reply), reply),
    })
  }
}

function schemaOf(endpoint: Endpoint, { tag, operationId }: { tag: string; operationId: string }, asking: Asking) {
  const { summary, description, params, query, body, answers } = endpoint
  const problems = { description: 'A problem', content: { 'application/problem+json': { schema: ProblemBody } } }
  const response = Object.fromEntries(
    Object.entries(answers).map(([status, schema]) => [
      status,
      schema ?? { type: 'null', description: 'Done; there is no body.' },
    ]),
  )
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== '' && { description }),
    ...(asking.kind === 'open' && { security: [] }),
    ...(Object.keys(params.properties).length > 0 && { params }),
    querystring: query,
    ...(body !== null && { body }),
    response: { ...response, '4xx': problems, '5xx': problems },
  }
}

async function answer(
  endpoint: Endpoint,
  once: Once,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<AnyAnswer> {
  const doOnce: Call<unknown, unknown, unknown>['once'] = async (content, work) => {
    const { method, url, caller } = request
    const key = request.headers['idempotency-key']
    // Another token of the same key may hold less than this one, whose answers are not for it.
    const by = [caller?.by, caller?.token.id].filter(Boolean).join('/')
    const repeatable = { by, method, url, key: Array.isArray(key) ? key.join() : key }
    const { answer, repeated } = await once(repeatable, content, work)
    if (repeated) reply.header('idempotency-replayed', 'true')
    return answer
  }
  const call: Call<unknown, unknown, unknown> = {
    params: request.params,
    query: request.query,
    body: request.body ?? null,
    get caller() {
      if (request.caller === null) throw new Error('this route is open to everybody and has no caller')
      return request.caller
    },
    request,
    once: doOnce,
  }
  return endpoint.idempotent ? doOnce(JSON.stringify(call.body), () => endpoint.handle(call)) : endpoint.handle(call)
}

function send(answer: AnyAnswer, reply: FastifyReply) {
  if ('raw' in answer) return sendRaw(answer.raw, reply)
  reply.code(answer.status)
  if ('text' in answer) return reply.type(answer.type).send(answer.text)
  if (answer.location !== undefined) reply.header('location', answer.location)
  return reply.send(answer.body)
}
