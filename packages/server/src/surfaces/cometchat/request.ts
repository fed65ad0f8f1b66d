import type { Json } from '@gatehouse/storage/records/port'
import { isUnwieldy } from './addresses.ts'
import { badField, failure } from './errors.ts'

/** What was sent as JSON: by name, not yet believed. */
export type Fields = Readonly<Record<string, unknown>>

/** JSON that was sent may be nested this deeply: whatever walks through it then fits any stack. */
const DEEPEST = 64

/** The JSON object of a request's body; an absent one counts as `{}`. Raises ERR_BAD_REQUEST for anything else. */
export function fieldsOf(body: unknown): Fields {
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body))
    throw failure('ERR_BAD_REQUEST', 'The body has to be a JSON object.')
  if (isDeeper(body, DEEPEST)) throw failure('ERR_BAD_REQUEST', 'The body is nested too deeply.')
  return body as Fields
}

/** Whether something is nested more deeply than so many levels. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}

/** A line of text, or undefined where it was left out; null counts as left out. A whole number counts as its digits. */
export function textOf(fields: Fields, name: string, most = 256): string | undefined {
  return written(fields, name, most, /\p{Cc}/u)
}

/** The same, of several lines perhaps. */
export function linesOf(fields: Fields, name: string, most: number): string | undefined {
  return written(fields, name, most, /[^\P{Cc}\t\n\r]/u)
}

function written(fields: Fields, name: string, most: number, refused: RegExp): string | undefined {
  const given = fields[name]
  if (given === undefined || given === null) return undefined
  const text = Number.isSafeInteger(given) ? String(given) : given
  if (typeof text !== 'string') throw badField(name, `The ${words(name)} must be a string.`)
  if (text.length > most) throw badField(name, `The ${words(name)} may not be greater than ${most} characters.`)
  if (!text.isWellFormed() || refused.test(text)) throw badField(name, `The ${words(name)} format is invalid.`)
  return text
}

/** A line of text that has to be there and not be empty. */
export function requiredText(fields: Fields, name: string, most = 256): string {
  const text = textOf(fields, name, most)
  if (text === undefined || text.trim() === '') throw badField(name, `The ${words(name)} field is required.`)
  return text
}

/** One of some words, or undefined where it was left out. */
export function choiceOf<T extends string>(fields: Fields, name: string, choices: readonly T[]): T | undefined {
  const text = textOf(fields, name)
  if (text === undefined) return undefined
  const found = choices.find((choice) => choice === text)
  if (found === undefined) throw badField(name, `The selected ${words(name)} is invalid.`)
  return found
}

/** True or false (also 1, 0 and their texts); false where it was left out. */
export function truthOf(fields: Fields, name: string): boolean {
  const given = fields[name]
  if (given === undefined || given === null) return false
  if (given === true || given === 1 || given === '1' || given === 'true') return true
  if (given === false || given === 0 || given === '0' || given === 'false' || given === '') return false
  throw badField(name, `The ${words(name)} field must be true or false.`)
}

/** A list of texts, each once, or undefined where it was left out. A single text counts as a list of one, an empty one as none. */
export function textsOf(fields: Fields, name: string, most: number, longest = 256): readonly string[] | undefined {
  const given = fields[name]
  if (given === undefined || given === null) return undefined
  const list: unknown = given === '' ? [] : typeof given === 'string' ? [given] : given
  if (!Array.isArray(list)) throw badField(name, `The ${words(name)} must be an array.`)
  if (list.length > most) throw badField(name, `The ${words(name)} may not have more than ${most} items.`)
  return [...new Set(list.map((_, index) => requiredText({ [name]: list[index] }, name, longest)))]
}

