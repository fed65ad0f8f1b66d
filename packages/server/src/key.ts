import type { GrantJson, Key } from '@gatehouse/storage/records/port'
import type { Parts } from './parts.ts'
import { problem } from './problems.ts'

/**
 * Changes name and grants of an app's key; undefined leaves what is there. Other grants are in force on every node once this answers,
 * but for answers under way: to end those, deactivate or delete the key. The grants have been checked already; `by` is the id of the key
 * that asked. Raises `not_found`.
 */
export async function changeKey(
  { records, standings }: Pick<Parts, 'records' | 'standings'>,
  app: string,
  id: string,
  details: { readonly name?: string | undefined; readonly grants?: readonly GrantJson[] | undefined },
  by: string,
): Promise<Key> {
  const changed = await records.keys.update(id, details)
  if (changed === null) throw problem('not_found')
  if (details.grants !== undefined) {
    // Its standing is what it was: what counts is that every node forgets what it remembers of the key.
    const to = changed.status === 'active' ? 'active' : 'suspended'
    await standings.change({ kind: 'key', app, key: id, to }, by)
  }
  return changed
}
