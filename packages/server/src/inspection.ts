import { REASONS } from '@gatehouse/core/reasons'
import { covers, type Resource } from '@gatehouse/core/resource'
import type { Token } from '@gatehouse/core/token'
import type { Inspect } from './features/tokens.ts'
import type { Inspector } from './gate/inspect.ts'
import type { Inspection } from './gate/inspect-form.ts'

/**
 * Lets a caller inspect what it may manage: a token of another app looks to it like one that nobody has issued. `now` is in
 * milliseconds.
 */
export function inspectFor(inspector: Inspector, now: () => number): Inspect {
  return async ({ token, url, ip, userAgent, at }, caller) => {
    const { owners, ...inspection } = await inspector.inspect({
      token,
      url: url ?? null,
      action: null,
      ip: ip ?? null,
      userAgent: userAgent ?? null,
      at: at === undefined ? now() : Date.parse(at),
    })
    const shown = owners.every((owner) => manages(caller.token, owner)) ? inspection : asUnknown(inspection)
    return {
      ...shown,
      header: copy(shown.header),
      claims: copy(shown.claims),
      steps: shown.steps.map((s) => ({ ...s })),
    }
  }
}

function manages({ grants }: Token, place: Resource): boolean {
  return grants.some((grant) => grant.actions.includes('manage') && covers(grant.resource, place))
}

/** What is said of a credential of the same form that nobody has issued. */
function asUnknown(inspection: Omit<Inspection, 'owners'>): Omit<Inspection, 'owners'> {
  const kind = { key: 'secret', login: 'secret', grant: 'jwt', media: 'jwt' }[inspection.kind] ?? inspection.kind
  const reason = ['link', 'pass', 'service', 'presigned'].includes(kind) ? 'signature_invalid' : 'credential_unknown'
  const { sentence } = REASONS[reason]
  return {
    ...inspection,
    kind,
    key: inspection.key && { id: inspection.key.id, state: 'unknown' },
    verified: false,
    decision: { allow: false, reason, sentence },
    steps: [...inspection.steps.slice(0, 1), { check: 'proof', outcome: 'fail', detail: sentence }],
  }
}

function copy(object: Readonly<Record<string, unknown>> | null): Record<string, unknown> | null {
  return object === null ? null : { ...object }
}
