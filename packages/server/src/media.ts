import type { Reason } from '@gatehouse/core/reasons'
import { parseResource, type Resource } from '@gatehouse/core/resource'
import { BY_LINK_KEY, type TokenKind } from '@gatehouse/core/token'
import type { Receiver } from '@gatehouse/storage/records/port'
import type { Logger } from 'pino'
import { FLAT_BROWSER_HEADERS } from './browser-headers.ts'
import type { Catalogue, Entry } from './catalogue.ts'
import { corsHeaders, preflightHeaders } from './deliver/cors.ts'
import { type Delivered, type Delivery, deliver, isLarge, type Plan, partOfView, plan } from './deliver/deliver.ts'
import type { MediaRequest, Outlet } from './deliver/outlet.ts'
import type { Exchange, Wish } from './exchange.ts'
import type { AccessLog } from './gate/access-log.ts'
import type { ClientAddress } from './gate/client-address.ts'
import type { Dialect } from './gate/dialect.ts'
import type { Gate } from './gate/gate.ts'
import { type Judgement, NO_FACTS } from './gate/judgement.ts'
import { refusal } from './gate/refuse.ts'
import type { Metrics } from './metrics.ts'
import { Problem, problem, problemBody, problemOf } from './problems.ts'
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
  /** The languages of surfaces in which clients may show what they hold, and be answered with URLs. */
  readonly dialects: readonly Dialect[]
  /** Names besides our own under which clients of surfaces keep media tokens as cookies. */
  readonly cookies: readonly string[]
  readonly exchange: Exchange
  readonly log: Logger
  readonly metrics: Metrics
}

/** Answers requests for media. */
export type Media = {
  /** Whether a request target is one of media. */
  readonly takes: (target: string) => boolean
  /** MUST be called only for targets that it takes. Large answers are declined where the outlet has no stream. */
  readonly answer: (request: MediaRequest, outlet: Outlet) => void
}

const OPENED_BY: readonly TokenKind[] = ['link', 'grant', 'key', 'media', 'pass', 'presigned', 'service']
/** Who asks for somebody else's link shows a key. */
const ISSUED_BY: readonly TokenKind[] = ['key']
const WHOLE: Plan = { status: 200, range: { start: 0, end: 0 } }

/**
 * Creates the media path: the listener in front of the API, for everything under `/apps/`. Where all is in memory the way from the
 * request to the last byte is one turn of the event loop: canonicalise, look up, find, verify, decide, deliver.
 */
