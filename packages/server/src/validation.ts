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

/** Compiles a schema. Texts of path and query become numbers and truth values where the schema wants those; bodies stay as they are. */
export function compileValidator(schema: TSchema, part: Part): Validator {
  Settings.Set({ maxErrors: MOST })
  const compiled = Compile(schema)
  return (given) => {
    const value = part === 'body' ? given : compiled.Convert(given)
    return compiled.Check(value) ? { value } : { error: invalid(...violations(compiled.Errors(value), part)) }
  }
}

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
