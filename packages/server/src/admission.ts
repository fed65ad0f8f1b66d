import type { Reason } from '@gatehouse/core/reasons'
import { isId, parseResource, ROOT, resourceOf } from '@gatehouse/core/resource'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Asking, fill } from './ask.ts'
import { type Refusal, refusal } from './gate/refuse.ts'
import type { Ask, Caller, Judge, Judged } from './judge.ts'
import type { Parts } from './parts.ts'
import { problem } from './problems.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route asks the gate for. The server does not start with a route that does not say. */
    asking?: Asking
  }
  interface FastifyRequest {
    /** Who was let in; null on a route that is open to everybody. */
    caller: Caller | null
    /** Why the app was refused, while the conversation that the body names may still let the caller in. */
    pending: Refused | null
  }
}

/** A refusal of the gate. */
export type Refused = Judged & { readonly allow: false }

/** The moments at which a request is judged. */
export type Admission = {
  /** Before the body: every request. */
  readonly onRequest: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
  /** After the body was parsed, before it is validated: requests whose resource the body names. */
  readonly preValidation: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
  /** Before the work is done: requests whose body had to be waited for. Forms are read later, and judged by who reads them. */
  readonly preHandler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
}

/** Creates the way through the gate. Refusals are sent here; a caller who may know is told 404 of an app that is not there. */
export function createAdmission({ records, tenants }: Pick<Parts, 'records' | 'tenants'>, judge: Judge): Admission {
  async function judged(request: FastifyRequest, ask: Ask): Promise<Refused | null> {
    const answer = await judge(request, ask)
    if (!answer.allow) return answer
    request.caller = answer.caller
    return null
  }

  async function askOf(asking: Asking, request: FastifyRequest): Promise<Ask | null> {
    const params = request.params as Readonly<Record<string, string>>
    switch (asking.kind) {
      case 'open':
      case 'surface':
        return null
      case 'resource':
        return { action: asking.action, resource: fill(asking.template, params) }
      case 'query': {
        const present = (request.query as Record<string, unknown>)[asking.parameter] !== undefined
        return { action: present ? asking.present : asking.absent, resource: fill(asking.template, params) }
      }
      case 'attachment': {
        const { app = '', id = '' } = params
        const found = isId(app) && isId(id) ? await records.attachments.find(app, id) : null
        const place = found === null ? null : parseResource(found.path)
        return { action: asking.action, resource: place ?? fill('/apps/{app}', params) }
      }
      case 'conversation in body':
        return { action: asking.action, resource: fill('/apps/{app}', params) }
      case 'own':
        return { action: asking.action, resource: null }
      case 'token':
        return { action: asking.action, resource: null, accepts: [asking.of] }
      case 'loopback':
        return isDirectLoopback(request) ? null : { action: asking.action, resource: ROOT }
    }
  }

  async function requireApp(request: FastifyRequest) {
    const { app } = request.params as { app?: string }
    if (app !== undefined && (!isId(app) || (await tenants.find(app)) === null)) {
      throw problem('not_found', 'There is no such app.')
    }
  }

  return {
    async onRequest(request, reply) {
      const { asking } = request.routeOptions.config
      if (asking === undefined) return
      const ask = await askOf(asking, request)
      if (ask === null) return
      const refused = await judged(request, ask)
      if (refused === null) return requireApp(request)
      if (asking.kind === 'conversation in body' && NOT_GRANTED.has(refused.reason)) {
        request.pending = refused
        return
      }
      return refuse(request, reply, refused)
    },

    async preValidation(request, reply) {
      const { asking } = request.routeOptions.config
      if (request.pending === null || asking?.kind !== 'conversation in body') return
      const { app } = request.params as { app: string }
      const conversation = (request.body as { conversation?: unknown } | null | undefined)?.conversation
      const named = isId(app) && typeof conversation === 'string' && isId(conversation)
      const refused = named
        ? await judged(request, {
            action: asking.action,
            resource: resourceOf('apps', app, 'conversations', conversation),
          })
        : request.pending
      if (refused === null) return requireApp(request)
      return refuse(request, reply, refused)
    },

    async preHandler(request, reply) {
      if (request.caller === null || request.body == null) return
      const reason = await request.caller.stillAllowed()
      if (reason !== null) return refuse(request, reply, { allow: false, reason })
    },
  }
}

const NOT_GRANTED: ReadonlySet<Reason> = new Set(['resource_not_granted', 'action_not_granted'])

/** Sends a refusal of the gate: a problem document with the challenge of RFC 6750. */
function refuse({ id }: FastifyRequest, reply: FastifyReply, { reason, retryAfter }: Refused) {
  return sendRaw(refusal(reason, id, retryAfter ?? (reason === 'standing_unavailable' ? 1 : 0)), reply)
}

/** Sends an answer that the gate has made, as it is. */
export function sendRaw({ status, headers, body }: Refusal, reply: FastifyReply) {
  reply.code(status)
  for (let i = 0; i + 1 < headers.length; i += 2) reply.header(headers[i] ?? '', headers[i + 1] ?? '')
  return reply.send(body)
}

/** A connection from this machine that no proxy stands in: behind one, every connection would look like that. */
function isDirectLoopback({ headers, raw }: FastifyRequest): boolean {
  const proxied = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined)
  return !proxied && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(raw.socket.remoteAddress ?? '')
}
