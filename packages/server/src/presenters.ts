import type {
  App,
  Attachment,
  Change,
  Key,
  LoggedChange,
  LoginSession,
  User,
  View,
} from '@gatehouse/storage/records/port'
import { type Static, Type } from 'typebox'
import type { LinkMaker } from './parts.ts'
import { AnyObject, Nullable, RevocationAnswer, Time } from './schemas.ts'
import { Settings, settingsOf } from './settings.ts'

/** A time of storage as answers show it. */
export function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

const optionalTime = (milliseconds: number | null) => (milliseconds === null ? null : time(milliseconds))

/** Present where the call has changed standing. */
const revocation = Type.Optional(RevocationAnswer)

/** An app. */
export const AppView = Type.Object({
  id: Type.String({ examples: ['0a1b2c3d4e5f60718293a4b5'] }),
  name: Type.String({ examples: ['Chat'] }),
  status: Type.Union([Type.Literal('active'), Type.Literal('suspended')]),
  settings: Settings,
  createdAt: Time,
  revocation,
})

/** Shows an app; its link key never leaves. */
export function showApp(app: App): Static<typeof AppView> {
  const { id, name, status } = app
  return { id, name, status, settings: settingsOf(app.settings), createdAt: time(app.createdAt) }
}

/** An API key, without its secret. */
export const KeyView = Type.Object({
  id: Type.String({ examples: ['0a1b2c3d4e5f60718293a4b5'] }),
  name: Type.String({ examples: ['backend'] }),
  grants: Type.Array(
    Type.Object({ actions: Type.Array(Type.String()), resource: Type.String(), limits: Type.Optional(Type.Unknown()) }),
  ),
  status: Type.Union([Type.Literal('active'), Type.Literal('deactivated')]),
  expiresAt: Nullable(Time),
  createdAt: Time,
  revocation,
})

/** Shows a key. */
export function showKey(key: Key): Static<typeof KeyView> {
  const { id, name, status } = key
  const grants = key.grants.map(({ actions, resource, limits }) => ({
    actions: [...actions],
    resource,
    ...(limits !== undefined && { limits }),
  }))
  return { id, name, grants, status, expiresAt: optionalTime(key.expiresAt), createdAt: time(key.createdAt) }
}

/** A user. */
export const UserView = Type.Object({
  id: Type.String({ examples: ['alice'] }),
  name: Nullable(Type.String()),
  role: Nullable(Type.String()),
  tags: Type.Array(Type.String()),
  profile: AnyObject,
  metadata: AnyObject,
  mergedFrom: Type.Array(Type.String(), { description: 'The users who were merged into this one, newest first.' }),
  status: Type.Union([Type.Literal('active'), Type.Literal('deactivated')]),
  deactivatedAt: Nullable(Time),
  createdAt: Time,
  updatedAt: Time,
  revocation,
})

/** Shows a user. */
export function showUser(user: User): Static<typeof UserView> {
  const { id, name, role, tags, profile, metadata, status } = user
  return {
    ...{ id, name, role, status },
    tags: [...tags],
    profile: { ...profile },
    metadata: { ...metadata },
    mergedFrom: [...user.mergedFrom],
    deactivatedAt: optionalTime(user.deactivatedAt),
    createdAt: time(user.createdAt),
    updatedAt: time(user.updatedAt),
  }
}

/** A login session, without its token. */
export const LoginView = Type.Object({
  id: Type.String({ examples: ['0a1b2c3d4e5f60718293a4b5'] }),
  user: Type.String({ examples: ['alice'] }),
  createdAt: Time,
})

/** Shows a login session; its token is shown to nobody but whoever began it. */
export function showLogin({ id, user, createdAt }: LoginSession): Static<typeof LoginView> {
  return { id, user, createdAt: time(createdAt) }
}

