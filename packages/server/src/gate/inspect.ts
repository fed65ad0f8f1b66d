import { type Access, type Action, isAction } from '@gatehouse/core/access'
import { explain, type Step } from '@gatehouse/core/explain'
import type { UnverifiedJws } from '@gatehouse/core/jws'
import { type readJwt, readPayload } from '@gatehouse/core/jwt'
import type { Primitives } from '@gatehouse/core/primitives'
import { isProblem } from '@gatehouse/core/problem'
import { REASONS } from '@gatehouse/core/reasons'
import { type Resource, ROOT, resourceOf } from '@gatehouse/core/resource'
import type { Token } from '@gatehouse/core/token'
import type { Catalogue } from '../catalogue.ts'
import type { Tenant } from '../parts.ts'
import type { Receives } from '../receivers.ts'
import type { MediaKeyring } from '../signing/media-keys.ts'
import type { Board } from '../standing/board.ts'
import type { RememberedTenants } from '../tenants.ts'
import type { Credential } from './credential.ts'
import type { Dialect } from './dialect.ts'
import { gather } from './gather.ts'
import {
  formStep,
  type Inspection,
  PROVEN,
  proofStep,
  type ReadToken,
  readCredential,
  readToken,
  tell,
} from './inspect-form.ts'
import { appOf, isWallOf, placeSteps, readPlace, readUrl, withoutCredential } from './inspect-url.ts'
import { NO_FACTS, type Verified } from './judgement.ts'
import { hashSecret, type KnownKeys } from './known-keys.ts'
import type { KnownLogins } from './known-logins.ts'
import type { Verifier } from './verify.ts'
import { keyJwtSteps } from './verify-key-jwt.ts'

/** What somebody wants to know about a token. `at` is in milliseconds; `url` is where it was shown. */
export type Question = {
  readonly token: string
  readonly url: string | null
  readonly action: Action | null
  readonly ip: string | null
  readonly userAgent: string | null
  readonly at: number
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
  readonly primitives: Primitives
  /** Languages besides our own in which a URL may carry a credential. */
  readonly dialects: readonly Dialect[]
}

