import type { IncomingMessage, ServerResponse } from 'node:http'
import { createLoginWall, type LoginWallParts } from './login-wall.ts'
import { refuse } from './wall-relay.ts'

/**
 * A login wall for a server of plain `node:http` or `node:https`. What it makes answers true where it has taken the request, and
 * false where the request is none of the wall's; it never rejects. A session that cannot be checked is answered 500.
 *
 * Raises a TypeError for parts that contradict one another.
 */
export function nodeLoginWall(
  parts: LoginWallParts,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  const wall = createLoginWall(parts)
  return async (request, response) => {
    const target = request.url ?? ''
    if (!wall.covers(target)) return false
    try {
      await wall.answer(request, response, { target, loggedIn: (await parts.session(request)) === true })
    } catch {
      refuse(response, 500, 'The session could not be checked.')
    }
    return true
  }
}
