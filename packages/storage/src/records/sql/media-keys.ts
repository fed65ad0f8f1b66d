import type { Selectable, Transaction } from 'kysely'
import type { MediaKey, MediaKeys } from '../port.ts'
import type { Database } from './database.ts'
import type { Effect, Of } from './effect.ts'
import type { MediaKeysTable, Tables } from './schema.ts'

/** The keys of media tokens in SQL. */
export function createMediaKeys({ read, write }: Database<Tables>): MediaKeys {
  return {
    list: async () => {
      const rows = await read.selectFrom('media_keys').selectAll().orderBy('serial', 'desc').execute()
      return rows.map(mediaKeyOf)
    },

    reserve: (id, second, until) =>
      write(async (tx) => {
        const key = await tx
          .updateTable('media_keys')
          .set((eb) => ({ until: eb.case().when('until', '<', until).then(until).else(eb.ref('until')).end() }))
          .where('id', '=', id)
          .where('state', '=', 'active')
          .returning('id')
          .executeTakeFirst()
        if (key === undefined) return false
        // The row that every change of standing takes its sequence from: what is appended later sees this second.
        await tx.updateTable('sequence').set({ second }).where('id', '=', 1).where('second', '<', second).execute()
        return true
      }),
  }
}

/** Adds the next key, puts it in force, or takes one out of force. */
export async function changeMediaKey(
  tx: Transaction<Tables>,
  change: Of<'media-key'>,
  at: number,
): Promise<Effect | null> {
  switch (change.to) {
    case 'next': {
      const { key: id, jwk, sealed } = change
      if (sealed === null) throw new Error('a key that comes into force later needs its private half')
      const added = await tx
        .insertInto('media_keys')
        .values({ id, state: 'next', jwk: JSON.stringify(jwk), sealed, created_at: at, since: at, until: 0 })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst()
      return added === undefined ? null : { marks: [], paths: [] }
    }
    case 'active':
      return (await promote(tx, change.key, 'retiring', at)) ? { marks: [], paths: [] } : null
    case 'retired':
      return retire(tx, change.key, at)
  }
}

/** Puts the next key, which MUST be this one where it is named, in the place of the active one. False where there is none. */
async function promote(
  tx: Transaction<Tables>,
  key: string | null,
  to: 'retiring' | 'retired',
  at: number,
): Promise<boolean> {
  // Writing the row without changing it makes whoever else promotes it wait.
  const next = await tx
    .updateTable('media_keys')
    .set({ state: 'next' })
    .where('state', '=', 'next')
    .$if(key !== null, (query) => query.where('id', '=', key))
    .returning('id')
    .executeTakeFirst()
  if (next === undefined) return false
  await tx.updateTable('media_keys').set({ state: to, since: at, sealed: null }).where('state', '=', 'active').execute()
  await tx.updateTable('media_keys').set({ state: 'active', since: at }).where('id', '=', next.id).execute()
  return true
}

/** What the key has signed is void from here on. An active one gives its place to the next, without which it stays. */
async function retire(tx: Transaction<Tables>, id: string, at: number): Promise<Effect | null> {
  const present = await tx.selectFrom('media_keys').select('state').where('id', '=', id).executeTakeFirst()
  if (present === undefined || present.state === 'retired') return null
  if (present.state === 'active') {
    if (!(await promote(tx, null, 'retired', at))) return null
  } else {
    await tx.updateTable('media_keys').set({ state: 'retired', since: at, sealed: null }).where('id', '=', id).execute()
  }
  return { marks: [{ scope: 'media-key', target: id, serial: null, revoked: true }], paths: [] }
}

function mediaKeyOf(row: Selectable<MediaKeysTable>): MediaKey {
  const { id, state, sealed, since, until } = row
  return {
    id,
    state,
    jwk: JSON.parse(row.jwk),
    sealed: sealed === null ? null : new Uint8Array(sealed),
    createdAt: row.created_at,
    since,
    until,
  }
}
