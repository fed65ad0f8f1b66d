import type { Resource } from './resource.ts'

/** Every action that a grant can permit. There are no others; an unknown one is refused when a grant is parsed. */
export const ACTIONS = ['read', 'play', 'publish', 'join', 'knock', 'moderate', 'write', 'issue', 'manage'] as const

/** What somebody wants to do with a resource. */
export type Action = (typeof ACTIONS)[number]

/** Whether a string names an {@link Action}. */
export function isAction(value: unknown): value is Action {
  return (ACTIONS as readonly unknown[]).includes(value)
}

/**
 * One attempt: an action on a resource, from somewhere, at one moment.
 *
 * MUST carry the moment itself (`at`, milliseconds since the epoch); nothing in this package reads a clock.
 * `wall` is the digest of the word that the operator's login wall sent along, or null without one.
 * `ip` is the client's address in text form or null where it is not known; an unknown address fails every ip limit.
 */
export type Access = {
  readonly action: Action
  readonly resource: Resource
  readonly at: number
  readonly ip: string | null
  readonly userAgent: string | null
  readonly origin: string | null
  readonly wall: string | null
}
