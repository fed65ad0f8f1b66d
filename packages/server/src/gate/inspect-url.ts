import type { explain, Step } from '@gatehouse/core/explain'
import { REASONS } from '@gatehouse/core/reasons'
import { parseResource, type Resource } from '@gatehouse/core/resource'
import type { Tenant } from '../parts.ts'
import type { Found } from './credential.ts'
import type { Dialect } from './dialect.ts'
import { findAmong } from './find.ts'
import { type Inspection, tell } from './inspect-form.ts'

/** Where something is shown: a URL or a path, read as the gate reads it. */
export type Place = {
  /** Null where there is no canonical path: the gate refuses it before anything else. */
  readonly resource: Resource | null
  /** The raw query without its question mark. */
  readonly query: string
  /** What stands in front of the media URL: a login wall; null where nothing does. */
  readonly wall: string | null
}

/** Reads a URL or a path, with whatever stands in front of it. */
export function readPlace(url: string): Place {
  const direct = readDirect(url)
  if (isOfApp(direct)) return direct
  // A wall has the media URL behind it as it is, with its slashes folded on the way, or percent-encoded as a whole.
  for (const { index } of url.matchAll(/https?(?::\/|%3A)/gi)) {
    if (index === 0) continue
    const behind = readDirect(unfolded(url.slice(index)))
    if (isOfApp(behind)) return { ...behind, wall: url.slice(0, index) }
  }
  return direct
}

/** The place and the credential of a text that is a whole URL; null for one that is none. No header is known of it, so none is read. */
export function readUrl(
  text: string,
  dialects: readonly Dialect[],
): { readonly place: Place; readonly found: Found } | null {
  if (!/^https?:\/\//i.test(text)) return null
  const place = readPlace(text)
  return { place, found: findAmong(dialects, { headers: {}, rawHeaders: [] }, place.query, appOf(place.resource)) }
}

/** The id of the app that a resource lies in, whether there is one or not. */
export function appOf(resource: Resource | null): string | null {
  return resource?.segments[0] === 'apps' ? (resource.segments[1] ?? null) : null
}

/** Whether what stands in front is the login wall of the app, whose server says the word on each request. */
export function isWallOf({ wall }: Place, tenant: Tenant | null): boolean {
  return wall !== null && wall === tenant?.settings.loginWall
}

/** What there is to say of the place itself. */
export function placeSteps(place: Place | null, tenant: Tenant | null): readonly Step[] {
  if (place === null) return []
  const step = (outcome: Step['outcome'], detail: string): readonly Step[] => [{ check: 'place', outcome, detail }]
  if (place.resource === null) {
    return step('fail', 'The URL has no canonical path; the gate refuses it before anything else.')
  }
  if (appOf(place.resource) === null) return step('skip', 'This is no URL of media: the token is judged by itself.')
  if (place.wall === null) return []
  return isWallOf(place, tenant)
    ? step('pass', "The app's login wall stands in front; it is judged as coming through it.")
    : step('skip', 'What stands in front is not the loginWall of the app; it is judged as if it were opened directly.')
}

/** A URL that carries no credential, several, or one that cannot be read: it opens what is open to everybody. */
export function withoutCredential(
  { outcome }: Found,
  steps: readonly Step[],
  explained: ReturnType<typeof explain>,
): Omit<Inspection, 'owners'> {
  const shown = { kind: 'url', header: null, claims: null, key: null, verified: false } as const
  if (outcome !== 'malformed' && outcome !== 'conflict') {
    const form: Step = { check: 'form', outcome: 'pass', detail: 'A URL without a credential.' }
    return { ...shown, decision: tell(explained.decision), steps: [form, ...steps, ...explained.steps] }
  }
  const reason = `credential_${outcome}` as const
  const form: Step = { check: 'form', outcome: 'fail', detail: REASONS[reason].sentence }
  if (explained.decision.allow) {
    return { ...shown, decision: tell(explained.decision), steps: [form, ...steps, ...explained.steps] }
  }
  return { ...shown, decision: tell({ allow: false, reason }), steps: [form, ...steps] }
}

function readDirect(url: string): Place {
  const [, path, query = ''] = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?(\/[^?#]*)(?:\?([^#]*))?/i.exec(url) ?? []
  return { resource: path === undefined ? null : parseResource(path), query, wall: null }
}

function isOfApp({ resource }: Place): boolean {
  return appOf(resource) !== null
}

function unfolded(text: string): string {
  return decoded(text).replace(/^(https?):\/+/i, '$1://')
}

function decoded(text: string): string {
  if (!/^https?%3A/i.test(text)) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
