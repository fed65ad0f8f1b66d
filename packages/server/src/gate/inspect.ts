import { type Action, isAction } from '@gatehouse/core/access'
import { explain, type Step } from '@gatehouse/core/explain'
import type { UnverifiedJws } from '@gatehouse/core/jws'
import { type readJwt, readPayload } from '@gatehouse/core/jwt'
import { isProblem } from '@gatehouse/core/problem'
import { REASONS } from '@gatehouse/core/reasons'
import { parseResource, type Resource, ROOT, resourceOf } from '@gatehouse/core/resource'
import type { Token } from '@gatehouse/core/token'
import type { Catalogue } from '../catalogue.ts'
import type { Tenant } from '../parts.ts'
import type { Receives } from '../receivers.ts'
import type { KnownMediaKey, MediaKeyring } from '../signing/media-keys.ts'
import type { Board } from '../standing/board.ts'
import type { RememberedTenants } from '../tenants.ts'
import { gather } from './gather.ts'
import { formStep, proofStep, type ReadToken, readToken } from './inspect-form.ts'
import { NO_FACTS, type Verified } from './judgement.ts'
import { hashSecret, type KnownKeys } from './known-keys.ts'
import type { KnownLogins } from './known-logins.ts'
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
  readonly key: {
    readonly id: string
    readonly state: 'active' | 'deactivated' | 'unknown' | KnownMediaKey['state']
  } | null
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
  readonly mediaKeys: MediaKeyring
  readonly logins: KnownLogins
  readonly receives: Receives
  readonly catalogue: Catalogue
  readonly tenants: RememberedTenants
  readonly board: Board
}

/** Creates the inspector. Uses are not counted by an inspection. */
export function createInspector(parts: InspectorParts): Inspector {
  const { verifier, keys, mediaKeys, logins, receives, catalogue, tenants, board } = parts

  /** A login session stands at the doors of surfaces only, so nothing but its secret tells it from a key's. */
  async function verify({ form, credential }: ReadToken, text: string, place: Resource | null, tenant: Tenant | null) {
    const verified = await verifier.verify(credential, place ?? ROOT, tenant, false)
    const login = verified.ok || form !== 'secret' ? null : await logins.find(hashSecret(text))
    return login === null ? verified : ({ ok: true, token: login } satisfies Verified)
  }

  async function keyOf(id: string | null): Promise<{ key: Inspection['key']; keyOwner: readonly Resource[] }> {
    if (id === null) return { key: null, keyOwner: [] }
    const media = await mediaKeys.find(id)
    if (media !== null) return { key: { id, state: media.state }, keyOwner: [] }
    const known = await keys.find(id)
    if (known === null) return { key: { id, state: 'unknown' }, keyOwner: [] }
    const { status, app } = known.key
    return { key: { id, state: status }, keyOwner: app === null ? [ROOT] : appsNamed(app) }
  }

  return {
    async inspect(question) {
      const { token: text } = question
      const read = readToken(text)
      const { form, jws } = read
      const steps: Step[] = [formStep(read)]
      const place = placeOf(question.url)
      const entry = place.resource === null ? null : await catalogue.find(place.resource)
      const tenant = entry?.tenant ?? null
      if (place.problem !== null) steps.push({ check: 'place', outcome: 'fail', detail: place.problem })

      const verified = await verify(read, text, place.resource, tenant)
      steps.push(proofStep(read, verified, place.resource !== null))
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
      const asked = token.kind === 'pass' && facts.attachment !== null
      const receiver = asked && (await receives(facts.attachment, token.subjectSerial ?? 0, isOpenToLater(owner)))
      const explained = explain(access, token, gather(board, access, token, facts, owner, 'unlimited', receiver))
      // Media is no door for a login session; those of surfaces have no URL that could be told here.
      const door: readonly Step[] =
        token.kind === 'login' && place.resource !== null
          ? [{ check: 'door', outcome: 'fail', detail: REASONS.kind_not_accepted.sentence }]
          : []
      return {
        kind: token.kind,
        ...about.shown,
        key,
        verified: true,
        decision: tell(door.length === 0 ? explained.decision : { allow: false, reason: 'kind_not_accepted' }),
        steps: [
          ...steps,
          ...door,
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

function isOpenToLater(tenant: Tenant | null | undefined): boolean {
  return tenant?.settings.historyForNewMembers ?? false
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
