import type { Json } from '@gatehouse/storage/records/port'
import type { EventType } from './events.ts'

/** An event on its way to one webhook. */
export type OutgoingEvent = {
  /** The same for every webhook and for every try. */
  readonly id: string
  readonly app: string
  readonly type: EventType
  readonly at: number
  /** The id of the webhook it goes to. */
  readonly webhook: string
  /**
   * What storage kept of it, as it was then: `{ attachment }` for `attachment.created`, `{ message }` for `message.created`,
   * `{ change }` for users and revocations, `{ view }` for views and refusals; each in the form of the records port.
   */
  readonly data: { readonly [name: string]: Json }
}

/** A form of body that a surface has for an event. */
export type Body = {
  /** The native event that it tells. */
  readonly tells: EventType
  /** Makes the body, anew for every try; null where there is nothing left to tell, and nothing is sent. MUST hold no token. */
  readonly of: (event: OutgoingEvent) => Promise<{ readonly [name: string]: unknown } | null>
}

/** Forms of bodies by the name under which webhooks ask for them. A name MUST NOT be that of a native event. */
export type Bodies = Readonly<Record<string, Body>>
