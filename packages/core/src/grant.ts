import type { Action } from './access.ts'
import type { Limits } from './limit.ts'
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
