import type { Access } from './access.ts'
import { CHECKS, type Check, type Decision, decide } from './decide.ts'
import { REASONS } from './reasons.ts'
import type { Standing } from './standing.ts'
import type { Token } from './token.ts'

/** One step of an explanation. `detail` is a sentence for people. */
export type Step = {
  readonly check: string
  readonly outcome: 'pass' | 'fail' | 'skip'
  readonly detail: string
}

/**
 * Tells every step of a decision and why it came out as it did. The decision is {@link decide}'s own; the steps come from
 * the same list of checks, all of them, so that one sees everything that stands in the way and not only the first thing.
 * The first step is `credential`; where it settles the matter (an open resource, no token), the others are skipped.
 */
export function explain(
  access: Access,
  token: Token | null,
  standing: Standing,
): { readonly decision: Decision; readonly steps: readonly Step[] } {
  const decision = decide(access, token, standing)
  if (standing.open && access.action === 'read') {
    const detail = 'The resource is open to everybody for reading; no credential is looked at.'
    const first: Step = decision.allow
      ? { check: 'credential', outcome: 'pass', detail }
      : { check: 'credential', outcome: 'fail', detail: REASONS[decision.reason].sentence }
    return { decision, steps: [first, ...CHECKS.map(skipped)] }
  }
  if (token === null) {
    const first: Step = { check: 'credential', outcome: 'fail', detail: REASONS.credential_missing.sentence }
    return { decision, steps: [first, ...CHECKS.map(skipped)] }
  }
  const first: Step = { check: 'credential', outcome: 'pass', detail: 'The credential is genuine.' }
  const steps = CHECKS.map(({ name, held, holds }): Step => {
    const reason = holds(access, token, standing)
    return reason === null
      ? { check: name, outcome: 'pass', detail: held }
      : { check: name, outcome: 'fail', detail: REASONS[reason].sentence }
  })
  return { decision, steps: [first, ...steps] }
}

function skipped({ name }: Check): Step {
  return { check: name, outcome: 'skip', detail: 'Not looked at.' }
}
