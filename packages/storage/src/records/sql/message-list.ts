import type { Selectable } from 'kysely'
import type { Message, MessageFilter, Messages } from '../port.ts'
import { breathe, type Database, type Flavour } from './database.ts'
import { tagLine } from './folding.ts'
import { createKnownRows } from './known-rows.ts'
import { messageOf, messageSerial } from './message-row.ts'
import { pageOf, serialCursor } from './paging.ts'
import type { Tables } from './schema.ts'
import type { MessagesTable } from './schema-talk.ts'
import { among, inRow, numbersOf, type Piece, piece, plain, rowsOf } from './statement.ts'
import type { Viewer } from './talks.ts'

/** What of a message tells which one it is, and whether it is as it was when it was read. */
type Listed = { readonly serial: number; readonly revision: number }

/** A conversation whose messages are among those listed; `spoken` is no lower than the serial of its last one. */
type Source = { readonly serial: number; readonly spoken: number }

/** From one version to before another one; null: until now. */
type Interval = { readonly from: number; readonly to: number | null }

/** What is listed, and of which of it the viewer sees what; null: there is no viewer, all of it is seen. */
type Reading = {
  readonly sources: readonly Source[]
  readonly seen: ReadonlyMap<number, readonly Interval[]> | null
}

const ALWAYS: readonly Interval[] = [{ from: 0, to: null }]

/** How many messages are known to a thread at most, and in about how many bytes. */
const KNOWN = { entries: 20_000, bytes: 48 * 1024 * 1024 }

/**
 * Lists of messages in SQL: a page of one conversation is one statement on one index, however long the conversation is. Of messages that
 * were read before, only the revision is read again.
 */
export function createMessageList(database: Database<Tables>): Pick<Messages, 'list'> {
  const { flavour } = database
  const known = createKnownRows<number, Message>(KNOWN)
  // Left to itself, SQLite might take the table's key, and read all members of the conversation for one.
  const memberships = plain(flavour === 'sqlite' ? 'memberships indexed by memberships_by_member' : 'memberships')
  const ask = <R>(statement: Piece) => rowsOf<R>(database, statement)

  return {
    list: async (app, conversation, { after, limit, order, ...filter }) => {
      const descending = order === 'descending'
      const narrow = narrowed(flavour, filter)
      const cursor = piece`serial ${plain(descending ? '<' : '>')} ${serialCursor(after, order)}`
      const list = async (where: Piece): Promise<readonly Listed[]> => {
        const { serial, revision } = await numbersOf(
          database,
          ['serial', 'revision'],
          piece`select serial, revision from messages where ${cursor}${narrow} and ${where}
            order by serial ${plain(descending ? 'desc' : 'asc')} limit ${limit + 1}`,
        )
        return sorted(
          serial.map((each, index) => ({ serial: each, revision: revision[index] ?? 0 })),
          descending,
        )
      }
      const page = async (listed: readonly Listed[]) => {
        const { items, next } = pageOf(
          listed,
          limit,
          (row) => row,
          (row) => row.serial,
        )
        return { items: await messagesOf(items, narrow), next }
      }

      if (conversation === null && filter.visibleTo === undefined) return page(await list(piece`app = ${app}`))

      const { sources, seen } =
        conversation === null
          ? await readingAll(filter.visibleTo)
          : await readingOf(app, conversation, filter.visibleTo)
      // Replies have an index of their own; the sign keeps the other one from being chosen.
      const of = plain(filter.parent === undefined ? 'conversation' : '+conversation')
      let rows: readonly Listed[] = []
      for (const [index, { serial, spoken }] of sources.entries()) {
        // The newest come first: what was said last in the others was said before all that is found already.
        if (descending && rows.length > limit && spoken < (rows.at(-1)?.serial ?? 0)) break
        const intervals = seen === null ? ALWAYS : (seen.get(serial) ?? [])
        if (intervals.length === 0) continue
        const some = await list(piece`${of} = ${serial}${within(intervals)}`)
        rows = rows.length === 0 ? some : sorted([...rows, ...some], descending).slice(0, limit + 1)
        if (index % 50 === 49) await breathe()
      }
      return page(rows)
    },
  }

  /** The messages listed. What is read only now MUST still be what was asked for: it may have been written in between. */
  async function messagesOf(listed: readonly Listed[], narrow: Piece): Promise<readonly Message[]> {
    const unknown: number[] = []
    const messages = listed.map(({ serial, revision }) => {
      const one = known.get(serial)
      if (one?.revision === revision) return one.value
      unknown.push(serial)
      return null
    })
    if (unknown.length > 0) {
      const rows = await ask<Selectable<MessagesTable>>(
        piece`select * from messages where ${among(flavour, 'serial', unknown)}${narrow}`,
      )
      const found = new Map<number, Message>()
      for (const row of rows) {
        const message = messageOf(row)
        found.set(row.serial, message)
        known.set(row.serial, row.revision, message, sizeOf(row))
      }
      for (const [index, { serial }] of listed.entries()) messages[index] ??= found.get(serial) ?? null
    }
    return messages.filter((message) => message !== null)
  }

  /** A conversation with those merged into it, mostly none, and what a viewer sees of it. */
  async function readingOf(app: string, id: string, viewer: Viewer | undefined): Promise<Reading> {
    const rows = await ask<Source & { readonly merged_from: string; joined: number | null; ended: number | null }>(
      piece`select home.serial, spoken, merged_from, joined, ended from conversations as home
        left join ${memberships} on member = ${viewer?.serial ?? null} and conversation = home.serial
        where app = ${app} and id = ${id}`,
    )
    const [home] = rows
    if (home === undefined) return { sources: [], seen: null }
    if (home.merged_from === '[]') {
      const intervals = rows.flatMap(({ joined, ended }) =>
        joined === null ? [] : intervalOf({ joined, ended }, viewer),
      )
      return { sources: [home], seen: viewer === undefined ? null : new Map([[home.serial, intervals]]) }
    }
    const others = await ask<Source>(piece`select serial, spoken from conversations
      where app = ${app} and ${among(flavour, 'id', JSON.parse(home.merged_from))}`)
    const sources = [home, ...others].sort((a, b) => b.spoken - a.spoken)
    return { sources, seen: viewer === undefined ? null : await seenBy(viewer, sources) }
  }

  /** The conversations that a viewer is a member of and in which something was said. */
  async function readingAll(viewer: Viewer | undefined): Promise<Reading> {
    if (viewer === undefined) return { sources: [], seen: null }
    const sources = await ask<Source>(piece`
      select home.serial, home.spoken from memberships as own inner join conversations as home on home.serial = own.conversation
      where own.member = ${viewer.serial} and own.ended is null and home.spoken > 0 order by home.spoken desc`)
    return { sources, seen: await seenBy(viewer, sources) }
  }

  /** The versions between which a viewer was a member, by conversation. */
  async function seenBy(viewer: Viewer, sources: readonly Source[]): Promise<ReadonlyMap<number, readonly Interval[]>> {
    const serials = sources.map(({ serial }) => serial)
    const rows = await ask<{ conversation: number; joined: number; ended: number | null }>(piece`
      select conversation, joined, ended from memberships
      where member = ${viewer.serial} and ${among(flavour, 'conversation', serials)}`)
    const seen = new Map<number, Interval[]>()
    for (const row of rows) {
      seen.set(row.conversation, [...(seen.get(row.conversation) ?? []), intervalOf(row, viewer)])
    }
    return seen
  }
}

