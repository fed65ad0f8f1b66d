/**
 * `npm run check [-- name…]`: the rules of the house, all of them or those named. Each prints what is wrong and the cure; the
 * exit code is 1 where one is broken.
 */
import { join } from 'node:path'
import { CHECKS, runChecks, tell } from './check/run.ts'

const names = process.argv.slice(2)
const unknown = names.find((name) => !CHECKS.includes(name))
if (unknown === undefined) {
  const outcomes = await runChecks(join(import.meta.dirname, '..'), names.length > 0 ? names : CHECKS)
  for (const outcome of outcomes) console.log(tell(outcome))
  const failed = outcomes.filter(({ trouble }) => trouble !== '').length
  console.log(`${outcomes.length - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
} else {
  console.error(`There is no check "${unknown}": take from ${CHECKS.join(', ')}.`)
  process.exitCode = 1
}
