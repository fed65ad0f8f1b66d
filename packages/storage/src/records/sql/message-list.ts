import { type Selectable, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { MessageFilter, Messages } from '../port.ts'
import { breathe, type Database, type Flavour, isIn } from './database.ts'
import { hasTag } from './folding.ts'
import { messageOf, messageSerial } from './message-row.ts'
import { pageOf, serialCursor } from './paging.ts'
import type { Tables } from './schema.ts'
import type { MessagesTable } from './schema-talk.ts'
import type { Viewer } from './talks.ts'

type Row = Selectable<MessagesTable>

/** A conversation whose messages are among those listed; `spoken` is no lower than the serial of its last one. */
type Source = { readonly serial: number; readonly spoken: number }

/** From one version to before another one; null: until now. */
type Interval = { readonly from: number; readonly to: number | null }

const ALWAYS: readonly Interval[] = [{ from: 0, to: null }]

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

      if (conversation === null && filter.visibleTo === undefined) {
        return pageOf(await query.where('app', '=', app).execute(), limit, messageOf, (row) => row.serial)
      }
      const sources =
        conversation === null ? await spokenBy(filter.visibleTo?.serial ?? 0) : await withMerged(app, conversation)
      const seen = filter.visibleTo === undefined ? null : await seenBy(filter.visibleTo, sources)
      let rows: Row[] = []
      for (const [index, { serial, spoken }] of sources.entries()) {
        // The newest come first: what was said last in the others was said before all that is found already.
        if (descending && rows.length > limit && spoken < (rows.at(-1)?.serial ?? 0)) break
        const intervals = seen === null ? ALWAYS : (seen.get(serial) ?? [])
        if (intervals.length === 0) continue
        const some = await query.where(sql<SqlBool>`${of} = ${serial}`).where(within(intervals)).execute()
        rows = rows.length === 0 ? some : merged([...rows, ...some], descending).slice(0, limit + 1)
        if (index % 50 === 49) await breathe()
      }
      return pageOf(rows, limit, messageOf, (row) => row.serial)
    },
  }

  /** The versions between which a viewer was a member, by conversation. */
  async function seenBy({ serial, later }: Viewer, sources: readonly Source[]) {
    const rows = await read
      .selectFrom('memberships')
      .select(['conversation', 'joined', 'ended'])
      .where('member', '=', serial)
      .where(
        isIn(
          flavour,
          'conversation',
          sources.map((source) => source.serial),
        ),
      )
      .execute()
    const seen = new Map<number, Interval[]>()
    for (const { conversation, joined, ended } of rows) {
      const interval = { from: later === true ? 0 : joined, to: ended }
      seen.set(conversation, [...(seen.get(conversation) ?? []), interval])
    }
    return seen
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

function within(intervals: readonly Interval[]) {
  const [only] = intervals
  if (intervals.length === 1 && only?.from === 0 && only.to === null) return sql<SqlBool>`1 = 1`
  const each = intervals.map(({ from, to }) =>
    to === null ? sql`version >= ${from}` : sql`(version >= ${from} and version < ${to})`,
  )
  return sql<SqlBool>`(${sql.join(each, sql` or `)})`
}

function merged(rows: readonly Row[], descending: boolean): Row[] {
  return rows.toSorted((a, b) => (descending ? b.serial - a.serial : a.serial - b.serial))
}

function narrowed(flavour: Flavour, query: SelectQueryBuilder<Tables, 'messages', Row>, filter: MessageFilter) {
  const { types, categories, tags, parent, beforeId, afterId, sentBefore, sentAfter } = filter
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
  return narrow
}
