import { type Selectable, sql, type Transaction } from 'kysely'
import type { Outbox, OutgoingDelivery, Settlement } from '../port.ts'
import { chunks, type Database, type Flavour, isIn } from './database.ts'
import { TRIED_FOR, tellAll } from './events.ts'
import { pageOf, serialCursor } from './paging.ts'
import type { Tables } from './schema.ts'
import type { DeliveriesTable } from './schema-webhooks.ts'
import { removeWebhook } from './webhooks.ts'

/** Events written in one transaction. */
const PIECE = 500

/** How many deliveries are looked at for each one that may be taken: others may wait behind one of their resource. */
const LOOKED_AT = 4

/** The outbox in SQL. */
export function createOutbox(database: Database<Tables>): Outbox {
  const { flavour, read, write } = database
  return {
    add: async (events) => {
      for (const some of chunks(events, PIECE)) await write((tx) => tellAll(tx, flavour, some))
    },

    due: async (at) => {
      const rows = await read
        .selectFrom('webhooks')
        .select('serial')
        .where('gone', '=', 0)
        .where((eb) =>
          eb.exists(
            eb
              .selectFrom('deliveries')
              .select('deliveries.serial')
              .whereRef('deliveries.webhook', '=', 'webhooks.serial')
              .where('deliveries.state', '=', sql.lit('pending'))
              .where('deliveries.due_at', '<=', at),
          ),
        )
        .execute()
      return rows.map((row) => row.serial)
    },

    claim: ({ webhook, holder, at, until, limit }) =>
      write(async (tx) => {
        await lock(tx, flavour, webhook)
        const found = await tx
          .selectFrom('deliveries as d')
          .selectAll('d')
          .select((eb) =>
            eb
              .selectFrom('deliveries as e')
              .select((of) => of.fn.min('e.serial').as('head'))
              .whereRef('e.webhook', '=', 'd.webhook')
              .whereRef('e.resource', '=', 'd.resource')
              .where('e.state', '=', sql.lit('pending'))
              .as('head'),
          )
          .where('d.webhook', '=', webhook)
          .where('d.state', '=', sql.lit('pending'))
          .where('d.due_at', '<=', at)
          .orderBy('d.due_at')
          .orderBy('d.serial')
          .limit(limit * LOOKED_AT)
          .execute()
        const taken = found.filter(({ serial, head }) => serial === head).slice(0, limit)
        if (taken.length > 0) {
          await tx
            .updateTable('deliveries')
            .set((eb) => ({ holder, due_at: until, tries: eb('tries', '+', 1), last_try_at: at }))
            .where(isIn(flavour, 'serial', serialsOf(taken)))
            .execute()
        }
        await putOff(
          tx,
          flavour,
          found.filter(({ serial, head }) => serial !== head),
        )
        const deliveries = taken.map((row) => deliveryOf({ ...row, tries: row.tries + 1, last_try_at: at }))
        return { deliveries, more: found.length === limit * LOOKED_AT }
      }),

    settle: (webhook, holder, settlements, at) =>
      write(async (tx) => {
        await lock(tx, flavour, webhook)
        for (const settlement of settlements) await settleOne(tx, webhook, holder, settlement, at)
      }),

    releaseAll: async (at) => {
      await write((tx) =>
        tx.updateTable('deliveries').set({ holder: null, due_at: at }).where('holder', 'is not', null).execute(),
      )
    },

    list: async (app, webhook, { after, limit, state }) => {
      const rows = await read
        .selectFrom('deliveries')
        .selectAll()
        .where('webhook', '=', (eb) =>
          eb.selectFrom('webhooks').select('serial').where('app', '=', app).where('id', '=', webhook),
        )
        .$if(state !== undefined, (query) => query.where('state', '=', sql.lit(state ?? 'pending')))
        .where('serial', '<', serialCursor(after, 'descending'))
        .orderBy('serial', 'desc')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, deliveryOf, (row) => row.serial)
    },

    find: async (app, webhook, delivery) => {
      const row = await read
        .selectFrom('deliveries')
        .selectAll()
        .where('serial', '=', serialCursor(delivery, 'descending'))
        .where('webhook', '=', (eb) =>
          eb.selectFrom('webhooks').select('serial').where('app', '=', app).where('id', '=', webhook),
        )
        .executeTakeFirst()
      return row === undefined ? null : deliveryOf(row)
    },

    replay: (app, webhook, which, at) =>
      write(async (tx) => {
        const result = await tx
          .updateTable('deliveries')
          .set({
            state: 'pending',
            due_at: at,
            deadline: at + TRIED_FOR,
            holder: null,
            tries: 0,
            last_status: null,
            last_error: null,
            settled_at: null,
          })
          .where('webhook', '=', (eb) =>
            eb.selectFrom('webhooks').select('serial').where('app', '=', app).where('id', '=', webhook),
          )
          .$if(which === 'failed', (query) => query.where('state', '=', 'failed'))
          .$if(which !== 'failed', (query) =>
            query
              .where('serial', '=', which === 'failed' ? 0 : serialCursor(which.delivery, 'descending'))
              .where('state', '<>', 'pending'),
          )
          .executeTakeFirst()
        return Number(result.numUpdatedRows)
      }),

    prune: async ({ delivered, failed }, limit) => {
      const gone = await read.selectFrom('webhooks').select('serial').where('gone', '=', 1).execute()
      for (const { serial } of gone) await removeWebhook(database, serial)
      let count = 0
      for (const [state, before] of [
        ['delivered', delivered],
        ['failed', failed],
      ] as const) {
        const result = await write((tx) =>
          tx
            .deleteFrom('deliveries')
            .where('serial', 'in', (eb) =>
              eb
                .selectFrom('deliveries')
                .select('serial')
                .where('state', '=', sql.lit(state))
                // Says nothing new but to SQLite, which sees by it that the index is good for this.
                .where('state', '<>', sql.lit('pending'))
                .where('settled_at', '<', before)
                .limit(limit - count),
            )
            .executeTakeFirst(),
        )
        count += Number(result.numDeletedRows)
      }
      return count
    },
  }
}

