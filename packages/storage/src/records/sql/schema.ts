import type { Generated } from 'kysely'
import type { BansTable, ConversationsTable, MembershipsTable, MessagesTable } from './schema-talk.ts'
import type { DeliveriesTable, SubscriptionsTable, WebhooksTable } from './schema-webhooks.ts'

/**
 * The tables as Kysely sees them. Both databases hold the same: numbers are 64-bit integers, flags are 0 or 1, times are
 * milliseconds, texts compare by bytes. Columns marked JSON hold JSON text, so that any string survives (PostgreSQL
 * refuses NUL in texts).
 */
export type Tables = {
  readonly apps: AppsTable
  readonly keys: KeysTable
  readonly users: UsersTable
  readonly merged_users: MergedUsersTable
  readonly logins: LoginsTable
  readonly conversations: ConversationsTable
  readonly memberships: MembershipsTable
  readonly bans: BansTable
  readonly messages: MessagesTable
  readonly attachments: AttachmentsTable
  readonly recipients: RecipientsTable
  readonly sequence: SequenceTable
  readonly changes: ChangesTable
  readonly standing: StandingTable
  readonly idempotency: IdempotencyTable
  readonly secrets: SecretsTable
  readonly use_totals: UseTotalsTable
  readonly uses: UsesTable
  readonly tries: TriesTable
  readonly nodes: NodesTable
  readonly webhooks: WebhooksTable
  readonly subscriptions: SubscriptionsTable
  readonly deliveries: DeliveriesTable
  readonly media_keys: MediaKeysTable
}

/** The tables of the access log, which SQLite keeps in a file of its own. */
export type ViewTables = { readonly views: ViewsTable }

/** Apps, with what they use counted along. */
export type AppsTable = {
  serial: Generated<number>
  id: string
  /** JSON. */
  name: string
  /** JSON. */
  settings: string
  link_key: Uint8Array
  /** Of a deleted one, what is left is on its way out. */
  status: 'active' | 'suspended' | 'deleted'
  used_bytes: number
  used_attachments: number
  created_at: number
}

/** API keys. */
export type KeysTable = {
  serial: Generated<number>
  id: string
  app: string | null
  /** JSON. */
  name: string
  /** JSON. */
  grants: string
  secret_hash: string
  sealed_secret: Uint8Array
  status: 'active' | 'deactivated'
  expires_at: number | null
  created_at: number
}

/** Users. */
export type UsersTable = {
  serial: Generated<number>
  app: string
  id: string
  /** JSON: a string or null. */
  name: string
  /** JSON: a string or null. */
  role: string
  /** JSON, one tag a line; see `tagLines`. */
  tags: string
  /** JSON. */
  profile: string
  /** JSON. */
  metadata: string
  /** Id and name as they are searched; see `folded`. */
  folded: string
  /** JSON: ids, newest first. */
  merged_from: Generated<string>
  status: 'active' | 'deactivated'
  created_at: number
  updated_at: number
  deactivated_at: number | null
}

/** Users who were merged into others, by serial; `survivor` is a user who is there. */
export type MergedUsersTable = { serial: number; app: string; id: string; survivor: number; merged_at: number }

/** Login sessions that are open. */
export type LoginsTable = {
  serial: Generated<number>
  app: string
  id: string
  /** The user's id, beside the serial. */
  uid: string
  member: number
  secret_hash: string
  sequence: number
  created_at: number
}

/** Attachments. */
export type AttachmentsTable = {
  serial: Generated<number>
  app: string
  id: string
  path: string
  conversation: number | null
  conversation_id: string | null
  version: number
  /** JSON. */
  filename: string
  content_type: string
  size: number
  sha256: string
  access: 'private' | 'public'
  /** 1 where `protect` made it private, so that it can be undone. */
  protected: number
  blob: string
  sender: string | null
  /** The sender's serial; null where they are no user. */
  sender_serial: number | null
  /** 1 until it is shared: only its sender receives it. */
  held: number
  /** 1 where it goes with its message. */
  for_message: Generated<number>
  /** JSON: ids, or null. */
  recipients: string | null
  created_at: number
  /** See `newRevision`. */
  revision: number
}

/** Receivers named at upload. */
export type RecipientsTable = { attachment: number; uid: string; member: number }

/**
 * One row: the last sequence given out. Updating it is the lock that puts commits in order. `second`: of the epoch, the latest in which media
 * tokens were issued or voided.
 */
export type SequenceTable = { id: number; value: number; second: number }

/** Keys of media tokens. */
export type MediaKeysTable = {
  serial: Generated<number>
  id: string
  state: 'next' | 'active' | 'retiring' | 'retired'
  /** JSON. */
  jwk: string
  sealed: Uint8Array | null
  created_at: number
  since: number
  until: number
}

/** The log of changes. */
export type ChangesTable = {
  sequence: number
  app: string | null
  /** 1 for what people are shown as a list of revocations and suspensions. */
  listed: number
  /** JSON. */
  change: string
  actor: string
  at: number
  /** JSON. */
  rows: string
  /** JSON. */
  paths: string
}

/** The present standing; `serial` is 0 for what has none. */
export type StandingTable = {
  position: Generated<number>
  scope: string
  target: string
  serial: number
  app: string | null
  suspended: number
  revoked: number
  void_before: number
  second: number
  sequence: number
}

/** Answers to repeated requests. */
export type IdempotencyTable = {
  scope: string
  key: string
  fingerprint: string
  at: number
  status: number | null
  body: string | null
  location: string | null
}

/** Sealed secrets of the installation. */
export type SecretsTable = { name: string; value: Uint8Array }

/** How many uses of a token are taken; its row is the lock of that token. */
export type UseTotalsTable = { token: string; taken: number; ends_at: number | null }

/** Uses taken. */
export type UsesTable = { token: string; viewer: string; at: number }

/** Tries taken: once none is taken any more, all of them have flowed off at `spent_until`. */
export type TriesTable = { name: string; spent_until: number }

/** The access log. */
export type ViewsTable = {
  serial: Generated<number>
  app: string
  at: number
  last_at: number
  action: string
  resource: string
  attachment: string | null
  uid: string | null
  credential: string | null
  key: string | null
  allowed: number
  reason: string
  status: number
  method: string
  ip: string | null
  user_agent: string | null
  bytes: number
  count: number
}

/** The nodes that serve the database, with their leases by its clock. */
export type NodesTable = {
  node: string
  applied: number
  lease_until: number
}
