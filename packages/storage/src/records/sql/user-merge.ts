import type { Transaction } from 'kysely'
import { breathe, type Flavour, isIn } from './database.ts'
import type { Effect, Of } from './effect.ts'
import { lockUser } from './logins.ts'
import { mergeMemberships, type Person } from './membership-merge.ts'
import { newRevision } from './revision.ts'
import type { Tables } from './schema.ts'
import type { Mark } from './standing.ts'

/** Users by serial, and after them whoever was merged into one of them: those whom older credentials may name. */
export async function selvesOf(
  tx: Transaction<Tables>,
  flavour: Flavour,
  users: readonly Person[],
): Promise<readonly Person[]> {
  const merged = await tx
    .selectFrom('merged_users')
    .select(['serial', 'id'])
    .where(
      isIn(
        flavour,
        'survivor',
        users.map(({ serial }) => serial),
      ),
    )
    .orderBy('serial')
    .execute()
  return [...users, ...merged]
}

/** Merges a user into another; `Changes` says what becomes of what. */
export async function mergeUsers(
  tx: Transaction<Tables>,
  flavour: Flavour,
  { app, user, into }: Of<'user-merge'>,
  at: number,
): Promise<Effect | null> {
  if (user === into) return null
  // In one order everywhere, so that two merges of the same users never wait for each other.
  const serials = new Map<string, number | null>()
  for (const id of [user, into].sort()) serials.set(id, await lockUser(tx, app, id))
  const [from, home] = [serials.get(user) ?? null, serials.get(into) ?? null]
  if (from === null || home === null) return null
  const discarded = { id: user, serial: from }
  const survivor = { id: into, serial: home }
  const gone = await selvesOf(tx, flavour, [discarded])

  const inOrOut = await mergeMemberships(tx, flavour, app, discarded, survivor)
  await moveBelongings(tx, app, discarded, survivor)
  const suspended = await mergeRows(tx, app, discarded, survivor, at)

  const selves = await selvesOf(tx, flavour, [survivor])
  const standing = gone.map(({ id, serial }): Mark => ({ scope: 'user', target: `${app}/${id}`, serial, suspended }))
  const name: Mark = { scope: 'subject', target: `${app}/${user}`, serial: null, suspended: false, before: 'now' }
  const members = inOrOut.flatMap(({ conversation, out }) =>
    selves.map(({ serial }): Mark => {
      return { scope: 'member', target: `${conversation}/${serial}`, serial: null, suspended: out }
    }),
  )
  return { marks: [...standing, name, ...members], paths: [] }
}

/** Login sessions, and what was sent by one or to one by name. */
async function moveBelongings(tx: Transaction<Tables>, app: string, from: Person, to: Person): Promise<void> {
  const renamed = { uid: to.id, member: to.serial }
  await tx.updateTable('logins').set(renamed).where('member', '=', from.serial).execute()
  await tx
    .deleteFrom('recipients')
    .where('member', '=', from.serial)
    .where('attachment', 'in', (eb) => eb.selectFrom('recipients').select('attachment').where('member', '=', to.serial))
    .execute()
  await tx.updateTable('recipients').set(renamed).where('member', '=', from.serial).execute()
  await tx
    .updateTable('conversations')
    .set({ owner: to.id })
    .where('app', '=', app)
    .where('owner', '=', from.id)
    .execute()
  // By now the conversations of both are those of the survivor.
  const homes = await tx
    .selectFrom('memberships')
    .select('conversation')
    .distinct()
    .where('member', '=', to.serial)
    .execute()
  for (const { conversation } of homes) {
    await tx
      .updateTable('attachments')
      .set({ sender: to.id, sender_serial: to.serial, revision: newRevision() })
      .where('conversation', '=', conversation)
      .where('sender_serial', '=', from.serial)
      .execute()
    await breathe()
  }
}

/** Makes one row of two, and answers whether the survivor is suspended. */
async function mergeRows(tx: Transaction<Tables>, app: string, from: Person, to: Person, at: number): Promise<boolean> {
  await tx.updateTable('merged_users').set({ survivor: to.serial }).where('survivor', '=', from.serial).execute()
  const mergedFrom = async ({ serial }: Person) =>
    tx.selectFrom('users').select(['merged_from', 'status']).where('serial', '=', serial).executeTakeFirstOrThrow()
  const [theirs, own] = [await mergedFrom(from), await mergedFrom(to)]
  const ids = [from.id, ...JSON.parse(theirs.merged_from), ...JSON.parse(own.merged_from)]
  await tx
    .updateTable('users')
    .set({ merged_from: JSON.stringify(ids), updated_at: at })
    .where('serial', '=', to.serial)
    .execute()
  await tx.deleteFrom('users').where('serial', '=', from.serial).execute()
  await tx
    .insertInto('merged_users')
    .values({ serial: from.serial, app, id: from.id, survivor: to.serial, merged_at: at })
    .execute()
  return own.status === 'deactivated'
}
