import type { App, Conversation, Key, Member, Message, User } from '@gatehouse/storage/records/port'
import { settingsOf } from '../../settings.ts'
import { participantIdOf, userIdOf } from './people.ts'
import { keptMetadata, keptSettings } from './settings.ts'

/** A time as v2 writes it. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

/** An app under v2. */
export function showApp(app: App) {
  return { id: app.id, displayName: app.name, settings: showSettings(app), metadata: keptMetadata(app) }
}

/** An app under v1.1. What its `appToken` names, it opens nothing here. */
export function showApp11(app: App) {
  return {
    _id: app.id,
    name: app.name,
    appToken: app.id,
    settings: showSettings(app),
    metadata: keptMetadata(app),
  }
}

function showSettings(app: App) {
  const { attachmentsAccess, mediaTokenSeconds } = settingsOf(app.settings)
  return { attachmentsAccess, attachmentsTokenExpirationSeconds: mediaTokenSeconds, ...keptSettings(app) }
}

/** An app key; its secret is there once, when it is made. */
export function showKey({ id, name }: Key, secret?: string) {
  return { id, displayName: name, ...(secret !== undefined && { secret }) }
}

/** A user under v2. */
export function showUser(user: User) {
  const { signedUpAt = null, ...profile } = shownProfile(user)
  return {
    id: userIdOf(user.app, user),
    externalId: user.id,
    signedUpAt,
    profile,
    metadata: user.metadata,
    identities: [],
  }
}

/** A user under v1.1; `started` tells whether anything was ever said with them. */
export function showAppUser(user: User, started: boolean) {
  return {
    _id: userIdOf(user.app, user),
    userId: user.id,
    ...shownProfile(user),
    conversationStarted: started,
    properties: user.metadata,
    clients: [],
  }
}

const SHOWN = ['givenName', 'surname', 'email', 'avatarUrl', 'locale', 'signedUpAt']

/** Of the profile what this surface has names for. */
function shownProfile({ profile }: User) {
  return Object.fromEntries(Object.entries(profile).filter(([name]) => SHOWN.includes(name)))
}

/** A conversation; `isDefault` where it is the default one of its user, `last` is its last message. */
export function showConversation(
  conversation: Conversation,
  { isDefault, last }: { readonly isDefault: boolean; readonly last: Message | null },
) {
  const { id, type, name, profile, metadata, createdAt } = conversation
  return {
    id,
    type: type === 'group' ? 'sdkGroup' : 'personal',
    isDefault,
    displayName: name,
    ...(typeof profile.description === 'string' && { description: profile.description }),
    ...(typeof profile.iconUrl === 'string' && { iconUrl: profile.iconUrl }),
    metadata,
    createdAt: isoTime(createdAt),
    // What was last said counts, not what was last changed.
    lastUpdatedAt: isoTime(last?.createdAt ?? createdAt),
  }
}

/** A participant. What was read is not kept here. */
export function showParticipant(conversation: Conversation, member: Pick<Member, 'id' | 'serial'>) {
  return {
    id: participantIdOf(conversation, member),
    userId: userIdOf(conversation.app, member),
    userExternalId: member.id,
    unreadCount: 0,
    clientAssociations: [],
  }
}
