import type { IncomingMessage, ServerResponse } from 'node:http'
import { createLoginWall, type LoginWallParts } from './login-wall.ts'

/** What the wall needs of Fastify's request. */
export type FastifyWallRequest = { readonly raw: IncomingMessage }

/** What the wall needs of Fastify's reply. */
export type FastifyWallReply = { readonly raw: ServerResponse; readonly hijack: () => unknown }

/** What the wall needs of Fastify's instance. */
export type FastifyWallInstance<Request> = {
  readonly route: (options: {
    readonly method: string[]
    readonly url: string
    readonly handler: (request: Request, reply: FastifyWallReply) => Promise<void>
  }) => unknown
}

/**
 * A login wall as a plugin for Fastify: `app.register(fastifyLoginWall({ … }))`, after the plugins that make the session. A session that
 * cannot be checked goes to the error handler.
 *
 * Raises a TypeError for parts that contradict one another.
 */
export function fastifyLoginWall<Request extends FastifyWallRequest>(
  parts: LoginWallParts<Request>,
): (instance: FastifyWallInstance<Request>) => Promise<void> {
  const wall = createLoginWall(parts)
  const [path = '/', query] = wall.prefix.split('?')
  return async (instance) => {
    instance.route({
      method: ['GET', 'HEAD'],
      url: query === undefined ? `${path}*` : path,
      handler: async (request, reply) => {
        const target = request.raw.url ?? ''
        const loggedIn = (await parts.session(request)) === true
        reply.hijack()
        await wall.answer(request.raw, reply.raw, { target, loggedIn })
      },
    })
  }
}
