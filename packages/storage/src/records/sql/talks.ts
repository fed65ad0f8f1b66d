import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Conversations, Message, Receiver } from '../port.ts'
import { conversationOf } from './conversation-row.ts'
import { type Database, isIn } from './database.ts'
import { messageOf } from './message-row.ts'
import type { Tables } from './schema.ts'

/** Who looks at messages; see `visibleTo` of `MessageFilter`. */
export type Viewer = { readonly serial: number; readonly later?: boolean | undefined }

/** Whether a row of `messages` was sent while the viewer was a member of its conversation. */
export function visible(viewer: Viewer) {
  return (eb: ExpressionBuilder<Tables, 'messages'>): Expression<SqlBool> => {
    let interval = eb
      .selectFrom('memberships')
      .select(sql<number>`1`.as('there'))
      .whereRef('memberships.conversation', '=', 'messages.conversation')
      .where('memberships.member', '=', viewer.serial)
      .where((or) =>
        or.or([or('memberships.ended', 'is', null), or('memberships.ended', '>', or.ref('messages.version'))]),
      )
    if (viewer.later !== true) interval = interval.whereRef('memberships.joined', '<=', 'messages.version')
    return eb.exists(interval)
  }
}

/** The list of a user's conversations in SQL. */
export function createTalks({ flavour, read }: Database<Tables>): Pick<Conversations, 'ofUser'> {
  /** The newest message that the viewer may see, by conversation. */
  async function lastMessages(conversations: readonly number[], viewer: Viewer): Promise<Map<number, Message>> {
    const rows = await read
      .selectFrom('messages')
      .selectAll()
      .where('serial', 'in', (outer) =>
        outer
          .selectFrom('conversations')
          .where(isIn(flavour, 'conversations.serial', conversations))
          .select((eb) =>
            eb
              .selectFrom('messages')
              .select('messages.serial')
              .whereRef('messages.conversation', '=', 'conversations.serial')
              .where(visible(viewer))
              .orderBy('messages.serial', 'desc')
              .limit(1)
              .as('last'),
          ),
      )
      .execute()
    return new Map(rows.map((row) => [row.conversation, messageOf(row)]))
  }

  /** The members of direct conversations. */
  async function membersOf(conversations: readonly number[]): Promise<Map<number, Receiver[]>> {
    const members = new Map<number, Receiver[]>(conversations.map((serial) => [serial, []]))
    const rows = await read
      .selectFrom('memberships')
      .select(['conversation', 'uid', 'member'])
      .where(isIn(flavour, 'conversation', conversations))
      .where('ended', 'is', null)
      .orderBy('uid')
      .execute()
    for (const { conversation, uid, member } of rows) members.get(conversation)?.push({ id: uid, serial: member })
    return members
  }

  return {
    ofUser: async (app, user, { offset, limit, type, spoken, later }) => {
      const found = await read
        .selectFrom('users')
        .select('serial')
        .where('app', '=', app)
        .where('id', '=', user)
        .executeTakeFirst()
      if (found === undefined) return { items: [], total: 0 }
      let query = read
        .selectFrom('memberships')
        .innerJoin('conversations', 'conversations.serial', 'memberships.conversation')
        .where('memberships.member', '=', found.serial)
        .where('memberships.ended', 'is', null)
        .where('conversations.merged_into', 'is', null)
      if (type !== undefined) query = query.where('conversations.type', '=', type)
      if (spoken === true) query = query.where('conversations.spoken', '>', 0)
      const [rows, counted] = await Promise.all([
        query
          .selectAll('conversations')
          .orderBy('conversations.spoken', 'desc')
          .orderBy('conversations.serial', 'desc')
          .limit(limit)
          .offset(offset)
          .execute(),
        query.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirst(),
      ])

      const survivors = rows.filter((row) => row.merged_from !== '[]').map((row) => row.id)
      const merged = await read
        .selectFrom('conversations')
        .select(['serial', 'merged_into'])
        .where('app', '=', app)
        .where(isIn(flavour, 'merged_into', survivors))
        .execute()
      const viewer = { serial: found.serial, later }
      const homes = [...rows.map((row) => row.serial), ...merged.map((row) => row.serial)]
      const last = await lastMessages(homes, viewer)
      const members = await membersOf(rows.filter((row) => row.type === 'direct').map((row) => row.serial))
      const items = rows.map((row) => {
        const sources = [row, ...merged.filter(({ merged_into }) => merged_into === row.id)]
        const lastMessage = sources
          .flatMap(({ serial }) => last.get(serial) ?? [])
          .reduce<Message | null>((a, b) => (a === null || Number(b.id) > Number(a.id) ? b : a), null)
        return { conversation: conversationOf(row), lastMessage, members: members.get(row.serial) ?? [] }
      })
      return { items, total: counted?.total ?? 0 }
    },
  }
}
