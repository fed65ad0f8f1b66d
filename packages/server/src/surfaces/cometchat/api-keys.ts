import { ACTIONS } from '@gatehouse/core/access'
import { parseGrants } from '@gatehouse/core/claims'
import { speaksOf } from '@gatehouse/core/grant'
import { isProblem } from '@gatehouse/core/problem'
import { isId, resourceOf } from '@gatehouse/core/resource'
import type { GrantJson, Key } from '@gatehouse/storage/records/port'
import { hashSecret } from '../../gate/known-keys.ts'
import { checkGrants } from '../../grants.ts'
import { changeKey } from '../../key.ts'
import { allPages } from '../../paging.ts'
import type { Parts } from '../../parts.ts'
import { newId, newKeySecret } from '../../secrets.ts'
import { call, type SurfaceCall } from './call.ts'
import { badField, failure } from './errors.ts'
import { seconds } from './people-view.ts'
import { choiceOf, pageOf, paginationOf, requiredText } from './request.ts'

const SCOPES = ['authOnly', 'fullAccess'] as const
type Scope = (typeof SCOPES)[number]

/** The calls on an app's API keys, which are those of the native API: here by their secret, and with two sets of grants. */
export function createApiKeyCalls(parts: Parts): readonly SurfaceCall[] {
  const { records, standings, vault, now } = parts

  /** A key by its secret, or by its id, which lists show beside the shortened secret. */
  async function find(app: string, text: string): Promise<Key> {
    const found =
      (await records.keys.findBySecretHash(hashSecret(text))) ?? (isId(text) ? await records.keys.find(text) : null)
    if (found === null || found.app !== app) throw failure('AUTH_ERR_APIKEY_NOT_FOUND', 'This app has no such API key.')
    return found
  }

  function show(key: Key) {
    const { id, name, createdAt } = key
    return { id, apiKey: shortened(key), name, scope: scopeOf(key), createdAt: seconds(createdAt) }
  }

  /** The beginning of the secret, by which people know it again. */
  function shortened({ sealedSecret }: Key): string {
    return `${Buffer.from(vault.open(sealedSecret, 'api-key')).toString('utf8').slice(0, 7)}…`
  }

  return [
    call({
      method: 'POST',
      path: '/apikeys',
      who: 'rest',
      handle: async ({ app, fields, caller: { token } }) => {
        const name = requiredText(fields, 'name')
        const scope = choiceOf(fields, 'scope', SCOPES)
        if (scope === undefined) throw badField('scope', 'The scope field is required.')
        const grants = checkGrants(grantsOf(app, scope), app, token.grants)
        const apiKey = newKeySecret()
        const key = await records.keys.create({
          id: newId(),
          app,
          name,
          grants,
          secretHash: hashSecret(apiKey),
          sealedSecret: vault.seal(Buffer.from(apiKey), 'api-key'),
          expiresAt: token.expiresAt,
          at: now(),
        })
        return { data: { ...show(key), apiKey } }
      },
    }),

    call({
      method: 'GET',
      path: '/apikeys',
      who: 'rest',
      handle: async ({ app, query }) => {
        const page = pageOf(query)
        const keys: Key[] = []
        for await (const some of allPages<Key>((paging) => records.keys.list(app, paging))) keys.push(...some)
        const items = keys.slice(page.offset, page.offset + page.limit)
        return { data: items.map(show), meta: { pagination: paginationOf(page, keys.length, items.length) } }
      },
    }),

    call({
      method: 'GET',
      path: '/apikeys/{apiKey}',
      who: 'rest',
      handle: async ({ app, params: { apiKey = '' } }) => ({ data: show(await find(app, apiKey)) }),
    }),

    call({
      method: 'PUT',
      path: '/apikeys/{apiKey}',
      who: 'rest',
      handle: async ({ app, params: { apiKey = '' }, fields, caller: { token, by } }) => {
        const key = await find(app, apiKey)
        const name = fields.name == null ? undefined : requiredText(fields, 'name')
        const scope = choiceOf(fields, 'scope', SCOPES)
        const grants = scope === undefined ? undefined : checkGrants(grantsOf(app, scope), app, token.grants)
        return { data: show(await changeKey(parts, app, key.id, { name, grants }, by)) }
      },
    }),

    call({
      method: 'DELETE',
      path: '/apikeys/{apiKey}',
      who: 'rest',
      handle: async ({ app, params: { apiKey = '' }, caller: { by } }) => {
        const { id } = await find(app, apiKey)
        await standings.change({ kind: 'key', app, key: id, to: 'deleted' }, by)
        return { data: { success: true, message: 'The API key has been deleted successfully.' } }
      },
    }),
  ]
}

/** What a scope permits: all, or to make users and auth tokens for them. */
function grantsOf(app: string, scope: Scope): readonly GrantJson[] {
  const home = resourceOf('apps', app).path
  if (scope === 'fullAccess') return [{ actions: ACTIONS, resource: home }]
  return [{ actions: ['issue'], resource: `${home}/users` }]
}

/** Which of the two scopes is nearest to what a key holds; keys made natively may hold something in between. */
function scopeOf({ app, grants }: Key): Scope {
  const held = parseGrants(grants)
  const home = resourceOf('apps', app ?? '')
  const manages = !isProblem(held) && held.some((grant) => speaksOf(grant, 'manage', home))
  return manages ? 'fullAccess' : 'authOnly'
}
