import type { Selectable, Transaction } from 'kysely'
import { Conflict, Missing, type Subscription, type Webhook, type Webhooks } from '../port.ts'
import { breathe, CHUNK, type Database } from './database.ts'
import { pageOf, serialCursor } from './paging.ts'
import { presentApp } from './present-app.ts'
import type { Tables } from './schema.ts'
import type { WebhooksTable } from './schema-webhooks.ts'

/** Webhooks in SQL. */
export function createWebhooks(database: Database<Tables>): Webhooks {
  const { read, write } = database
  return {
    create: ({ app, id, url, subscriptions, sealed, at }) =>
      write(async (tx) => {
        const home = await presentApp(tx, app).select('serial').executeTakeFirst()
        if (home === undefined) throw new Missing('app')
        const row = await tx
          .insertInto('webhooks')
          .values({
            app,
            id,
            url: JSON.stringify(url),
            subscriptions: JSON.stringify(subscriptions),
            sealed,
            gone: 0,
            created_at: at,
            updated_at: at,
          })
          .onConflict((conflict) => conflict.columns(['app', 'id']).doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) throw new Conflict('webhook')
        await subscribe(tx, app, row.serial, subscriptions)
        return webhookOf(row)
      }),

    find: async (app, id) => {
      const row = await read
        .selectFrom('webhooks')
        .selectAll()
        .where('app', '=', app)
        .where('id', '=', id)
        .where('gone', '=', 0)
        .executeTakeFirst()
      return row === undefined ? null : webhookOf(row)
    },

    findBySerial: async (serial) => {
      const row = await read
        .selectFrom('webhooks')
        .selectAll()
        .where('serial', '=', serial)
        .where('gone', '=', 0)
        .executeTakeFirst()
      return row === undefined ? null : webhookOf(row)
    },

    list: async (app, { after, limit }) => {
      const rows = await read
        .selectFrom('webhooks')
        .selectAll()
        .where('app', '=', app)
        .where('gone', '=', 0)
        .where('serial', '>', serialCursor(after, 'ascending'))
        .orderBy('serial')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, webhookOf, (row) => row.serial)
    },

    update: (app, id, { url, subscriptions, sealed, at }) =>
      write(async (tx) => {
        const row = await tx
          .updateTable('webhooks')
          .set({
            updated_at: at,
            ...(url !== undefined && { url: JSON.stringify(url) }),
            ...(subscriptions !== undefined && { subscriptions: JSON.stringify(subscriptions) }),
            ...(sealed !== undefined && { sealed }),
          })
          .where('app', '=', app)
          .where('id', '=', id)
          .where('gone', '=', 0)
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) return null
        if (subscriptions !== undefined) {
          await tx.deleteFrom('subscriptions').where('webhook', '=', row.serial).execute()
          await subscribe(tx, app, row.serial, subscriptions)
        }
        return webhookOf(row)
      }),

    delete: async (app, id) => {
      const row = await write(async (tx) => {
        const found = await tx
          .updateTable('webhooks')
          .set({ gone: 1 })
          .where('app', '=', app)
          .where('id', '=', id)
          .where('gone', '=', 0)
          .returning('serial')
          .executeTakeFirst()
        if (found !== undefined) await tx.deleteFrom('subscriptions').where('webhook', '=', found.serial).execute()
        return found
      })
      if (row === undefined) return false
      await removeWebhook(database, row.serial)
      return true
    },
  }
}

/** Removes what is left of a deleted webhook, piece by piece, since there may be a lot. */
export async function removeWebhook({ flavour, write }: Database<Tables>, webhook: number): Promise<void> {
  const size = CHUNK[flavour]
  for (let gone = size; gone === size; await breathe()) {
    gone = await write(async (tx) => {
      const result = await tx
        .deleteFrom('deliveries')
        .where('serial', 'in', (eb) =>
          eb.selectFrom('deliveries').select('serial').where('webhook', '=', webhook).limit(size),
        )
        .executeTakeFirst()
      const removed = Number(result.numDeletedRows)
      if (removed < size) await tx.deleteFrom('webhooks').where('serial', '=', webhook).execute()
      return removed
    })
  }
}

async function subscribe(
  tx: Transaction<Tables>,
  app: string,
  webhook: number,
  subscriptions: readonly Subscription[],
): Promise<void> {
  if (subscriptions.length === 0) return
  await tx
    .insertInto('subscriptions')
    .values(subscriptions.map(({ event, name }) => ({ app, event, webhook, name })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

function webhookOf(row: Selectable<WebhooksTable>): Webhook {
  return {
    app: row.app,
    id: row.id,
    serial: row.serial,
    url: JSON.parse(row.url),
    subscriptions: JSON.parse(row.subscriptions),
    sealed: new Uint8Array(row.sealed),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
