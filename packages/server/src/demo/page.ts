import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { open } from '../ask.ts'
import type { Parts } from '../parts.ts'
import { ASSETS } from './samples.ts'
import { demoState } from './state.ts'

/** A route of the demonstration. None asks for a credential; `why` says so where routes are listed. */
export type DemoRoute = {
  readonly method: 'GET'
  readonly path: string
  readonly why: string
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
}

const WHY = 'the demonstration page, only with --demo'

const FILES = [
  { path: '/', file: 'index.html', contentType: 'text/html; charset=utf-8' },
  { path: '/demo/page.css', file: 'page.css', contentType: 'text/css; charset=utf-8' },
  { path: '/demo/card.css', file: 'card.css', contentType: 'text/css; charset=utf-8' },
  { path: '/demo/panels.css', file: 'panels.css', contentType: 'text/css; charset=utf-8' },
  { path: '/demo/cookie.css', file: 'cookie.css', contentType: 'text/css; charset=utf-8' },
  { path: '/demo/page.js', file: 'page.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/demo/card.js', file: 'card.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/demo/calls.js', file: 'calls.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/demo/cookie.js', file: 'cookie.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/demo/words.js', file: 'words.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/demo/icon.svg', file: 'icon.svg', contentType: 'image/svg+xml' },
] as const

/** Adds the demonstration's routes to the API, before `ready()`. MUST be called only where the server runs with `--demo`. */
export function mountDemo(app: FastifyInstance, parts: Parts): void {
  for (const { method, path, why, handle } of demoRoutes(parts)) {
    app.route({ method, url: path, config: { asking: open(why) }, schema: { hide: true }, handler: handle })
  }
}

/**
 * The routes of the demonstration: the page, its few files, and `/demo/state`, what the page knows. MUST be mounted only where
 * the server runs with `--demo`, since the state holds a token for the demonstration's app.
 */
export function demoRoutes(parts: Parts): readonly DemoRoute[] {
  const policy = contentPolicy(new URL(parts.config.mediaUrl).origin)
  const files = FILES.map(({ path, file, contentType }): DemoRoute => {
    const bytes = readFileSync(new URL(`page/${file}`, ASSETS))
    return {
      method: 'GET',
      path,
      why: WHY,
      handle: async (_request, reply) =>
        reply
          .headers({ ...HEADERS, 'content-security-policy': policy, 'cache-control': 'no-cache' })
          .type(contentType)
          .send(bytes),
    }
  })
  const state: DemoRoute = {
    method: 'GET',
    path: '/demo/state',
    why: WHY,
    handle: async (_request, reply) => {
      const found = await demoState(parts)
      reply.headers({ ...HEADERS, 'cache-control': 'no-store' }).type('application/json; charset=utf-8')
      return reply.send(JSON.stringify(found))
    },
  }
  return [...files, state]
}

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

/** Own files only, and the media, wherever they come from. `blob:` is what the page has fetched itself. */
function contentPolicy(media: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ${media}`,
    "img-src 'self' blob:",
    `media-src 'self' ${media}`,
    'frame-src blob:',
    'object-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
