import type { Selectable } from 'kysely'
import { Conflict, type Key, type Keys } from '../port.ts'
import type { Database } from './database.ts'
import { pageOf, serialCursor } from './paging.ts'
import type { KeysTable, Tables } from './schema.ts'

/** API keys in SQL. */
export function createKeys({ read, write }: Database<Tables>): Keys {
  return {
    create: ({ id, app, name, grants, secretHash, sealedSecret, expiresAt, at }) =>
      write(async (tx) => {
        const row = await tx
          .insertInto('keys')
          .values({
            id,
            app,
            name: JSON.stringify(name),
            grants: JSON.stringify(grants),
            secret_hash: secretHash,
            sealed_secret: sealedSecret,
            status: 'active',
            expires_at: expiresAt,
            created_at: at,
          })
          .onConflict((conflict) => conflict.doNothing())
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) throw new Conflict('key')
        return keyOf(row)
      }),

    find: async (id) => {
      const row = await read.selectFrom('keys').selectAll().where('id', '=', id).executeTakeFirst()
      return row === undefined ? null : keyOf(row)
    },

    findBySecretHash: async (secretHash) => {
      const row = await read.selectFrom('keys').selectAll().where('secret_hash', '=', secretHash).executeTakeFirst()
      return row === undefined ? null : keyOf(row)
    },

    findBySerial: async (serial) => {
      const row = await read.selectFrom('keys').selectAll().where('serial', '=', serial).executeTakeFirst()
      return row === undefined ? null : keyOf(row)
    },

    update: (id, { name, grants }) =>
      write(async (tx) => {
        const row = await tx
          .updateTable('keys')
          .set({
            // A statement has to set something: what is left out is set to what it is.
            id,
            ...(name !== undefined && { name: JSON.stringify(name) }),
            ...(grants !== undefined && { grants: JSON.stringify(grants) }),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst()
        return row === undefined ? null : keyOf(row)
      }),

    list: async (app, { after, limit }) => {
      const rows = await read
        .selectFrom('keys')
        .selectAll()
        .where('app', app === null ? 'is' : '=', app)
        .where('serial', '>', serialCursor(after, 'ascending'))
        .orderBy('serial')
        .limit(limit + 1)
        .execute()
      return pageOf(rows, limit, keyOf, (row) => row.serial)
    },
  }
}

function keyOf(row: Selectable<KeysTable>): Key {
  return {
    id: row.id,
    serial: row.serial,
    app: row.app,
    name: JSON.parse(row.name),
    grants: JSON.parse(row.grants),
    secretHash: row.secret_hash,
    sealedSecret: new Uint8Array(row.sealed_secret),
    status: row.status,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
  }
}
