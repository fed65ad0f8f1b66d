import assert from 'node:assert/strict'
import { type Answer, basic, bearer, type Client, targetOf } from './client.ts'
import type { Sunshine, SunshineApp, Version } from './sunshine-http.ts'
import { expect, type KeyView } from './tenant.ts'

/** A picture of one pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** A part of a form; one with `type` is a file, which may have no name. */
export type Part = {
  readonly name: string
  readonly value: Buffer | string
  readonly type?: string
  readonly filename?: string
}

/** A `multipart/form-data` body (RFC 7578) with these parts, in their order. */
export function formOf(parts: readonly Part[]): { readonly headers: Record<string, string>; readonly body: Buffer } {
  const boundary = '----gatehouse-sunshine-40b1'
  const chunks = parts.flatMap(({ name, value, type, filename }) => {
    const named = filename === undefined ? '' : `; filename="${filename.replace(/"/g, '%22')}"`
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${named}\r\n`
    return [
      Buffer.from(`${head}${type === undefined ? '' : `Content-Type: ${type}\r\n`}\r\n`),
      Buffer.from(value),
      '\r\n',
    ]
  })
  const body = Buffer.concat([...chunks, `--${boundary}--\r\n`].map((chunk) => Buffer.from(chunk)))
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, body }
}

/** A form with a file as part `source`. */
export function sourceOf(value: Buffer | string, filename?: string, type = 'application/octet-stream') {
  return formOf([{ name: 'source', value, type, ...(filename !== undefined && { filename }) }])
}

/** Uploads a picture; answers the target of its URL. `query` says the rest: `access=private&conversationId=…`. */
export async function uploadTo(app: SunshineApp, query: string, filename = 'bob.png'): Promise<string> {
  const { headers, body } = sourceOf(PNG, filename, 'image/png')
  const answer = expect(await app.v2.call('POST', `${app.home}/attachments?${query}`, body, headers), 201)
  const { attachment } = answer.json<{ attachment: { mediaUrl: string; mediaType: string } }>()
  assert.equal(attachment.mediaType, 'image/png')
  return targetOf(attachment.mediaUrl)
}

/** Media tokens by path. */
export async function tokensFor(app: SunshineApp, ...paths: readonly string[]): Promise<Record<string, string>> {
  const answer = expect(await app.v2.call('POST', `${app.home}/attachments/token`, { paths }), 200)
  return answer.json<{ tokens: Record<string, string> }>().tokens
}

/** Swaps a token for its cookie, as a client does; answers what it has to send along. */
export async function cookieFor(bare: Client, app: SunshineApp, token: string): Promise<string> {
  const answer = expect(await bare.get(`/v2${app.home}/attachments/cookie`, bearer(token)), 200)
  return cookieOf(answer)
}

/** Name and value of the cookie that an answer sets. */
export function cookieOf(answer: Answer): string {
  return answer.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? assert.fail('no cookie')
}

/** Calls by a key under a version, with whatever answer. */
export function callsOf(client: Client, version: Version, key: KeyView): Sunshine['call'] {
  const own = client.as(basic(key.id, key.secret))
  return (method, path, body, headers = {}) =>
    own.send(method, `/${version}${path}`, { headers, ...(body === undefined ? {} : { body: body as object }) })
}

/** A user and the user's default conversation. */
export async function talkWith(app: SunshineApp, externalId: string): Promise<{ user: string; conversation: string }> {
  const { user } = await app.v2.ok('POST', `${app.home}/users`, { externalId })
  const { conversation } = await app.v2.ok('POST', `${app.home}/conversations`, {
    type: 'personal',
    participants: [{ userExternalId: externalId }],
  })
  return { user: user.id, conversation: conversation.id }
}
