import { ACTIONS } from '@gatehouse/core/access'
import { isId, resourceOf } from '@gatehouse/core/resource'
import type { Key } from '@gatehouse/storage/records/port'
import { hashSecret } from '../../gate/known-keys.ts'
import { checkGrants } from '../../grants.ts'
import type { Parts } from '../../parts.ts'
import { newId, newKeySecret } from '../../secrets.ts'
import { call, type SurfaceCall } from './call.ts'
import { failure } from './errors.ts'
import { requiredText } from './request.ts'
import { showKey } from './views.ts'

/** How the ids of app keys begin. */
const PREFIX = 'app_'
const MOST_KEYS = 10
/** Only account-wide keys deal with app keys. */
const ACCOUNT = '/'

/** The calls on an app's keys, which are those of the native API with an id of their own form. */
export function createAppKeyCalls({ records, standings, vault, now }: Parts): readonly SurfaceCall[] {
  async function find(app: string, id: string): Promise<Key> {
    const key = isId(id) ? await records.keys.find(id) : null
    if (key === null || key.app !== app) throw failure('notFound')
    return key
  }

  return [
    call({
      versions: ['v2'],
      method: 'POST',
      path: '/apps/{app}/keys',
      resource: ACCOUNT,
      handle: async ({ app, fields, caller: { token } }) => {
        const name = requiredText(fields, 'displayName')
        const { items } = await records.keys.list(app, { after: null, limit: 1000 })
        if (items.filter(({ id }) => id.startsWith(PREFIX)).length >= MOST_KEYS) {
          throw failure('badRequest', `An app has at most ${MOST_KEYS} keys`)
        }
        const everything = { actions: ACTIONS, resource: resourceOf('apps', app).path }
        const secret = newKeySecret()
        const key = await records.keys.create({
          id: PREFIX + newId(),
          app,
          name,
          grants: checkGrants([everything], app, token.grants),
          secretHash: hashSecret(secret),
          sealedSecret: vault.seal(Buffer.from(secret), 'api-key'),
          expiresAt: token.expiresAt,
          at: now(),
        })
        return { status: 201, body: { key: showKey(key, secret) } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'GET',
      path: '/apps/{app}/keys',
      resource: ACCOUNT,
      handle: async ({ app }) => {
        const { items } = await records.keys.list(app, { after: null, limit: 1000 })
        return { status: 200, body: { keys: items.map((key) => showKey(key)) } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'GET',
      path: '/apps/{app}/keys/{key}',
      resource: ACCOUNT,
      handle: async ({ app, params: { key = '' } }) => ({ status: 200, body: { key: showKey(await find(app, key)) } }),
    }),

    call({
      versions: ['v2'],
      method: 'DELETE',
      path: '/apps/{app}/keys/{key}',
      resource: ACCOUNT,
      handle: async ({ app, params: { key = '' }, caller: { by } }) => {
        const { id } = await find(app, key)
        if ((await standings.change({ kind: 'key', app, key: id, to: 'deleted' }, by)) === null)
          throw failure('notFound')
        return { status: 200, body: {} }
      },
    }),
  ]
}
