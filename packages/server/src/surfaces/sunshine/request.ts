import type { Json } from '@gatehouse/storage/records/port'
import { failure } from './errors.ts'

/** What was sent as JSON: by name, not yet believed. */
export type Fields = Readonly<Record<string, unknown>>

/** A flat object that an app keeps with something. */
export type Metadata = { readonly [name: string]: Json }

/** JSON that was sent may be nested this deeply: whatever walks through it then fits any stack. */
const DEEPEST = 64
/** The most bytes of metadata (contract, section 2.4). */
export const METADATA = 4096

/** The JSON object of a request's body; an absent one counts as `{}`. Raises 400 for anything else. */
export function fieldsOf(body: unknown): Fields {
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body)) throw failure('badRequest', 'The body should be a JSON object')
  if (isDeeper(body, DEEPEST)) throw failure('badRequest', 'The body is nested too deeply')
  return body as Fields
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}

/** The error of a property that is not there. Meant to be thrown. */
export function missing(name: string) {
  return failure('badRequest', `should have required property '${name}'`)
}

/** The error of a property that is wrong: `words` follow its name. Meant to be thrown. */
export function wrong(name: string, words: string) {
  return failure('badRequest', `'${name}' ${words}`)
}

/** A text, or undefined where it was left out; null counts as left out. */
export function textOf(fields: Fields, name: string, most = 256): string | undefined {
  const text = fields[name]
  if (text === undefined || text === null) return undefined
  if (typeof text !== 'string') throw wrong(name, 'should be string')
  if (text.length > most) throw wrong(name, `should NOT be longer than ${most} characters`)
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) throw wrong(name, 'should not hold control characters')
  return text
}

/** A text that has to be there and not be empty. */
export function requiredText(fields: Fields, name: string, most = 256): string {
  const text = textOf(fields, name, most)
  if (text === undefined) throw missing(name)
  if (text.trim() === '') throw wrong(name, 'should NOT be shorter than 1 characters')
  return text
}

/** One of some words, or undefined where it was left out. */
export function choiceOf<T extends string>(fields: Fields, name: string, choices: readonly T[]): T | undefined {
  const given = fields[name]
  if (given === undefined || given === null) return undefined
  const found = choices.find((choice) => choice === given)
  if (found === undefined) throw wrong(name, `should be equal to one of the allowed values: ${choices.join(', ')}`)
  return found
}

/** True or false, or undefined where it was left out. */
export function truthOf(fields: Fields, name: string): boolean | undefined {
  const given = fields[name]
  if (given === undefined || given === null) return undefined
  if (typeof given !== 'boolean') throw wrong(name, 'should be boolean')
  return given
}

/** An object inside, or undefined where it was left out. */
export function objectOf(fields: Fields, name: string): Fields | undefined {
  const given = fields[name]
  if (given === undefined || given === null) return undefined
  if (typeof given !== 'object' || Array.isArray(given)) throw wrong(name, 'should be object')
  return given as Fields
}

/** A list of objects, or undefined where it was left out. */
export function objectsOf(fields: Fields, name: string): readonly Fields[] | undefined {
  const given = fields[name]
  if (given === undefined || given === null) return undefined
  if (!Array.isArray(given)) throw wrong(name, 'should be array')
  return given.map((_, index) => objectOf(given as unknown as Fields, String(index)) ?? {})
}

/**
 * Metadata with what was sent put over what is `present`: flat, of texts, numbers and booleans, null takes a name away. Undefined where
 * it was left out; null empties it.
 */
export function metadataOf(fields: Fields, name: string, present: Metadata = {}): Metadata | undefined {
  if (fields[name] === null) return {}
  const given = objectOf(fields, name)
  if (given === undefined) return undefined
  const whole = new Map<string, Json>(Object.entries(present))
  for (const [key, value] of Object.entries(given)) {
    if (value === null) whole.delete(key)
    else if (isFlat(value)) whole.set(key, value)
    else throw wrong(`${name}.${key}`, 'should be string, number or boolean')
  }
  const metadata = Object.fromEntries(whole)
  if (Buffer.byteLength(JSON.stringify(metadata)) > METADATA)
    throw wrong(name, `should NOT be larger than ${METADATA} bytes`)
  return metadata
}

function isFlat(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value) && (typeof value !== 'string' || value.isWellFormed())
}

/** The parameters of a query. */
export type Query = {
  /** The text, or undefined where it is absent or empty. Raises 400 for one that comes twice, control characters and broken Unicode. */
  text(name: string): string | undefined
}

/** Reads a query that was parsed already. */
export function queryOf(parsedQuery: unknown): Query {
  const given = (parsedQuery ?? {}) as Readonly<Record<string, string | readonly string[] | undefined>>
  return {
    text(name) {
      const value = Object.hasOwn(given, name) ? given[name] : undefined
      // Of `access=private&access=public` neither is what was meant.
      if (Array.isArray(value)) throw wrong(name, 'should be given once')
      return textOf({ [name]: value }, name, 4096) || undefined
    },
  }
}
