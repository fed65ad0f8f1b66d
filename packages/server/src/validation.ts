import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import { Settings } from 'typebox/system'
import { invalid, type Problem, type Violation } from './problems.ts'

/** The part of a request that a schema is for, as Fastify calls it. */
type Part = 'body' | 'params' | 'querystring' | 'headers'

/** Checks a value; answers it, or the error that tells all that is wrong. */
export type Validator = (value: unknown) => { readonly value: unknown } | { readonly error: Problem }

/** So many things that are wrong are told at once. */
const MOST = 100

/**
 * Prepares to check against a schema, which is compiled at the first value: there are hundreds, and all together they would hold up the
 * start. Texts of path and query become numbers and truth values where the schema wants those; bodies stay as they are.
 */
export function compileValidator(schema: TSchema, part: Part): Validator {
  Settings.Set({ maxErrors: MOST })
  let compiled: ReturnType<typeof Compile> | null = null
  return (given) => {
    compiled ??= Compile(schema)
    const value = part === 'body' ? given : convert(schema, given)
    return compiled.Check(value) ? { value } : { error: invalid(...violations(compiled.Errors(value), part)) }
  }
}

/**
 * The texts of a flat object as whole numbers and truth values where its schema wants those. Only the plain spelling counts:
 * `1.5`, `1e2` and `0x5` stay texts, and fail.
 */
function convert(schema: TSchema, given: unknown): unknown {
  const { properties = {} } = schema as { properties?: Readonly<Record<string, { type?: unknown }>> }
  const texts = Object.entries((given ?? {}) as Record<string, unknown>)
  return Object.fromEntries(
    texts.map(([name, text]) => {
      const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined
      if (type === 'integer' && typeof text === 'string' && WHOLE.test(text)) return [name, Number(text)]
      if (type === 'boolean' && (text === 'true' || text === 'false')) return [name, text === 'true']
      return [name, text]
    }),
  )
}

const WHOLE = /^-?(0|[1-9]\d{0,14})$/

/** One violation for each place: what the branches of a union want is joined by "or". */
function violations(errors: readonly TLocalizedValidationError[], part: Part): Violation[] {
  const places = new Map<string, Set<string>>()
  const note = (pointer: string, message: string) => {
    const place = name(pointer, part)
    places.set(place, (places.get(place) ?? new Set()).add(message))
  }
  for (const error of errors) {
    if (error.keyword === 'required') {
      for (const property of error.params.requiredProperties) note(`${error.instancePath}/${property}`, 'is missing')
    } else if (error.keyword === 'boolean') note(error.instancePath, 'is not known here')
    else if (error.keyword !== 'additionalProperties' && error.keyword !== 'anyOf') {
      note(error.instancePath, error.message)
    }
  }
  return [...places].map(([path, messages]) => ({ path, message: [...messages].join(' or ') }))
}

/** A JSON pointer into the body, `?name` of the query, or `{name}` of the path. */
function name(pointer: string, part: Part): string {
  if (part === 'body') return pointer === '' ? '/' : pointer
  const first = pointer.split('/')[1] ?? ''
  return part === 'querystring' ? `?${first}` : `{${first}}`
}
