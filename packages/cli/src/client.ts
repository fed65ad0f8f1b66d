import type { PageView, Problem } from './answers.ts'
import { EXIT } from './exit-code.ts'
import { Failure } from './failure.ts'
import { type StreamedBody, streamedPost, Unreached } from './streamed-post.ts'

/** Calls to the native API of one server with one key. */
export type Client = {
  readonly url: string
  /**
   * One call; answers the body, or null where there is none. Raises {@link Failure}: `refused` for 401 and 403, `unreachable` where
   * nobody answers, `failed` for every other problem. Given up after 30 seconds.
   */
  call<T>(method: string, path: string, body?: unknown): Promise<T>
  /** Posts a body that is made while it is sent; otherwise the same. Raises an AbortError, too, and what makes the body. */
  post<T>(path: string, body: StreamedBody, options: PostOptions): Promise<T>
  /** Every item of a paged list; `query` narrows it, as far as it is defined. */
  list<T>(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<T[]>
}

/** What goes along with a streamed body. */
export type PostOptions = { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal }

const PATIENCE_MILLISECONDS = 30_000

/** Creates a client. `key` is `id:secret`, or a secret or token alone; null calls without a credential. */
export function createClient(url: string, key: string | null): Client {
  const credential: Record<string, string> = key === null ? {} : { authorization: authorization(key) }

  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const sent = fetch(`${url}${path}`, {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
      headers: { ...credential, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const { status, text } = await sent
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      .catch((error) => Promise.reject(unreachable(error)))
    return answer(status, text)
  }

  function unreachable(cause: unknown): Failure {
    return new Failure(EXIT.unreachable, 'not_reachable', `No server answers at ${url} (${because(cause)}).`, {
      cure: 'Start one with `gatehouse serve`, or say where it is with --url or GATEHOUSE_URL.',
      cause,
    })
  }

  function answer<T>(status: number, text: string): T {
    if (status < 200 || status > 299) throw refusal(status, text, key === null)
    if (text === '') return null as T
    try {
      return JSON.parse(text) as T
    } catch {
      throw new Failure(EXIT.failed, 'answer_unreadable', `What answers at ${url} is not Gatehouse.`)
    }
  }

  return {
    url,
    call,
    async post(path, body, { headers, signal }) {
      const { status, text } = await streamedPost(`${url}${path}`, body, {
        headers: { ...credential, ...headers },
        signal,
      }).catch((error) => Promise.reject(error instanceof Unreached ? unreachable(error.cause) : error))
      return answer(status, text)
    },
    async list<T>(path: string, query = {}) {
      const items: T[] = []
      const narrowed = Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : `&${name}=${encodeURIComponent(String(value))}`,
      )
      let cursor: string | null = null
      do {
        const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
        const page: PageView<T> = await call<PageView<T>>('GET', `${path}?limit=1000${narrowed.join('')}${after}`)
        items.push(...page.items)
        cursor = page.next
      } while (cursor !== null)
      return items
    },
  }
}

function authorization(key: string): string {
  return key.includes(':') ? `Basic ${Buffer.from(key).toString('base64')}` : `Bearer ${key}`
}

/** A problem document as a failure: its title, what to do, and the places that were wrong. */
function refusal(status: number, text: string, keyless: boolean): Failure {
  const problem = problemOf(text)
  const places = (problem.errors ?? []).map(({ path, message }) => `${path}: ${message}`)
  const sentence = [problem.title ?? `The server answered ${status}`, ...places].join('; ')
  const keyHint =
    keyless && status === 401 ? 'Say which API key to use with --key id:secret or GATEHOUSE_KEY.' : undefined
  const cure = keyHint ?? problem.detail
  return new Failure(
    status === 401 || status === 403 ? EXIT.refused : EXIT.failed,
    problem.code ?? `http_${status}`,
    sentence,
    {
      status,
      ...(cure === undefined ? {} : { cure }),
    },
  )
}

function problemOf(text: string): Problem {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** Why a fetch failed, in a word or a few. */
export function because(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return String(cause)
}
