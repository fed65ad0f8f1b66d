import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Action } from '@gatehouse/core/access'
import { parseResource } from '@gatehouse/core/resource'
import type { TokenKind } from '@gatehouse/core/token'
import type { Catalogue, Entry } from '../catalogue.ts'
import type { AccessLog } from './access-log.ts'
import type { ClientAddress } from './client-address.ts'
import type { Gate } from './gate.ts'
import { type Judgement, NO_FACTS } from './judgement.ts'
import { type Refusal, refusal } from './refuse.ts'

/** The answer to a proxy: 204 with who it was, or the refusal, as 401 or 403, with the reason in `X-Gatehouse-Reason`. */
export type ForwardAuth = (request: IncomingMessage, requestId: string) => Promise<Refusal>

/** What forward-auth is made of. */
export type ForwardAuthParts = {
  readonly gate: Gate
  readonly catalogue: Catalogue
  readonly address: ClientAddress
  readonly accessLog: AccessLog
  /** Names besides our own under which clients of surfaces keep media tokens as cookies. */
  readonly cookies: readonly string[]
}

const OPENED_BY: readonly TokenKind[] = ['link', 'grant', 'key', 'media']

/**
 * Creates the answer for proxies that ask before they serve something themselves (nginx `auth_request`, Caddy `forward_auth`). The
 * request they ask about comes in `X-Original-URI` or `X-Forwarded-Uri`, its method in `X-Original-Method` or
 * `X-Forwarded-Method`; they are believed only from trusted proxies, and a request with both URIs is refused. Answers MUST NOT be cached,
 * which they say.
 */
export function createForwardAuth({ gate, catalogue, address, accessLog, cookies }: ForwardAuthParts): ForwardAuth {
  return async (request, requestId) => {
    const { headers } = request
    const asked = address.fromTrustedProxy(request) ? forwarded(headers) : null
    if (asked === null) return denied(refusal('forward_untrusted', requestId))
    const { uri: original, method } = asked
    const mark = original.indexOf('?')
    const resource = parseResource(mark < 0 ? original : original.slice(0, mark))
    if (resource === null) return denied(refusal('resource_not_granted', requestId), 'resource_not_granted')
    const action = ACTIONS[method.toUpperCase()] ?? 'write'
    const attempt = {
      head: request,
      cookies,
      query: mark < 0 ? '' : original.slice(mark + 1),
      action,
      resource,
      address: address.of(request),
      accepts: OPENED_BY,
      view: partOfView(method, headers),
    } as const
    const look = async () => {
      const entry = await catalogue.find(resource)
      const tenant = resource.segments[0] === 'apps' ? entry.tenant : undefined
      return { entry, tenant, facts: entry.attachment === null ? NO_FACTS : entry.facts }
    }
    /** What lets in is decided on what is known in the end: a change may have come in between. */
    const judgeAsOfNow = async (): Promise<{ entry: Entry; judgement: Judgement }> => {
      let seen = await look()
      const judgement = await gate.judge({ ...attempt, facts: seen.facts, tenant: seen.tenant })
      const { token, decision } = judgement
      if (!decision.allow) return { entry: seen.entry, judgement }
      while (catalogue.forgotten !== seen.entry.asOf) {
        if (token === null || token.kind === 'link') return judgeAsOfNow()
        seen = await look()
      }
      return { entry: seen.entry, judgement: gate.again(judgement, seen.facts, seen.tenant) }
    }
    const { entry, judgement } = await judgeAsOfNow()
    const { decision, access, token } = judgement
    const outcome = { method, bytes: 0, attachment: entry.attachment?.id ?? null, opensView: true }
    const status = decision.allow ? 204 : 0
    if (entry.tenant !== null) accessLog.note(entry.tenant.app.id, judgement, { ...outcome, status })
    if (!decision.allow) return denied(refusal(decision.reason, requestId, gate.wait(access.ip)), decision.reason)
    const who = token?.subject ?? token?.key ?? null
    return {
      status: 204,
      headers: [
        ...['Cache-Control', 'no-store', 'X-Gatehouse-Reason', 'ok', 'X-Request-Id', requestId],
        ...(who === null ? [] : ['X-Gatehouse-User', encodeURIComponent(who)]),
      ],
      body: '',
    }
  }
}

/**
 * The request that a proxy asks about. A proxy sets the headers of one family; those of the other would be the viewer's own word,
 * so two URIs are none, and a method counts only beside the URI of its family.
 */
function forwarded(headers: IncomingHttpHeaders): { uri: string; method: string } | null {
  const [one, other] = ['x-original', 'x-forwarded'].flatMap((family) => {
    const uri = header(headers, `${family}-uri`)
    return uri === null ? [] : [{ uri, method: header(headers, `${family}-method`) ?? 'GET' }]
  })
  return other === undefined ? (one ?? null) : null
}

const ACTIONS: Readonly<Record<string, Action>> = { GET: 'read', HEAD: 'read', OPTIONS: 'read' }

/** Proxies understand 401 and 403 only. */
function denied(answer: Refusal, reason = 'forward_untrusted'): Refusal {
  const status = answer.status === 401 || answer.status === 403 ? answer.status : answer.status === 429 ? 401 : 403
  return { ...answer, status, headers: [...answer.headers, 'X-Gatehouse-Reason', reason] }
}

/** The proxy serves the bytes: what the answer will be is not known here, only what was asked for. */
function partOfView(method: string, headers: IncomingHttpHeaders): 'begins' | 'continues' | 'asks' {
  if (method.toUpperCase() === 'HEAD') return 'asks'
  return headers.range === undefined || /^bytes=0-/i.test(headers.range) ? 'begins' : 'continues'
}

function header(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value : null
}
