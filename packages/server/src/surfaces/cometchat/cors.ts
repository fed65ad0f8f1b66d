import { setTimeout } from 'node:timers/promises'
import type { Records } from '@gatehouse/storage/records/port'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { allPages } from '../../paging.ts'
import { settingsOf } from '../../settings.ts'

const METHODS = 'GET, POST, PUT, PATCH, DELETE'
const HEADERS = 'appid, authtoken, apikey, onbehalfof, resource, sdk, content-type, accept'
const EXPOSED = 'Retry-After, X-Request-Id'

/** Says to browsers that pages of this origin may read the answer, where it is listed. No credentials: none are cookies. */
export function allowOrigin(request: FastifyRequest, reply: FastifyReply, allowed: readonly string[]): void {
  const { origin } = request.headers
  if (origin === undefined) return
  reply.header('vary', 'Origin')
  if (origin === 'null' || !allowed.includes(origin)) return
  reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED })
}

/** Answers a preflight: 204, or 403 without a word where the origin is nobody's. */
export function answerPreflight(request: FastifyRequest, reply: FastifyReply, listed: boolean) {
  const { origin } = request.headers
  reply.header('vary', 'Origin')
  if (origin === undefined || !listed) return reply.code(403).send()
  reply.headers({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': METHODS,
    'access-control-allow-headers': HEADERS,
    'access-control-max-age': '600',
  })
  return reply.code(204).send()
}

/** Knows whether any app lists an origin. A preflight names no app, and gives nothing away: the answer itself is checked again. */
export type Origins = { listed(origin: string | undefined): Promise<boolean> }

/** How long an origin that was found listed is not looked for again. */
const FOUND_LASTS = 60_000

/** After each walk so many times as long as it took nothing is looked up: anybody may ask, and whatever they like. */
const REST = 9
/** Rest is never longer, in milliseconds. */
const LONGEST_REST = 2_000

/**
 * Creates the look-up over the settings of all apps. One walk through the apps goes on at a time, and a tenth of the time at most; whoever
 * asks for an origin that is not known waits for one that began after the question. `pause` waits.
 */
export function createOrigins(
  apps: Pick<Records['apps'], 'list'>,
  now: () => number,
  pause: (milliseconds: number) => Promise<unknown> = setTimeout,
): Origins {
  let known: ReadonlySet<string> = new Set()
  let knownUntil = 0
  let restUntil = 0
  let walking: Promise<void> | null = null

  async function walk(): Promise<void> {
    const rest = Math.min(restUntil - now(), LONGEST_REST)
    if (rest > 0) await pause(rest)
    const began = now()
    try {
      await look()
    } finally {
      restUntil = now() + REST * (now() - began)
    }
  }

  async function look(): Promise<void> {
    const found = new Set<string>()
    for await (const page of allPages((paging) => apps.list(paging))) {
      for (const { settings } of page) for (const origin of settingsOf(settings).allowedOrigins) found.add(origin)
    }
    known = found
    knownUntil = now() + FOUND_LASTS
  }

  function begin(): Promise<void> {
    walking ??= walk().finally(() => {
      walking = null
    })
    return walking
  }

  return {
    async listed(origin) {
      if (origin === undefined || origin === 'null') return false
      if (known.has(origin) && now() < knownUntil) return true
      await walking?.catch(() => {})
      if (!(known.has(origin) && now() < knownUntil)) await begin()
      return known.has(origin)
    },
  }
}