/** A JSON object, sent as itself or as JSON text, or undefined where it was left out. */
export function objectOf(fields: Fields, name: string, most: number): { readonly [name: string]: Json } | undefined {
  const given = fields[name]
  if (given === undefined || given === null || given === '') return undefined
  const object: unknown = typeof given === 'string' ? parsed(given) : given
  // The client package writes an empty object as an empty list where it does not know better.
  if (Array.isArray(object) && object.length === 0) return {}
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw badField(name, `The ${words(name)} must be a JSON object.`)
  }
  if (isUnwieldy(object as Json, DEEPEST)) {
    throw badField(name, `The ${words(name)} is nested too deeply, or has a member that cannot be kept.`)
  }
  if (sizeOf(object) > most) throw badField(name, `The ${words(name)} may not be greater than ${most} characters.`)
  return object as { readonly [name: string]: Json }
}

/** The length of a value as JSON; infinite where it is nested too deeply to be written. */
export function sizeOf(value: unknown): number {
  try {
    return JSON.stringify(value).length
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The parameters of a query. Unknown ones are never looked at; of a repeated one the last counts, unless a list is asked for. */
export type Query = {
  /** The text, or undefined where it is absent or empty. */
  text(...names: readonly string[]): string | undefined
  /** All values under `name`, `name[]`, with commas between or repeated; none where it is absent. */
  list(name: string): readonly string[]
  /** A whole number within bounds; `fallback` where it is absent or empty. */
  whole(
    names: readonly string[],
    bounds: { readonly from: number; readonly to: number; readonly fallback: number },
  ): number
  /** Whether it is there and not `0` or `false`. */
  truth(name: string): boolean
}

/** Reads a query that was parsed already. Control characters and broken Unicode in it raise ERR_BAD_REQUEST when they are read. */
export function queryOf(parsedQuery: unknown): Query {
  const given = (parsedQuery ?? {}) as Readonly<Record<string, string | readonly string[] | undefined>>
  const all = (name: string): readonly string[] => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    const values = value === undefined ? [] : typeof value === 'string' ? [value] : value
    return values.map((text) => textOf({ [name]: text }, name, 4096) ?? '')
  }
  const text: Query['text'] = (...names) => {
    const found = names.map((name) => all(name).at(-1)).find((value) => value !== undefined && value !== '')
    return found
  }
  return {
    text,
    list: (name) =>
      [...all(name), ...all(`${name}[]`)].flatMap((value) => value.split(',')).filter((value) => value !== ''),
    whole(names, { from, to, fallback }) {
      const found = text(...names)
      const name = words(names[0] ?? '')
      if (found === undefined) return fallback
      if (!/^-?\d{1,15}$/.test(found)) throw badField(names[0] ?? '', `The ${name} must be an integer.`)
      const number = Number(found)
      if (number < from) throw badField(names[0] ?? '', `The ${name} must be at least ${from}.`)
      if (number > to) throw badField(names[0] ?? '', `The ${name} may not be greater than ${to}.`)
      return number
    },
    truth(name) {
      const found = text(name)
      return found !== undefined && found !== '0' && found !== 'false'
    },
  }
}

/** Which page of a numbered list is asked for: `perPage` (also `per_page`, `limit`) up to 1000, and `page` from 1. */
export type NumberedPage = { readonly page: number; readonly limit: number; readonly offset: number }

/** Reads {@link NumberedPage} out of a query. */
export function pageOf(query: Query, fallback = 100): NumberedPage {
  const limit = query.whole(['perPage', 'per_page', 'limit'], { from: 1, to: 1000, fallback })
  const page = query.whole(['page'], { from: 1, to: 1_000_000, fallback: 1 })
  return { page, limit, offset: (page - 1) * limit }
}

/** `meta.pagination` of a numbered list. */
export function paginationOf({ page, limit }: NumberedPage, total: number, count: number) {
  return {
    total,
    count,
    per_page: limit,
    current_page: page,
    total_pages: Math.max(1, Math.ceil(total / limit)),
  }
}

/** `perPage` as people read it: `per page`. */
function words(name: string): string {
  return name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase()
}
