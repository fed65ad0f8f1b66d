import type { Transaction } from 'kysely'
import type { Change, RevocationTarget } from '../port.ts'
import type { Flavour } from './database.ts'
import type { Effect, Of } from './effect.ts'
import { deleteLogins } from './logins.ts'
import { changeMediaKey } from './media-keys.ts'
import { presentApp } from './present-app.ts'
import { deleteApp, deleteUser } from './removal.ts'
import { newRevision } from './revision.ts'
import type { Tables } from './schema.ts'
import type { Mark } from './standing.ts'
import { changeAttachment, changeConversation, changeMembers } from './talk-effects.ts'
import { mergeUsers, selvesOf } from './user-merge.ts'

const NO_EFFECT: Effect = { marks: [], paths: [] }

/** Writes what a change does to the rows of its entity. Null, with nothing written, where there is no such entity. */
export async function takeEffect(
  tx: Transaction<Tables>,
  flavour: Flavour,
  change: Change,
  at: number,
): Promise<Effect | null> {
  switch (change.kind) {
    case 'user':
      return changeUser(tx, flavour, change, at)
    case 'user-merge':
      return mergeUsers(tx, flavour, change, at)
    case 'login':
      return changeLogin(tx, change)
    case 'key':
      return changeKey(tx, change)
    case 'app':
      return changeApp(tx, change)
    case 'settings':
      return changeSettings(tx, change)
    case 'link-key':
      return changeLinkKey(tx, change)
    case 'member':
      return changeMembers(tx, flavour, { ...change, users: [change.user] }, at)
    case 'members':
      return changeMembers(tx, flavour, change, at)
    case 'attachment':
      return changeAttachment(tx, flavour, change)
    case 'conversation':
      return changeConversation(tx, flavour, change)
    case 'protect':
      return protect(tx, change)
    case 'media-key':
      return changeMediaKey(tx, change, at)
    case 'revoke':
      return revoke(tx, flavour, change.app, change.target)
  }
}

/**
 * A user has two rows of standing: one by serial number, for links, and one by id, for tokens that name them. A deletion
 * leaves the second open to whoever has the id next, but for what was issued before. Whoever was merged into the user has a row of the first
 * kind, too, which stands as the user's.
 */
async function changeUser(
  tx: Transaction<Tables>,
  flavour: Flavour,
  { app, user, to }: Of<'user'>,
  at: number,
): Promise<Effect | null> {
  const target = `${app}/${user}`
  if (to === 'deleted') {
    const selves = await userMarks(tx, flavour, app, user, { revoked: true })
    if ((await deleteUser(tx, app, user)) === null) return null
    return {
      marks: [...selves, { scope: 'subject', target, serial: null, suspended: false, before: 'now' }],
      paths: [],
    }
  }
  const suspended = to === 'suspended'
  const row = await tx
    .updateTable('users')
    .set((eb) => ({
      status: suspended ? ('deactivated' as const) : ('active' as const),
      deactivated_at: suspended ? eb.fn.coalesce('deactivated_at', eb.cast<number>(eb.val(at), 'bigint')) : null,
    }))
    .where('app', '=', app)
    .where('id', '=', user)
    .returning('serial')
    .executeTakeFirst()
  if (row === undefined) return null
  const selves = await userMarks(tx, flavour, app, user, { suspended })
  return { marks: [...selves, { scope: 'subject', target, serial: null, suspended }], paths: [] }
}

/** One mark for a user and whoever was merged into this one, by serial; none where there is no such user. */
async function userMarks(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  id: string,
  mark: Pick<Mark, 'suspended' | 'revoked' | 'before'>,
): Promise<readonly Mark[]> {
  const row = await tx
    .selectFrom('users')
    .select('serial')
    .where('app', '=', app)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return []
  const selves = await selvesOf(tx, flavour, [{ id, serial: row.serial }])
  return selves.map((self): Mark => ({ scope: 'user', target: `${app}/${self.id}`, serial: self.serial, ...mark }))
}

async function changeLogin(tx: Transaction<Tables>, { app, target }: Of<'login'>): Promise<Effect | null> {
  const ended = await deleteLogins(tx, app, target)
  return ended.length === 0 ? null : { marks: ended.map((id) => endOfSession(app, id)), paths: [] }
}

const endOfSession = (app: string, id: string): Mark => {
  return { scope: 'session', target: `${app}/${id}`, serial: null, revoked: true }
}

async function changeKey(tx: Transaction<Tables>, { app, key, to }: Of<'key'>): Promise<Effect | null> {
  const ofApp = app === null ? ('is' as const) : ('=' as const)
  if (to === 'deleted') {
    const gone = await tx
      .deleteFrom('keys')
      .where('id', '=', key)
      .where('app', ofApp, app)
      .returning('serial')
      .executeTakeFirst()
    return gone === undefined
      ? null
      : { marks: [{ scope: 'key', target: key, serial: gone.serial, revoked: true }], paths: [] }
  }
  const suspended = to === 'suspended'
  const row = await tx
    .updateTable('keys')
    .set({ status: suspended ? 'deactivated' : 'active' })
    .where('id', '=', key)
    .where('app', ofApp, app)
    .returning('serial')
    .executeTakeFirst()
  return row === undefined ? null : { marks: [{ scope: 'key', target: key, serial: row.serial, suspended }], paths: [] }
}

