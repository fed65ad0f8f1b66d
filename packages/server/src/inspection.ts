import { REASONS } from '@gatehouse/core/reasons'
import { covers, resourceOf } from '@gatehouse/core/resource'
import type { Token } from '@gatehouse/core/token'
import type { Inspect } from './features/tokens.ts'
import type { Inspection, Inspector } from './gate/inspect.ts'

/**
 * Lets a caller inspect what it may manage: a token of another app looks to it like one that nobody has issued. `now` is in
 * milliseconds.
 */
export function inspectFor(inspector: Inspector, now: () => number): Inspect {
  return async ({ token, url, ip, userAgent, at }, caller) => {
    const { app, ...inspection } = await inspector.inspect({
      token,
      url: url ?? null,
      action: null,
      ip: ip ?? null,
      userAgent: userAgent ?? null,
      at: at === undefined ? now() : Date.parse(at),
    })
    const shown = app === null || manages(caller.token, app) ? inspection : asUnknown(inspection)
    return {
      ...shown,
      header: copy(shown.header),
      claims: copy(shown.claims),
      steps: shown.steps.map((s) => ({ ...s })),
    }
  }
}

function manages({ grants }: Token, app: string): boolean {
  const place = resourceOf('apps', app)
  return grants.some((grant) => grant.actions.includes('manage') && covers(grant.resource, place))
}

function asUnknown(inspection: Omit<Inspection, 'app'>): Omit<Inspection, 'app'> {
  const { sentence } = REASONS.credential_unknown
  return {
    ...inspection,
    key: null,
    verified: false,
    decision: { allow: false, reason: 'credential_unknown', sentence },
    steps: [{ check: 'proof', outcome: 'fail', detail: sentence }],
  }
}

function copy(object: Readonly<Record<string, unknown>> | null): Record<string, unknown> | null {
  return object === null ? null : { ...object }
}
