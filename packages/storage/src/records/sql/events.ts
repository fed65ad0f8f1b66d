import { randomBytes } from 'node:crypto'
import { resourceOf } from '@gatehouse/core/resource'
import { sql, type Transaction } from 'kysely'
import type { Attachment, Change, Json, LoggedChange, Message, NewEvent } from '../port.ts'
import { type Flavour, rowTable } from './database.ts'
import type { Tables } from './schema.ts'

/** How long a delivery is tried before it is given up: a day. */
export const TRIED_FOR = 24 * 3600 * 1000

/** After so long a change is in force on every node, or the node that lacks it serves nothing: the longest lease. */
const IN_FORCE = 1000

/**
 * Puts an event into the outbox, within the transaction of what it tells: one row for each webhook of the app that asked for
 * it, and one statement however many they are.
 */
export async function tell(tx: Transaction<Tables>, flavour: Flavour, event: NewEvent): Promise<void> {
  await tellAll(tx, flavour, [event])
}

/** The same for many events. */
export async function tellAll(tx: Transaction<Tables>, flavour: Flavour, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  const rows = rowTable<Row>(
    flavour,
    ROW,
    events.map(({ app, type, resource, at, data, notBefore }, position) => {
      return [position, app, newEventId(), type, resource, JSON.stringify(data), at, notBefore ?? at]
    }),
  )
  await sql`
    insert into deliveries
      (app, webhook, event_id, event, name, resource, data, created_at, deadline, state, not_before, due_at, tries)
    select told.app, asked.webhook, told.event_id, told.event, asked.name, told.resource, told.data,
      told.created_at, told.created_at + ${sql.lit(TRIED_FOR)}, 'pending', told.not_before, told.not_before, 0
    from (${rows}) as told join subscriptions as asked on asked.app = told.app and asked.event = told.event
    order by told.position, asked.webhook`.execute(tx)
}

type Row = {
  position: number
  app: string
  event_id: string
  event: string
  resource: string
  data: string
  created_at: number
  not_before: number
}

const ROW = {
  position: 'bigint',
  app: 'text',
  event_id: 'text',
  event: 'text',
  resource: 'text',
  data: 'text',
  created_at: 'bigint',
  not_before: 'bigint',
} as const

/** An event's id: receivers know repetitions by it. */
function newEventId(): string {
  return `evt_${randomBytes(16).toString('hex')}`
}

/** What is told of an attachment that was shared. */
export function attachmentCreated(attachment: Attachment): NewEvent {
  const { app, path, createdAt } = attachment
  return { app, type: 'attachment.created', resource: path, at: createdAt, data: { attachment: plain(attachment) } }
}

/** What is told of a message that was recorded. */
export function messageCreated(message: Message): NewEvent {
  const { app, conversation, createdAt } = message
  const resource = resourceOf('apps', app, 'conversations', conversation).path
  return { app, type: 'message.created', resource, at: createdAt, data: { message: plain(message) } }
}

/**
 * What is told of a change: the user's new standing, and that access was taken away; nothing of other changes. Not before every
 * node knows, since the app may act on it.
 */
export function eventsOf({ sequence, app, change, by, at }: LoggedChange): readonly NewEvent[] {
  if (app === null) return []
  const whole = resourceOf('apps', app).path
  const event = (type: string, resource = whole, what = change): NewEvent => {
    const told = { sequence, app, change: withoutKey(what), by, at }
    return { app, type, resource, at, data: { change: plain(told) }, notBefore: at + IN_FORCE }
  }
  switch (change.kind) {
    case 'user': {
      const user = resourceOf('apps', app, 'users', change.user).path
      if (change.to === 'active') return [event('user.activated', user)]
      const type = change.to === 'suspended' ? 'user.deactivated' : 'user.deleted'
      return [event(type, user), event('revocation.applied', user)]
    }
    case 'user-merge': {
      const user = resourceOf('apps', app, 'users', change.user).path
      return [event('user.merged', user), event('revocation.applied', user)]
    }
    case 'key':
      return change.to === 'active' ? [] : [event('revocation.applied')]
    case 'app':
      return change.to === 'suspended' ? [event('revocation.applied')] : []
    case 'member':
      return change.to === 'out' ? [event('revocation.applied')] : []
    case 'members': {
      const { users, to, conversation } = change
      if (to === 'in') return []
      return users.map((user) => event('revocation.applied', whole, { kind: 'member', app, conversation, user, to }))
    }
    case 'login':
    case 'conversation':
    case 'link-key':
    case 'revoke':
      return [event('revocation.applied')]
    default:
      return []
  }
}

function withoutKey(change: Change): object {
  return change.kind === 'link-key' ? { kind: change.kind, app: change.app } : change
}

/** A record as JSON. Its type is open to more than it holds. */
function plain(record: object): Json {
  return JSON.parse(JSON.stringify(record))
}
