import type { Conversation, ConversationDetails } from '../port.ts'
import { folded, tagLines } from './folding.ts'
import type { ConversationRow } from './memberships.ts'
import type { ConversationsTable } from './schema-talk.ts'

/** The columns of a conversation that people describe it by. */
type Described = Pick<
  ConversationsTable,
  'name' | 'owner' | 'profile' | 'metadata' | 'tags' | 'joining' | 'password_hash'
>

/** A new conversation without members. */
export function newConversation(
  { app, id, type, at }: { app: string; id: string; type: 'direct' | 'group'; at: number },
  details: ConversationDetails,
) {
  return {
    ...{ app, id, type, version: 1, merged_into: null, merged_from: '[]', members: 0, spoken: 0, pair: null },
    ...{ name: 'null', owner: null, profile: '{}', metadata: '{}', tags: '[]', joining: 'invited' as const },
    password_hash: null,
    ...columnsOf(details),
    folded: folded(id, details.name ?? null),
    created_at: at,
    updated_at: at,
  }
}

/** The columns that details name. */
export function columnsOf({
  name,
  owner,
  profile,
  metadata,
  tags,
  joining,
  passwordHash,
}: ConversationDetails): Partial<Described> {
  return {
    ...(name !== undefined && { name: JSON.stringify(name) }),
    ...(owner !== undefined && { owner }),
    ...(profile !== undefined && { profile: JSON.stringify(profile) }),
    ...(metadata !== undefined && { metadata: JSON.stringify(metadata) }),
    ...(tags !== undefined && { tags: tagLines(tags) }),
    ...(joining !== undefined && { joining }),
    ...(passwordHash !== undefined && { password_hash: passwordHash }),
  }
}

/** The columns that change where these details are written at this moment; none where they name nothing. */
export function changedColumns(id: string, details: ConversationDetails, at: number) {
  const columns = columnsOf(details)
  if (Object.keys(columns).length === 0) return {}
  return {
    ...columns,
    ...(details.name !== undefined && { folded: folded(id, details.name) }),
    updated_at: at,
  }
}

/** A conversation as the port shows it. */
export function conversationOf(row: ConversationRow): Conversation {
  return {
    app: row.app,
    id: row.id,
    serial: row.serial,
    type: row.type,
    version: row.version,
    mergedInto: row.merged_into,
    mergedFrom: JSON.parse(row.merged_from),
    name: JSON.parse(row.name),
    owner: row.owner,
    profile: JSON.parse(row.profile),
    metadata: JSON.parse(row.metadata),
    tags: JSON.parse(row.tags),
    joining: row.joining,
    passwordHash: row.password_hash,
    membersCount: row.members,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