async function changeApp(tx: Transaction<Tables>, { app, to }: Of<'app'>): Promise<Effect | null> {
  if (to === 'deleted') {
    const serial = await deleteApp(tx, app)
    return serial === null ? null : { marks: [{ scope: 'app', target: app, serial, revoked: true }], paths: [] }
  }
  const row = await tx
    .updateTable('apps')
    .set({ status: to })
    .where('id', '=', app)
    .where('status', '<>', 'deleted')
    .returning('serial')
    .executeTakeFirst()
  if (row === undefined) return null
  return { marks: [{ scope: 'app', target: app, serial: row.serial, suspended: to === 'suspended' }], paths: [] }
}

async function changeSettings(tx: Transaction<Tables>, { app, settings }: Of<'settings'>): Promise<Effect | null> {
  const row = await tx
    .updateTable('apps')
    .set((eb) => ({ settings: eb.ref('settings') }))
    .where('id', '=', app)
    .where('status', '<>', 'deleted')
    .returning('settings')
    .executeTakeFirst()
  if (row === undefined) return null
  const merged = Object.entries({ ...JSON.parse(row.settings), ...settings }).filter(([, value]) => value !== null)
  await tx
    .updateTable('apps')
    .set({ settings: JSON.stringify(Object.fromEntries(merged)) })
    .where('id', '=', app)
    .where('status', '<>', 'deleted')
    .execute()
  return NO_EFFECT
}

async function changeLinkKey(tx: Transaction<Tables>, { app, linkKey }: Of<'link-key'>): Promise<Effect | null> {
  const row = await tx
    .updateTable('apps')
    .set({ link_key: linkKey })
    .where('id', '=', app)
    .where('status', '<>', 'deleted')
    .returning('serial')
    .executeTakeFirst()
  return row === undefined ? null : NO_EFFECT
}

async function protect(tx: Transaction<Tables>, { app, to, before, limit }: Of<'protect'>): Promise<Effect | null> {
  const closing = to === 'private'
  const rows = await tx
    .updateTable('attachments')
    .set({ access: to, protected: closing ? 1 : 0, revision: newRevision() })
    .where('serial', 'in', (eb) =>
      eb
        .selectFrom('attachments')
        .select('serial')
        .where('app', '=', app)
        .where('access', '=', closing ? 'public' : 'private')
        .where('protected', '=', closing ? 0 : 1)
        .$if(before !== null, (query) => query.where('created_at', '<', before))
        .orderBy('created_at')
        .limit(limit),
    )
    .returning('path')
    .execute()
  return rows.length === 0 ? null : { marks: [], paths: rows.map((row) => row.path) }
}

/** A key is revoked for good, since whoever has its secret could go on signing; everything else only voids what was issued before. */
async function revoke(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  target: RevocationTarget,
): Promise<Effect | null> {
  if ('key' in target) return changeKey(tx, { kind: 'key', app, key: target.key, to: 'deleted' })
  const marks = await revocationMarks(tx, flavour, app, target)
  return marks === null ? null : { marks, paths: [] }
}

async function revocationMarks(
  tx: Transaction<Tables>,
  flavour: Flavour,
  app: string,
  target: Exclude<RevocationTarget, { key: string }>,
): Promise<readonly Mark[] | null> {
  const home = await presentApp(tx, app).select('serial').executeTakeFirst()
  if (home === undefined) return null
  await deleteRevokedLogins(tx, app, target)
  if ('app' in target) return [{ scope: 'app', target: app, serial: home.serial, before: 'now' }]
  if ('media' in target) return [{ scope: 'media', target: app, serial: null, before: 'now' }]
  if ('token' in target) return [{ scope: 'token', target: `${app}/${target.token}`, serial: null, revoked: true }]
  if ('session' in target) return [endOfSession(app, target.session)]
  if ('resource' in target) return [{ scope: 'resource', target: target.resource, serial: null, before: 'now' }]
  if ('subject' in target) {
    const before = target.issuedBefore
    const selves = await userMarks(tx, flavour, app, target.subject, { before })
    return [...selves, { scope: 'subject', target: `${app}/${target.subject}`, serial: null, before }]
  }
  if ('conversation' in target) {
    // What was shared in conversations merged into this one is read through it, and goes with it.
    const rows = await tx
      .selectFrom('conversations')
      .select(['id', 'serial'])
      .where('app', '=', app)
      .where((eb) => eb.or([eb('id', '=', target.conversation), eb('merged_into', '=', target.conversation)]))
      .execute()
    if (rows.length === 0) return null
    return rows.map(({ id, serial }) => ({ scope: 'conversation', target: `${app}/${id}`, serial, before: 'now' }))
  }
  const selves = await userMarks(tx, flavour, app, target.user, { before: 'now' })
  if (selves.length === 0) return null
  return [...selves, { scope: 'subject', target: `${app}/${target.user}`, serial: null, before: 'now' }]
}

/** Whoever began a session before it was revoked cannot go on with it, so nothing of it is kept. */
async function deleteRevokedLogins(
  tx: Transaction<Tables>,
  app: string,
  target: Exclude<RevocationTarget, { key: string }>,
): Promise<void> {
  const all = Number.MAX_SAFE_INTEGER
  if ('session' in target) await deleteLogins(tx, app, { login: target.session })
  if ('user' in target) await deleteLogins(tx, app, { user: target.user, before: all })
  if ('subject' in target) await deleteLogins(tx, app, { user: target.subject, before: target.issuedBefore })
  if ('app' in target) await deleteLogins(tx, app, { user: null, before: all })
}
