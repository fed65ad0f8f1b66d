import { randomBytes } from 'node:crypto'
import { type Queue, type QueueParts, runQueue } from './queue.ts'

/** What takes events out of the outbox and delivers them. */
export type Dispatcher = {
  /** Begins with everything that is due now; answers once all of it is on its way. */
  round(): Promise<void>
  /** Answers once nothing is on its way. */
  idle(): Promise<void>
  /** Looks for what is due again and again, from now on. */
  start(): void
  /** Takes nothing more, gives what is on its way a moment, and answers once all is written down. */
  stop(): Promise<void>
}

/** How often the outbox is asked, in milliseconds. */
const POLL = 200

/** What is on its way gets so long when the server stops, in milliseconds. */
const GRACE = 1000

/**
 * Creates a dispatcher. Every webhook has a queue of its own, so that a receiver that is slow or gone delays nobody else. Any number of nodes
 * may have one: what one has taken is left alone by the others for a while.
 */
export function createDispatcher(parts: QueueParts): Dispatcher {
  const { records, log, now } = parts
  const holder = randomBytes(9).toString('base64url')
  const queues = new Map<number, Queue>()
  const stopping = new AbortController()
  const ending = new AbortController()
  let timer: NodeJS.Timeout | null = null
  let asking: Promise<void> = Promise.resolve()

  async function round(): Promise<void> {
    for (const webhook of await records.outbox.due(now())) {
      if (stopping.signal.aborted) return
      const running = queues.get(webhook)
      if (running !== undefined) {
        running.wake()
        continue
      }
      const queue = runQueue(parts, { webhook, holder, stopping: stopping.signal, ending: ending.signal })
      queues.set(webhook, queue)
      void queue.done.then(() => queues.delete(webhook))
    }
  }

  async function idle(): Promise<void> {
    while (queues.size > 0) await Promise.all([...queues.values()].map(({ done }) => done))
  }

  function again(): void {
    asking = round().catch((error: unknown) => log.debug({ err: error }, 'the outbox could not be read'))
    void asking.then(() => {
      if (!stopping.signal.aborted) timer = setTimeout(again, POLL).unref()
    })
  }

  return {
    round,
    idle,
    start: again,
    async stop() {
      stopping.abort()
      if (timer !== null) clearTimeout(timer)
      const grace = setTimeout(() => ending.abort(), GRACE)
      await asking
      for (const queue of queues.values()) queue.wake()
      await idle()
      clearTimeout(grace)
    },
  }
}
