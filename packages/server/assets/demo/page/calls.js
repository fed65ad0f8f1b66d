/**
 * The calls that the page makes. The token comes with the page's state, which is fetched anew before the token ends or after
 * it was refused (somebody may have revoked the key that stands behind it).
 */
export function createCalls() {
  let state = null

  async function load() {
    const response = await fetch('/demo/state')
    state = response.ok ? await response.json() : null
    if (state === null) throw new Error('The demonstration is gone. Start the server again to have it made anew.')
    return state
  }

  async function call(method, path, body, again = true) {
    if (state === null || Date.parse(state.expiresAt) - Date.now() < 20_000) await load()
    const response = await fetch(path, {
      method,
      headers: {
        authorization: `Bearer ${state.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (response.status === 401 && again) {
      await load()
      return call(method, path, body, false)
    }
    const answer = await response.json()
    if (!response.ok) throw new Error(`${answer.title}: ${answer.detail ?? answer.code}`)
    return answer
  }

  const app = () => `/v1/apps/${encodeURIComponent(state.app)}`
  return {
    load,
    /** Deactivates or activates a user; answers the user with what the change achieved. */
    turn: (user, action) => call('POST', `${app()}/users/${encodeURIComponent(user)}/${action}`),
    users: () => call('GET', `${app()}/users`),
    views: (limit) => call('GET', `${app()}/views?limit=${limit}`),
    lastRevocation: async () => (await call('GET', `${app()}/revocations?limit=1`)).items[0]?.sequence ?? 0,
    /** A media token for a path. */
    mediaToken: async (path) => (await call('POST', `${app()}/media-tokens`, { paths: [path] })).tokens[path],
    revoke: (target) => call('POST', `${app()}/revocations`, target),
    inspect: (token, url) => call('POST', '/v1/tokens/inspect', { token, url }),
  }
}

/** Swaps a media token for its cookie, which the browser keeps; no script can read it. */
export async function swap(token) {
  const response = await fetch('/v1/cookie', { headers: { authorization: `Bearer ${token}` } })
  if (!response.ok) throw new Error(`The token was not swapped: ${(await response.json()).code}`)
}

/**
 * Asks for a file as a viewer's browser would: by its URL alone, without a credential of the page. `whole` fetches all of it,
 * otherwise only one byte. With `cookies` the browser sends those along that it holds for the URL. Answers the status, the reason of
 * a refusal, and the bytes.
 */
export async function ask(url, whole, cookies = false) {
  const response = await fetch(url, {
    credentials: cookies ? 'same-origin' : 'omit',
    cache: whole ? 'no-cache' : 'no-store',
    ...(whole ? {} : { headers: { range: 'bytes=0-0' } }),
  })
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}))
    return { status: response.status, code: problem.code ?? 'refused', detail: problem.detail ?? '', blob: null }
  }
  const blob = await response.blob()
  const size = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? blob.size)
  return { status: response.status, type: response.headers.get('content-type'), size, blob }
}