const attachment = {
  id: Type.String({ examples: ['0a1b2c3d4e5f60718293a4b5'] }),
  path: Type.String({
    examples: ['/apps/0a1b2c3d4e5f60718293a4b5/conversations/team/Zk3q0W1x5nT8rL2vB7yC4uHd/plan.pdf'],
  }),
  filename: Type.String({ examples: ['plan.pdf'] }),
  contentType: Type.String({ examples: ['application/pdf'] }),
  size: Type.Integer(),
  sha256: Type.String({ description: 'Hex.' }),
  access: Type.Union([Type.Literal('private'), Type.Literal('public')]),
  conversation: Nullable(Type.String()),
  from: Nullable(Type.String()),
  createdAt: Time,
}

/** An attachment. */
export const AttachmentView = Type.Object({
  ...attachment,
  url: Type.String({ description: 'Its address, without a token.' }),
})

/** An attachment as one user sees it. */
export const SeenAttachmentView = Type.Object({
  ...attachment,
  url: Type.Optional(Type.String({ description: "That user's own address; absent where the user is no receiver." })),
})

/** Shows an attachment. */
export function showAttachment(of: Attachment, links: LinkMaker): Static<typeof AttachmentView> {
  const { id, path, filename, contentType, size, sha256, access, conversation, from, createdAt } = of
  const url = links.plainUrl(of)
  return {
    ...{ id, path, url, filename, contentType, size, sha256, access, conversation, from },
    createdAt: time(createdAt),
  }
}

/** A change of standing, for people. */
export const ChangeView = Type.Object({
  sequence: Type.Integer(),
  at: Time,
  by: Type.String({ description: 'Id of the key or token that asked.' }),
  kind: Type.String({ examples: ['revoke'] }),
  target: AnyObject,
  to: Type.String({ description: 'What it became.', examples: ['revoked'] }),
})

/** Shows a change of standing; keys and settings that it carries do not appear. */
export function showChange({ sequence, at, by, change }: LoggedChange): Static<typeof ChangeView> {
  return { sequence, at: time(at), by, kind: change.kind, ...outcome(change) }
}

function outcome(change: Change): { target: Record<string, unknown>; to: string } {
  switch (change.kind) {
    case 'user-merge':
      return { target: { user: change.user, into: change.into }, to: 'merged' }
    case 'user':
      return { target: { user: change.user }, to: change.to }
    case 'login':
      return { target: { ...change.target }, to: 'ended' }
    case 'key':
      return { target: { key: change.key }, to: change.to }
    case 'app':
      return { target: { app: true }, to: change.to }
    case 'settings':
      return { target: { settings: Object.keys(change.settings) }, to: 'changed' }
    case 'link-key':
      return { target: { links: true }, to: 'revoked' }
    case 'revoke':
      return { target: { ...change.target }, to: 'revoked' }
    case 'member':
      return { target: { conversation: change.conversation, user: change.user }, to: change.to }
    case 'members':
      return { target: { conversation: change.conversation, users: change.users }, to: change.to }
    case 'conversation':
      return { target: { conversation: change.conversation }, to: change.to }
    case 'attachment':
      return { target: { attachment: change.attachment }, to: change.to }
    case 'media-key':
      return { target: { mediaKey: change.key }, to: change.to }
    case 'protect':
      return { target: { attachments: true }, to: change.to }
  }
}

/** One line of the access log. */
export const ViewView = Type.Object({
  id: Type.String(),
  at: Time,
  lastAt: Time,
  action: Type.String({ examples: ['read'] }),
  resource: Type.String(),
  attachment: Nullable(Type.String()),
  user: Nullable(Type.String()),
  credential: Nullable(Type.String()),
  key: Nullable(Type.String()),
  allowed: Type.Boolean(),
  reason: Type.String({ description: '`ok`, or the code of the refusal.' }),
  status: Type.Integer(),
  method: Type.String(),
  ip: Nullable(Type.String()),
  userAgent: Nullable(Type.String()),
  bytes: Type.Integer(),
  count: Type.Integer({ description: 'How many accesses alike this line stands for.' }),
})

/** Shows a line of the access log. */
export function showView({ app: _app, at, lastAt, ...view }: View): Static<typeof ViewView> {
  return { ...view, at: time(at), lastAt: time(lastAt) }
}
