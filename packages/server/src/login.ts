import type { LoginSession } from '@gatehouse/storage/records/port'
import { hashSecret } from './gate/known-keys.ts'
import type { Parts } from './parts.ts'
import { newId } from './secrets.ts'

/** How many login sessions a user keeps; a further one ends the oldest. */
export const MOST_LOGINS = 100

/** What the acts on login sessions need. */
type Acting = Pick<Parts, 'records' | 'standings' | 'now'>

/**
 * Begins a login session for an active user. `secret` is the login token that the caller hands out: at least 128 random bits, in any
 * form; only its hash is kept. `by` is the id of the key that asked. Answers null where the user is not there or not active.
 */
export async function openLogin(
  { records, standings, now }: Acting,
  { app, user, secret, by }: { app: string; user: string; secret: string; by: string },
): Promise<LoginSession | null> {
  if ((await records.users.find(app, user))?.status !== 'active') return null
  const made = await records.logins.create({ app, id: newId(), user, secretHash: hashSecret(secret), at: now() })
  if (made === null) return null
  if (made.open > MOST_LOGINS) {
    await standings.change({ kind: 'login', app, target: { user, keep: MOST_LOGINS } }, by)
  }
  return made.login
}

/** Ends a login session for good, with everything that depends on it; false where there is none. */
export async function endLogin({ standings }: Acting, app: string, login: string, by: string): Promise<boolean> {
  return (await standings.change({ kind: 'login', app, target: { login } }, by)) !== null
}

/** Ends all login sessions of a user for good; false where there is none. */
export async function endLogins({ standings }: Acting, app: string, user: string, by: string): Promise<boolean> {
  return (await standings.change({ kind: 'login', app, target: { user, keep: 0 } }, by)) !== null
}