/** Creates the inspector. Uses are not counted by an inspection. */
export function createInspector(parts: InspectorParts): Inspector {
  const { verifier, keys, mediaKeys, logins, receives, catalogue, tenants, board, primitives, dialects } = parts

  /**
   * As the gate would where it is shown. A login session stands at the doors of surfaces only, so nothing but its secret tells it from a
   * key's; the JWT of a key does so, too, and is read as a grant token at media.
   */
  async function verify(read: ReadToken, text: string, resource: Resource | null, tenant: Tenant | null) {
    const { form } = read
    const credential: Credential =
      form === 'key-jwt' && resource !== null && read.credential.form === 'key-jwt'
        ? { form: 'bearer', text }
        : read.credential
    const verified = await verifier.verify(credential, resource ?? ROOT, tenant, false)
    const login = verified.ok || form !== 'secret' ? null : await logins.find(hashSecret(text))
    return login === null ? verified : ({ ok: true, token: login } satisfies Verified)
  }

  /** What is asked of the claims of a key's JWT; null for everything else, and where the signature does not hold. */
  async function claimsSteps({ form, jws }: ReadToken): Promise<readonly Step[] | null> {
    if (form !== 'key-jwt' || jws === null || isProblem(jws) || jws.kid === null) return null
    const known = await keys.find(jws.kid)
    return known === null ? null : keyJwtSteps(jws, known, primitives)
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
      const asked = readUrl(text, dialects)
      const place = question.url === null ? (asked?.place ?? null) : readPlace(question.url)
      const resource = place === null || appOf(place.resource) === null ? null : place.resource
      const entry = resource === null ? null : await catalogue.find(resource)
      const tenant = entry?.tenant ?? null
      const facts = entry?.attachment == null ? NO_FACTS : entry.facts
      const { ip, userAgent, at } = question
      const wall = place !== null && isWallOf(place, tenant) ? (tenant?.settings.loginWallSecret ?? null) : null
      const from = { at, ip, userAgent, origin: null, wall }
      const named = appsNamed(appOf(resource))

      const candidate = asked?.found.outcome === 'found' ? asked.found.candidates[0] : undefined
      if (asked !== null && candidate === undefined) {
        const access: Access = { ...from, action: 'read', resource: resource ?? ROOT }
        const standing = gather(board, access, null, facts, tenant, 'unlimited', false)
        return {
          ...withoutCredential(asked.found, placeSteps(place, tenant), explain(access, null, standing)),
          owners: named,
        }
      }
      const read = candidate === undefined ? readToken(text) : readCredential(candidate)
      const { form, jws } = read
      const verified = await verify(read, text, resource, tenant)
      const ofClaims = await claimsSteps(read)
      const steps: readonly Step[] = [
        formStep(read),
        ...placeSteps(place, tenant),
        ofClaims === null ? proofStep(read, verified, resource !== null) : PROVEN,
        ...(ofClaims ?? []),
        ...(ofClaims === null || resource === null ? [] : [NO_DOOR]),
      ]
      const about = describe(jws)
      const { key, keyOwner } = await keyOf(verified.ok ? verified.token.key : about.kid)
      if (!verified.ok) {
        const { sentence } = REASONS[verified.reason]
        const decision = { allow: false, reason: verified.reason, sentence }
        return { kind: form, ...about.shown, key, verified: false, decision, steps, owners: [...keyOwner, ...named] }
      }
      const { token } = verified
      const action = question.action ?? (resource === null ? firstAction(token) : 'read')
      const own = token.grants.find((grant) => grant.actions.includes(action))?.resource
      const access: Access = { ...from, action, resource: resource ?? own ?? ROOT }
      const app = appOf(access.resource)
      const owner = app === null ? undefined : await tenants.find(app)
      const isPass = token.kind === 'pass' && facts.attachment !== null
      const receiver = isPass && (await receives(facts.attachment, token.subjectSerial ?? 0, isOpenToLater(owner)))
      const explained = explain(access, token, gather(board, access, token, facts, owner, 'unlimited', receiver))
      // Media is no door for a login session; those of surfaces have no URL that could be told here.
      const door: readonly Step[] =
        token.kind === 'login' && resource !== null
          ? [{ check: 'door', outcome: 'fail', detail: REASONS.kind_not_accepted.sentence }]
          : []
      return {
        kind: form === 'key-jwt' ? form : token.kind,
        ...about.shown,
        key,
        verified: true,
        decision: tell(door.length === 0 ? explained.decision : { allow: false, reason: 'kind_not_accepted' }),
        steps: [
          ...steps,
          ...door,
          ...explained.steps,
          ...(resource === null ? [] : [attachmentStep(entry?.attachment != null)]),
        ],
        owners: appsNamed(token.app, app),
      }
    },
  }
}

const NO_DOOR: Step = {
  check: 'door',
  outcome: 'fail',
  detail: 'Media is no door for it: there it would be a grant token, which has no claim scope.',
}

function appsNamed(...apps: readonly (string | null | undefined)[]): readonly Resource[] {
  return apps.flatMap((app) => (app == null ? [] : resourceOf('apps', app)))
}

function isOpenToLater(tenant: Tenant | null | undefined): boolean {
  return tenant?.settings.historyForNewMembers ?? false
}

function attachmentStep(exists: boolean): Step {
  return exists
    ? { check: 'file', outcome: 'pass', detail: 'There is an attachment at this path.' }
    : { check: 'file', outcome: 'fail', detail: 'There is no attachment at this path: the answer is 404.' }
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

function firstAction(token: Token): Action {
  const action = token.grants[0]?.actions[0]
  return isAction(action) ? action : 'read'
}
