import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import type { Exposition } from '../metrics.ts'
import type { Parts } from '../parts.ts'
import { problem } from '../problems.ts'

const Alive = Type.Object({ status: Type.String({ examples: ['ok'] }) })

/** Whether the process lives, whether it can serve, and its figures. `draining` says that it is about to stop. */
export function createHealth(parts: Parts, { metrics, draining }: { metrics: Exposition; draining: () => boolean }) {
  return {
    live: endpoint({
      summary: 'Whether the process lives',
      answers: { 200: Alive },
      handle: async () => ({ status: 200, body: { status: 'ok' } }),
    }),

    ready: endpoint({
      summary:
        'Whether requests can be served: the database and the file store answer, and the process is not stopping',
      answers: { 200: Alive },
      handle: async () => {
        if (draining()) throw problem('not_ready', 'The server is stopping.')
        await Promise.all([parts.records.ping(), parts.blobs.ping()])
        return { status: 200, body: { status: 'ok' } }
      },
    }),

    metrics: endpoint({
      summary: 'Figures for Prometheus',
      answers: {},
      handle: async () => ({ status: 200, type: metrics.contentType, text: await metrics.text() }),
    }),
  }
}
