import { type Action, isAction } from './access.ts'
import { isObject, type JsonObject } from './json.ts'
import { type Limits, narrows } from './limit.ts'
import { parseLimits, printLimits } from './limit-json.ts'
import { isProblem, type Problem, problem } from './problem.ts'
import { covers, parseResource, type Resource } from './resource.ts'

/** Actions at and below one resource, within limits. An empty list of actions permits nothing. */
export type Grant = {
  readonly actions: readonly Action[]
  readonly resource: Resource
  readonly limits: Limits
}

/** A grant as JSON: in the native API, in stored keys and in the `grants` claim. `limits` is left out where there are none. */
export type PrintedGrant = {
  readonly actions: readonly Action[]
  readonly resource: string
  readonly limits?: JsonObject
}

/** The most grants in one list. */
export const MAX_GRANTS = 100

/** Whether a grant speaks of this action on this resource at all; its limits are judged separately. */
export function speaksOf(grant: Grant, action: Action, resource: Resource): boolean {
  return grant.actions.includes(action) && covers(grant.resource, resource)
}

/**
 * Whether a holder of grants may hand this one on: every action at and below its resource is in a grant of the holder's
 * whose limits are no narrower. A token that goes beyond the key that signed it MUST be refused.
 */
export function mayPass(held: readonly Grant[], grant: Grant): boolean {
  return grant.actions.every((action) =>
    held.some((mine) => speaksOf(mine, action, grant.resource) && narrows(grant.limits, mine.limits)),
  )
}

/**
 * Reads a list of grants out of JSON. An unknown action, an unknown member, or a resource that is not a canonical path is
 * a problem; an unknown limit is kept, and denies.
 */
export function parseGrants(json: unknown): readonly Grant[] | Problem {
  if (!Array.isArray(json)) return invalid('The grants are not a list.')
  if (json.length > MAX_GRANTS) return invalid(`There are more than ${MAX_GRANTS} grants.`)
  const grants: Grant[] = []
  for (const item of json) {
    const grant = parseGrant(item)
    if (isProblem(grant)) return grant
    grants.push(grant)
  }
  return grants
}

/** The JSON of grants, as {@link parseGrants} reads it. */
export function printGrants(grants: readonly Grant[]): readonly PrintedGrant[] {
  return grants.map(({ actions, resource, limits }) => {
    const printed = printLimits(limits)
    return { actions, resource: resource.path, ...(Object.keys(printed).length === 0 ? {} : { limits: printed }) }
  })
}

function parseGrant(json: unknown): Grant | Problem {
  if (!isObject(json)) return invalid('A grant is not an object.')
  const { actions, resource: path, limits: limitsJson = {}, ...others } = json
  if (Object.keys(others).length > 0) return invalid('A grant has members other than actions, resource and limits.')
  if (!Array.isArray(actions) || !actions.every(isAction)) return invalid('The actions of a grant are not known ones.')
  const resource = typeof path === 'string' ? parseResource(path) : null
  if (resource === null) return invalid('The resource of a grant is not a path in canonical, percent-encoded form.')
  const limits = parseLimits(limitsJson)
  return isProblem(limits) ? limits : { actions: [...actions], resource, limits }
}

function invalid(detail: string): Problem {
  return problem('claims_invalid', detail)
}
