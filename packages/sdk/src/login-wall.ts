import type { IncomingMessage, ServerResponse } from 'node:http'
import { createWallRelay, refuse } from './wall-relay.ts'
import { createWallTargets } from './wall-target.ts'

/** What an operator says of a login wall. `Request` is the request as the operator's framework knows it. */
export type LoginWallParts<Request = IncomingMessage> = {
  /** The app's setting `loginWall`, exactly as it is there: the URL in front of every media URL, which leads to this server. */
  readonly loginWall: string
  /** What stands before `/apps/` in media URLs: the media URL of Gatehouse. No other URL is served or redirected to. */
  readonly mediaUrl: string
  /** Whether whoever asks is logged in. MUST NOT answer true before it has checked the operator's own session. */
  readonly session: (request: Request) => boolean | Promise<boolean>
  /**
   * `serve` fetches the media and hands them on. `redirect` sends the browser to Gatehouse, which costs this server
   * nothing and can be gone around, since it works only without a secret.
   */
  readonly deliver: 'serve' | 'redirect'
  /** The app's setting `loginWallSecret`; null where it has none. */
  readonly secret: string | null
  /** Where this server reaches Gatehouse, if not at `mediaUrl`. */
  readonly gatehouse?: string
  /** The path of this server's login page, for browsers that open a media URL as a page; `next` in its query leads back. */
  readonly signIn?: string
  /** How long Gatehouse may take until its answer begins, in milliseconds; 30,000 where nothing is said. */
  readonly patience?: number
}

/** A login wall, for adapters to a framework. */
export type LoginWall = {
  /** What every request target of the wall begins with: path, and query where the wall has one. */
  readonly prefix: string
  /** Whether a request target leads through the wall. Others MUST be left alone. */
  readonly covers: (target: string) => boolean
  /** Answers a request that leads through the wall. It never rejects for what Gatehouse or the viewer do. */
  readonly answer: (
    request: IncomingMessage,
    response: ServerResponse,
    of: { readonly target: string; readonly loggedIn: boolean },
  ) => Promise<void>
}

/**
 * Makes a login wall: media are given to those only who are logged in at the operator's own server, and whom Gatehouse allows.
 *
 * Both judge on every view: this server the session, Gatehouse the URL. With a secret nobody can leave the wall out, since
 * Gatehouse refuses the same URL without it. Raises a TypeError for parts that contradict one another.
 */
export function createLoginWall<Request>(parts: LoginWallParts<Request>): LoginWall {
  const { loginWall, deliver, secret, signIn, patience = 30_000 } = parts
  const mediaUrl = parts.mediaUrl.replace(/\/$/, '')
  if (deliver === 'redirect' && secret !== null)
    throw new TypeError('deliver: a redirect cannot carry the secret; serve, or take the secret out of the app')
  if (signIn !== undefined && !/^\/(?![/\\])/.test(signIn))
    throw new TypeError('signIn: a path of this server, since the media URL goes along')
  const { prefix, covers, media } = createWallTargets(loginWall, mediaUrl)
  const relay = createWallRelay({ gatehouse: parts.gatehouse ?? mediaUrl, mediaUrl, secret, patience })

  return {
    prefix,
    covers,
    async answer(request, response, { target, loggedIn }) {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return refuse(response, 405, 'Media are read only.', { allow: 'GET, HEAD' })
      if (!loggedIn) {
        if (signIn === undefined || !isNavigation(request))
          return refuse(response, 401, 'Log in first.', { 'www-authenticate': 'Session realm="media"' })
        const next = `${signIn.includes('?') ? '&' : '?'}next=${encodeURIComponent(target)}`
        return refuse(response, 302, 'Log in first.', { location: signIn + next })
      }
      const found = covers(target) ? media(target) : null
      if (found === null) return refuse(response, 404, 'Not a media URL.')
      if (deliver === 'serve') return relay(request, response, found)
      return refuse(response, 302, 'Found.', { location: mediaUrl + found, 'referrer-policy': 'no-referrer' })
    },
  }
}

/** Whether a person would see the answer as a page (Fetch Metadata; older browsers say what they accept). */
function isNavigation({ headers }: IncomingMessage): boolean {
  const mode = headers['sec-fetch-mode']
  return mode === undefined ? (headers.accept ?? '').includes('text/html') : mode === 'navigate'
}
