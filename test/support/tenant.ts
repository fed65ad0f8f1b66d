import assert from 'node:assert/strict'
import { type Answer, basic, bearer, type Client, form, type List, type Problem, targetOf } from './client.ts'

/** An attachment as the native API answers it. */
export type AttachmentView = {
  readonly id: string
  readonly path: string
  readonly url: string
  readonly filename: string
  readonly contentType: string
  readonly size: number
  readonly sha256: string
  readonly access: 'private' | 'public'
  readonly createdAt: string
}

/** What a change of standing answers. */
export type RevocationView = {
  readonly sequence: number
  readonly nodes: number
  readonly milliseconds: number
  readonly cut: number
}

/** An API key with its secret. */
export type KeyView = { readonly id: string; readonly secret: string }

/** A grant as the API takes it. */
export type GrantBody = {
  readonly actions: readonly string[]
  readonly resource: string
  readonly limits?: Readonly<Record<string, unknown>>
}

/** What an upload may say. */
export type UploadOptions = {
  readonly name?: string
  readonly type?: string
  readonly conversation?: string | null
  readonly access?: 'private' | 'public'
  readonly from?: string
  readonly recipients?: readonly string[]
}

/** One app of a running server, and what suites do with it all the time. Every call asserts that it succeeded. */
export type Tenant = {
  readonly id: string
  /** `/v1/apps/{app}` */
  readonly base: string
  readonly admin: Client
  /** Sends without a credential. */
  readonly bare: Client
  readonly settings: (patch: Readonly<Record<string, unknown>>) => Promise<void>
  readonly key: (grants?: readonly GrantBody[]) => Promise<KeyView>
  readonly users: (...uids: readonly string[]) => Promise<void>
  /** Makes a conversation, or replaces its members. Its type is `direct` for two. */
  readonly conversation: (id: string, members: readonly string[]) => Promise<void>
  /** Uploads into the conversation `c`, unless another is named; null is none. */
  readonly upload: (bytes: Buffer, options?: UploadOptions) => Promise<AttachmentView>
  /** The request target of a receiver's own link. */
  readonly link: (attachment: string, uid: string) => Promise<string>
  /** Every receiver's link, page by page. */
  readonly links: (attachment: string, limit?: number) => Promise<readonly { user: string; url: string }[]>
  readonly token: (
    grants: readonly GrantBody[],
    more?: { readonly subject?: string; readonly seconds?: number },
  ) => Promise<{ readonly token: string; readonly id: string; readonly expiresAt: string }>
  readonly revoke: (target: Readonly<Record<string, unknown>>) => Promise<RevocationView>
  readonly deactivate: (uid: string) => Promise<RevocationView>
  readonly activate: (uid: string) => Promise<void>
}

/** Makes an app through the API. */
export async function createApp(admin: Client, settings?: Readonly<Record<string, unknown>>): Promise<Tenant> {
  const made = expect(await admin.post('/v1/apps', { name: 'Suite', ...(settings ? { settings } : {}) }), 201)
  return openApp(admin, made.json<{ id: string }>().id)
}

