import type { Generated } from 'kysely'

/** Webhooks. */
export type WebhooksTable = {
  serial: Generated<number>
  app: string
  id: string
  /** JSON. */
  url: string
  /** JSON. */
  subscriptions: string
  sealed: Uint8Array
  /** 1 while what is left of a deleted one is removed. */
  gone: number
  created_at: number
  updated_at: number
}

/** The subscriptions of webhooks once more, in the order in which events look for them. */
export type SubscriptionsTable = { app: string; event: string; webhook: number; name: string }

/** The outbox: one row for each event and webhook, kept for a while after it is settled. */
export type DeliveriesTable = {
  serial: Generated<number>
  app: string
  webhook: number
  event_id: string
  event: string
  name: string
  resource: string
  /** JSON. */
  data: string
  created_at: number
  deadline: number
  state: 'pending' | 'delivered' | 'failed'
  not_before: number
  due_at: number
  /** Who is at work on it; then `due_at` is when it may be taken by others. */
  holder: string | null
  tries: number
  last_try_at: number | null
  last_status: number | null
  last_error: string | null
  settled_at: number | null
}
