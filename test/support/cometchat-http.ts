import assert from 'node:assert/strict'
import type { Answer, Client, Headers } from './client.ts'
import type { Tenant } from './tenant.ts'

/** An answer of the surface: exactly one of `data` and `error` is there. */
export type Reply = {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly data: any
  // biome-ignore lint/suspicious/noExplicitAny: the same
  readonly meta: any
  readonly error: {
    readonly code: string
    readonly message: string
    readonly details: Record<string, string[]>
  } | null
  readonly answer: Answer
}

/** Calls of the surface with one credential. Paths begin below the version, which is `/v3.0` for clients and `/v3` for servers. */
export type Caller = {
  readonly call: (method: string, path: string, body?: unknown, headers?: Headers) => Promise<Reply>
  /** The same, asserting 200 with data; answers the data. */
  // biome-ignore lint/suspicious/noExplicitAny: the same
  readonly ok: (method: string, path: string, body?: unknown, headers?: Headers) => Promise<any>
  /** The same, asserting an error; answers `status code`. */
  readonly fails: (method: string, path: string, body?: unknown, headers?: Headers) => Promise<string>
}

/** Reads an answer of the surface; asserts what holds of every one: JSON, never null, never both, never stored. */
export function replyOf(answer: Answer): Reply {
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/, answer.text.slice(0, 300))
  assert.match(answer.headers['cache-control'] ?? '', /no-store/)
  assert.ok(answer.headers['x-request-id'])
  const { data, meta, error } = answer.json<{ data?: object; meta?: object; error?: NonNullable<Reply['error']> }>()
  assert.notEqual(data === undefined || data === null, error === undefined, answer.text.slice(0, 300))
  if (error !== undefined) {
    assert.deepEqual(Object.keys(error).sort(), ['code', 'details', 'message'])
    assert.match(error.code, /^(AUTH_)?ERR_[A-Z_]+$/)
    assert.ok(typeof error.message === 'string' && error.message.length > 5 && typeof error.details === 'object')
    assert.notEqual(answer.status, 500, answer.text)
  }
  return { status: answer.status, data: data ?? null, meta: meta ?? null, error: error ?? null, answer }
}

/** Calls with these headers, below this version. */
export function createCaller(client: Client, version: '/v3' | '/v3.0', headers: Headers): Caller {
  const own = client.as(headers)
  const call: Caller['call'] = async (method, path, body, more = {}) =>
    replyOf(
      await own.send(method, version + path, {
        headers: more,
        ...(body === undefined ? {} : { body: body as object }),
      }),
    )
  return {
    call,
    async ok(method, path, body, more) {
      const { status, data, answer } = await call(method, path, body, more)
      assert.equal(status, 200, `${method} ${path}: ${answer.text.slice(0, 500)}`)
      return data
    },
    async fails(method, path, body, more) {
      const { status, error, answer } = await call(method, path, body, more)
      assert.ok(error !== null, `${method} ${path} succeeded: ${answer.text.slice(0, 300)}`)
      return `${status} ${error.code}`
    },
  }
}

/** A server with a key of the app. */
export async function restOf(app: Tenant): Promise<Caller & { readonly apiKey: string }> {
  const { secret } = await app.key()
  return { ...createCaller(app.bare, '/v3', { appId: app.id, apiKey: secret }), apiKey: secret }
}

/** A user's client, logged in with a token that the server has just made. */
export async function loginOf(
  app: Tenant,
  rest: Caller,
  uid: string,
): Promise<Caller & { readonly authToken: string }> {
  const { authToken } = await rest.ok('POST', `/users/${uid}/auth_tokens`)
  return { ...clientOf(app, authToken), authToken }
}

/** A user's client with a token. */
export function clientOf(app: Tenant, authToken: string): Caller {
  return createCaller(app.bare, '/v3.0', { appId: app.id, authToken })
}
