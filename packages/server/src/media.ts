import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseResource, type Resource } from '@gatehouse/core/resource'
import type { TokenKind } from '@gatehouse/core/token'
import type { Logger } from 'pino'
import type { Catalogue, Entry } from './catalogue.ts'
import { corsHeaders, preflightHeaders } from './deliver/cors.ts'
import { type Delivered, type Delivery, deliver, type Plan, partOfView, plan } from './deliver/deliver.ts'
import type { AccessLog } from './gate/access-log.ts'
import type { ClientAddress } from './gate/client-address.ts'
import type { Gate } from './gate/gate.ts'
import { type Judgement, NO_FACTS } from './gate/judgement.ts'
import { refusal } from './gate/refuse.ts'
import type { Metrics } from './metrics.ts'
import { problem, problemBody, problemOf } from './problems.ts'
import { createRequestIds } from './request-id.ts'
import type { OpenResponses } from './standing/open-responses.ts'
import type { RememberedTenants } from './tenants.ts'

/** What the media path is made of. */
export type MediaParts = {
  readonly gate: Gate
  readonly catalogue: Catalogue
  readonly tenants: RememberedTenants
  readonly accessLog: AccessLog
  readonly openResponses: OpenResponses
  readonly address: ClientAddress
  readonly delivery: Delivery
  readonly log: Logger
  readonly metrics: Metrics
}

/** Answers requests for media; false where the request is for somebody else. */
export type Media = (request: IncomingMessage, response: ServerResponse) => boolean

const OPENED_BY: readonly TokenKind[] = ['link', 'grant', 'key', 'media']
const WHOLE: Plan = { status: 200, range: { start: 0, end: 0 } }

/**
 * Creates the media path: the listener in front of the API, for everything under `/apps/`. Where all is in memory the way from the
 * request to the last byte is one turn of the event loop: canonicalise, look up, find, verify, decide, deliver.
 */
