import type { Json, Page, Paging } from './port-basics.ts'

/**
 * What a webhook asked for: a native event, and the name under which it asked. A surface may know an event by another name, which then
 * also chooses the form of the body.
 */
export type Subscription = { readonly event: string; readonly name: string }

/** An address of an app's own that is told what happens there. */
export type Webhook = {
  readonly app: string
  readonly id: string
  readonly serial: number
  readonly url: string
  readonly subscriptions: readonly Subscription[]
  /** Its secrets, sealed with the master key. */
  readonly sealed: Uint8Array
  readonly createdAt: number
  readonly updatedAt: number
}

/** Webhooks. Deleting one takes everything along that was still to be delivered to it. */
export interface Webhooks {
  /** Raises {@link Missing} (`app`), and {@link Conflict} (`webhook`) where the app has one of this id. */
  create(webhook: Pick<Webhook, 'app' | 'id' | 'url' | 'subscriptions' | 'sealed'> & { at: number }): Promise<Webhook>
  find(app: string, id: string): Promise<Webhook | null>
  findBySerial(serial: number): Promise<Webhook | null>
  /** Oldest first. */
  list(app: string, paging: Paging): Promise<Page<Webhook>>
  /** Changes what is given. What is on its way already keeps the names it was asked for under. */
  update(
    app: string,
    id: string,
    change: { url?: string; subscriptions?: readonly Subscription[]; sealed?: Uint8Array; at: number },
  ): Promise<Webhook | null>
  /** True where there was one. */
  delete(app: string, id: string): Promise<boolean>
}

/**
 * Something that happened, on its way to those who asked to be told. `resource` orders: of one resource a webhook is told in the order
 * in which it happened.
 */
export type NewEvent = {
  readonly app: string
  /** The native name, such as `attachment.created`. */
  readonly type: string
  /** Canonical path of what it happened to. */
  readonly resource: string
  readonly at: number
  readonly data: { readonly [name: string]: Json }
  /** Not to be told before this time; `at` where it is left out. */
  readonly notBefore?: number
}

/** One event for one webhook. */
export type OutgoingDelivery = {
  readonly id: string
  readonly app: string
  /** The webhook's serial. */
  readonly webhook: number
  /** The event's own id: the same for every webhook, and for every try. */
  readonly event: string
  readonly type: string
  /** The name under which the webhook asked for it. */
  readonly name: string
  readonly resource: string
  readonly data: { readonly [name: string]: Json }
  readonly createdAt: number
  /** Tries so far, the one under way included. */
  readonly tries: number
  /** After a failed try at or past this time it is given up. */
  readonly deadline: number
  readonly state: 'pending' | 'delivered' | 'failed'
  /** When it is tried (again); meaningless unless pending. */
  readonly dueAt: number
  readonly lastTryAt: number | null
  /** HTTP status of the last answer; null where there was none. */
  readonly lastStatus: number | null
  /** Why the last try failed, as a code; null where it did not. */
  readonly lastError: string | null
}

/** What came of one try. */
export type Settlement = {
  readonly delivery: string
  readonly outcome: 'delivered' | 'failed' | { readonly againAt: number }
  readonly status: number | null
  readonly error: string | null
}

/**
 * The outbox: events are written in the transaction of what they tell, one row for each webhook that asked, and stay until delivered or given up.
 *
 * Everything else of storage writes its own events: `attachment.created`, `message.created`, `user.deactivated`, `user.activated`,
 * `user.deleted`, `user.merged` and `revocation.applied` with their rows, `attachment.viewed` and `attachment.refused` after their lines of the
 * access log. Times are those of the callers' clocks; nodes whose clocks differ by more than a lease may deliver twice.
 */
export interface Outbox {
  /** Writes events that accompany no other write of storage. Those that nobody asked for leave nothing. */
  add(events: readonly NewEvent[]): Promise<void>
  /** Serials of the webhooks for which something is due. */
  due(at: number): Promise<readonly number[]>
  /**
   * Takes up to `limit` deliveries of one webhook that are due, the oldest of each resource only, counts a try, and keeps them from
   * everybody else until `until`. `more` says that asking again at once is worth it.
   */
  claim(claim: {
    webhook: number
    holder: string
    at: number
    until: number
    limit: number
  }): Promise<{ readonly deliveries: readonly OutgoingDelivery[]; readonly more: boolean }>
  /** Writes what came of tries. Those that `holder` does not hold any more stay as they are. */
  settle(webhook: number, holder: string, settlements: readonly Settlement[], at: number): Promise<void>
  /** Gives back everything that anybody holds: only where no other process can be at work. */
  releaseAll(at: number): Promise<void>
  /** Deliveries of one webhook, newest first. */
  list(
    app: string,
    webhook: string,
    paging: Paging & { state?: OutgoingDelivery['state'] },
  ): Promise<Page<OutgoingDelivery>>
  find(app: string, webhook: string, delivery: string): Promise<OutgoingDelivery | null>
  /** Makes deliveries that were given up or delivered due again, one of them or all that were given up; answers how many. */
  replay(app: string, webhook: string, which: { delivery: string } | 'failed', at: number): Promise<number>
  /** Deletes settled deliveries: those delivered before one time, those given up before another; at most `limit`. Answers how many went. */
  prune(before: { delivered: number; failed: number }, limit: number): Promise<number>
}
