import { Counter, collectDefaultMetrics, Histogram, type Registry } from 'prom-client'

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
}

/** Registers the figures. No label holds anything of a credential, a user or a path. */
export function createMetrics(registry: Registry): Metrics {
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const answers = new Counter({
    name: 'gatehouse_media_answers_total',
    help: 'Answers of the media path, by status.',
    labelNames: ['status'],
    registers,
  })
  const bytes = new Counter({ name: 'gatehouse_media_bytes_total', help: 'Bytes of media sent.', registers })
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
  // One object per status: looking a label up costs more than counting.
  const byStatus = new Map<number, Counter.Internal>()
  return {
    registry,
    media(status, sent) {
      let counter = byStatus.get(status)
      if (counter === undefined) {
        counter = answers.labels(String(status))
        byStatus.set(status, counter)
      }
      counter.inc()
      if (sent > 0) bytes.inc(sent)
    },
    refused: (reason) => refusals.inc({ reason }),
    changed(milliseconds, responses) {
      changes.observe(milliseconds / 1000)
      cut.inc(responses)
    },
    viewsLost: (lines) => lost.inc(lines),
  }
}
