import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Dialect } from './gate/dialect.ts'
import type { Bodies } from './webhooks/bodies.ts'

/** A vendor-shaped face of the house: calls of another system, translated. Made by wiring, mounted beside the native API. */
export type Surface = {
  /** Its name, as the operator knows it. */
  readonly name: string
  /** How its clients show what they hold at media paths, and are answered there, where that is not in our own language. */
  readonly dialect?: Dialect
  /** The names under which its clients keep media tokens as cookies. */
  readonly cookies?: readonly string[]
  /** What it says to webhooks in place of the native body, by the names under which they ask for it. */
  readonly bodies?: Bodies
  /** Whether a request is this surface's, known call or not: it is answered in its words then. */
  owns(method: string, url: string): boolean
  /** Comes before anything else is looked at: answers preflights, and says which pages may read the answer. */
  before(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
  /** Registers its calls. Each MUST declare what it asks for (`askThroughSurface`), and ask the gate itself. */
  mount(app: FastifyInstance): void
  /** Answers what went wrong before a call was found. */
  fail(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<unknown>
}

/** What all surfaces together say to webhooks in words of their own. */
export function bodiesOf(surfaces: readonly Surface[]): Bodies {
  return Object.assign({}, ...surfaces.map(({ bodies }) => bodies))
}
