import type { Action } from './access.ts'
import { type Limits, narrows } from './limit.ts'
import { covers, type Resource } from './resource.ts'

/** Actions at and below one resource, within limits. An empty list of actions permits nothing. */
export type Grant = {
  readonly actions: readonly Action[]
  readonly resource: Resource
  readonly limits: Limits
}

/** Whether a grant speaks of this action on this resource at all; its limits are judged separately. */
export function speaksOf(grant: Grant, action: Action, resource: Resource): boolean {
  return grant.actions.includes(action) && covers(grant.resource, resource)
}

/** What viewers do. Who may `issue` at a place may let viewers in there, without being one. */
const VIEWING: readonly Action[] = ['read', 'play', 'join', 'knock']

/**
 * Whether a holder of grants may pass this one on. Each of its actions has to be held at or above its resource: itself,
 * through `manage`, or, for what viewers do, through `issue`; under limits no narrower than its own. What may be used a
 * number of times only is not passed on. A token that goes beyond the key that signed it MUST be refused.
 */
export function mayPass(held: readonly Grant[], grant: Grant): boolean {
  return grant.actions.every((action) =>
    held.some(
      ({ actions, resource, limits }) =>
        (actions.includes(action) ||
          actions.includes('manage') ||
          (actions.includes('issue') && VIEWING.includes(action))) &&
        covers(resource, grant.resource) &&
        narrows(grant.limits, limits),
    ),
  )
}
