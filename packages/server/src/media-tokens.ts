import { mayPass } from '@gatehouse/core/grant'
import { type MediaScope, mediaScope } from '@gatehouse/core/media'
import { isSegment, parseResource, type Resource, resourceOf } from '@gatehouse/core/resource'
import type { Token } from '@gatehouse/core/token'
import type { Parts, Tenant } from './parts.ts'

/** The most paths of one request for media tokens. */
export const MOST_PATHS = 50

/** For so many of the conversations that were merged into one, the newest, tokens come along. */
const MERGED = 10

/** Why no token was issued, with the places of the paths that are to blame. */
export type NotIssued = {
  readonly why: 'malformed' | 'foreign' | 'not_held' | 'conversation_unknown' | 'file_unknown'
  readonly at: readonly number[]
}

type Asked = { readonly text: string; readonly resource: Resource; readonly scope: MediaScope }

/**
 * Issues a media token for each path, under the very text that was asked with, and for conversations those of the newest conversations
 * merged into them. All or nothing. `held` is what the caller holds: nobody passes on more, or for longer.
 */
export async function issueMediaTokens(
  { records, issuer }: Pick<Parts, 'records' | 'issuer'>,
  { app, settings }: Tenant,
  paths: readonly string[],
  held: Pick<Token, 'grants' | 'expiresAt'>,
): Promise<{ readonly tokens: Readonly<Record<string, string>> } | NotIssued> {
  const read = paths.map(readPath)
  const asked = read.filter((one) => one !== null)
  if (asked.length < read.length) return { why: 'malformed', at: placesOf(read, (one) => one === null) }
  const foreign = placesOf(asked, ({ scope }) => scope.app !== app.id)
  if (foreign.length > 0) return { why: 'foreign', at: foreign }
  const beyond = placesOf(asked, ({ resource }) => !mayPass(held.grants, { actions: ['read'], resource, limits: {} }))
  if (beyond.length > 0) return { why: 'not_held', at: beyond }

  const found = await Promise.all(asked.map((one) => look(records, one)))
  for (const [kind, why] of UNKNOWN) {
    const at = placesOf(found, (merged, place) => merged === null && asked[place]?.scope.kind === kind)
    if (at.length > 0) return { why, at }
  }
  const wanted = new Map<string, Resource>()
  for (const { text, resource } of asked) wanted.set(text, resource)
  for (const resource of found.flatMap((merged) => merged ?? [])) {
    if (!wanted.has(resource.path)) wanted.set(resource.path, resource)
  }
  const signed = await issuer.mediaTokens({
    app: app.id,
    resources: [...wanted.values()],
    seconds: settings.mediaTokenSeconds,
    notAfter: held.expiresAt,
  })
  return { tokens: Object.fromEntries([...wanted.keys()].map((text, place) => [text, signed[place] ?? ''])) }
}

const UNKNOWN = [
  ['conversation', 'conversation_unknown'],
  ['file', 'file_unknown'],
] as const

/** A path as somebody asks for it: percent-encoded, or with plain names. Null where a token can be for nothing like it. */
function readPath(text: string): Asked | null {
  const resource = parseResource(text) ?? parsePlain(text)
  const scope = resource === null ? null : mediaScope(resource)
  return resource === null || scope === null ? null : { text, resource, scope }
}

function parsePlain(text: string): Resource | null {
  const [root, ...segments] = text.split('/')
  if (root !== '' || /[%?#]/.test(text) || !segments.every(isSegment)) return null
  try {
    return resourceOf(...segments)
  } catch {
    return null
  }
}

/** Null where there is no such thing; otherwise the conversations merged into it, the newest first. */
async function look(
  records: Parts['records'],
  { resource, scope: { kind, app, conversation } }: Asked,
): Promise<readonly Resource[] | null> {
  if (kind === 'app') return []
  if (kind === 'file') return (await records.attachments.findByPath(resource.path)) === null ? null : []
  const found = await records.conversations.find(app, conversation ?? '')
  if (found === null || found.mergedInto !== null) return null
  return found.mergedFrom.slice(0, MERGED).map((id) => resourceOf('apps', app, 'conversations', id))
}

function placesOf<T>(things: readonly T[], is: (thing: T, place: number) => boolean): readonly number[] {
  return things.flatMap((thing, place) => (is(thing, place) ? [place] : []))
}