function intervalOf({ joined, ended }: { joined: number; ended: number | null }, viewer: Viewer | undefined): Interval {
  return { from: viewer?.later === true ? 0 : joined, to: ended }
}

/** About how much memory a message takes, with what its texts are parsed to and rendered as. */
function sizeOf({ text, data, tags, attachments }: Selectable<MessagesTable>): number {
  return 1500 + 6 * (text.length + data.length + tags.length + attachments.length)
}

function within(intervals: readonly Interval[]): Piece {
  const [only] = intervals
  if (intervals.length === 1 && only?.from === 0 && only.to === null) return plain('')
  const each = intervals.map(({ from, to }) =>
    to === null ? piece`version >= ${from}` : piece`(version >= ${from} and version < ${to})`,
  )
  return piece` and ${anyOf(each)}`
}

/** Any of some conditions, in pairs of pairs: SQLite refuses what is nested a thousand deep, and a chain is nested as deep as it is long. */
function anyOf(conditions: readonly Piece[]): Piece {
  const [first] = conditions
  if (first === undefined) return plain('1 = 0')
  if (conditions.length === 1) return first
  const half = conditions.length >> 1
  return piece`(${anyOf(conditions.slice(0, half))} or ${anyOf(conditions.slice(half))})`
}

function sorted(rows: Listed[], descending: boolean): readonly Listed[] {
  return rows.sort((a, b) => (descending ? b.serial - a.serial : a.serial - b.serial))
}

/** {@link hasTag} for one tag, as a piece of a statement that is written down. */
function holdsTag(flavour: Flavour, tag: string): Piece {
  const line = tagLine(tag)
  return flavour === 'sqlite' ? piece`instr(tags, ${line}) > 0` : piece`strpos(tags, ${line}) > 0`
}

/** What a filter says of a message's own row, each condition behind an `and`. */
function narrowed(flavour: Flavour, filter: MessageFilter): Piece {
  const { types, categories, tags, parent, beforeId, afterId, sentBefore, sentAfter } = filter
  const all: Piece[] = []
  if (types !== undefined) all.push(piece` and ${among(flavour, 'type', types)}`)
  if (categories !== undefined) all.push(piece` and ${among(flavour, 'category', categories)}`)
  if (tags !== undefined) all.push(piece` and ${anyOf(tags.map((tag) => holdsTag(flavour, tag)))}`)
  if (parent !== undefined) all.push(piece` and parent = ${messageSerial(parent)}`)
  if (filter.hideReplies === true) all.push(plain(' and parent is null'))
  if (filter.hideDeleted === true) all.push(plain(' and deleted_at is null'))
  if (beforeId !== undefined) all.push(piece` and serial < ${messageSerial(beforeId)}`)
  if (afterId !== undefined) all.push(piece` and serial > ${messageSerial(afterId)}`)
  if (sentBefore !== undefined) all.push(piece` and created_at < ${sentBefore}`)
  if (sentAfter !== undefined) all.push(piece` and created_at > ${sentAfter}`)
  return inRow(all)
}