export function createMedia(parts: MediaParts): Media {
  const { gate, catalogue, tenants, accessLog, openResponses, address, delivery, log, metrics } = parts
  const idOf = createRequestIds()
  const direct: Delivery = { ...delivery, offloadPrefix: null }

  function serve(request: IncomingMessage, response: ServerResponse, id: string): void | Promise<void> {
    const target = request.url ?? ''
    const mark = target.indexOf('?')
    const resource = parseResource(mark < 0 ? target : target.slice(0, mark))
    if (resource === null) return answerProblem(response, id, problem('malformed_path'))
    if (request.method === 'OPTIONS') return preflight(request, response, id, resource)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD, OPTIONS')
      return answerProblem(response, id, problem('method_not_allowed'))
    }
    const query = mark < 0 ? '' : target.slice(mark + 1)
    const entry = catalogue.peek(resource.path)
    if (entry !== undefined) return judge(request, response, id, resource, query, entry, catalogue.forgotten)
    return catalogue.find(resource).then((found) => judge(request, response, id, resource, query, found, found.asOf))
  }

  function judge(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    resource: Resource,
    query: string,
    entry: Entry,
    asOf: number,
  ): void | Promise<void> {
    if (catalogue.forgotten !== asOf) return serve(request, response, id)
    const planned = entry.representation === null ? WHOLE : plan(request, entry.representation)
    const judged = gate.judge({
      head: request,
      query,
      action: 'read',
      resource,
      address: address.of(request),
      facts: entry.attachment === null ? NO_FACTS : entry.facts,
      tenant: entry.tenant,
      accepts: OPENED_BY,
      view: partOfView(request, planned),
    })
    if (!(judged instanceof Promise)) return answer(request, response, id, entry, planned, judged)
    return judged.then((judgement) =>
      judgement.decision.allow
        ? answerAsOfNow(request, response, id, entry, asOf, judgement)
        : answer(request, response, id, entry, planned, judgement),
    )
  }

  /** A change may have come between the decision and this turn: what lets in is asked once more, on what is known now. */
  function answerAsOfNow(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    entry: Entry,
    asOf: number,
    judgement: Judgement,
  ): void | Promise<void> {
    if (catalogue.forgotten === asOf) {
      const planned = entry.representation === null ? WHOLE : plan(request, entry.representation)
      return answer(request, response, id, entry, planned, gate.again(judgement, entry.facts, entry.tenant))
    }
    const { token, access } = judgement
    // A link's proof hangs on a key that may be another one now, and no use was counted for it: it is judged from the start.
    if (token === null || token.kind === 'link') return serve(request, response, id)
    return catalogue
      .find(access.resource)
      .then((found) => answerAsOfNow(request, response, id, found, found.asOf, judgement))
  }

  function answer(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    entry: Entry,
    planned: Plan,
    judgement: Judgement,
  ): void | Promise<void> {
    const { decision, access } = judgement
    const app = entry.tenant?.app.id ?? access.resource.segments[1] ?? ''
    const note = ({ status, bytes }: Delivered, opens: boolean) => {
      metrics.media(status, bytes)
      accessLog.note(app, judgement, {
        status,
        bytes,
        method: request.method ?? '',
        attachment: entry.attachment?.id ?? null,
        opensView: opens,
      })
    }

    if (!decision.allow) {
      const { status, headers, body } = refusal(decision.reason, id, gate.wait(access.ip))
      response.writeHead(status, [...headers]).end(request.method === 'HEAD' ? undefined : body)
      metrics.refused(decision.reason)
      if (entry.tenant !== null) note({ status, bytes: 0 }, true)
      return
    }
    const { representation, tenant } = entry
    if (representation === null || tenant === null) {
      note({ status: 404, bytes: 0 }, true)
      return answerProblem(response, id, problem('not_found'), request.method)
    }
    const extra = ['X-Request-Id', id, ...corsHeaders(request.headers.origin, tenant.settings.allowedOrigins)]
    const by = address.fromTrustedProxy(request) ? delivery : direct
    const opens = partOfView(request, planned) === 'begins'
    const delivered = deliver(request, response, representation, planned, extra, by)
    const atOnce = !(delivered instanceof Promise)
    // Most small answers have left within this turn, in which no change can be applied: those need not be watched.
    if (atOnce && isSent(response)) return note(delivered, opens)
    const close = openResponses.add({
      app,
      path: access.resource.path,
      byLink: judgement.token?.kind === 'link',
      permitted: () => gate.again(judgement, entry.facts, tenant).decision.allow,
      cut: () => cut(request, response),
    })
    if (atOnce) {
      closeWhenSent(request, response, close)
      return note(delivered, opens)
    }
    return delivered
      .then((outcome) => {
        if (outcome !== null) return note(outcome, opens)
        log.error({ blob: representation.blob }, 'an attachment has no bytes; gatehouse check tells more')
        return answerProblem(response, id, problem('unavailable'))
      })
      .finally(() => closeWhenSent(request, response, close))
  }

  async function preflight(request: IncomingMessage, response: ServerResponse, id: string, resource: Resource) {
    const tenant = await tenants.find(resource.segments[1] ?? '')
    const headers = preflightHeaders(request.headers.origin, tenant?.settings.allowedOrigins ?? [])
    response.writeHead(headers === null ? 403 : 204, [
      ...(headers ?? []),
      'X-Request-Id',
      id,
      'Cache-Control',
      'no-store',
    ])
    response.end()
  }

  return (request, response) => {
    const target = request.url ?? ''
    if (!target.startsWith('/apps/')) return false
    const id = idOf(request)
    const failed = (error: unknown) => {
      const known = problemOf(error)
      if (known.code === 'internal') log.error({ err: error, id }, 'a media request failed')
      if (response.headersSent) response.destroy()
      else answerProblem(response, id, known, request.method)
    }
    try {
      serve(request, response, id)?.catch(failed)
    } catch (error) {
      failed(error)
    }
    return true
  }
}

/** Whether the kernel has taken all of a response, or it was cut. */
function isSent(response: ServerResponse): boolean {
  return (response.writableEnded && response.writableLength === 0) || response.destroyed
}

/** Ends a response so that its client sees an error; one that still waits behind others only goes with the connection. */
function cut({ socket }: IncomingMessage, response: ServerResponse): void {
  response.destroy()
  socket.destroy()
}

/** A response stays open to be cut until it is sent. One that waits behind others hears nothing when its connection goes. */
function closeWhenSent({ socket }: IncomingMessage, response: ServerResponse, close: () => void): void {
  if (isSent(response)) {
    close()
    return
  }
  const ended = () => {
    socket.off('close', ended)
    close()
  }
  response.once('close', ended)
  // A connection may have any number of requests waiting.
  if (response.socket === null) socket.setMaxListeners(0).once('close', ended)
}

function answerProblem(
  response: ServerResponse,
  id: string,
  error: ReturnType<typeof problem>,
  method: string | undefined = 'GET',
): void {
  const body = JSON.stringify(problemBody(error, id))
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
  response.setHeader('Content-Type', 'application/problem+json')
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.setHeader('Cache-Control', 'no-store')
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('X-Request-Id', id)
  response.writeHead(error.status).end(method === 'HEAD' ? undefined : body)
}
