import type { Json, User, UserDetails } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { openToken } from './auth-tokens.ts'
import { type Answer, call, type SurfaceCall } from './call.ts'
import { badField, failure, noSuchUser } from './errors.ts'
import { findUser, newUid, withoutTokens } from './people.ts'
import { showUser } from './people-view.ts'
import {
  type Fields,
  objectOf,
  pageOf,
  paginationOf,
  type Query,
  requiredText,
  textOf,
  textsOf,
  truthOf,
} from './request.ts'

/** What a user keeps in the profile, under the names of this surface. */
const PROFILE = ['avatar', 'link', 'statusMessage'] as const
const MOST_TAGS = 25
const METADATA = 16_384
const LONGEST_URL = 2048

/** The calls that read and write users. */
export function createUserCalls(parts: Parts): readonly SurfaceCall[] {
  const { records, standings, now } = parts

  async function find(app: string, uid: string): Promise<User> {
    const user = await findUser(records, app, uid)
    if (user === null) throw noSuchUser(uid)
    return user
  }

  return [
    call({
      method: 'POST',
      path: '/users',
      who: 'rest',
      action: 'issue',
      place: '/users',
      handle: async ({ app, tenant, caller, ...given }) => {
        const fields = withoutTokens(given.fields, parts.config.mediaUrl, tenant)
        const uid = newUid(fields)
        const details = { ...detailsOf(fields, {}), name: requiredText(fields, 'name') }
        const withToken = truthOf(fields, 'withAuthToken')
        const user = await records.users.create({ app, id: uid, ...details, at: now() }).catch((error: unknown) => {
          throw isConflict(error) ? failure('ERR_UID_ALREADY_EXISTS', taken(uid)) : error
        })
        const token = withToken ? await openToken(parts, user, caller.by) : null
        return { data: { ...showUser(user), ...(token !== null && { authToken: token.authToken }) } }
      },
    }),

    call({
      method: 'GET',
      path: '/users',
      who: 'both',
      handle: async ({ app, who, query }) => listUsers(app, who, query),
    }),

    call({
      method: 'GET',
      path: '/users/{uid}',
      who: 'both',
      handle: async ({ app, who, params: { uid = '' } }) => {
        const user = await find(app, uid)
        // Other users see of a deactivated one only what they have seen before.
        if (who === 'client' && user.status !== 'active') throw noSuchUser(uid)
        return { data: showUser(user) }
      },
    }),

    call({
      method: 'PUT',
      path: '/users/{uid}',
      who: 'rest',
      handle: async ({ app, tenant, params: { uid = '' }, ...given }) => {
        const fields = withoutTokens(given.fields, parts.config.mediaUrl, tenant)
        const before = await find(app, uid)
        const name = fields.name == null ? undefined : requiredText(fields, 'name')
        const details = { ...detailsOf(fields, before.profile), ...(name !== undefined && { name }) }
        const { user } = await records.users.put({ app, id: before.id, ...details, at: now() })
        return { data: showUser(user) }
      },
    }),

    call({
      method: 'DELETE',
      path: '/users/{uid}',
      who: 'rest',
      handle: async ({ app, params: { uid = '' }, fields, caller: { by } }) => {
        truthOf(fields, 'permanent')
        const { id: user } = await find(app, uid)
        if ((await standings.change({ kind: 'user', app, user, to: 'deleted' }, by)) === null) throw noSuchUser(uid)
        return { data: { success: true, message: `User with ${uid} has been deleted successfully.` } }
      },
    }),
  ]

  async function listUsers(app: string, who: 'client' | 'rest', query: Query): Promise<Answer> {
    const page = pageOf(query, who === 'client' ? 30 : 100)
    const roles = [...query.list('role'), ...query.list('roles')]
    const tags = query.list('tags')
    const search = query.text('searchKey')
    const everybody = who === 'rest' && query.truth('withDeactivated')
    const deactivated = who === 'rest' && query.truth('onlyDeactivated')
    const { items, total } = await records.users.page(app, {
      ...page,
      ...(search !== undefined && { search }),
      ...(roles.length > 0 && { roles }),
      ...(tags.length > 0 && { tags }),
      ...(deactivated ? { status: 'deactivated' as const } : everybody ? {} : { status: 'active' as const }),
    })
    return {
      data: items.map((user) => showUser(user)),
      meta: { pagination: paginationOf(page, total, items.length) },
    }
  }
}

/** What a body says of a user, name apart; `unset` names what is taken away. `profile` is what is there. */
function detailsOf(fields: Fields, profile: User['profile']): UserDetails {
  const unset = textsOf(fields, 'unset', 20) ?? []
  const role = textOf(fields, 'role', 100) || undefined
  if (role !== undefined && !/^[\w-]+$/.test(role)) {
    throw badField('role', 'The role may only contain letters, numbers, dashes and underscores.')
  }
  const shown: Record<string, Json> = { ...profile }
  for (const name of PROFILE) {
    const text = textOf(fields, name, LONGEST_URL)
    if (text !== undefined) shown[name] = text
    if (unset.includes(name)) delete shown[name]
  }
  return {
    ...(PROFILE.some((name) => fields[name] !== undefined || unset.includes(name)) && { profile: shown }),
    role: unset.includes('role') ? null : role,
    tags: unset.includes('tags') ? [] : textsOf(fields, 'tags', MOST_TAGS, 100),
    metadata: unset.includes('metadata') ? {} : objectOf(fields, 'metadata', METADATA),
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && error.name === 'Conflict'
}

function taken(uid: string): string {
  return `The user with UID ${uid} already exists, please choose another UID.`
}
