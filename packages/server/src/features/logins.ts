import type { LoginSession } from '@gatehouse/storage/records/port'
import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { endLogin, endLogins, MOST_LOGINS, openLogin } from '../login.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { LoginView, showLogin } from '../presenters.ts'
import { problem } from '../problems.ts'
import { Id, List, PageQuery } from '../schemas.ts'
import { newLoginToken } from '../secrets.ts'

/** Login sessions of users: what a user's device signs in with, until the session is ended. */
export function createLogins(parts: Parts) {
  const { records, vault } = parts
  const pager = createPager(vault)
  const ofUser = { app: Id, uid: Id }
  const params = { ...ofUser, login: Id }

  async function checkUser(app: string, uid: string): Promise<void> {
    if ((await records.users.find(app, uid)) === null) throw problem('not_found')
  }

  async function find(app: string, uid: string, id: string): Promise<LoginSession> {
    const login = await records.logins.find(app, id)
    if (login === null || login.user !== uid) throw problem('not_found')
    return login
  }

  return {
    create: endpoint({
      summary: 'Begin a login session of a user',
      description: `The token is shown this once. It has no end of its own; a user keeps the newest ${MOST_LOGINS} sessions. Deactivating the user suspends them all.`,
      params: ofUser,
      answers: { 201: Type.Object({ ...LoginView.properties, token: Type.String() }) },
      idempotent: true,
      handle: async ({ params: { app, uid }, caller: { by } }) => {
        const token = newLoginToken()
        const login = await openLogin(parts, { app, user: uid, secret: token, by })
        if (login === null) {
          await checkUser(app, uid)
          throw problem('conflict', 'This user is deactivated; activate the user first.')
        }
        const location = `/v1/apps/${app}/users/${encodeURIComponent(uid)}/logins/${login.id}`
        return { status: 201, body: { ...showLogin(login), token }, location }
      },
    }),

    list: endpoint({
      summary: 'List the login sessions of a user, newest first',
      params: ofUser,
      query: PageQuery,
      answers: { 200: List(LoginView) },
      handle: async ({ params: { app, uid }, query }) => {
        await checkUser(app, uid)
        const list = `logins ${app} ${uid}`
        const page = await records.logins.list(app, uid, pager.read(query, list))
        return { status: 200, body: pager.write(page, list, showLogin) }
      },
    }),

    get: endpoint({
      summary: 'Read a login session',
      params,
      answers: { 200: LoginView },
      handle: async ({ params: { app, uid, login } }) => ({
        status: 200,
        body: showLogin(await find(app, uid, login)),
      }),
    }),

    end: endpoint({
      summary: 'End a login session, with everything that depends on it, for good',
      params,
      answers: { 204: null },
      handle: async ({ params: { app, uid, login }, caller: { by } }) => {
        await find(app, uid, login)
        if (!(await endLogin(parts, app, login, by))) throw problem('not_found')
        return { status: 204 }
      },
    }),

    endAll: endpoint({
      summary: 'End all login sessions of a user for good',
      params: ofUser,
      answers: { 204: null },
      handle: async ({ params: { app, uid }, caller: { by } }) => {
        await checkUser(app, uid)
        await endLogins(parts, app, uid, by)
        return { status: 204 }
      },
    }),
  }
}
