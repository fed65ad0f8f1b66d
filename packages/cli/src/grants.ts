import { ACTIONS, isAction } from '@gatehouse/core/access'
import { parseResource } from '@gatehouse/core/resource'
import { type Command, InvalidArgumentError } from 'commander'
import type { GrantView } from './answers.ts'

/** Options that say what a key or a token permits. */
export type GrantOptions = {
  readonly grant?: readonly GrantView[]
  readonly ip?: readonly string[]
  readonly userAgent?: string
  readonly origin?: readonly string[]
  readonly notBefore?: string
  readonly maxUses?: number
}

/** Adds `--grant` and an option for every limit. */
export function granting(command: Command): Command {
  return command
    .option(
      '--grant <actions@resource>',
      'what it permits, such as read,play@/apps/demo; may be repeated',
      collectGrant,
    )
    .option('--ip <addresses>', 'only from these addresses and CIDR ranges, with commas between', list)
    .option('--user-agent <text>', 'only from this exact user agent')
    .option('--origin <origins>', 'only from pages of these origins, with commas between', list)
    .option('--not-before <time>', 'not before this time (ISO 8601)', moment)
    .option('--max-uses <number>', 'good for so many views', positive)
}

/** The grants that the options name, each with all limits; undefined where none is named. */
export function grantsOf(options: GrantOptions): readonly GrantView[] | undefined {
  const { ip, userAgent, origin, notBefore, maxUses } = options
  const given = Object.entries({ ip, userAgent, origin, notBefore, maxUses }).filter(([, value]) => value !== undefined)
  const limits = given.length === 0 ? {} : { limits: Object.fromEntries(given) }
  return options.grant?.map((grant) => ({ ...grant, ...limits }))
}

/** Reads `read,play@/apps/demo/…`. Raises commander's error for a wrong argument. */
export function parseGrant(text: string): GrantView {
  const at = text.indexOf('@')
  const actions = text.slice(0, Math.max(at, 0)).split(',')
  const resource = text.slice(at + 1)
  const stranger = actions.find((action) => !isAction(action))
  if (at < 1) throw new InvalidArgumentError('Write it as actions@resource, such as read,play@/apps/demo.')
  if (stranger !== undefined) {
    throw new InvalidArgumentError(`${JSON.stringify(stranger)} is no action; there are ${ACTIONS.join(', ')}.`)
  }
  if (parseResource(resource) === null) {
    throw new InvalidArgumentError(`${JSON.stringify(resource)} is no resource; it is a path such as /apps/demo.`)
  }
  return { actions, resource }
}

/** Reads a whole number of at least 1. */
export function positive(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number of at least 1.')
  return Number(text)
}

/** Reads a whole number, 0 included. */
export function wholeNumber(text: string): number {
  if (!/^(0|[1-9]\d{0,14})$/.test(text)) throw new InvalidArgumentError('It has to be a whole number.')
  return Number(text)
}

function collectGrant(text: string, before: readonly GrantView[] = []): readonly GrantView[] {
  return [...before, parseGrant(text)]
}

function list(text: string): readonly string[] {
  return text.split(',').map((item) => item.trim())
}

function moment(text: string): string {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('It has to be a time such as 2030-01-31T12:00:00Z.')
  return time.toISOString()
}
