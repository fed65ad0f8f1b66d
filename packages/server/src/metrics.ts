import type { Settlement } from '@gatehouse/storage/records/port'
import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client'

/** The figures of one thread, as they go between threads. */
export type Figures = readonly MetricObjectWithValues<MetricValue<string>>[]

/** What `/metrics` answers, in the text format of Prometheus. */
export type Exposition = { readonly contentType: string; readonly text: () => Promise<string> }

/** The figures of a node that serves with one thread. */
export function exposeOwn(registry: Registry): Exposition {
  return { contentType: registry.contentType, text: () => registry.metrics() }
}

/** The figures of all threads of a node taken together; `gather` asks each for its own. */
export function exposeAll(gather: () => Promise<readonly Figures[]>): Exposition {
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    text: async () => AggregatorRegistry.aggregate([...(await gather())] as object[]).metrics(),
  }
}

/** The figures that the server keeps of itself. */
export type Metrics = {
  readonly registry: Registry
  /** Notes one media answer. */
  media(status: number, bytes: number): void
  /** Notes one refusal. */
  refused(reason: string): void
  /** Notes one change of standing. */
  changed(milliseconds: number, cut: number): void
  /** Notes lines of the access log that could not be kept. */
  viewsLost(lines: number): void
  /** Notes one try to tell a webhook something. */
  told(settlement: Settlement): void
}

/**
 * Registers the figures. No label holds anything of a credential, a user or a path. `ofProcess` adds those of the process, which one
 * thread of it tells for all.
 */
export function createMetrics(registry: Registry, ofProcess: boolean): Metrics {
  const registers = [registry]
  if (ofProcess) collectDefaultMetrics({ register: registry })
  // Counted here and told when somebody asks: a counter of the library looks its labels up each time.
  const answersByStatus = new Map<number, number>()
  let bytesSent = 0
  new Counter({
    name: 'gatehouse_media_answers_total',
    help: 'Answers of the media path, by status.',
    labelNames: ['status'],
    registers,
    collect() {
      this.reset()
      for (const [status, count] of answersByStatus) this.inc({ status }, count)
    },
  })
  new Counter({
    name: 'gatehouse_media_bytes_total',
    help: 'Bytes of media sent.',
    registers,
    collect() {
      this.reset()
      this.inc(bytesSent)
    },
  })
  const refusals = new Counter({
    name: 'gatehouse_refusals_total',
    help: 'Refusals of the gate, by reason.',
    labelNames: ['reason'],
    registers,
  })
  const changes = new Histogram({
    name: 'gatehouse_revocation_seconds',
    help: 'Time until a change of standing was in force everywhere.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1],
    registers,
  })
  const cut = new Counter({
    name: 'gatehouse_responses_cut_total',
    help: 'Open responses ended by a change.',
    registers,
  })
  const lost = new Counter({
    name: 'gatehouse_access_log_lost_total',
    help: 'Lines of the access log that could not be written.',
    registers,
  })
  const tries = new Counter({
    name: 'gatehouse_webhook_tries_total',
    help: 'Tries to tell webhooks something: delivered, again (it is tried again later) or failed (given up).',
    labelNames: ['outcome'],
    registers,
  })
  return {
    registry,
    media(status, bytes) {
      answersByStatus.set(status, (answersByStatus.get(status) ?? 0) + 1)
      bytesSent += bytes
    },
    refused: (reason) => refusals.inc({ reason }),
    changed(milliseconds, responses) {
      changes.observe(milliseconds / 1000)
      cut.inc(responses)
    },
    viewsLost: (lines) => lost.inc(lines),
    told: ({ outcome }) => tries.inc({ outcome: typeof outcome === 'string' ? outcome : 'again' }),
  }
}
