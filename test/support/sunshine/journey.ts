import assert from 'node:assert/strict'
import { createReadStream, mkdirSync, type ReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Answer, type Client, createClient, type Headers, type Problem } from '../client.ts'
import { ADMIN, type Gatehouse, type GatehouseOptions, startGatehouse, temporaryFolder } from '../gatehouse.ts'
import { type ClientVersion, type Credential, createSunshine, type Sunshine } from './client.ts'

/** A server with one app, made by the official client, and what its journeys do all the time. */
export type SunshineJourney = {
  readonly house: Gatehouse
  readonly app: string
  /** Calls with the account's key. */
  readonly account: Sunshine
  /** The app's own key, and calls with it. */
  readonly key: { readonly id: string; readonly secret: string }
  readonly business: Sunshine
  /** A client with another credential or of another version. */
  readonly as: (credential: Credential, options?: { version?: ClientVersion; cookies?: boolean }) => Sunshine
  /** Calls without the client. */
  readonly bare: Client
  /** Makes a user. */
  readonly user: (externalId: string) => Promise<string>
  /** Makes a user's conversation; the first one is that user's default. */
  readonly conversation: (externalId: string) => Promise<string>
  /** Uploads a picture. */
  readonly picture: (name: string, options?: { access?: string; conversationId?: string }) => Promise<string>
  /** A media token for each path. */
  readonly tokens: (...paths: readonly string[]) => Promise<Readonly<Record<string, string>>>
  /** GET of a media URL. */
  readonly get: (url: string, headers?: Headers) => Promise<Answer>
  readonly stop: () => Promise<void>
}

/** Starts it. */
export async function startJourney(
  settings: Readonly<Record<string, unknown>> = {},
  options: GatehouseOptions = {},
): Promise<SunshineJourney> {
  const house = await startGatehouse(options)
  const as: SunshineJourney['as'] = (credential, more) => createSunshine(house.url, credential, more)
  const account = as(ADMIN)
  const { app } = await account.apps.createApp({ displayName: 'Journey', settings })
  const { key } = await account.keys.createAppKey(app.id, { displayName: 'journey' })
  const business = as(key)
  const bare = createClient(house.url)
  return {
    house,
    app: app.id,
    account,
    key,
    business,
    as,
    bare,
    user: async (externalId) => (await business.users.createUser(app.id, { externalId })).user.id,
    conversation: async (externalId) => {
      const body = { type: 'personal', participants: [{ userExternalId: externalId }] }
      return (await business.conversations.createConversation(app.id, body)).conversation.id
    },
    picture: async (name, { access = 'private', conversationId } = {}) => {
      const options = { _for: 'message', ...(conversationId === undefined ? {} : { conversationId }) }
      const source = fileOf(name, picture(name))
      const { attachment } = await business.attachments.uploadAttachment(app.id, access, source, options)
      return attachment.mediaUrl
    },
    tokens: async (...paths) => (await business.attachments.generateMediaJsonWebToken(app.id, { paths })).tokens,
    get: (url, headers) => {
      assert.ok(url.startsWith(`${house.url}/`), `not a URL of this server: ${url}`)
      return bare.get(url.slice(house.url.length), headers)
    },
    stop: () => house.stop(),
  }
}

/** A file on disk, as clients stream it: they take its name from there. */
export function fileOf(name: string, bytes: Buffer): ReadStream {
  const folder = join(temporaryFolder(), 'files')
  mkdirSync(folder)
  writeFileSync(join(folder, name), bytes)
  return createReadStream(join(folder, name))
}

/** A PNG of one pixel whose bytes differ by name. */
export function picture(name: string): Buffer {
  return Buffer.concat([PIXEL, Buffer.from(name)])
}

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** The path of a media URL. */
export function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/]+/, '')
}

/** Asserts that media are refused: the status, and nobody keeps the answer, which holds nothing of the file. */
export function closed(answer: Answer, ...statuses: readonly number[]): void {
  assert.ok(statuses.includes(answer.status), `${answer.status} ${answer.text.slice(0, 300)}`)
  assert.match(answer.headers['cache-control'] ?? '', /no-store/)
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/)
  assert.equal(answer.json<Problem>().status, answer.status)
}

/** Asserts that media come, byte for byte. */
export function opens(answer: Answer, bytes: Buffer): void {
  assert.equal(answer.status, 200, answer.text.slice(0, 300))
  assert.deepEqual(answer.body, bytes)
}

/** A cookie of the vendor's name for each value, in this order. */
export function cookies(...values: readonly string[]): Headers {
  return { cookie: values.map((value) => `zendesk_media_token=${value}`).join('; ') }
}
