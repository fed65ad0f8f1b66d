import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'
import type { Caller } from './judge.ts'

/** The answers of an endpoint by status: the schema of the body, or null for none. */
export type Answers = Readonly<Record<number, TSchema | null>>

/** One of the declared answers. `location` is where the thing that was made can be read. */
export type Answer<A extends Answers> =
  | {
      [S in keyof A & number]: A[S] extends TSchema
        ? { readonly status: S; readonly body: Static<A[S]>; readonly location?: string }
        : { readonly status: S }
    }[keyof A & number]
  | Plain
  | Raw

/** An answer that is no JSON document: text, or a stream of it. */
export type Plain = { readonly status: 200; readonly type: string; readonly text: string | Readable }

/** An answer that the gate has made, header by header. */
export type Raw = {
  readonly raw: { readonly status: number; readonly headers: readonly string[]; readonly body: string }
}

/** An answer of any endpoint. */
export type AnyAnswer = { readonly status: number; readonly body?: unknown; readonly location?: string } | Plain | Raw

/** A call that has been let in and validated. */
export type Call<P, Q, B> = {
  readonly params: P
  readonly query: Q
  readonly body: B
  /** Who is calling. Reading it on a route that is open to everybody is a fault. */
  readonly caller: Caller
  /** The request itself, for forms and for the head. */
  readonly request: FastifyRequest
  /**
   * Does the work of a creating form once for each `Idempotency-Key`: `content` says what was sent, so that the same key with
   * other content is told. Endpoints with a JSON body need not call it; it is done for them.
   */
  readonly once: (content: string, work: () => Promise<AnyAnswer>) => Promise<AnyAnswer>
}

/** One call of the API: what it takes, what it answers, and what it does. Made by {@link endpoint}. */
export type Endpoint = {
  readonly summary: string
  readonly description: string
  readonly params: TObject
  readonly query: TObject
  readonly body: TSchema | null
  /** Whether no body at all stands for an empty object. */
  readonly bodyOptional: boolean
  /** The multipart form it takes in place of a JSON body, for the document; the endpoint reads the form itself. */
  readonly form: TSchema | null
  /** The most bytes of a JSON body. */
  readonly bodyLimit: number
  readonly answers: Answers
  /** Whether repeating it with the same `Idempotency-Key` does the work once. */
  readonly idempotent: boolean
  readonly handle: (call: Call<unknown, unknown, unknown>) => Promise<AnyAnswer>
}

/** The most bytes of a JSON body where an endpoint says nothing else. */
export const BODY_LIMIT = 1024 * 1024

/**
 * Declares an endpoint. The schemas give validation, types, the OpenAPI document and the form of the answer: what they do
 * not name is refused on the way in and left out on the way out.
 */
export function endpoint<
  const A extends Answers,
  P extends TProperties = Record<never, never>,
  Q extends TProperties = Record<never, never>,
  B extends TSchema = TSchema,
>(declared: {
  summary: string
  description?: string
  params?: P
  query?: Q
  body?: B
  bodyOptional?: boolean
  form?: TSchema
  bodyLimit?: number
  answers: A
  idempotent?: boolean
  handle: (call: Call<Static<TObject<P>>, Static<TObject<Q>>, Static<B>>) => Promise<Answer<A>>
}): Endpoint {
  return {
    summary: declared.summary,
    description: declared.description ?? '',
    params: Type.Object(declared.params ?? {}),
    query: Type.Object(declared.query ?? {}, { additionalProperties: false }),
    body: declared.body ?? null,
    bodyOptional: declared.bodyOptional ?? false,
    form: declared.form ?? null,
    bodyLimit: declared.bodyLimit ?? BODY_LIMIT,
    answers: declared.answers,
    idempotent: declared.idempotent ?? false,
    // The validated call has exactly the types of the schemas above; only the erased form does not show it.
    handle: declared.handle as unknown as Endpoint['handle'],
  }
}
