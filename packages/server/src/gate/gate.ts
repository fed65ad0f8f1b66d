import { createHash } from 'node:crypto'
import type { Access, Action } from '@gatehouse/core/access'
import { type Decision, decide } from '@gatehouse/core/decide'
import { speaksOf } from '@gatehouse/core/grant'
import { REASONS, type Reason } from '@gatehouse/core/reasons'
import { type Resource, ROOT } from '@gatehouse/core/resource'
import type { Uses as UsesOutcome } from '@gatehouse/core/standing'
import type { Token, TokenKind } from '@gatehouse/core/token'
import type { Uses } from '@gatehouse/storage/records/port'
import type { Tenant } from '../parts.ts'
import type { Receives } from '../receivers.ts'
import type { Board } from '../standing/board.ts'
import type { Trust } from '../standing/trust.ts'
import type { Found, Head } from './credential.ts'
import type { Dialect } from './dialect.ts'
import { findAmong } from './find.ts'
import { gather } from './gather.ts'
import type { Judgement, ResourceFacts, Verified } from './judgement.ts'
import { isLinkPreview } from './link-preview.ts'
import type { Throttle } from './throttle.ts'
import type { Verifier } from './verify.ts'

/** One request before the gate. */
export type Attempt = {
  /** The head of the request. */
  readonly head: Head
  /** The raw query without its question mark, or null at doors that read the Authorization header alone. */
  readonly query: string | null
  readonly action: Action
  /** Null where the call has no place of its own: then the credential's own first grant of the action is the place. */
  readonly resource: Resource | null
  readonly address: string | null
  readonly facts: ResourceFacts
  /** The app of the resource: null where it does not exist, undefined where the resource lies in none. */
  readonly tenant: Tenant | null | undefined
  readonly accepts: readonly TokenKind[]
  /** Languages besides our own in which a credential may stand here. */
  readonly dialects?: readonly Dialect[]
  /** Names besides our own under which a cookie may carry a token here. */
  readonly cookies?: readonly string[]
  /** The credential, where somebody else has found it: then head and query are not looked at for one. */
  readonly found?: Found
  /**
   * What the answer would be of a view. Beginning one costs a use; going on costs none to whoever has taken one lately; asking (HEAD,
   * 304) takes none.
   */
  readonly view: 'begins' | 'continues' | 'asks'
}

/** The gate: the only place that decides. */
export type Gate = {
  /** Finds the credential, verifies it, gathers standing, decides. Answers at once where everything is in memory. */
  judge(attempt: Attempt): Judgement | Promise<Judgement>
  /**
   * Decides again on a token that was verified before, with the standing of now: for responses under way, and for what took
   * longer than one turn of the event loop. Counts no use.
   */
  again(judgement: Judgement, facts: ResourceFacts, tenant: Tenant | null | undefined): Judgement
  /** The same for what may come much later than the last decision: takes a trusted memory. */
  later(judgement: Judgement, facts: ResourceFacts, tenant: Tenant | null | undefined): Promise<Judgement>
  /** Seconds that this address has to wait after too many refused proofs; 0 if none. */
  wait(address: string | null): number
}

/** What the gate is made of. `now` is the clock, in milliseconds. */
export type GateParts = {
  readonly verifier: Verifier
  readonly board: Board
  readonly uses: Uses
  readonly receives: Receives
  readonly throttle: Throttle
  readonly trust: Trust
  readonly now: () => number
}

/** Reasons that count against an address: the proof itself did not hold. */
const BAD_PROOF: ReadonlySet<Reason> = new Set(['credential_malformed', 'credential_unknown', 'signature_invalid'])
/** How long a viewer may go on reading (ranges, revalidation) on a use that they have taken. */
const VIEW_LASTS = 6 * 3600 * 1000

