import type { Selectable } from 'kysely'
import { type App, type Apps, Conflict } from '../port.ts'
import type { Database } from './database.ts'
import { pageOf, serialCursor } from './paging.ts'
import { presentApp } from './present-app.ts'
import { clearApps } from './removal.ts'
import type { AppsTable, Tables } from './schema.ts'

/** Apps in SQL. */
export function createApps({ flavour, read, write }: Database<Tables>): Apps {
  return {
    create: ({ id, name, settings, linkKey, at }) =>
      write(async (tx) => {
        const gone = await tx
          .selectFrom('standing')
          .select('position')
          .where('scope', '=', 'app')
          .where('target', '=', id)
          .where('revoked', '=', 1)
          .executeTakeFirst()
        if (gone !== undefined) throw new Conflict('app')
        const row = await tx
          .insertInto('apps')
          .values({
            id,
            name: JSON.stringify(name),
            settings: JSON.stringify(settings),
            link_key: linkKey,
            status: 'active',
            used_bytes: 0,
            used_attachments: 0,
            created_at: at,
          })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) throw new Conflict('app')
        return appOf(row)
      }),

    find: async (id) => {
      const row = await presentApp(read, id).selectAll().executeTakeFirst()
      return row === undefined ? null : appOf(row)
    },

    list: async ({ after, limit }) => {
      const rows = await read
        .selectFrom('apps')
        .selectAll()
        .where('status', '<>', 'deleted')
        .where('serial', '>', serialCursor(after, 'ascending'))
        .orderBy('serial')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, appOf, (row) => row.serial)
    },

    rename: (id, name) =>
      write(async (tx) => {
        const row = await tx
          .updateTable('apps')
          .set({ name: JSON.stringify(name) })
          .where('id', '=', id)
          .where('status', '<>', 'deleted')
          .returningAll()
          .executeTakeFirst()
        return row === undefined ? null : appOf(row)
      }),

    usage: async (id) => {
      const row = await presentApp(read, id).select(['used_bytes', 'used_attachments']).executeTakeFirst()
      return { bytes: row?.used_bytes ?? 0, attachments: row?.used_attachments ?? 0 }
    },

    clear: () => write((tx) => clearApps(tx, flavour)),
  }
}

function appOf(row: Selectable<AppsTable>): App {
  return {
    id: row.id,
    serial: row.serial,
    name: JSON.parse(row.name),
    settings: JSON.parse(row.settings),
    linkKey: new Uint8Array(row.link_key),
    status: row.status === 'active' ? 'active' : 'suspended',
    createdAt: row.created_at,
  }
}
