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

/** How private media open until a moment: by a grant token, or by the cookie where that is null. */
type Way = { readonly grant: string | null; readonly until: number }

/** A moment that is over on every clock. */
const NEVER = 0

/** So many addresses of files that are open to everybody are remembered at most. */
const REMEMBERED = 4096

/** Tokens are left this long before they end, so that what was opened with one still loads; milliseconds. */
const MARGIN = 10_000

/**
 * Makes an opener: it swaps a media token for a cookie and looks whether the browser sends that cookie along. Where it does not, since the
 * page is on another site and the browser keeps such cookies apart or out, a grant token in the URL takes its place until that token ends;
 * then cookies are tried anew. The page's origin MUST be one of the app's `allowedOrigins`.
 *
 * Keep one opener for a page: it swaps once for all media, and the first private file that it looks at decides for all. A file that is
 * open to everybody decides nothing for others; it is looked at once and remembered. A URL with a grant token opens for whoever has it:
 * show it, do not pass it on.
 */
export function createMediaOpener({
  cookieUrl,
  mediaToken,
  grantToken,
  fetch = globalThis.fetch.bind(globalThis),
  now = Date.now,
}: MediaOpenerParts): MediaOpener {
  let way: Way | null = null
  let firstLook: Promise<Way | null> | null = null
  let swappedUntil = NEVER
  const forAll = new Set<string>()

  /** How a file opens; null where it is open to everybody, which tells nothing of the cookie. */
  async function find(address: string): Promise<Way | null> {
    if (forAll.has(address)) return null
    const known = current()
    if (known !== null) return known
    if (firstLook === null) {
      firstLook = look(address).finally(() => {
        firstLook = null
      })
      return firstLook
    }
    // Where the first look decides nothing, all that waited for it look at the same time.
    return (await firstLook) ?? current() ?? (forAll.has(address) ? null : look(address))
  }

  const look = shared(async (address): Promise<Way | null> => {
    const end = await swap()
    const opened = end === null ? null : await opens(address)
    if (opened !== null && isForAll(opened)) {
      remember(address)
      return null
    }
    return current() ?? (end === null || opened === null ? grant() : decide({ grant: null, until: end }))
  })

  /** When the cookie ends; null where none is given. */
  const swap = shared(async (): Promise<number | null> => {
    if (!isOver(swappedUntil)) return swappedUntil
    const token = await mediaToken()
    const asked = now()
    if (!(await swapped(token))) return null
    swappedUntil = endOf(token, asked)
    return swappedUntil
  })

  const grant = shared(async () => {
    const { token, expiresAt } = await grantToken()
    swappedUntil = NEVER
    return decide({ grant: token, until: Date.parse(expiresAt) })
  })

  /** What was decided first stands. */
  function decide(found: Way): Way {
    way = current() ?? found
    return way
  }

  function remember(address: string): void {
    if (forAll.size >= REMEMBERED) forAll.clear()
    forAll.add(address)
  }

  const current = () => (way === null || isOver(way.until) ? null : way)

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

  return {
    async open(url) {
      const [address = ''] = url.split('#')
      const found = await find(address)
      return found === null || found.grant === null ? url : withToken(url, found.grant)
    },
  }
}

/** Makes all that ask for the same thing while a call for it lasts share that call. */
function shared<T>(call: (key: string) => Promise<T>): (key?: string) => Promise<T> {
  const running = new Map<string, Promise<T>>()
  return (key = '') => {
    const answer = running.get(key) ?? call(key).finally(() => running.delete(key))
    running.set(key, answer)
    return answer
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
