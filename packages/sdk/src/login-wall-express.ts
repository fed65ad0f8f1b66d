import type { IncomingMessage, ServerResponse } from 'node:http'
import { createLoginWall, type LoginWallParts } from './login-wall.ts'

/** What the wall needs of Express's request: `originalUrl` is the target as it came, wherever the middleware is mounted. */
export type ExpressRequest = IncomingMessage & { readonly originalUrl: string }

/**
 * A login wall as middleware for Express (4 and 5) and its like. MUST come after what makes the session. Requests that are
 * none of the wall's go on to what follows; a session that cannot be checked goes to the error handler.
 *
 * Raises a TypeError for parts that contradict one another.
 */
export function expressLoginWall<Request extends ExpressRequest = ExpressRequest>(
  parts: LoginWallParts<Request>,
): (request: Request, response: ServerResponse, next: (error?: unknown) => void) => Promise<void> {
  const wall = createLoginWall(parts)
  return async (request, response, next) => {
    const target = request.originalUrl
    if (!wall.covers(target)) return next()
    try {
      await wall.answer(request, response, { target, loggedIn: (await parts.session(request)) === true })
    } catch (error) {
      next(error)
    }
  }
}
