import assert from 'node:assert/strict'
import { type Answer, createClient, type FormFile, type Headers, targetOf } from './client.ts'
import { type Caller, loginOf, restOf } from './cometchat-http.ts'
import { type Gatehouse, type GatehouseOptions, startGatehouse } from './gatehouse.ts'
import { createApp, type Tenant } from './tenant.ts'

/** One part of a form, in the place where it stands: a field or a file. */
export type Part = readonly [name: string, value: string | FormFile]

/** A file of a message as the surface shows it. */
export type ShownFile = {
  readonly url: string
  readonly name: string
  readonly mimeType: string
  readonly extension: string
  readonly size: number
}

/** A message as the surface shows it, as far as tests look at it. */
export type Shown = {
  readonly id: string
  readonly conversationId: string
  readonly sender: string
  readonly receiver: string
  readonly receiverType: string
  readonly category: string
  readonly type: string
  readonly parentId?: string
  readonly sentAt: number
  readonly updatedAt: number
  readonly editedAt?: number
  readonly editedBy?: string
  readonly deletedAt?: number
  readonly deletedBy?: string
  readonly data: {
    readonly text?: string
    readonly url?: string
    readonly metadata?: unknown
    readonly attachments?: readonly ShownFile[]
  }
}

/** A server with an app in it, a server's key of the app, and users who are logged in. */
export type Chat<U extends string> = {
  readonly server: Gatehouse
  readonly app: Tenant
  readonly rest: Caller & { readonly apiKey: string }
  readonly users: Readonly<Record<U, Caller & { readonly authToken: string }>>
  readonly settings: (settings: object) => Promise<void>
}

/** Starts a server and makes an app with users, all logged in, and with private groups of them by guid. */
export async function openChat<const U extends string>(
  uids: readonly U[],
  groups: Readonly<Record<string, readonly U[]>> = {},
  options: GatehouseOptions & { readonly settings?: Readonly<Record<string, unknown>> } = {},
): Promise<Chat<U>> {
  const { settings: first, ...started } = options
  const server = await startGatehouse(started)
  const app = await createApp(server.admin, first)
  const rest = await restOf(app)
  for (const uid of uids) await rest.ok('POST', '/users', { uid, name: `Name of ${uid}` })
  for (const [guid, participants] of Object.entries(groups)) {
    await rest.ok('POST', '/groups', { guid, name: `Group ${guid}`, type: 'private', members: { participants } })
  }
  const users = Object.fromEntries(await Promise.all(uids.map(async (uid) => [uid, await loginOf(app, rest, uid)])))
  return {
    ...{ server, app, rest },
    users: users as Chat<U>['users'],
    settings: async (settings) => {
      const { status, text } = await server.admin.patch(`/v1/apps/${app.id}`, { settings })
      assert.equal(status, 200, text)
    },
  }
}

/** Asks for media by its whole URL, with nothing but these headers. */
export function fetchMedia(server: Gatehouse, url: string, headers: Headers = {}): Promise<Answer> {
  return createClient(server.url).get(targetOf(url), headers)
}

/** A multipart body with its parts in exactly this order. */
export function formOf(parts: readonly Part[]): { readonly headers: Headers; readonly body: Buffer } {
  const boundary = '----gatehouse-cometchat-4f2a'
  const chunks = parts.flatMap(([name, value]) => {
    const file = typeof value === 'string' ? null : value
    const disposition = `form-data; name="${name}"${file === null ? '' : `; filename="${file.name}"`}`
    const type = file === null ? '' : `Content-Type: ${file.type}\r\n`
    return [
      Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}\r\n${type}\r\n`),
      file === null ? Buffer.from(value as string) : file.bytes,
      Buffer.from('\r\n'),
    ]
  })
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
  }
}

/** A real PNG of one pixel, with bytes of its own behind it. */
export function picture(name: string, seed = name): FormFile {
  return { name, type: 'image/png', bytes: Buffer.concat([ONE_PIXEL, Buffer.from(seed)]) }
}

const ONE_PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

/** Whom something is sent to: a uid, or a guid with `#` in front. */
export function to(address: string): { readonly receiver: string; readonly receiverType: 'user' | 'group' } {
  return address.startsWith('#')
    ? { receiver: address.slice(1), receiverType: 'group' }
    : { receiver: address, receiverType: 'user' }
}

/** A media message's form as the client package writes it: the receiver stands behind the files. */
export function mediaForm(address: string, files: readonly FormFile[], more: readonly Part[] = []) {
  const { receiver, receiverType } = to(address)
  return formOf([
    ['type', 'image'],
    ['receiverType', receiverType],
    ['category', 'message'],
    ['data', '{}'],
    ...files.map((file): Part => ['files[]', file]),
    ...more,
    ['receiver', receiver],
  ])
}

/** Sends files; answers the message. */
export async function sendFiles(
  caller: Caller,
  address: string,
  files: readonly FormFile[],
  more: readonly Part[] = [],
): Promise<Shown> {
  const { headers, body } = mediaForm(address, files, more)
  return caller.ok('POST', '/messages', body, headers)
}

/** Sends one picture; answers the message. */
export async function sendPicture(caller: Caller, address: string, name = 'pic.png'): Promise<Shown> {
  return sendFiles(caller, address, [picture(name)])
}

/** A text message's body as the client package writes it. */
export function textBody(address: string, text: string) {
  return { type: 'text', category: 'message', ...to(address), data: { text }, text }
}

/** Sends a text; answers the message. */
export async function sendText(caller: Caller, address: string, text: string): Promise<Shown> {
  return caller.ok('POST', '/messages', textBody(address, text))
}

/** A message's body that names files by their URLs, as the client package writes it. */
export function urlBody(address: string, ...files: readonly (Partial<ShownFile> & { readonly url: string })[]) {
  const attachments = files.map((file) => ({ extension: 'png', mimeType: 'image/png', name: 'x.png', ...file }))
  return { type: 'image', category: 'message', ...to(address), data: { url: '', attachments } }
}

/** The URLs of a message's files. */
export function urlsOf({ data: { attachments = [] } }: Shown): readonly string[] {
  return attachments.map(({ url }) => url)
}

/** The URL of a message's first file. */
export function urlOf(message: Shown): string {
  const [url] = urlsOf(message)
  assert.ok(url !== undefined, `message ${message.id} has a file`)
  return url
}

/** A message as somebody reads it by itself. */
export async function read(caller: Caller, { id }: Shown): Promise<Shown> {
  return caller.ok('GET', `/messages/${id}`)
}

/** An address without its query, and the token in it. */
export function parted(url: string): { readonly clean: string; readonly token: string | null } {
  const [clean = '', query = ''] = url.split('?')
  return { clean, token: /^fat=(.+)$/.exec(query)?.[1] ?? null }
}
