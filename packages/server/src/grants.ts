import { parseGrants, printGrants } from '@gatehouse/core/claims'
import { type Grant, mayPass } from '@gatehouse/core/grant'
import { isProblem } from '@gatehouse/core/problem'
import { covers, resourceOf } from '@gatehouse/core/resource'
import type { GrantJson, Json } from '@gatehouse/storage/records/port'
import { invalid, problem } from './problems.ts'

/**
 * Checks the grants of a new key or token: that they can be read, lie in the app, and are the caller's to pass on.
 * Answers them in canonical form. Raises `validation_failed` and `grant_exceeded`.
 */
export function checkGrants(grants: readonly unknown[], app: string, held: readonly Grant[]): readonly GrantJson[] {
  const home = resourceOf('apps', app)
  const read = grants.map((grant, index) => {
    const parsed = parseGrants([grant])
    if (isProblem(parsed)) throw invalid({ path: `/grants/${index}`, message: parsed.detail })
    return parsed.map((one) => {
      if (covers(home, one.resource) && mayPass(held, one)) return one
      throw problem('grant_exceeded', `The grant at /grants/${index} is not yours to pass on, or lies outside the app.`)
    })
  })
  return printGrants(read.flat()).map(({ limits, ...grant }) => ({
    ...grant,
    ...(limits !== undefined && { limits: limits as Json }),
  }))
}
