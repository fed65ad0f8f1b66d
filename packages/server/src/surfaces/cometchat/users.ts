import type { User } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { openToken } from './auth-tokens.ts'
import { type Answer, call, type SurfaceCall } from './call.ts'
import { failure, noSuchUser } from './errors.ts'
import { findUser, findUsers, newUid, withoutTokens } from './people.ts'
import { NO_ROLE, showUser, showWholeUser } from './people-view.ts'
import { detailsOf } from './profile.ts'
import { type NumberedPage, pageOf, paginationOf, type Query, requiredText, truthOf } from './request.ts'

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
        return { data: { ...showWholeUser(user), ...(token !== null && { authToken: token.authToken }) } }
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
        return { data: viewOf(who)(user) }
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
        const { user } = await records.users.put({ app, id: before.id, serial: before.serial, ...details, at: now() })
        return { data: showWholeUser(user) }
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
    const roles = [...query.list('role'), ...query.list('roles')].flatMap((role) =>
      role === NO_ROLE ? [role, null] : role,
    )
    const tags = query.list('tags')
    const search = query.text('searchKey')
    const everybody = who === 'rest' && query.truth('withDeactivated')
    const deactivated = who === 'rest' && query.truth('onlyDeactivated')
    const status = deactivated ? 'deactivated' : everybody ? null : 'active'
    const named = query.list('uids')
    const { items, total } =
      named.length > 0
        ? await listNamed(app, named, status, page)
        : await records.users.page(app, {
            ...page,
            ...(search !== undefined && { search }),
            ...(roles.length > 0 && { roles }),
            ...(tags.length > 0 && { tags }),
            ...(status !== null && { status }),
          })
    return {
      data: items.map(viewOf(who)),
      meta: { pagination: paginationOf(page, total, items.length) },
    }
  }

  /** Those of the named users who are there, in the order they were named. */
  async function listNamed(
    app: string,
    uids: readonly string[],
    status: User['status'] | null,
    { offset, limit }: NumberedPage,
  ): Promise<{ readonly items: readonly User[]; readonly total: number }> {
    const found = (await findUsers(records, app, uids, { active: false })).flatMap(([, user]) => user ?? [])
    const users = [...new Map(found.map((user) => [user.id, user])).values()]
    const shown = users.filter((user) => status === null || user.status === status)
    return { items: shown.slice(offset, offset + limit), total: shown.length }
  }
}

/** How users are shown to a client, or to a server. */
function viewOf(who: 'client' | 'rest'): (user: User) => object {
  return who === 'client' ? (user) => showUser(user) : (user) => showWholeUser(user)
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && error.name === 'Conflict'
}

function taken(uid: string): string {
  return `The user with UID ${uid} already exists, please choose another UID.`
}
