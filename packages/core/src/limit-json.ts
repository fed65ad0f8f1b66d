import { parseRange } from './ip.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Limits } from './limit.ts'
import { isProblem, type Problem, problem } from './problem.ts'

/** The most addresses or origins in one limit. */
export const MAX_ENTRIES = 100

/**
 * Reads the limits of a grant out of JSON: `{ ip, userAgent, origin, notBefore, maxUses }`, each of them optional.
 *
 * `notBefore` is an ISO 8601 time in UTC, or whole seconds since 1970 as in other claims. A known name with a value that
 * makes no sense is a problem; unknown names are kept in `unknown`, so that they deny.
 */
export function parseLimits(json: unknown): Limits | Problem {
  if (!isObject(json)) return invalid('Limits are not an object.')
  const limits: { -readonly [Name in keyof Limits]: Limits[Name] } = {}
  const unknown: string[] = []
  for (const [name, value] of Object.entries(json)) {
    const parse = PARSERS[name as keyof typeof PARSERS]
    if (!Object.hasOwn(PARSERS, name)) {
      unknown.push(name)
      continue
    }
    const parsed = parse(value)
    if (isProblem(parsed)) return parsed
    Object.assign(limits, { [name]: parsed })
  }
  if (unknown.length > 0) limits.unknown = unknown
  return limits
}

/** The JSON of limits, as {@link parseLimits} reads it. Of an unknown limit only the name is kept, which denies all the same. */
export function printLimits(limits: Limits): JsonObject {
  const { notBefore, unknown = [], ...plain } = limits
  return {
    ...plain,
    ...(notBefore === undefined ? {} : { notBefore: new Date(notBefore).toISOString() }),
    ...Object.fromEntries(unknown.map((name) => [name, true])),
  }
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[1-9]\d{0,4})?$/
const DEFAULT_PORT = /^(?:http:.*[^:]:80|https:.*[^:]:443)$/

const PARSERS = {
  ip: (value: unknown) =>
    texts(value, (text) => parseRange(text) !== null) ?? invalid('The limit ip is not a list of addresses and ranges.'),
  userAgent: (value: unknown) =>
    typeof value === 'string' && value !== '' && value.length <= 1024
      ? value
      : invalid('The limit userAgent is not a text of 1 to 1024 characters.'),
  origin: (value: unknown) =>
    texts(value, (text) => ORIGIN.test(text) && !DEFAULT_PORT.test(text)) ??
    invalid(
      'The limit origin is not a list of origins as browsers send them (https://host, lower case, no default port).',
    ),
  notBefore: (value: unknown) => time(value) ?? invalid('The limit notBefore is not a time in UTC (ISO 8601).'),
  maxUses: (value: unknown) =>
    Number.isSafeInteger(value) && (value as number) >= 1
      ? value
      : invalid('The limit maxUses is not a number from 1 on.'),
}

function texts(value: unknown, good: (text: string) => boolean): readonly string[] | null {
  if (!Array.isArray(value) || value.length > MAX_ENTRIES) return null
  return value.every((text) => typeof text === 'string' && text.length <= 256 && good(text)) ? [...value] : null
}

/** Milliseconds since the epoch, or null. */
function time(value: unknown): number | null {
  if (typeof value === 'number') {
    return Number.isInteger(value) && value >= 0 && value < 253_402_300_800 ? value * 1000 : null
  }
  if (typeof value !== 'string' || !ISO.test(value)) return null
  const at = Date.parse(value)
  // Date.parse takes 31 June for 1 July.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== value.slice(0, 19) ? null : at
}

function invalid(detail: string): Problem {
  return problem('claims_invalid', detail)
}