/**
 * Keeps everybody else from taking and settling deliveries of this webhook until the transaction ends; events still arrive. SQLite has
 * one writer at a time anyway.
 */
async function lock(tx: Transaction<Tables>, flavour: Flavour, webhook: number): Promise<void> {
  if (flavour === 'postgres') await sql`select 1 from webhooks where serial = ${webhook} for no key update`.execute(tx)
}

/** What waits behind another of its resource is not looked at again before that one's time; settling it lets the next one go. */
async function putOff(
  tx: Transaction<Tables>,
  flavour: Flavour,
  blocked: readonly { readonly serial: number; readonly head: number | null }[],
): Promise<void> {
  if (blocked.length === 0) return
  const heads = await tx
    .selectFrom('deliveries')
    .select(['serial', 'due_at'])
    .where(isIn(flavour, 'serial', [...new Set(blocked.map(({ head }) => head ?? 0))]))
    .execute()
  for (const head of heads) {
    const behind = blocked.filter((row) => row.head === head.serial)
    await tx
      .updateTable('deliveries')
      .set({ due_at: head.due_at })
      .where(isIn(flavour, 'serial', serialsOf(behind)))
      .execute()
  }
}

async function settleOne(
  tx: Transaction<Tables>,
  webhook: number,
  holder: string,
  { delivery, outcome, status, error }: Settlement,
  at: number,
): Promise<void> {
  const over = typeof outcome === 'string'
  const row = await tx
    .updateTable('deliveries')
    .set({
      ...(over ? { state: outcome, settled_at: at } : { due_at: outcome.againAt }),
      holder: null,
      last_status: status,
      last_error: error,
    })
    .where('serial', '=', serialCursor(delivery, 'descending'))
    .where('webhook', '=', webhook)
    .where('holder', '=', holder)
    .where('state', '=', sql.lit('pending'))
    .returning('resource')
    .executeTakeFirst()
  if (row === undefined || !over) return
  await tx
    .updateTable('deliveries')
    .set((eb) => ({ due_at: eb.case().when('not_before', '>', at).then(eb.ref('not_before')).else(at).end() }))
    .where('serial', '=', (eb) =>
      eb
        .selectFrom('deliveries')
        .select((of) => of.fn.min('serial').as('next'))
        .where('webhook', '=', webhook)
        .where('resource', '=', row.resource)
        .where('state', '=', sql.lit('pending')),
    )
    .where('holder', 'is', null)
    .where('due_at', '>', at)
    .execute()
}

function serialsOf(rows: readonly { readonly serial: number }[]): number[] {
  return rows.map((row) => row.serial)
}

function deliveryOf(row: Selectable<DeliveriesTable>): OutgoingDelivery {
  return {
    id: String(row.serial),
    app: row.app,
    webhook: row.webhook,
    event: row.event_id,
    type: row.event,
    name: row.name,
    resource: row.resource,
    data: JSON.parse(row.data),
    createdAt: row.created_at,
    tries: row.tries,
    deadline: row.deadline,
    state: row.state,
    dueAt: row.due_at,
    lastTryAt: row.last_try_at,
    lastStatus: row.last_status,
    lastError: row.last_error,
  }
}
