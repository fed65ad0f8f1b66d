import { type Action, isAction } from '@gatehouse/core/access'
import { explain, type Step } from '@gatehouse/core/explain'
import type { UnverifiedJws } from '@gatehouse/core/jws'
import { readJwt, readPayload } from '@gatehouse/core/jwt'
import { readLink } from '@gatehouse/core/link'
import { isProblem } from '@gatehouse/core/problem'
import { REASONS } from '@gatehouse/core/reasons'
import { parseResource, type Resource, ROOT, resourceOf } from '@gatehouse/core/resource'
import type { Token } from '@gatehouse/core/token'
import type { Catalogue } from '../catalogue.ts'
import type { Board } from '../standing/board.ts'
import type { RememberedTenants } from '../tenants.ts'
import { gather } from './gather.ts'
import { NO_FACTS, type Verified } from './judgement.ts'
import type { KnownKeys } from './known-keys.ts'
import type { Verifier } from './verify.ts'

/** What somebody wants to know about a token. `at` is in milliseconds; `url` is where it was shown. */
export type Question = {
  readonly token: string
  readonly url: string | null
  readonly action: Action | null
  readonly ip: string | null
  readonly userAgent: string | null
  readonly at: number
}

/** Every step of the way that a token takes through the gate, and how it ends. */
export type Inspection = {
  readonly kind: string
  readonly header: Readonly<Record<string, unknown>> | null
  readonly claims: Readonly<Record<string, unknown>> | null
  readonly key: { readonly id: string; readonly state: 'active' | 'deactivated' | 'unknown' } | null
  readonly verified: boolean
  readonly decision: { readonly allow: boolean; readonly reason: string; readonly sentence: string }
  readonly steps: readonly Step[]
  /** What the token, or the key that it names in vain, and the place belong to: whoever asks has to be allowed to manage it all. */
  readonly owners: readonly Resource[]
}

/** Explains tokens. Stores and logs nothing of what it is asked about. */
export type Inspector = { inspect(question: Question): Promise<Inspection> }

/** What the inspector is made of: the gate's own parts, so that it cannot tell another story. */
export type InspectorParts = {
  readonly verifier: Verifier
  readonly keys: KnownKeys
  readonly catalogue: Catalogue
  readonly tenants: RememberedTenants
  readonly board: Board
}

/** Creates the inspector. Uses are not counted by an inspection. */
export function createInspector({ verifier, keys, catalogue, tenants, board }: InspectorParts): Inspector {
  async function keyOf(id: string | null): Promise<{ key: Inspection['key']; keyOwner: readonly Resource[] }> {
    if (id === null) return { key: null, keyOwner: [] }
    const known = await keys.find(id)
    if (known === null) return { key: { id, state: 'unknown' }, keyOwner: [] }
    const { status, app } = known.key
    return { key: { id, state: status }, keyOwner: app === null ? [ROOT] : appsNamed(app) }
  }

  return {
    async inspect(question) {
      const { token: text } = question
      const jws = text.includes('.') ? readJwt(text) : null
      const form = formOf(text, jws)
      const steps: Step[] = [formStep(form, jws)]
      const place = placeOf(question.url)
      const entry = place.resource === null ? null : await catalogue.find(place.resource)
      const tenant = entry?.tenant ?? null
      if (place.problem !== null) steps.push({ check: 'place', outcome: 'fail', detail: place.problem })

      const credential = form === 'link' ? ({ form: 'query', text } as const) : ({ form: 'bearer', text } as const)
      const verified = await verifier.verify(credential, place.resource ?? ROOT, tenant, false)
      steps.push(proofStep(form, verified, place.resource))
      const about = describe(jws)
      const { key, keyOwner } = await keyOf(verified.ok ? verified.token.key : about.kid)
      if (!verified.ok) {
        const { sentence } = REASONS[verified.reason]
        const decision = { allow: false, reason: verified.reason, sentence }
        const owners = [...keyOwner, ...appsNamed(tenant?.app.id)]
        return { kind: form, ...about.shown, key, verified: false, decision, steps, owners }
      }
      const { token } = verified
      const action = question.action ?? (place.resource === null ? firstAction(token) : 'read')
      const resource = place.resource ?? token.grants.find((grant) => grant.actions.includes(action))?.resource ?? ROOT
      const app = resource.segments[0] === 'apps' ? (resource.segments[1] ?? null) : null
      const owner = app === null ? undefined : await tenants.find(app)
      const access = {
        action,
        resource,
        at: question.at,
        ip: question.ip,
        userAgent: question.userAgent,
        origin: null,
        wall: null,
      }
      const facts = entry?.attachment == null ? NO_FACTS : entry.facts
      const explained = explain(access, token, gather(board, access, token, facts, owner, 'unlimited', false))
      return {
        kind: token.kind,
        ...about.shown,
        key,
        verified: true,
        decision: tell(explained.decision),
        steps: [
          ...steps,
          ...explained.steps,
          ...(place.resource === null ? [] : [placeStep(entry?.attachment != null)]),
        ],
        owners: appsNamed(token.app, app),
      }
    },
  }
}

