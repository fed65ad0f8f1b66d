import { sql } from 'kysely'
import type { Attachments, Receiver, Views } from '../port.ts'
import { type Database, isIn, rowTable } from './database.ts'
import type { Tables, ViewTables } from './schema.ts'

/** A time in which lines under an id are those of a person: after `since`, up to and with `until`. */
type Span = { readonly person: string; readonly uid: string; readonly since: number; readonly until: number }

/** How the cells of a span are written, in this order. */
const SPAN = { person: 'text', uid: 'text', since: 'bigint', until: 'bigint' } as const

/**
 * Creates what answers receipts out of the access log. Lines keep the id that a user had at the time; who that is now, where users were
 * merged, is looked up when they are read.
 */
export function createReceipts(
  log: Database<ViewTables>,
  { flavour, read }: Database<Tables>,
  receivers: Attachments['receivers'],
): Views['receipts'] {
  /** Where the lines of these people are. An id that a merge left free may be somebody else's since. */
  async function spansOf(app: string, people: readonly Receiver[]): Promise<readonly Span[]> {
    const merged = await read
      .selectFrom('merged_users')
      .select(['id', 'survivor', 'merged_at'])
      .where(
        isIn(
          flavour,
          'survivor',
          people.map(({ serial }) => serial),
        ),
      )
      .execute()
    const idOf = new Map(people.map(({ id, serial }) => [serial, id]))
    const selves = [
      ...people.map(({ id }) => ({ person: id, uid: id, until: Number.MAX_SAFE_INTEGER })),
      ...merged.flatMap(({ id, survivor, merged_at: until }) => {
        const person = idOf.get(survivor)
        return person === undefined ? [] : [{ person, uid: id, until }]
      }),
    ]
    const freed = await read
      .selectFrom('merged_users')
      .select(['id', 'merged_at'])
      .where('app', '=', app)
      .where(isIn(flavour, 'id', [...new Set(selves.map(({ uid }) => uid))]))
      .orderBy('merged_at')
      .execute()
    const times = Map.groupBy(freed, ({ id }) => id)
    return selves.map((self) => {
      const before = times.get(self.uid)?.findLast(({ merged_at: at }) => at < self.until)
      return { ...self, since: before?.merged_at ?? -1 }
    })
  }

  return async (attachment, paging) => {
    const page = await receivers(attachment, paging)
    const spans = (await spansOf(attachment.app, page.items)).map((span) => [
      span.person,
      span.uid,
      span.since,
      span.until,
    ])
    const rows = await log.read
      .selectFrom(sql<Span>`(${rowTable<Span>(log.flavour, SPAN, spans)})`.as('spans'))
      .innerJoin('views', 'views.uid', 'spans.uid')
      .select((eb) => [
        'person',
        eb.fn.min('at').as('first'),
        eb.fn.max('last_at').as('last'),
        sql<number>`cast(sum(bytes) as bigint)`.as('bytes'),
      ])
      .where('app', '=', attachment.app)
      .where('attachment', '=', attachment.id)
      .where('allowed', '=', 1)
      // Asking about a file (HEAD) is not opening it.
      .where((eb) => eb.or([eb('count', '>', 0), eb('bytes', '>', 0)]))
      .whereRef('at', '>', 'since')
      .whereRef('at', '<=', 'until')
      .groupBy('person')
      .execute()
    const opened = new Map(rows.map((row) => [row.person, row]))
    const items = page.items.map(({ id: user }) => {
      const row = opened.get(user)
      return { user, firstAt: row?.first ?? null, lastAt: row?.last ?? null, bytes: row?.bytes ?? 0 }
    })
    return { items, next: page.next }
  }
}
