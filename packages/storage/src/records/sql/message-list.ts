import { type Selectable, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { MessageFilter, Messages } from '../port.ts'
import { breathe, type Database, type Flavour, isIn } from './database.ts'
import { hasTag } from './folding.ts'
import { messageOf, messageSerial } from './message-row.ts'
import { pageOf, serialCursor } from './paging.ts'
import type { Tables } from './schema.ts'
import type { MessagesTable } from './schema-talk.ts'
import { visible } from './talks.ts'

type Row = Selectable<MessagesTable>

/** A conversation whose messages are among those listed; `spoken` is no lower than the serial of its last one. */
type Source = { readonly serial: number; readonly spoken: number }

/** Lists of messages in SQL: a page of one conversation is one statement on one index, however long the conversation is. */
export function createMessageList({ flavour, read }: Database<Tables>): Pick<Messages, 'list'> {
  return {
    list: async (app, conversation, { after, limit, order, ...filter }) => {
      const descending = order === 'descending'
      const query = narrowed(flavour, read.selectFrom('messages').selectAll(), filter)
        .where('serial', descending ? '<' : '>', serialCursor(after, order))
        .orderBy('serial', descending ? 'desc' : 'asc')
        .limit(limit + 1)
      // Replies have an index of their own; the sign keeps the other one from being chosen.
      const of = filter.parent === undefined ? sql.ref('conversation') : sql`+conversation`
      const from = (serial: number) => query.where(sql<SqlBool>`${of} = ${serial}`).execute()

      if (conversation === null && filter.visibleTo === undefined) {
        return pageOf(await query.where('app', '=', app).execute(), limit, messageOf, (row) => row.serial)
      }
      const sources =
        conversation === null ? await spokenBy(filter.visibleTo?.serial ?? 0) : await withMerged(app, conversation)
      let rows: Row[] = []
      for (const [index, { serial, spoken }] of sources.entries()) {
        // The newest come first: what was said last in the others was said before all that is found already.
        if (descending && rows.length > limit && spoken < (rows.at(-1)?.serial ?? 0)) break
        rows = merged([...rows, ...(await from(serial))], descending).slice(0, limit + 1)
        if (index % 50 === 49) await breathe()
      }
      return pageOf(rows, limit, messageOf, (row) => row.serial)
    },
  }

  /** A conversation with those merged into it, mostly none. */
  async function withMerged(app: string, id: string): Promise<readonly Source[]> {
    const home = await read
      .selectFrom('conversations')
      .select(['serial', 'spoken', 'merged_from'])
      .where('app', '=', app)
      .where('id', '=', id)
      .executeTakeFirst()
    if (home === undefined || home.merged_from === '[]') return home === undefined ? [] : [home]
    const others = await read
      .selectFrom('conversations')
      .select(['serial', 'spoken'])
      .where('app', '=', app)
      .where(isIn(flavour, 'id', JSON.parse(home.merged_from)))
      .execute()
    return [home, ...others].sort((a, b) => b.spoken - a.spoken)
  }

  /** The conversations that a user is a member of and in which something was said. */
  async function spokenBy(member: number): Promise<readonly Source[]> {
    return read
      .selectFrom('memberships')
      .innerJoin('conversations', 'conversations.serial', 'memberships.conversation')
      .select(['conversations.serial', 'conversations.spoken'])
      .where('memberships.member', '=', member)
      .where('memberships.ended', 'is', null)
      .where('conversations.spoken', '>', 0)
      .orderBy('conversations.spoken', 'desc')
      .execute()
  }
}

function merged(rows: readonly Row[], descending: boolean): Row[] {
  return rows.toSorted((a, b) => (descending ? b.serial - a.serial : a.serial - b.serial))
}

function narrowed(flavour: Flavour, query: SelectQueryBuilder<Tables, 'messages', Row>, filter: MessageFilter) {
  const { types, categories, tags, parent, beforeId, afterId, sentBefore, sentAfter, visibleTo } = filter
  let narrow = query
  if (types !== undefined) narrow = narrow.where(isIn(flavour, 'type', types))
  if (categories !== undefined) narrow = narrow.where(isIn(flavour, 'category', categories))
  if (tags !== undefined) narrow = narrow.where(hasTag(flavour, 'tags', tags))
  if (parent !== undefined) narrow = narrow.where('parent', '=', messageSerial(parent))
  if (filter.hideReplies === true) narrow = narrow.where('parent', 'is', null)
  if (filter.hideDeleted === true) narrow = narrow.where('deleted_at', 'is', null)
  if (beforeId !== undefined) narrow = narrow.where('serial', '<', messageSerial(beforeId))
  if (afterId !== undefined) narrow = narrow.where('serial', '>', messageSerial(afterId))
  if (sentBefore !== undefined) narrow = narrow.where('created_at', '<', sentBefore)
  if (sentAfter !== undefined) narrow = narrow.where('created_at', '>', sentAfter)
  return visibleTo === undefined ? narrow : narrow.where(visible(visibleTo))
}
