/** A grant token as `POST /v1/apps/{app}/tokens` answers it. */
export type GrantToken = {
  readonly token: string
  /** ISO 8601. */
  readonly expiresAt: string
}

/** What a page sets up to show private media. */
export type MediaOpenerParts = {
  /** Where media tokens are swapped for cookies: `https://media.example.com/v1/cookie`. */
  readonly cookieUrl: string
  /** Asks your server for a media token. It MUST reach everything that is shown through this opener, and be newly issued. */
  readonly mediaToken: () => Promise<string>
  /** Asks your server for a grant token that lets `read` the same. Not called while the browser keeps the cookie. */
  readonly grantToken: () => Promise<GrantToken>
  /** The browser's own where nothing is said. */
  readonly fetch?: typeof globalThis.fetch
  /** The present time in milliseconds since 1970; the clock of this device where nothing is said. */
  readonly now?: () => number
}

/** Opens media in a page. */
export type MediaOpener = {
  /**
   * The URL to put into `src` for a media URL: the same one where the browser holds a cookie for it, otherwise with a grant token. It is
   * good for now: ask again before showing it later. Rejects where {@link MediaOpenerParts.mediaToken} or
   * {@link MediaOpenerParts.grantToken} does.
   */
  readonly open: (url: string) => Promise<string>
}

/** How media open until a moment: by the cookie, or by a grant token. What is open to everybody tells of neither: {@link NEVER}. */
type Way = { readonly grant: string | null; readonly until: number }

const NEVER = 0

/** Tokens are left this long before they end, so that what was opened with one still loads; milliseconds. */
const MARGIN = 10_000

/**
 * Makes an opener: it swaps a media token for a cookie and looks whether the browser sends that cookie along. Where it does not, since the
 * page is on another site and the browser keeps such cookies apart or out, a grant token in the URL takes its place until that token ends;
 * then cookies are tried anew. The page's origin MUST be one of the app's `allowedOrigins`.
 *
 * Keep one opener for a page: it asks once for all media, whether they are private or open to everybody. A URL with a grant token opens for whoever has it: show it, do not pass it on.
 */
export function createMediaOpener({
  cookieUrl,
  mediaToken,
  grantToken,
  fetch = globalThis.fetch.bind(globalThis),
  now = Date.now,
}: MediaOpenerParts): MediaOpener {
  let way: Promise<Way> | null = null
  let until = NEVER
  let swappedUntil = NEVER

  async function find(url: string): Promise<Way> {
    const end = await swap()
    const opened = end === null ? null : await opens(url)
    if (end !== null && opened !== null) return { grant: null, until: isForAll(opened) ? NEVER : end }
    const grant = await grantToken()
    swappedUntil = NEVER
    return { grant: grant.token, until: Date.parse(grant.expiresAt) }
  }

  /** When the cookie ends; null where none is given. */
  async function swap(): Promise<number | null> {
    if (!isOver(swappedUntil)) return swappedUntil
    const token = await mediaToken()
    const asked = now()
    if (!(await swapped(token))) return null
    swappedUntil = endOf(token, asked)
    return swappedUntil
  }

  const isOver = (end: number) => now() >= end - MARGIN

  const swapped = async (token: string) =>
    (await answered(cookieUrl, { method: 'POST', headers: { authorization: `Bearer ${token}` } })) !== null

  /** A script cannot see the cookie; it sees what opens with it. Refusals are kept from pages of other origins, and reject. */
  const opens = (url: string) => answered(url, { method: 'HEAD' })

  const answered = (url: string, init: RequestInit) =>
    fetch(url, { ...init, credentials: 'include', cache: 'no-store' }).then(
      (response) => (response.ok ? response : null),
      () => null,
    )

  function begin(url: string): Promise<Way> {
    until = Number.POSITIVE_INFINITY
    const begun = find(url)
    begun.then(
      (found) => {
        until = found.until
      },
      () => {
        way = null
      },
    )
    way = begun
    return begun
  }

  return {
    async open(url) {
      for (;;) {
        const under = way === null || isOver(until) ? null : way
        const found = await (under ?? begin(url))
        // What somebody else has looked at and found open to everybody says nothing of this one.
        if (found.until === NEVER && under !== null) continue
        return found.grant === null ? url : withToken(url, found.grant)
      }
    },
  }
}

/** Whether an answer is one that everybody gets: no cookie has opened it. Pages of other origins may read this header, too. */
function isForAll({ headers }: Response): boolean {
  const caching = headers.get('cache-control')
  return caching !== null && !/private|no-store/.test(caching)
}

/** When a media token ends by this device's clock, which may be wrong: no later than its life after it was asked for. */
function endOf(token: string, asked: number): number {
  const [, payload = ''] = token.split('.')
  const { exp, iat } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
  return Math.min(exp * 1000, asked + (exp - iat) * 1000)
}

function withToken(url: string, token: string): string {
  const [address = '', ...fragment] = url.split('#')
  const joined = `${address}${address.includes('?') ? '&' : '?'}t=${encodeURIComponent(token)}`
  return [joined, ...fragment].join('#')
}
