import { randomBytes } from 'node:crypto'
import type { OutgoingDelivery, Records, Settlement } from '@gatehouse/storage/records/port'
import type { Logger } from 'pino'
import { type DeliveryParts, deliver, PATIENCE } from './delivery.ts'

/** What takes events out of the outbox and delivers them. */
export type Dispatcher = {
  /** Begins with everything that is due now; answers once all of it is under way. */
  round(): Promise<void>
  /** Answers once nothing is under way. */
  idle(): Promise<void>
  /** Looks for what is due again and again, from now on. */
  start(): void
  /** Takes nothing more, gives what is under way a moment, and answers once all is written down. */
  stop(): Promise<void>
}

/** How often the outbox is asked. */
const POLL = 200

/** How long a delivery is kept from others: longer than one can take, so that two nodes send the same only where one has died. */
const LEASE = 2 * PATIENCE

/** Deliveries to one receiver at a time; a receiver that fails gets one at a time until it works again. */
const AT_ONCE = 8

/** What deliveries under way get when the server stops. */
const GRACE = 1000

/**
 * Creates a dispatcher. Every webhook has a queue of its own, so that a receiver that is slow or gone delays nobody else. Any number of nodes
 * may have one: what one has taken is left alone by the others for a while.
 */
export function createDispatcher(
  parts: DeliveryParts & {
    readonly records: Records
    readonly log: Logger
    readonly settled: (settlement: Settlement) => void
  },
): Dispatcher {
  const { records, log, now } = parts
  const holder = randomBytes(9).toString('base64url')
  const queues = new Map<number, Promise<void>>()
  const ending = new AbortController()
  let stopped = false
  let timer: NodeJS.Timeout | null = null

  /** Serves one webhook until nothing is due for it. */
  async function serve(serial: number): Promise<void> {
    let atOnce = AT_ONCE
    const write = createWriter(async (settlements) => records.outbox.settle(serial, holder, settlements, now()))
    while (!stopped) {
      const webhook = await records.webhooks.findBySerial(serial)
      if (webhook === null) return
      const at = now()
      const claim = { webhook: serial, holder, at, until: at + LEASE, limit: atOnce }
      const { deliveries, more } = await records.outbox.claim(claim)
      const settlements = await Promise.all(
        deliveries.map(async (delivery) => {
          const settlement = await deliver(parts, webhook, delivery, ending.signal).catch((error: unknown) =>
            fault(delivery, error),
          )
          parts.settled(settlement)
          await write(settlement)
          return settlement
        }),
      )
      const worked = settlements.some(({ outcome }) => outcome === 'delivered')
      if (deliveries.length > 0) atOnce = worked ? AT_ONCE : 1
      else if (!more) return
    }
  }

  /** A fault of ours, such as a database that does not answer, is no reason to give anything up. */
  function fault(delivery: OutgoingDelivery, error: unknown): Settlement {
    log.error({ err: error, webhook: delivery.webhook, delivery: delivery.id }, 'an event could not be delivered')
    return { delivery: delivery.id, outcome: { againAt: now() + PATIENCE }, status: null, error: 'internal' }
  }

  async function round(): Promise<void> {
    if (stopped) return
    for (const serial of await records.outbox.due(now())) {
      if (stopped || queues.has(serial)) continue
      const queue = serve(serial)
        .catch((error: unknown) => log.warn({ err: error, webhook: serial }, 'a queue of events stopped for now'))
        .finally(() => queues.delete(serial))
      queues.set(serial, queue)
    }
  }

  return {
    round,
    async idle() {
      while (queues.size > 0) await Promise.all(queues.values())
    },
    start() {
      const again = () => {
        if (stopped) return
        round()
          .catch((error: unknown) => log.debug({ err: error }, 'the outbox could not be read'))
          .finally(() => {
            timer = setTimeout(again, POLL).unref()
          })
      }
      again()
    },
    async stop() {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      const grace = setTimeout(() => ending.abort(), GRACE)
      await Promise.all(queues.values())
      clearTimeout(grace)
      ending.abort()
    },
  }
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