/** An app that exists already, for instance after a restart. */
export function openApp(admin: Client, id: string): Tenant {
  const base = `/v1/apps/${id}`
  return {
    id,
    base,
    admin,
    bare: admin.as({}),
    settings: async (patch) => void expect(await admin.patch(base, { settings: patch }), 200),
    key: async (grants) =>
      expect(await admin.post(`${base}/keys`, { name: 'suite', ...(grants ? { grants } : {}) }), 201).json<KeyView>(),
    users: async (...uids) => {
      for (const uid of uids) {
        const answer = await admin.put(`${base}/users/${encodeURIComponent(uid)}`, { name: uid })
        assert.ok(answer.status === 200 || answer.status === 201, `PUT user: ${answer.status} ${answer.text}`)
      }
    },
    conversation: async (conversation, members) => {
      const type = members.length === 2 ? 'direct' : 'group'
      const answer = await admin.put(`${base}/conversations/${encodeURIComponent(conversation)}`, { type, members })
      assert.ok(answer.status === 200 || answer.status === 201, `PUT conversation: ${answer.status} ${answer.text}`)
    },
    upload: async (bytes, options) => expect(await sendUpload(admin, base, bytes, options), 201).json<AttachmentView>(),
    link: async (attachment, uid) => {
      const answer = await admin.get(`${base}/attachments/${attachment}/links/${encodeURIComponent(uid)}`)
      return targetOf(expect(answer, 200).json<{ url: string }>().url)
    },
    links: async (attachment, limit = 1000) =>
      await collect<{ user: string; url: string }>(admin, `${base}/attachments/${attachment}/links`, limit),
    token: async (grants, more = {}) =>
      expect(await admin.post(`${base}/tokens`, { grants, seconds: 3600, ...more }), 201).json(),
    revoke: async (target) => expect(await admin.post(`${base}/revocations`, target), 200, 201).json<RevocationView>(),
    deactivate: async (uid) => {
      const answer = await admin.post(`${base}/users/${encodeURIComponent(uid)}/deactivate`)
      return expect(answer, 200).json<{ revocation: RevocationView }>().revocation
    },
    activate: async (uid) => void expect(await admin.post(`${base}/users/${encodeURIComponent(uid)}/activate`), 200),
  }
}

/** The upload itself, for suites that look at refusals. `base` is `/v1/apps/{app}`. */
export function sendUpload(client: Client, base: string, bytes: Buffer, options: UploadOptions = {}): Promise<Answer> {
  const { name = 'file.bin', type = 'application/octet-stream', conversation = 'c', recipients, ...fields } = options
  const pairs = [...Object.entries(fields), ...(recipients ?? []).map((uid) => ['recipients', uid] as const)]
  const { headers, body } = form(pairs, { name, type, bytes })
  const into = conversation === null ? base : `${base}/conversations/${encodeURIComponent(conversation)}`
  return client.post(`${into}/attachments`, body, headers)
}

/** Every item of a paged list. */
export async function collect<T>(client: Client, path: string, limit = 1000): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: List<T> = expect(await client.get(`${path}?limit=${limit}${from}`), 200).json<List<T>>()
    assert.ok(page.items.length <= limit, 'a page is longer than its limit')
    items.push(...page.items)
    cursor = page.next
  }
  return items
}

/** Asserts the status and hands the answer on. */
export function expect(answer: Answer, ...statuses: readonly number[]): Answer {
  assert.ok(
    statuses.includes(answer.status),
    `expected ${statuses.join(' or ')}, got ${answer.status}: ${answer.text.slice(0, 500)}`,
  )
  return answer
}

/** Asserts a well-formed refusal: problem document, its own status, no-store, no markup, no stack. Answers its code. */
export function refusal(answer: Answer, ...statuses: readonly number[]): string {
  expect(answer, ...statuses)
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/)
  assert.match(answer.headers['cache-control'] ?? '', /no-store/, 'a refusal must not be stored')
  const problem = answer.json<Problem>()
  assert.equal(problem.status, answer.status)
  assert.equal(typeof problem.type, 'string')
  assert.equal(typeof problem.title, 'string')
  assert.match(problem.code, /^[a-z][a-z0-9_]*$/)
  assert.doesNotMatch(answer.text, /<html|node_modules|\.ts:\d+|\n\s+at /i)
  if (answer.status === 401)
    assert.ok(answer.headers['www-authenticate'], '401 needs WWW-Authenticate (RFC 9110, 11.6.1)')
  return problem.code
}

/** Headers of the credential of an API key. */
export function keyed(key: KeyView, scheme: 'basic' | 'bearer' = 'basic') {
  return scheme === 'basic' ? basic(key.id, key.secret) : bearer(key.secret)
}
