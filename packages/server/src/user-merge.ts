import type { Json, User, UserDetails } from '@gatehouse/storage/records/port'
import type { Parts, Revocation } from './parts.ts'
import { directConversation } from './talk.ts'

/** How much of a user's own keeping may come together. */
const MOST_BYTES = 16_384
const MOST_TAGS = 25

/**
 * Makes two users of an app one. The talk that the discarded one had alone joins that of the survivor; in all other conversations the survivor takes
 * the other's place. Of profile, metadata and the like the survivor's own stays, and what is missing there comes from the other, up to
 * `metadataBytes`. What the change itself does, {@link Parts.standings} says.
 *
 * What failed halfway is done by the same call, sent once more. Null where one of the two has gone meanwhile, or they are the same.
 */
export async function mergeUsers(
  parts: Parts,
  { from, into }: { readonly from: User; readonly into: User },
  { by, metadataBytes = MOST_BYTES }: { readonly by: string; readonly metadataBytes?: number },
): Promise<Revocation | null> {
  const { records, standings, now } = parts
  const { app } = into
  if (from.serial === into.serial) return null
  if (!(await joinTalks(parts, from, into))) return null
  await records.users.put({ app, id: into.id, ...united(from, into, metadataBytes), at: now() })
  // Last of all, since the discarded user is gone with it.
  const merged = await standings.change({ kind: 'user-merge', app, user: from.id, into: into.id }, by)
  return merged?.revocation ?? null
}

async function joinTalks(parts: Parts, from: User, into: User): Promise<boolean> {
  const { conversations } = parts.records
  const { app } = into
  const own = await conversations.findBetween(app, [from.id, from.id])
  if (own === null) return true
  const home = await directConversation(parts, app, [into.id, into.id])
  if (home === null) return false
  // Before, since a talk that another joins is nobody's own any more.
  await conversations.removeMember(app, own.id, from.id, parts.now())
  return (await conversations.merge(app, home.id, own.id, parts.now())) !== null
}

/** What one person keeps who was two. */
export function united(from: User, into: User, metadataBytes: number): UserDetails {
  return {
    name: into.name ?? from.name,
    role: into.role ?? from.role,
    tags: [...new Set([...into.tags, ...from.tags])].slice(0, Math.max(MOST_TAGS, into.tags.length)),
    profile: filled(into.profile, from.profile, MOST_BYTES),
    metadata: filled(into.metadata, from.metadata, metadataBytes),
  }
}

type Kept = { readonly [name: string]: Json }

/** Own entries, and of the others those that are missing and fit. */
function filled(own: Kept, others: Kept, mostBytes: number): Kept {
  let all: Kept = own
  for (const [name, value] of Object.entries(others)) {
    if (Object.hasOwn(own, name)) continue
    // A name like `__proto__` is an entry like any other.
    const more = Object.fromEntries([...Object.entries(all), [name, value]])
    if (Buffer.byteLength(JSON.stringify(more)) <= mostBytes) all = more
  }
  return all
}
