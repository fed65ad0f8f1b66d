import type { PageView, Problem } from './answers.ts'
import { EXIT } from './exit-code.ts'
import { Failure } from './failure.ts'

/** Calls to the native API of one server with one key. */
export type Client = {
  readonly url: string
  /**
   * One call; answers the body, or null where there is none. A form is sent as multipart. Raises {@link Failure}: `refused` for
   * 401 and 403, `unreachable` where nobody answers, `failed` for every other problem.
   */
  call<T>(method: string, path: string, body?: unknown, options?: CallOptions): Promise<T>
  /** Every item of a paged list. */
  list<T>(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<T[]>
}

/** Details of a call. Without a signal of its own, a call is given up after 30 seconds. */
export type CallOptions = { readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal }

const PATIENCE_MILLISECONDS = 30_000

/** Creates a client. `key` is `id:secret`, or a secret or token alone; null calls without a credential. */
export function createClient(url: string, key: string | null): Client {
  const credential = key === null ? {} : { authorization: authorization(key) }

  async function call<T>(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    const form = body instanceof FormData
    const response = await send(`${url}${path}`, {
      method,
      redirect: 'error',
      signal: options.signal ?? AbortSignal.timeout(PATIENCE_MILLISECONDS),
      headers: {
        ...credential,
        ...(body === undefined || form ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw refusal(response.status, text, key === null)
    if (text === '') return null as T
    try {
      return JSON.parse(text) as T
    } catch {
      throw new Failure(EXIT.failed, 'answer_unreadable', `What answers at ${url} is not Gatehouse.`)
    }
  }

  async function send(target: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(target, init)
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') throw error
      throw new Failure(EXIT.unreachable, 'not_reachable', `No server answers at ${url} (${because(error)}).`, {
        cure: 'Start one with `gatehouse serve`, or say where it is with --url or GATEHOUSE_URL.',
        cause: error,
      })
    }
  }

  return {
    url,
    call,
    async list<T>(path: string, query: Readonly<Record<string, string | undefined>> = {}) {
      const items: T[] = []
      const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)
      let cursor: string | null = null
      do {
        const search: string = new URLSearchParams([
          ...given,
          ['limit', '1000'],
          ...(cursor === null ? [] : [['cursor', cursor]]),
        ] as [string, string][]).toString()
        const page: PageView<T> = await call<PageView<T>>('GET', `${path}?${search}`)
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

function because(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return String(cause)
}
