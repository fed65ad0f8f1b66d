import { randomBytes } from 'node:crypto'
import { isId } from '@gatehouse/core/resource'
import type { LoginSession, User } from '@gatehouse/storage/records/port'
import { hashSecret } from '../../gate/known-keys.ts'
import { endLogin, endLogins, MOST_LOGINS, openLogin } from '../../login.ts'
import type { Parts } from '../../parts.ts'
import { call, type SurfaceCall } from './call.ts'
import { failure, noSuchUser } from './errors.ts'
import { findUser } from './people.ts'
import { seconds } from './people-view.ts'

/** An auth token as JSON. */
export type AuthToken = { readonly uid: string; readonly authToken: string; readonly createdAt: number }

/** Begins a login session for a user; the only moment at which its token is known. Raises ERR_UID_NOT_FOUND where they are not active. */
export async function openToken(parts: Parts, user: User, by: string): Promise<AuthToken> {
  // Uids made elsewhere may hold what cannot stand in a header.
  const name = user.id.replaceAll(/[^\w-]/g, '-')
  const authToken = `${name}_${seconds(parts.now())}${randomBytes(24).toString('hex')}`
  const login = await openLogin(parts, { app: user.app, user: user.id, secret: authToken, by })
  if (login === null) throw noSuchUser(user.id)
  return { uid: user.id, authToken, createdAt: seconds(login.createdAt) }
}

/** The calls that make, list and end auth tokens. */
export function createAuthTokenCalls(parts: Parts): readonly SurfaceCall[] {
  const { records } = parts

  async function find(app: string, uid: string): Promise<User> {
    const user = await findUser(records, app, uid)
    if (user === null) throw noSuchUser(uid)
    return user
  }

  /** A session by its token, or by its id, which lists show in place of the token. */
  async function findSession(app: string, uid: string, token: string): Promise<LoginSession> {
    const user = await find(app, uid)
    const found =
      (await records.logins.findBySecretHash(hashSecret(token))) ??
      (isId(token) ? await records.logins.find(app, token) : null)
    if (found === null || found.app !== app || found.userSerial !== user.serial) {
      throw failure('AUTH_ERR_AUTH_TOKEN_NOT_FOUND', `The user with UID ${uid} has no such auth token.`)
    }
    return found
  }

  return [
    call({
      method: 'POST',
      path: '/users/{uid}/auth_tokens',
      who: 'rest',
      action: 'issue',
      place: '/users/{uid}',
      handle: async ({ app, params: { uid = '' }, caller: { by } }) => ({
        data: await openToken(parts, await find(app, uid), by),
      }),
    }),

    call({
      method: 'GET',
      path: '/users/{uid}/auth_tokens',
      who: 'rest',
      handle: async ({ app, params: { uid = '' } }) => {
        const user = await find(app, uid)
        const { items } = await records.logins.list(app, user.id, { after: null, limit: MOST_LOGINS })
        return {
          data: items.map((session) => show(session)),
          meta: {
            pagination: {
              total: items.length,
              count: items.length,
              per_page: MOST_LOGINS,
              current_page: 1,
              total_pages: 1,
            },
          },
        }
      },
    }),

    call({
      method: 'DELETE',
      path: '/users/{uid}/auth_tokens',
      who: 'rest',
      handle: async ({ app, params: { uid = '' }, caller: { by } }) => {
        const user = await find(app, uid)
        await endLogins(parts, app, user.id, by)
        return { data: { success: true, message: `All auth tokens of the user with UID ${uid} have been deleted.` } }
      },
    }),

    ...(['GET', 'PUT'] as const).map((method) =>
      call({
        method,
        path: '/users/{uid}/auth_tokens/{authToken}',
        who: 'rest',
        // Nothing of a session can be changed; the answer says what there is.
        handle: async ({ app, params: { uid = '', authToken = '' } }) => {
          const session = await findSession(app, uid, authToken)
          return { data: { ...show(session), ...(authToken !== session.id && { authToken }) } }
        },
      }),
    ),

    call({
      method: 'DELETE',
      path: '/users/{uid}/auth_tokens/{authToken}',
      who: 'rest',
      handle: async ({ app, params: { uid = '', authToken = '' }, caller: { by } }) => {
        const { id } = await findSession(app, uid, authToken)
        await endLogin(parts, app, id, by)
        return { data: { success: true, message: `The auth token of the user with UID ${uid} has been deleted.` } }
      },
    }),
  ]
}

/** A session in place of its token, of which only a hash is kept. `id` stands for it in paths. */
function show({ id, user, createdAt }: LoginSession) {
  const name = user.replaceAll(/[^\w-]/g, '-')
  return { uid: user, id, authToken: `${name}_${seconds(createdAt)}…`, createdAt: seconds(createdAt) }
}
