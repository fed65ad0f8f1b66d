import assert from 'node:assert/strict'
import { type Answer, type Headers, targetOf } from './client.ts'
import { type Login, logIn } from './login.ts'
import { type AttachmentView, createApp, expect, type KeyView, type Tenant } from './tenant.ts'

/** What the file of a scene holds. */
export const BYTES = Buffer.from('0123456789')

/** An app with the group `c` of ann, bob and eve, a file that ann shared there, and what opens it for bob and for servers. */
export type Scene = {
  readonly app: Tenant
  readonly file: AttachmentView
  /** The token of bob's link. */
  readonly link: string
  readonly login: Login
  /** The media pass of that session. */
  readonly pass: string
  readonly key: KeyView
}

/** Makes a scene; there is a user zoe, too, who receives nothing. */
export async function mediaScene(
  admin: Tenant['admin'],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Scene> {
  const app = await createApp(admin, settings)
  await app.conversation('c', ['ann', 'bob', 'eve'])
  await app.users('zoe')
  const file = await app.upload(BYTES, { from: 'ann' })
  const url = await app.link(file.id, 'bob')
  const login = await logIn(app, 'bob')
  return { app, file, link: url.slice(url.indexOf('?t=') + 3), login, pass: await login.pass(), key: await app.key() }
}

/** Asserts that an answer holds the bytes. */
export function opened(answer: Answer): void {
  assert.deepEqual(expect(answer, 200).body, BYTES)
}

/** The target of a redirect. */
export function locationOf(answer: Answer): string {
  return targetOf(expect(answer, 302).headers.location ?? '')
}

/** The target of a URL that is told in JSON. */
export function urlIn(answer: Answer): string {
  return targetOf(expect(answer, 200).json<{ data: { url: string } }>().data.url)
}

/** The headers of a server's call. */
export function keyHeaders(app: Tenant, { secret }: { readonly secret: string }): Headers {
  return { appId: app.id, apiKey: secret }
}

/** The target of a pre-signed URL, by a pass. */
export async function presigned(app: Tenant, { path }: AttachmentView, pass: string): Promise<string> {
  return locationOf(await app.bare.get(`${path}?fat=${pass}`))
}

/** Asserts an answer that nobody may keep. */
export function notKept(answer: Answer): void {
  assert.match(answer.headers['cache-control'] ?? '', /no-store/)
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
}
