import type { Selectable } from 'kysely'
import type { Attachments, NewView, View, Views } from '../port.ts'
import { breathe, chunks, type Database, isIn, rowTable } from './database.ts'
import { pageOf } from './paging.ts'
import { createReceipts } from './receipts.ts'
import type { Tables, ViewsTable, ViewTables } from './schema.ts'
import { createViewEvents } from './view-events.ts'

/** Lines written at a time: a few milliseconds of work. */
const PIECE = 100

/** Names of users remembered by serial number; a serial changes its name by a merge alone. */
const REMEMBERED = 100_000

/** The columns of a line as they are written, in this order. */
const COLUMNS = {
  app: 'text',
  at: 'bigint',
  last_at: 'bigint',
  action: 'text',
  resource: 'text',
  attachment: 'text',
  uid: 'text',
  credential: 'text',
  key: 'text',
  allowed: 'bigint',
  reason: 'text',
  status: 'bigint',
  method: 'text',
  ip: 'text',
  user_agent: 'text',
  bytes: 'bigint',
  count: 'bigint',
} as const

/** The access log, with a way to forget what was logged about an app that is deleted. */
export type SqlViews = Views & { forget(app: string): Promise<void> }

/**
 * The access log in SQL. `log` may be another database than `records`: nothing joins the two; users and receivers are
 * looked up in `records` and handed over.
 */
export function createViews(
  log: Database<ViewTables>,
  records: Database<Tables>,
  receivers: Attachments['receivers'],
): SqlViews {
  const names = new Map<number, string>()

  const lookUpNames = async (views: readonly NewView[]) => {
    const serials = new Set(views.flatMap((view) => (view.user === null ? (view.userSerial ?? []) : [])))
    if (serials.size === 0) return
    if (names.size + serials.size > REMEMBERED) names.clear()
    const survivors = await records.read
      .selectFrom('merged_users')
      .innerJoin('users', 'users.serial', 'merged_users.survivor')
      .select(['merged_users.serial', 'users.id'])
      .where(isIn(records.flavour, 'merged_users.serial', [...serials]))
      .execute()
    for (const { serial, id } of survivors) names.set(serial, id)
    const unknown = [...serials].filter((serial) => !names.has(serial))
    if (unknown.length === 0) return
    const rows = await records.read
      .selectFrom('users')
      .select(['serial', 'id'])
      .where(isIn(records.flavour, 'serial', unknown))
      .execute()
    for (const { serial, id } of rows) names.set(serial, id)
  }

  const nameOf = ({ user, userSerial }: NewView) =>
    user ?? (userSerial === null ? null : (names.get(userSerial) ?? null))

  const tellOf = createViewEvents(records, nameOf)

  const cells = (view: NewView) => [
    view.app,
    view.at,
    view.lastAt,
    view.action,
    view.resource,
    view.attachment,
    nameOf(view),
    view.credential,
    view.key,
    view.allowed ? 1 : 0,
    view.reason,
    view.status,
    view.method,
    view.ip,
    view.userAgent,
    view.bytes,
    view.count,
  ]

  return {
    append: async (views) => {
      const list = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]
      for (const some of chunks(views, PIECE)) {
        await lookUpNames(some)
        const lines = rowTable<Omit<ViewsTable, 'serial'>>(log.flavour, COLUMNS, some.map(cells))
        await log.write((tx) => tx.insertInto('views').columns(list).expression(lines).execute())
        await tellOf(some)
        if (views.length > some.length) await breathe()
      }
    },

    list: async (app, { after, limit, resource, user, allowed }) => {
      let query = log.read.selectFrom('views').selectAll().where('app', '=', app)
      if (resource !== undefined && resource !== '/') {
        // `0` is the character after `/`. The first two conditions are one range of the index, a little too wide.
        query = query
          .where('resource', '>=', resource)
          .where('resource', '<', `${resource}0`)
          .where((eb) => eb.or([eb('resource', '=', resource), eb('resource', '>=', `${resource}/`)]))
      }
      if (user !== undefined) query = query.where('uid', '=', user)
      if (allowed !== undefined) query = query.where('allowed', '=', allowed ? 1 : 0)
      if (after !== null) {
        const [at, serial] = viewCursor(after)
        query = query.where((eb) => eb.or([eb('at', '<', at), eb.and([eb('at', '=', at), eb('serial', '<', serial)])]))
      }
      const rows = await query
        .orderBy('at', 'desc')
        .orderBy('serial', 'desc')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, viewOf, (row) => `${row.at}.${row.serial}`)
    },

    receipts: createReceipts(log, records, receivers),

    prune: (before, limit, app) =>
      log.write(async (tx) => {
        const result = await tx
          .deleteFrom('views')
          .where('serial', 'in', (eb) =>
            eb
              .selectFrom('views')
              .select('serial')
              .where('at', '<', before)
              .$if(app !== undefined, (query) => query.where('app', '=', app ?? ''))
              .orderBy('at')
              .limit(limit),
          )
          .executeTakeFirst()
        return Number(result.numDeletedRows)
      }),

    forget: async (app) => {
      for (let gone = PIECE; gone >= PIECE; await breathe()) {
        const result = await log.write((tx) =>
          tx
            .deleteFrom('views')
            .where('serial', 'in', (eb) => eb.selectFrom('views').select('serial').where('app', '=', app).limit(PIECE))
            .executeTakeFirst(),
        )
        gone = Number(result.numDeletedRows)
      }
    },
  }
}

/** Time and serial out of a cursor. One that cannot be read leads behind the end, where nothing follows. */
function viewCursor(after: string): readonly [at: number, serial: number] {
  const [, at, serial] = /^(\d{1,15})\.(\d{1,15})$/.exec(after) ?? []
  return [Number(at ?? -1), Number(serial ?? 0)]
}

function viewOf(row: Selectable<ViewsTable>): View {
  return {
    id: String(row.serial),
    app: row.app,
    at: row.at,
    lastAt: row.last_at,
    action: row.action,
    resource: row.resource,
    attachment: row.attachment,
    user: row.uid,
    credential: row.credential,
    key: row.key,
    allowed: row.allowed === 1,
    reason: row.reason,
    status: row.status,
    method: row.method,
    ip: row.ip,
    userAgent: row.user_agent,
    bytes: row.bytes,
    count: row.count,
  }
}
