import { ACTIONS } from '@gatehouse/core/access'
import { isId } from '@gatehouse/core/resource'
import { type TProperties, type TSchema, Type } from 'typebox'

/** An object that holds these properties and no others. */
export function Exactly<P extends TProperties>(properties: P, options: Record<string, unknown> = {}) {
  return Type.Object(properties, { ...options, additionalProperties: false })
}

/** The value or null. */
export function Nullable<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()])
}

/** An id, made here or chosen by the caller: what core's `isId` accepts. */
export const Id = Type.Refine(
  Type.String({
    minLength: 1,
    maxLength: 128,
    description: '1–128 characters, none of / \\ % and control characters, not . or .., in Unicode form NFC.',
    examples: ['alice'],
  }),
  isId,
  () => 'must be an id: 1–128 characters, none of / \\ % and control characters, not . or .., in form NFC',
)

/** A point in time as answers show it. */
export const Time = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] })

/** A point in time as requests name it: ISO 8601 with a zone. */
export const TimeIn = Type.Refine(
  Type.String({ maxLength: 40, examples: ['2026-01-31T12:00:00Z'], description: 'ISO 8601 with Z or an offset.' }),
  (text) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)),
  () => 'must be a time in ISO 8601 with Z or an offset',
)

/** A name for people: one line. */
export const Name = Type.Refine(
  Type.String({ minLength: 1, maxLength: 256 }),
  (text) => text.isWellFormed() && !/\p{Cc}/u.test(text),
  () => 'must not hold control characters',
)

/** Any JSON object. */
export const AnyObject = Type.Unsafe<Record<string, unknown>>(Type.Object({}, { additionalProperties: true }))

/** What an app keeps with its users: a JSON object of at most 16 KB. */
export const Metadata = Type.Refine(
  AnyObject,
  (value) => {
    try {
      return JSON.stringify(value).length <= 16_384
    } catch {
      return false // nested too deeply to be written
    }
  },
  () => 'must be an object whose JSON has at most 16384 characters',
)

/** Words to find something by. */
export const Tags = Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
  maxItems: 25,
  uniqueItems: true,
  examples: [['beta']],
})

/** What a change of standing achieved. */
export const RevocationAnswer = Type.Object(
  {
    sequence: Type.Integer({ description: 'The place of the change in the log of changes.' }),
    nodes: Type.Integer({ description: 'Live nodes on which it is in force.' }),
    milliseconds: Type.Number({ description: 'How long that took.' }),
    cut: Type.Integer({ description: 'Open responses and sockets that were ended by it.' }),
  },
  { examples: [{ sequence: 42, nodes: 1, milliseconds: 3.2, cut: 0 }] },
)

/** Limits of a grant, as the API takes them. */
const Limits = Exactly({
  ip: Type.Optional(
    Type.Array(Type.String({ maxLength: 64 }), {
      minItems: 1,
      maxItems: 64,
      description: 'Addresses and CIDR ranges.',
      examples: [['203.0.113.7', '2001:db8::/48']],
    }),
  ),
  userAgent: Type.Optional(Type.String({ maxLength: 512, description: 'The exact User-Agent.' })),
  origin: Type.Optional(
    Type.Array(Type.String({ maxLength: 256 }), { minItems: 1, maxItems: 64, examples: [['https://chat.example']] }),
  ),
  notBefore: Type.Optional(
    Type.Union([Type.String({ maxLength: 40 }), Type.Integer()], {
      description: 'When the grant begins: ISO 8601 in UTC, or whole seconds since 1970.',
      examples: ['2026-01-31T12:00:00Z'],
    }),
  ),
  maxUses: Type.Optional(Type.Integer({ minimum: 1, description: 'How many views it is good for.' })),
})

/** A grant, as the API takes it. */
export const GrantIn = Exactly({
  actions: Type.Array(Type.Union(ACTIONS.map((action) => Type.Literal(action))), {
    minItems: 1,
    maxItems: ACTIONS.length,
    examples: [['read']],
  }),
  resource: Type.String({
    maxLength: 4096,
    description: 'The percent-encoded path at and below which the actions are granted.',
    examples: ['/apps/0a1b2c3d4e5f60718293a4b5/conversations/team'],
  }),
  limits: Type.Optional(Limits),
})

/** The schema of a list's answer. */
export function List<S extends TSchema>(item: S) {
  return Type.Object({
    items: Type.Array(item),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'Hand it in as `cursor` to get what follows; null at the end.',
    }),
  })
}

/** The query of every list. */
export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
}

/** The body of every error (RFC 9457). */
export const ProblemBody = Type.Object(
  {
    type: Type.String({ description: 'Where the reference explains it.' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable; the reference lists all.' }),
    detail: Type.Optional(Type.String()),
    instance: Type.String({ description: 'The request, as it stands in the log.' }),
    errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  },
  {
    examples: [
      {
        type: '/docs/errors#not_found',
        title: 'Not found',
        status: 404,
        code: 'not_found',
        detail: 'There is nothing under this name; check the ids in the path.',
        instance: 'urn:request:5f0c3d2e1b4a69788796a5b4',
      },
    ],
  },
)
