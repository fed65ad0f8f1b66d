import type { Access } from './access.ts'
import { CHECKS, type Decision, decide } from './decide.ts'
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
 */
export function explain(
  access: Access,
  token: Token | null,
  standing: Standing,
): { readonly decision: Decision; readonly steps: readonly Step[] } {
  const decision = decide(access, token, standing)
  if (token === null) {
    const detail = decision.allow
      ? 'The resource is open to everybody; no credential is needed.'
      : REASONS[decision.reason].sentence
    return { decision, steps: [{ check: 'credential', outcome: decision.allow ? 'skip' : 'fail', detail }] }
  }
  const steps = CHECKS.map(({ name, holds }): Step => {
    const reason = holds(access, token, standing)
    return reason === null
      ? { check: name, outcome: 'pass', detail: 'Holds.' }
      : { check: name, outcome: 'fail', detail: REASONS[reason].sentence }
  })
  return { decision, steps }
}
