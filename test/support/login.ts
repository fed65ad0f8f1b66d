import { expect, type Tenant } from './tenant.ts'

/** A login session of a user, with what its token opens. */
export type Login = {
  readonly id: string
  /** The secret that a client shows as `authToken`. */
  readonly authToken: string
  /** The media pass of the session. The app's setting `cometchatLinks` becomes `session`. */
  readonly pass: () => Promise<string>
}

/** Logs a user in, as a server would for them. */
export async function logIn(app: Tenant, uid: string): Promise<Login> {
  const made = expect(await app.admin.post(`${app.base}/users/${encodeURIComponent(uid)}/logins`), 201)
  const { id, token: authToken } = made.json<{ id: string; token: string }>()
  return {
    id,
    authToken,
    async pass() {
      await app.settings({ cometchatLinks: 'session' })
      const answer = await app.bare.send('PUT', '/v3.0/me', {
        headers: { appid: app.id, authtoken: authToken },
        body: {},
      })
      return expect(answer, 200).json<{ data: { fat: string } }>().data.fat
    },
  }
}
