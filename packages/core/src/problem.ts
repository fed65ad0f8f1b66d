import type { Reason } from './reasons.ts'

const mark: unique symbol = Symbol('problem')

/**
 * Why something that came from outside was not accepted. `detail` is a sentence for the developer and never repeats what
 * was in the credential. Marked by a symbol, so that no parsed JSON can pass for one, nor one for parsed JSON.
 */
export type Problem = { readonly [mark]: true; readonly reason: Reason; readonly detail: string }

/** Makes a problem. */
export function problem(reason: Reason, detail: string): Problem {
  return { [mark]: true, reason, detail }
}

/** Whether a result is a problem. */
export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && mark in value
}