export function createMedia(parts: MediaParts): Media {
  const {
    gate,
    catalogue,
    tenants,
    accessLog,
    openResponses,
    address,
    delivery,
    dialects,
    cookies,
    exchange,
    log,
    metrics,
  } = parts
  const idOf = createRequestIds()
  const direct: Delivery = { ...delivery, offloadPrefix: null }

  function serve(request: MediaRequest, outlet: Outlet, id: string): void | Promise<void> {
    const target = request.url ?? ''
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    const known = catalogue.peek(path)
    const resource = known === undefined ? parseResource(path) : known.resource
    if (resource === null) return answerProblem(outlet, id, problem('malformed_path'))
    if (request.method === 'OPTIONS') return preflight(request, outlet, id, resource)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return answerProblem(outlet, id, new Problem('method_not_allowed', { headers: { Allow: 'GET, HEAD, OPTIONS' } }))
    }
    const query = mark < 0 ? '' : target.slice(mark + 1)
    const entry = known ?? catalogue.peek(resource.path)
    if (entry !== undefined) return judge(request, outlet, id, resource, query, entry, catalogue.forgotten)
    return catalogue.find(resource).then((found) => judge(request, outlet, id, resource, query, found, found.asOf))
  }

  function judge(
    request: MediaRequest,
    outlet: Outlet,
    id: string,
    resource: Resource,
    query: string,
    entry: Entry,
    asOf: number,
  ): void | Promise<void> {
    if (catalogue.forgotten !== asOf) return serve(request, outlet, id)
    const { representation } = entry
    if (outlet.stream === null && representation !== null && isLarge(request, representation, delivery)) {
      return outlet.decline()
    }
    const planned = representation === null ? WHOLE : plan(request, representation)
    const issuing = !entry.facts.open && exchange.named(request) !== null
    const judged = gate.judge({
      head: request,
      query,
      dialects,
      cookies,
      action: issuing ? 'issue' : 'read',
      resource,
      address: address.of(request),
      facts: entry.attachment === null ? NO_FACTS : entry.facts,
      tenant: entry.tenant,
      accepts: issuing ? ISSUED_BY : OPENED_BY,
      view: partOfView(request, planned),
    })
    if (!(judged instanceof Promise)) return answer(request, outlet, id, entry, query, planned, judged)
    return judged.then((judgement) =>
      judgement.decision.allow
        ? answerAsOfNow(request, outlet, id, entry, query, asOf, judgement)
        : answer(request, outlet, id, entry, query, planned, judgement),
    )
  }

  /** A change may have come between the decision and this turn: what lets in is asked once more, on what is known now. */
  function answerAsOfNow(
    request: MediaRequest,
    outlet: Outlet,
    id: string,
    entry: Entry,
    query: string,
    asOf: number,
    judgement: Judgement,
  ): void | Promise<void> {
    if (catalogue.forgotten === asOf) {
      const planned = entry.representation === null ? WHOLE : plan(request, entry.representation)
      return answer(request, outlet, id, entry, query, planned, gate.again(judgement, entry.facts, entry.tenant))
    }
    const { token, access } = judgement
    // Such a proof hangs on a key that may be another one now, and no use was counted for it: it is judged from the start.
    if (token === null || BY_LINK_KEY.includes(token.kind)) return serve(request, outlet, id)
    return catalogue
      .find(access.resource)
      .then((found) => answerAsOfNow(request, outlet, id, found, query, found.asOf, judgement))
  }

  function answer(
    request: MediaRequest,
    outlet: Outlet,
    id: string,
    entry: Entry,
    query: string,
    planned: Plan,
    judgement: Judgement,
  ): void | Promise<void> {
    const { decision, access } = judgement
    const note = (delivered: Delivered, opens: boolean) => noteOutcome(request, entry, judgement, delivered, opens)

    if (!decision.allow) return refuse(request, outlet, id, entry, judgement, decision.reason)
    const { representation, tenant } = entry
    if (representation === null || tenant === null) {
      note({ status: 404, bytes: 0 }, true)
      return answerProblem(outlet, id, problem('not_found'), request.method)
    }
    const wish = judgement.token === null ? null : exchange.wish(request, query, judgement.token)
    if (wish !== null) return giveUrl(request, outlet, id, entry, judgement, wish)
    const extra = ['X-Request-Id', id, ...corsHeaders(request.headers.origin, tenant.settings.allowedOrigins)]
    const by = address.fromTrustedProxy(request) ? delivery : direct
    const opens = partOfView(request, planned) === 'begins'
    const delivered = deliver(request, outlet, representation, planned, extra, by)
    const atOnce = !(delivered instanceof Promise)
    // Most small answers have left within this turn, in which no change can be applied: those need not be watched.
    if (atOnce && outlet.sent) return note(delivered, opens)
    const close = openResponses.add({
      app: tenant.app.id,
      path: access.resource.path,
      byLink: judgement.token !== null && BY_LINK_KEY.includes(judgement.token.kind),
      permitted: () => gate.again(judgement, entry.facts, tenant).decision.allow,
      cut: () => outlet.cut(),
    })
    if (atOnce) {
      outlet.whenSent(close)
      return note(delivered, opens)
    }
    return delivered
      .then((outcome) => {
        if (outcome !== null) return note(outcome, opens)
        log.error({ blob: representation.blob }, 'an attachment has no bytes; gatehouse check tells more')
        return answerProblem(outlet, id, problem('unavailable'))
      })
      .finally(() => outlet.whenSent(close))
  }

  function noteOutcome(
    request: MediaRequest,
    { tenant, attachment }: Entry,
    judgement: Judgement,
    { status, bytes }: Delivered,
    opens: boolean,
  ): void {
    metrics.media(status, bytes)
    accessLog.note(tenant?.app.id ?? judgement.access.resource.segments[1] ?? '', judgement, {
      status,
      bytes,
      method: request.method ?? '',
      attachment: attachment?.id ?? null,
      opensView: opens,
    })
  }

  function refuse(
    request: MediaRequest,
    outlet: Outlet,
    id: string,
    entry: Entry,
    judgement: Judgement,
    reason: Reason,
  ): void {
    const { status, headers, body } = refusal(reason, id, gate.wait(judgement.access.ip))
    outlet.send(status, NONE, headers, request.method === 'HEAD' ? null : body)
    metrics.refused(reason)
    if (entry.tenant !== null) noteOutcome(request, entry, judgement, { status, bytes: 0 }, true)
  }

  /** Answers with a URL in place of the bytes. It is no view: what follows the URL is. */
  function giveUrl(
    request: MediaRequest,
    outlet: Outlet,
    id: string,
    entry: Entry,
    judgement: Judgement,
    wish: Wish,
  ): void | Promise<void> {
    const { tenant, attachment } = entry
    const { token } = judgement
    if (tenant === null || attachment === null || token === null) throw new Error('a URL of nothing, or for nobody')
    const give = (receiver: Receiver | null) => {
      const { status, headers, body } = exchange.give(wish, tenant, attachment, token, receiver)
      const cors = corsHeaders(request.headers.origin, tenant.settings.allowedOrigins)
      const own = ['X-Request-Id', id, ...(cors.length === 0 ? [] : [...cors, 'Vary', 'Origin']), ...headers]
      outlet.send(status, NONE, own, request.method === 'HEAD' || body === '' ? null : body)
      noteOutcome(request, entry, judgement, { status, bytes: 0 }, false)
    }
    const ids = exchange.named(request)
    if (ids === null) return give(null)
    const asOf = catalogue.forgotten
    return exchange.receiver(tenant, attachment, ids).then((receiver) => {
      if (catalogue.forgotten !== asOf) return serve(request, outlet, id)
      const { decision } = gate.again(judgement, entry.facts, tenant)
      if (!decision.allow) return refuse(request, outlet, id, entry, judgement, decision.reason)
      if (receiver !== null) return give(receiver)
      noteOutcome(request, entry, judgement, { status: 404, bytes: 0 }, false)
      return answerProblem(
        outlet,
        id,
        problem('not_found', 'This user is no receiver of the attachment.'),
        request.method,
      )
    })
  }

  async function preflight(request: MediaRequest, outlet: Outlet, id: string, resource: Resource) {
    const tenant = await tenants.find(resource.segments[1] ?? '')
    const names = dialects.flatMap((dialect) => dialect.headers)
    const headers = preflightHeaders(request.headers.origin, tenant?.settings.allowedOrigins ?? [], names)
    const own = [...(headers ?? []), 'X-Request-Id', id, 'Cache-Control', 'no-store']
    outlet.send(headers === null ? 403 : 204, NONE, own, null)
  }

  return {
    takes: (target) => target.startsWith('/apps/'),
    answer(request, outlet) {
      const id = idOf(request)
      const failed = (error: unknown) => {
        const known = problemOf(error)
        if (known.code === 'internal') log.error({ err: error, id }, 'a media request failed')
        if (outlet.started) outlet.cut()
        else answerProblem(outlet, id, known, request.method)
      }
      try {
        serve(request, outlet, id)?.catch(failed)
      } catch (error) {
        failed(error)
      }
    },
  }
}

const NONE: readonly string[] = []

function answerProblem(outlet: Outlet, id: string, error: Problem, method: string | undefined = 'GET'): void {
  const body = JSON.stringify(problemBody(error, id))
  const own = [
    ...Object.entries(error.headers).flat(),
    'Content-Type',
    'application/problem+json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    id,
    ...FLAT_BROWSER_HEADERS,
  ]
  outlet.send(error.status, NONE, own, method === 'HEAD' ? null : body)
}