function appsNamed(...apps: readonly (string | null | undefined)[]): readonly Resource[] {
  return apps.flatMap((app) => (app == null ? [] : resourceOf('apps', app)))
}

type Form = 'link' | 'jwt' | 'secret'

function formOf(text: string, jws: ReturnType<typeof readJwt> | null): Form {
  if (jws !== null) return 'jwt'
  return readLink(text) === null ? 'secret' : 'link'
}

function formStep(form: Form, jws: ReturnType<typeof readJwt> | null): Step {
  if (jws !== null && isProblem(jws)) return { check: 'form', outcome: 'fail', detail: jws.detail }
  const name = {
    link: 'A recipient link',
    jwt: 'A compact JWS (RFC 7515)',
    secret: 'An API key secret, or nothing known',
  }
  return { check: 'form', outcome: 'pass', detail: `${name[form]}.` }
}

function proofStep(form: Form, verified: Verified, resource: Resource | null): Step {
  if (verified.ok) return { check: 'proof', outcome: 'pass', detail: 'The signature, MAC or secret holds.' }
  if (form === 'link' && resource === null) {
    const detail = 'A recipient link is bound to one attachment: tell the URL that it belongs to.'
    return { check: 'proof', outcome: 'fail', detail }
  }
  return { check: 'proof', outcome: 'fail', detail: REASONS[verified.reason].sentence }
}

function placeStep(exists: boolean): Step {
  return exists
    ? { check: 'attachment', outcome: 'pass', detail: 'There is an attachment at this path.' }
    : { check: 'attachment', outcome: 'fail', detail: 'There is no attachment at this path: the answer is 404.' }
}

/** Header and claims as they stand in the token; the claims of one that did not verify are shown too, and say so elsewhere. */
function describe(jws: UnverifiedJws | ReturnType<typeof readJwt> | null): {
  kid: string | null
  shown: Pick<Inspection, 'header' | 'claims'>
} {
  if (jws === null || isProblem(jws)) return { kid: null, shown: { header: null, claims: null } }
  const claims = readPayload(jws.payload)
  return { kid: jws.kid, shown: { header: jws.header, claims: isProblem(claims) ? null : claims } }
}

/** The resource out of a URL or a path; its own `t` is not looked at. */
function placeOf(url: string | null): { resource: Resource | null; problem: string | null } {
  if (url === null) return { resource: null, problem: null }
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(\/[^?#]*)/i.exec(url)?.[1] ?? /^\/[^?#]*/.exec(url)?.[0]
  const resource = path === undefined ? null : parseResource(path)
  const problem = resource === null ? 'The URL has no canonical path; the gate refuses it before anything else.' : null
  return { resource, problem }
}

function firstAction(token: Token): Action {
  const action = token.grants[0]?.actions[0]
  return isAction(action) ? action : 'read'
}

function tell(decision: ReturnType<typeof explain>['decision']): Inspection['decision'] {
  if (decision.allow) return { allow: true, reason: 'ok', sentence: 'The gate lets this access through.' }
  return { allow: false, reason: decision.reason, sentence: REASONS[decision.reason].sentence }
}