/** Creates the gate. */
export function createGate({ verifier, board, uses, receives, throttle, trust, now }: GateParts): Gate {
  function judge(attempt: Attempt): Judgement | Promise<Judgement> {
    const unsure = () => denied(accessOf(attempt, attempt.resource ?? ROOT, now()), 'standing_unavailable')
    const judged = trust.fresh()
      ? judgeNow(attempt)
      : trust.refresh().then((renewed) => (renewed ? judgeNow(attempt) : unsure()))
    if (!(judged instanceof Promise)) return judged
    // The lease may have run out while something was looked up: `again` must not be asked on a memory that is not to be trusted.
    return judged.then((late) =>
      !late.decision.allow || trust.fresh() ? late : trust.refresh().then((renewed) => (renewed ? late : unsure())),
    )
  }

  function judgeNow(attempt: Attempt): Judgement | Promise<Judgement> {
    const access = accessOf(attempt, attempt.resource ?? ROOT, now())
    const judgeWith = (token: Token | null, outcome: UsesOutcome = 'unlimited', receives = false): Judgement => {
      if (attempt.resource === null && token !== null) return judgeAtOwnPlace(attempt, token)
      const standing = gather(board, access, token, attempt.facts, attempt.tenant, outcome, receives)
      return { access, token, receives, decision: decide(access, token, standing) }
    }
    if (attempt.facts.open && access.action === 'read') return judgeWith(null)

    const found =
      attempt.found ??
      findAmong(attempt.dialects ?? [], attempt.head, attempt.query, appOf(attempt.resource), attempt.cookies)
    if (found.outcome === 'none') return judgeWith(null)
    if (found.outcome === 'conflict') return denied(access, 'credential_conflict')

    const wait = throttle.wait(attempt.address, access.at)
    const judgeToken = (verified: Verified): Judgement | Promise<Judgement> => {
      if (!verified.ok) {
        // Several requests may have been under way when the address was slowed down: the answer tells it to wait.
        if (BAD_PROOF.has(verified.reason)) throttle.failed(attempt.address, access.at)
        return denied(access, wait > 0 ? 'too_many_bad_tokens' : verified.reason)
      }
      const { token } = verified
      if (!attempt.accepts.includes(token.kind)) return denied(access, 'kind_not_accepted')
      if (token.kind === 'pass') return judgePass(token)
      const judgement = judgeWith(token)
      const most = judgement.decision.allow ? usesOf(token, access) : null
      return most === null ? judgement : countUse(attempt, token, most, access).then((used) => judgeWith(token, used))
    }
    // A pass names no resource, so it is asked who receives this one, once nothing else stands in the way.
    const judgePass = (token: Token): Judgement | Promise<Judgement> => {
      const { facts } = attempt
      const judgement = judgeWith(token, 'unlimited', true)
      if (!judgement.decision.allow || facts.attachment === null) return judgeWith(token)
      const later = attempt.tenant?.settings.historyForNewMembers ?? false
      return receives(facts.attachment, token.subjectSerial ?? 0, later).then((yes) =>
        judgeWith(token, 'unlimited', yes),
      )
    }
    if (found.outcome === 'malformed') return judgeToken({ ok: false, reason: 'credential_malformed' })

    const tenant = attempt.tenant ?? null
    const [only, ...others] = found.candidates
    if (only === undefined) return judgeWith(null)
    if (others.length === 0) {
      const verified = verifier.verify(only, access.resource, tenant, wait > 0)
      return verified instanceof Promise ? verified.then(judgeToken) : judgeToken(verified)
    }
    return firstAllowed(
      found.candidates.map((candidate) => async () => {
        return judgeToken(await verifier.verify(candidate, access.resource, tenant, wait > 0))
      }),
    )
  }

  function judgeAtOwnPlace(attempt: Attempt, token: Token): Judgement {
    const own = token.grants.find((grant) => grant.actions.includes(attempt.action))
    const access = accessOf(attempt, own?.resource ?? ROOT, now())
    const standing = gather(board, access, token, attempt.facts, attempt.tenant, 'unlimited', false)
    return { access, token, receives: false, decision: decide(access, token, standing) }
  }

  async function countUse(attempt: Attempt, token: Token, most: number, access: Access): Promise<UsesOutcome> {
    if (isLinkPreview(access.userAgent)) return 'preview'
    // Without an id of its own a token's uses cannot be counted, so there are none.
    if (token.id === null) return 'spent'
    return uses.claim({
      token: `${token.app ?? ''}/${token.id}`,
      viewer: `${access.ip ?? ''} ${access.userAgent ?? ''}`,
      max: most,
      at: access.at,
      since: attempt.view === 'begins' ? access.at + 1 : access.at - VIEW_LASTS,
      open: attempt.view !== 'asks',
      until: token.expiresAt,
    })
  }

  const again: Gate['again'] = ({ access, token, receives }, facts, tenant) => {
    const standing = gather(board, access, token, facts, tenant, 'unlimited', receives)
    return { access, token, receives, decision: decide(access, token, standing) }
  }

  return {
    judge,
    again,
    async later(judgement, facts, tenant) {
      const sure = trust.fresh() || (await trust.refresh())
      return sure ? again(judgement, facts, tenant) : denied(judgement.access, 'standing_unavailable')
    },
    wait: (address) => throttle.wait(address, now()),
  }
}

function accessOf(attempt: Attempt, resource: Resource, at: number): Access {
  const { headers } = attempt.head
  return {
    action: attempt.action,
    resource,
    at,
    ip: attempt.address,
    userAgent: headers['user-agent'] ?? null,
    origin: headers.origin ?? originOf(headers.referer),
    wall: digestOf(headers[WALL_HEADER]),
  }
}

/** The app that a place lies in, whether there is one or not. */
function appOf(resource: Resource | null): string | null {
  return resource?.segments[0] === 'apps' ? (resource.segments[1] ?? null) : null
}

/** The header in which an operator's login wall says its word. */
const WALL_HEADER = 'x-gatehouse-wall'

function digestOf(word: string | readonly string[] | undefined): string | null {
  return typeof word === 'string' ? `sha256:${createHash('sha256').update(word).digest('hex')}` : null
}

function originOf(referer: string | undefined): string | null {
  if (referer === undefined || !URL.canParse(referer)) return null
  return new URL(referer).origin
}

/** The fewest uses that a grant for this access is limited to; null where one of them is not limited. */
function usesOf(token: Token, { action, resource }: Access): number | null {
  let most: number | null = null
  for (const grant of token.grants) {
    if (!speaksOf(grant, action, resource)) continue
    const { maxUses } = grant.limits
    if (maxUses === undefined) return null
    most = most === null ? maxUses : Math.min(most, maxUses)
  }
  return most
}

/**
 * Tries cookies one after the other: the first that opens the door decides. Else the first refusal is told, and of a good token rather than of
 * one that is none.
 */
async function firstAllowed(tries: readonly (() => Promise<Judgement>)[]): Promise<Judgement> {
  let first: Judgement | null = null
  for (const attempt of tries) {
    const judgement = await attempt()
    if (judgement.decision.allow) return judgement
    if (first === null || (isUnproven(first) && !isUnproven(judgement))) first = judgement
  }
  if (first === null) throw new Error('no candidate was tried')
  return first
}

function isUnproven({ decision }: Judgement): boolean {
  return !decision.allow && REASONS[decision.reason].status === 401
}

function denied(access: Access, reason: Reason): Judgement {
  const decision: Decision = { allow: false, reason }
  return { access, token: null, receives: false, decision }
}
