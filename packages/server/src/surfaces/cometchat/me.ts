import { createHash } from 'node:crypto'
import { endLogin } from '../../login.ts'
import type { Parts, Tenant } from '../../parts.ts'
import { type Answer, type Context, call, type SurfaceCall } from './call.ts'
import { failure } from './errors.ts'
import { withoutTokens } from './people.ts'
import { seconds, showUser } from './people-view.ts'
import { ownDetailsOf } from './profile.ts'

/** The largest media message, body included; the vendor's limit. */
export const MOST_MESSAGE_BYTES = 100 * 1024 * 1024
/** The most files of one message. */
export const MOST_FILES = 10

/** The calls of a user's client on its own session: login, logout, and what the client has to know of the server. */
export function createMeCalls(parts: Parts): readonly SurfaceCall[] {
  const { records, links, now } = parts

  function settings(tenant: Tenant) {
    const found = settingsOf(tenant, parts.config)
    const hash = createHash('sha256').update(JSON.stringify(found)).digest('hex')
    return { ...found, settingsHash: hash, settingsHashReceivedAt: seconds(now()) }
  }

  /** The session as the client keeps it. The login token MUST be the one that was sent, or the client logs in twice. */
  async function show({ tenant, app, reader, caller, request }: Context): Promise<Answer> {
    const user = reader === null ? null : await records.users.find(app, reader.id)
    const { session, subjectSerial, sequence } = caller.token
    if (user === null || session === null || subjectSerial === null) throw failure('AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
    const { cometchatLinks } = tenant.settings
    const maker = cometchatLinks === 'session' ? await links.of(app) : null
    return {
      data: {
        ...showUser(user, 'available'),
        authToken: request.headers.authtoken,
        ...(maker !== null && { fat: maker.pass({ session, userSerial: subjectSerial, sequence }) }),
        settings: settings(tenant),
      },
    }
  }

  /** Writes what users say of themselves. A client that logs in makes the same call, and says nothing. */
  async function change({ tenant, app, reader, fields }: Context): Promise<void> {
    const user = reader === null ? null : await records.users.find(app, reader.id)
    if (user === null || user.serial !== reader?.serial) throw failure('AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
    const details = ownDetailsOf(withoutTokens(fields, parts.config.mediaUrl, tenant), user)
    if (details === null) return
    const { id, serial } = user
    await records.users.put({ app, id, serial, ...details, at: now() })
  }

  return [
    call({
      method: 'PUT',
      path: '/me',
      who: 'client',
      handle: async (context) => {
        await change(context)
        return show(context)
      },
    }),
    call({ method: 'GET', path: '/me', who: 'client', handle: show }),
    call({
      method: 'DELETE',
      path: '/me',
      who: 'client',
      handle: async ({ app, caller: { token, by } }) => {
        if (token.session === null) throw failure('AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
        await endLogin(parts, app, token.session, by)
        return { data: { success: true, message: 'The user has been logged out successfully.' } }
      },
    }),
    call({
      method: 'GET',
      path: '/settings',
      who: 'both',
      handle: async ({ tenant }) => ({ data: settings(tenant) }),
    }),
  ]
}

/**
 * What a client has to know: after login it builds every URL from these hosts, always with https. There is no socket; the hosts
 * of other products are named because clients read them, and point here.
 */
function settingsOf({ app, settings }: Tenant, { publicUrl, mediaUrl }: Parts['config']): Record<string, unknown> {
  const host = hostOf(publicUrl)
  return {
    CLIENT_API_HOST: host,
    ADMIN_API_HOST: host,
    CHAT_API_VERSION: 'v3.0',
    CHAT_HOST: host,
    CHAT_WSS_PORT: 443,
    WS_API_VERSION: 'v3.0',
    MAIN_DOMAIN: host,
    REGION: 'us',
    MODE: 'DEFAULT',
    APP_ID: app.id,
    APP_VERSION: 4,
    ANALYTICS_PING_DISABLED: true,
    EXTENSION_DOMAIN: host,
    extensions: [],
    'file.size.max': Math.min(MOST_MESSAGE_BYTES, settings.maxUploadBytes),
    'file.count.max': MOST_FILES,
    ...(settings.cometchatLinks === 'session' && { SECURED_MEDIA_HOST: hostOf(mediaUrl) }),
  }
}

/** Host, port and path of a URL, without the scheme: what clients put `https://` before. */
function hostOf(url: string): string {
  return url.replace(/^https?:\/\//, '')
}
