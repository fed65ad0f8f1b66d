import type { OutgoingDelivery, Records, Settlement, Webhook } from '@gatehouse/storage/records/port'
import type { Logger } from 'pino'
import { type DeliveryParts, deliver, failure, PATIENCE } from './delivery.ts'

/** The deliveries to one webhook that are under way. */
export type Queue = {
  /** Settles, never rejects, once nothing is under way and nothing more is taken. */
  readonly done: Promise<void>
  /** Says that there may be more to take. */
  wake(): void
}

/** What a queue is made of. */
export type QueueParts = DeliveryParts & {
  readonly records: Records
  readonly log: Logger
  /** Hears what came of each try. */
  readonly settled: (settlement: Settlement) => void
}

/** How long a delivery is kept from others: longer than one can take, so that two nodes send the same only where one has died. */
const LEASE = 2 * PATIENCE

/** Deliveries to one receiver at a time; a receiver that fails gets one at a time until it works again. */
const AT_ONCE = 8

/**
 * Delivers what is due for one webhook until nothing is. `holder` names who takes it; with `stopping` aborted nothing more is taken,
 * with `ending` what is under way is given up.
 */
export function runQueue(
  parts: QueueParts,
  {
    webhook: serial,
    holder,
    stopping,
    ending,
  }: {
    readonly webhook: number
    readonly holder: string
    readonly stopping: AbortSignal
    readonly ending: AbortSignal
  },
): Queue {
  const { records, log, now } = parts
  const running = new Set<Promise<void>>()
  const write = createWriter((settlements) => records.outbox.settle(serial, holder, settlements, now()))
  let atOnce = AT_ONCE
  let broken = false
  let woken = Promise.withResolvers<void>()

  async function attempt(webhook: Webhook, delivery: OutgoingDelivery): Promise<void> {
    const settlement = await deliver(parts, webhook, delivery, ending).catch((error: unknown) => {
      log.error({ err: error, webhook: webhook.id, delivery: delivery.id }, 'an event could not be delivered')
      return failure(delivery, { at: now(), random: parts.random() }, { status: null, error: 'internal' })
    })
    atOnce = settlement.outcome === 'delivered' ? AT_ONCE : 1
    parts.settled(settlement)
    await write(settlement).catch((error: unknown) => {
      broken = true
      log.warn({ err: error, webhook: webhook.id }, 'what came of an event could not be written; it is sent again')
    })
  }

  async function run(): Promise<void> {
    while (!stopping.aborted && !broken) {
      woken = Promise.withResolvers()
      const webhook = await records.webhooks.findBySerial(serial)
      if (webhook === null) return
      const at = now()
      const limit = Math.max(1, atOnce - running.size)
      const claim = { webhook: serial, holder, at, until: at + LEASE, limit }
      const { deliveries, more } = await records.outbox.claim(claim)
      for (const delivery of deliveries) {
        const attempted: Promise<void> = attempt(webhook, delivery).finally(() => running.delete(attempted))
        running.add(attempted)
      }
      if (deliveries.length === 0 && !more) {
        if (running.size === 0) return
        await Promise.race([...running, woken.promise])
      }
      // One that is slow does not keep the others waiting, and those that are quick are taken several together.
      while (running.size > atOnce / 2) await Promise.race(running)
    }
  }

  const done = run()
    .catch((error: unknown) => log.warn({ err: error, webhook: serial }, 'events for a webhook have to wait'))
    .then(() => Promise.all(running))
    .then(() => {})
  return { done, wake: () => woken.resolve() }
}

/** Writes what was settled while the last write was under way in one go. */
function createWriter(write: (settlements: readonly Settlement[]) => Promise<void>) {
  let waiting: Settlement[] = []
  let next: Promise<void> | null = null
  let last: Promise<void> = Promise.resolve()
  return (settlement: Settlement): Promise<void> => {
    waiting.push(settlement)
    next ??= last
      .catch(() => {})
      .then(() => {
        const some = waiting
        waiting = []
        next = null
        last = write(some)
        return last
      })
    return next
  }
}
