import assert from 'node:assert/strict'
import main from 'sunshine-conversations-client'
import oldest from 'sunshine-conversations-client-9'
import newest from 'sunshine-conversations-client-14'
import { basic, bearer, type Headers } from '../client.ts'
import type { ApiClient, SunshineClient } from './shapes.ts'

/** The official clients: the one of the main journey, the one that swaps cookies by POST, and one of after the feature. */
export const CLIENTS = { '12.5.0': main, '9.0.1': oldest, '14.1.0': newest } as const

/** A version of the official client. */
export type ClientVersion = keyof typeof CLIENTS

/** As whom a client calls. */
export type Credential = { readonly id: string; readonly secret: string } | { readonly token: string } | null

/** The official client, set up for one server and one credential. */
export type Sunshine = {
  readonly api: ApiClient
  readonly apps: InstanceType<SunshineClient['AppsApi']>
  readonly keys: InstanceType<SunshineClient['AppKeysApi']>
  readonly users: InstanceType<SunshineClient['UsersApi']>
  readonly conversations: InstanceType<SunshineClient['ConversationsApi']>
  readonly participants: InstanceType<SunshineClient['ParticipantsApi']>
  readonly messages: InstanceType<SunshineClient['MessagesApi']>
  readonly attachments: InstanceType<SunshineClient['AttachmentsApi']>
}

/** Makes a client; every one has a cookie jar of its own, which is used where `cookies` is set. */
export function createSunshine(
  url: string,
  credential: Credential,
  { version = '12.5.0', cookies = false }: { readonly version?: ClientVersion; readonly cookies?: boolean } = {},
): Sunshine {
  const client = CLIENTS[version]
  const api = new client.ApiClient()
  api.basePath = url
  api.enableCookies = cookies
  if (credential !== null && 'token' in credential) api.authentications.bearerAuth.accessToken = credential.token
  if (credential !== null && 'id' in credential) {
    api.authentications.basicAuth.username = credential.id
    api.authentications.basicAuth.password = credential.secret
  }
  return {
    api,
    apps: new client.AppsApi(api),
    keys: new client.AppKeysApi(api),
    users: new client.UsersApi(api),
    conversations: new client.ConversationsApi(api),
    participants: new client.ParticipantsApi(api),
    messages: new client.MessagesApi(api),
    attachments: new client.AttachmentsApi(api),
  }
}

/** The header that a credential makes, for calls without the client. */
export function headersOf(credential: Credential): Headers {
  if (credential === null) return {}
  return 'token' in credential ? bearer(credential.token) : basic(credential.id, credential.secret)
}

/** Asserts that a call of the client was refused: the status, the code of each error, and the whole shape. Answers the titles. */
export async function refused(call: Promise<unknown>, status: number, code: string): Promise<readonly string[]> {
  const error = await call.then(
    (answer) => assert.fail(`should have been refused: ${JSON.stringify(answer)}`),
    (reason: { status?: number; body?: unknown; error?: unknown }) => reason,
  )
  assert.equal(error.status, status, `${JSON.stringify(error.body)} ${error.error}`)
  const { errors, ...rest } = error.body as { errors: readonly { code: string; title: string }[] }
  assert.deepEqual(rest, {})
  assert.ok(errors.length === 1 || (errors.length > 1 && status === 400))
  for (const entry of errors) {
    assert.deepEqual(Object.keys(entry).sort(), ['code', 'title'])
    assert.equal(entry.code, code)
    assert.ok(entry.title.length > 0)
  }
  return errors.map(({ title }) => title)
}
