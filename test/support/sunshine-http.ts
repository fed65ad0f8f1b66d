import assert from 'node:assert/strict'
import { type Answer, basic, type Client, type Headers } from './client.ts'
import type { KeyView } from './tenant.ts'
import { offlineToken } from './tokens.ts'

/** The versions of the surface of Sunshine Conversations. */
export type Version = 'v2' | 'v1.1'

/** Calls of the surface with one credential, under one version. Paths begin below it. */
export type Sunshine = {
  /** Answers whatever comes; asserts what holds of every answer. */
  readonly call: (method: string, path: string, body?: unknown, headers?: Headers) => Promise<Answer>
  /** The same, asserting 200 or 201; answers the body. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly ok: (method: string, path: string, body?: unknown, headers?: Headers) => Promise<any>
  /** The same, asserting an error in the shape of the version; answers `status code: title`. */
  readonly fails: (method: string, path: string, body?: unknown, headers?: Headers) => Promise<string>
}

/** An app that was made through the surface. */
export type SunshineApp = {
  readonly id: string
  /** `/apps/{app}` */
  readonly home: string
  readonly key: KeyView
  /** Calls with the app's key. */
  readonly v2: Sunshine
  readonly old: Sunshine
}

/** Calls under a version with what the client sends along. */
export function sunshineOf(client: Client, version: Version): Sunshine {
  const call: Sunshine['call'] = async (method, path, body, more = {}) => {
    const answer = await client.send(method, `/${version}${path}`, {
      headers: more,
      ...(body === undefined ? {} : { body: body as object }),
    })
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/, answer.text.slice(0, 300))
    assert.match(answer.headers['cache-control'] ?? '', /no-store/)
    assert.ok(answer.headers['x-request-id'])
    assert.notEqual(answer.status, 500, answer.text)
    return answer
  }
  return {
    call,
    async ok(method, path, body, more) {
      const answer = await call(method, path, body, more)
      assert.ok([200, 201].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text.slice(0, 500)}`)
      assert.equal(answer.status === 201, method === 'POST' && !/\/(?:leave|merge)$/.test(path), `${method} ${path}`)
      return answer.json()
    },
    async fails(method, path, body, more) {
      const answer = await call(method, path, body, more)
      assert.ok(answer.status >= 400, `${method} ${path} succeeded: ${answer.text.slice(0, 300)}`)
      assert.equal(answer.headers['www-authenticate'] !== undefined, answer.status === 401)
      return `${answer.status} ${told(answer, version)}`
    },
  }
}

/** Calls of both versions with an account-wide key. */
export function accountOf(admin: Client): { readonly v2: Sunshine; readonly old: Sunshine } {
  return { v2: sunshineOf(admin, 'v2'), old: sunshineOf(admin, 'v1.1') }
}

/** Makes an app and a key of it through the surface. */
export async function createSunshineApp(admin: Client, settings: object = {}): Promise<SunshineApp> {
  const account = sunshineOf(admin, 'v2')
  const { app } = await account.ok('POST', '/apps', { displayName: 'Suite', settings })
  const home = `/apps/${app.id}`
  const { key } = await account.ok('POST', `${home}/keys`, { displayName: 'suite' })
  const client = admin.as(basic(key.id, key.secret))
  return { id: app.id, home, key, v2: sunshineOf(client, 'v2'), old: sunshineOf(client, 'v1.1') }
}

/** Makes users with these external ids; answers them as the surface shows them, in this order. */
export function makeUsers(
  v2: Sunshine,
  home: string,
  ...ids: readonly string[]
  // biome-ignore lint/suspicious/noExplicitAny: the same
): Promise<any[]> {
  return Promise.all(ids.map(async (externalId) => (await v2.ok('POST', `${home}/users`, { externalId })).user))
}

/** A JWT with which a key speaks for itself. */
export function keyJwt(key: KeyView, claims: Readonly<Record<string, unknown>>): string {
  return offlineToken(key, claims)
}

function told(answer: Answer, version: Version): string {
  if (version === 'v1.1') {
    const { error, ...others } = answer.json<{ error: Record<string, string> }>()
    assert.deepEqual([Object.keys(others), Object.keys(error).sort()], [[], ['code', 'description']])
    return `${error.code}: ${error.description}`
  }
  const { errors, ...others } = answer.json<{ errors: Record<string, string>[] }>()
  assert.deepEqual(Object.keys(others), [])
  assert.ok(errors.length === 1 || answer.status === 400)
  for (const error of errors) assert.deepEqual(Object.keys(error).sort(), ['code', 'title'])
  return `${errors[0]?.code}: ${errors.map(({ title }) => title).join(' | ')}`
}
