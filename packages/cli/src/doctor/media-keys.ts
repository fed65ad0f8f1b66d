import type { Config } from '@gatehouse/server/config'
import type { MediaKey } from '@gatehouse/storage/records/port'
import { because } from '../client.ts'
import { isPublic } from './configuration.ts'
import { error, type Finding, hint, warning } from './finding.ts'

const HOUR = 3600 * 1000
const DAY = 24 * HOUR
/** A running server looks after its keys once an hour, and makes one in some seconds. */
const MADE_WITHIN = 2 * HOUR
const ROTATED_WITHIN = DAY
/** How long a key may sign where it is never rotated by itself, until that is worth a word. */
const LONG = 365 * DAY
const PATIENCE_MILLISECONDS = 5000

const LOG = 'A running server does it by itself, once an hour; its log says what hinders it.'

/** What is wrong with the keys that sign media tokens, as they are stored. Pure. */
export function mediaKeyFindings(
  { mediaKeyDays }: Pick<Config, 'mediaKeyDays'>,
  keys: readonly MediaKey[],
  now: number,
): readonly Finding[] {
  const active = keys.find(({ state }) => state === 'active')
  if (active === undefined) {
    // A key that nobody has asked for yet is made with the first token.
    if (keys.every(({ state }) => state === 'next')) return []
    const sentence = 'No key signs media tokens: the one that did is retired, and no other took its place.'
    return [error('media_key_none', sentence, `gatehouse media-key rotate. ${LOG}`)]
  }
  const findings: Finding[] = []
  const age = now - active.since
  if (age > MADE_WITHIN && !keys.some(({ state }) => state === 'next')) {
    const sentence =
      'There is no next key of media tokens, so the next rotation takes those by surprise who keep the published keys.'
    findings.push(warning('media_key_next_missing', sentence, LOG))
  }
  const days = Math.floor(age / DAY)
  if (mediaKeyDays > 0 && age > mediaKeyDays * DAY + ROTATED_WITHIN) {
    const sentence = `The key of media tokens ${active.id} has signed for ${days} days; --media-key-days says ${mediaKeyDays}.`
    findings.push(warning('media_key_old', sentence, `gatehouse media-key rotate, which breaks nothing. ${LOG}`))
  } else if (mediaKeyDays === 0 && age > LONG) {
    const sentence = `The key of media tokens ${active.id} has signed for ${days} days, and none follows by itself.`
    findings.push(hint('media_key_never_rotated', sentence, 'gatehouse media-key rotate, or set --media-key-days.'))
  }
  return findings
}

/**
 * Whether those who verify tokens by themselves find the keys under the public URL that the server at `url` publishes. Nothing is asked where the
 * public URL is one of this machine, or that server does not answer.
 */
export async function publishedKeyFindings(config: Config, url: string): Promise<readonly Finding[]> {
  if (!isPublic(config) || config.publicUrl === url) return []
  const own = await publishedAt(url)
  if (typeof own === 'string') return []
  const address = `${config.publicUrl}${PATH}`
  const shown = await publishedAt(config.publicUrl)
  if (shown === null) {
    const sentence = `What answers at ${address} is no set of keys, so that nobody can verify media tokens by it.`
    return [warning('keys_not_published', sentence, `Let the proxy pass ${PATH} on to Gatehouse, without a login.`)]
  }
  if (typeof shown === 'string') {
    const sentence = `From here nothing answers at ${address} (${shown}), where others find the keys to verify media tokens with.`
    return [
      hint('keys_not_reachable', sentence, 'Look from outside; check --public-url, its name in DNS, and the proxy.'),
    ]
  }
  if (own === null || [...own].every((kid) => shown.has(kid))) return []
  const sentence = `At ${address} stand other keys than the server at ${url} publishes.`
  const cure =
    'Check that --public-url leads to this installation, and that the proxy caches no longer than the answer says.'
  return [warning('keys_differ', sentence, cure)]
}

const PATH = '/.well-known/jwks.json'

/** The ids of the keys published under a URL; null where something else answers, or why nothing does. */
async function publishedAt(url: string): Promise<ReadonlySet<string> | null | string> {
  let answer: Response
  try {
    answer = await fetch(`${url}${PATH}`, { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS), redirect: 'manual' })
  } catch (cause) {
    return because(cause)
  }
  const body: unknown = answer.ok ? await answer.json().catch(() => null) : null
  if (typeof body !== 'object' || body === null || !('keys' in body) || !Array.isArray(body.keys)) return null
  return new Set(body.keys.map((key: { kid?: unknown } | null) => String(key?.kid)))
}
