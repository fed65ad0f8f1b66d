import type { Resource } from '@gatehouse/core/resource'
import type { Token, TokenKind } from '@gatehouse/core/token'
import type { Records } from '@gatehouse/storage/records/port'
import type { FastifyRequest } from 'fastify'
import type { Ask, Judge, Judged, SurfaceJudge } from '../judge.ts'
import type { RememberedTenants } from '../tenants.ts'
import type { AccessLog } from './access-log.ts'
import type { ClientAddress } from './client-address.ts'
import type { Found } from './credential.ts'
import type { Gate } from './gate.ts'
import { NO_FACTS, type ResourceFacts } from './judgement.ts'

/** What the management API's way into the gate is made of. */
export type ApiJudgeParts = {
  readonly gate: Gate
  readonly tenants: RememberedTenants
  readonly records: Records
  readonly address: ClientAddress
  readonly accessLog: AccessLog
}

/** The native API is opened by API keys and by grant tokens, in the Authorization header only. */
const OPENED_BY: readonly TokenKind[] = ['key', 'grant']

/** Creates the way into the gate from the native API: the same gate as for media, with the resource that the route names. */
export function createApiJudge(parts: ApiJudgeParts): Judge {
  const judge = createJudging(parts)
  return (request, ask) => judge(request, ask, { accepts: ask.accepts ?? OPENED_BY })
}

/** Creates the way into the gate from surfaces: the same again, with the credential that the surface's dialect has found. */
export function createSurfaceJudge(parts: ApiJudgeParts): SurfaceJudge {
  const judge = createJudging(parts)
  return (request, { found, accepts, ...ask }) => judge(request, ask, { accepts, found })
}

type Door = { readonly accepts: readonly TokenKind[]; readonly found?: Found }

function createJudging({ gate, tenants, records, address, accessLog }: ApiJudgeParts) {
  return async (request: FastifyRequest, { action, resource }: Ask, door: Door): Promise<Judged> => {
    const look = async (place: Resource | null) => {
      const app = appOf(place)
      const tenant = app === null ? undefined : await tenants.find(app)
      return { tenant, facts: await factsOf(records, place) }
    }
    const asked = await look(resource)
    const client = address.of(request.raw)
    const first = await gate.judge({
      head: request.raw,
      query: null,
      action,
      resource,
      address: client,
      ...asked,
      ...door,
      view: 'begins',
    })
    // A call without a place of its own is judged at one of the credential's, which lies in an app, too.
    const { tenant, facts } = first.decision.allow && resource === null ? await look(first.access.resource) : asked
    // Keys may have been looked up in between: what counts is the standing of now.
    const judgement = first.decision.allow ? gate.again(first, facts, tenant) : first
    const { decision, token, access } = judgement
    if (decision.allow && token !== null) {
      const stillAllowed = async () => {
        const later = await gate.later(judgement, facts, tenant)
        return later.decision.allow ? null : later.decision.reason
      }
      return {
        allow: true,
        caller: {
          by: token.key ?? token.id ?? token.session ?? token.kind,
          token,
          user: userOf(token),
          access,
          stillAllowed,
        },
      }
    }
    const reason = decision.allow ? 'credential_missing' : decision.reason
    if (tenant != null) {
      const outcome = { status: 0, method: request.method, bytes: 0, attachment: null, opensView: true }
      accessLog.note(tenant.app.id, judgement, outcome)
    }
    return { allow: false, reason, retryAfter: gate.wait(client) }
  }
}

/** Only a login session makes a caller a user: what else is for one was handed out, and may be in anybody's hands. */
function userOf({ kind, subject, subjectSerial }: Token): { id: string; serial: number } | null {
  return kind === 'login' && subject !== null && subjectSerial !== null ? { id: subject, serial: subjectSerial } : null
}

function appOf(resource: Resource | null): string | null {
  return resource?.segments[0] === 'apps' ? (resource.segments[1] ?? null) : null
}

/** A revocation of a conversation reaches what is asked of it through the API, too. */
async function factsOf(records: Records, resource: Resource | null): Promise<ResourceFacts> {
  const [apps, app, kind, id] = resource?.segments ?? []
  if (apps !== 'apps' || app === undefined || kind !== 'conversations' || id === undefined) return NO_FACTS
  const conversation = await records.conversations.find(app, id)
  return conversation === null ? NO_FACTS : { ...NO_FACTS, conversationSerial: conversation.serial }
}
