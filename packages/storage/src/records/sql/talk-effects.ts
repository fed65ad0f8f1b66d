import { resourceOf } from '@gatehouse/core/resource'
import type { Transaction } from 'kysely'
import type { Receiver } from '../port.ts'
import { attachmentOf } from './attachment-row.ts'
import { deleteConversationRows } from './conversation-removal.ts'
import type { Flavour } from './database.ts'
import type { Effect, Of } from './effect.ts'
import { attachmentCreated, tell } from './events.ts'
import { bannedAmong, joinAll, leaveAll, lockConversation, usersAmong } from './memberships.ts'
import { deleteAttachment } from './removal.ts'
import { newRevision } from './revision.ts'
import type { Tables } from './schema.ts'
import type { Mark } from './standing.ts'
import { selvesOf } from './user-merge.ts'

/** Lets members go or come back, in the conversation and in what was merged into it. */
export async function changeMembers(
  tx: Transaction<Tables>,
  flavour: Flavour,
  { app, conversation, users, to }: Omit<Of<'members'>, 'kind'>,
  at: number,
): Promise<Effect | null> {
  const home = await lockConversation(tx, app, conversation)
  if (home === undefined) return null
  const found = await usersAmong(tx, flavour, app, users)
  const banned = to === 'in' ? await bannedAmong(tx, home.serial, found) : []
  const members = found.filter((user) => !banned.includes(user))
  if (members.length === 0) return null
  if (home.merged_into === null) {
    if (to === 'in') await joinAll(tx, flavour, home, members, { at })
    else await leaveAll(tx, flavour, home, idsOf(members))
  }
  // What was shared in conversations merged into this one is read through it, and goes and comes back with it.
  const merged = await tx
    .selectFrom('conversations')
    .select('serial')
    .where('app', '=', app)
    .where('merged_into', '=', conversation)
    .execute()
  const selves = await selvesOf(tx, flavour, members)
  const marks = [home, ...merged].flatMap(({ serial }) =>
    selves.map((self): Mark => {
      return { scope: 'member', target: `${serial}/${self.serial}`, serial: null, suspended: to === 'out' }
    }),
  )
  return { marks, paths: [] }
}

function idsOf(users: readonly Receiver[]): readonly string[] {
  return users.map(({ id }) => id)
}

/** Deletes an attachment, closes or opens it, or gives one that is held to the members of now. */
export async function changeAttachment(
  tx: Transaction<Tables>,
  flavour: Flavour,
  { app, attachment, to }: Of<'attachment'>,
): Promise<Effect | null> {
  if (to === 'deleted') {
    const path = await deleteAttachment(tx, app, attachment)
    return path === null ? null : { marks: [], paths: [path] }
  }
  if (to === 'shared') return shareHeld(tx, flavour, app, attachment)
  const row = await tx
    .updateTable('attachments')
    .set({ access: to, protected: 0, revision: newRevision() })
    .where('app', '=', app)
    .where('id', '=', attachment)
    .returning('path')
    .executeTakeFirst()
  return row === undefined ? null : { marks: [], paths: [row.path] }
}

async function shareHeld(tx: Transaction<Tables>, flavour: Flavour, app: string, id: string): Promise<Effect | null> {
  const row = await tx
    .updateTable('attachments')
    .set((eb) => ({
      held: 0,
      revision: newRevision(),
      version: eb.fn.coalesce(
        eb
          .selectFrom('conversations')
          .select('conversations.version')
          .whereRef('conversations.serial', '=', 'attachments.conversation'),
        eb.ref('attachments.version'),
      ),
    }))
    .where('app', '=', app)
    .where('id', '=', id)
    .where('held', '=', 1)
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) return null
  await tell(tx, flavour, attachmentCreated(attachmentOf(row)))
  return { marks: [], paths: [row.path] }
}

/** Deletes a conversation with all that is in it, and voids what was issued for it by its serial and by its id. */
export async function changeConversation(
  tx: Transaction<Tables>,
  flavour: Flavour,
  { app, conversation }: Of<'conversation'>,
): Promise<Effect | null> {
  const gone = await deleteConversationRows(tx, flavour, app, conversation)
  if (gone === null) return null
  const marks = gone.homes.flatMap(({ id, serial }): Mark[] => [
    { scope: 'conversation', target: `${app}/${id}`, serial, before: 'now' },
    { scope: 'resource', target: resourceOf('apps', app, 'conversations', id).path, serial: null, before: 'now' },
  ])
  return { marks, paths: gone.paths }
}
