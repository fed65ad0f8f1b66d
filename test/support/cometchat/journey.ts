import assert from 'node:assert/strict'
import type { CometChatSdkVersion } from '../../../script/cometchat-sdk.ts'
import { type Answer, basic, type Client, createClient, type Headers } from '../client.ts'
import { type Caller, restOf } from '../cometchat-http.ts'
import { ADMIN, type Gatehouse, type GatehouseOptions, startGatehouse } from '../gatehouse.ts'
import { freePort } from '../ports.ts'
import { createApp, type Tenant } from '../tenant.ts'
import type { Picked, Told } from './calls.ts'
import { startTlsFront, type TlsFront } from './tls-front.ts'
import { type SdkProcess, startSdkUser } from './user.ts'

/** A server behind TLS with one app, and users who have the official SDK. */
export type Journey = {
  readonly house: Gatehouse
  readonly front: TlsFront
  readonly app: Tenant
  readonly rest: Caller & { readonly apiKey: string }
  /** Makes users. */
  readonly people: (...uids: readonly string[]) => Promise<void>
  readonly group: (guid: string, ...participants: readonly string[]) => Promise<void>
  /** A new login token of a user. */
  readonly token: (uid: string) => Promise<string>
  /** A process with the SDK, not logged in yet. */
  readonly sdk: (version: CometChatSdkVersion, headerMode?: boolean) => Promise<SdkProcess>
  /** The same, logged in with a token of its own. */
  readonly enter: (uid: string, version?: CometChatSdkVersion, headerMode?: boolean) => Promise<SdkProcess>
  /** GET of a media URL as a browser does it, without cookies or headers of its own. */
  readonly get: (url: string, headers?: Headers) => Promise<Answer>
  readonly stop: () => Promise<void>
}

/** Starts it. */
export async function startJourney(
  settings: Readonly<Record<string, unknown>>,
  options: GatehouseOptions = {},
): Promise<Journey> {
  const front = await startTlsFront()
  const port = await freePort()
  front.lead(port)
  const flags = ['--port', String(port), '--public-url', front.url, '--allow-loopback', 'true']
  const house = await startGatehouse({ ...options, flags })
  const direct = `http://127.0.0.1:${port}`
  const admin: Client = createClient(direct, basic(ADMIN.id, ADMIN.secret))
  const bare = createClient(direct)
  const app = await createApp(admin, settings)
  const rest = await restOf(app)
  const opened: SdkProcess[] = []
  const token = async (uid: string) => (await rest.ok('POST', `/users/${uid}/auth_tokens`, {})).authToken as string
  const sdk = async (version: CometChatSdkVersion, headerMode = false) => {
    const { host, certificate } = front
    const user = await startSdkUser({ version, host, app: app.id, certificate, headerMode })
    opened.push(user)
    return user
  }
  return {
    house,
    front,
    app,
    rest,
    token,
    sdk,
    people: async (...uids) => {
      for (const uid of uids) await rest.ok('POST', '/users', { uid, name: uid.toUpperCase() })
    },
    group: async (guid, ...participants) => {
      await rest.ok('POST', '/groups', { guid, name: guid, type: 'public', members: { participants } })
    },
    enter: async (uid, version = '4.2.0', headerMode = false) => {
      const user = await sdk(version, headerMode)
      assert.equal((await user.do('login', { token: await token(uid) })).uid, uid)
      return user
    },
    get: async (url, headers) => {
      assert.ok(url.startsWith(`${front.url}/`), `not a URL of this server: ${url}`)
      return bare.get(url.slice(front.url.length), headers)
    },
    stop: async () => {
      for (const user of opened) user.stop()
      await front.stop()
      await house.stop()
    },
  }
}

/** A PNG of one pixel whose bytes differ by name. */
export function png(name: string): Picked & { readonly bytes: Buffer } {
  const bytes = Buffer.concat([PIXEL, Buffer.from(name)])
  return { name, type: 'image/png', bytes, base64: bytes.toString('base64') }
}

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** The URLs of a message's attachments. */
export function urlsOf({ attachments }: Told): readonly string[] {
  return attachments.map(({ url }) => url)
}

/** The one URL of a message with one attachment. */
export function urlOf(message: Told | undefined): string {
  const [url, ...others] = message === undefined ? [] : urlsOf(message)
  assert.ok(url !== undefined && others.length === 0, `one attachment: ${JSON.stringify(message)}`)
  return url
}

/** A URL without its query, and the token that stands there as `fat`, or null. */
export function taken(url: string): { readonly clean: string; readonly token: string | null } {
  const [clean = '', query] = url.split('?')
  return { clean, token: query === undefined ? null : (/^fat=([A-Za-z0-9_-]+)$/.exec(query)?.[1] ?? null) }
}
