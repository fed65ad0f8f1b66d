import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify, { type FastifyRequest } from 'fastify'
import type { LoginWallParts } from '../src/login-wall.ts'
import { type ExpressRequest, expressLoginWall } from '../src/login-wall-express.ts'
import { fastifyLoginWall } from '../src/login-wall-fastify.ts'
import { nodeLoginWall } from '../src/login-wall-node.ts'

/** A server that listens on this machine. */
export type Listening = { readonly url: string; readonly server: Server; readonly stop: () => Promise<void> }

/** Everything of a wall but the session, which is each framework's own. */
export type WallOptions = Omit<LoginWallParts, 'session'>

/** An operator's server with a wall; what is not the wall's is answered `the app`, and a fault 500. */
export type Operator = {
  readonly name: string
  readonly start: (of: (url: string) => WallOptions) => Promise<Listening>
}

/** The operator's own session: a cookie. One value stands for a store of sessions that has broken down. */
function loggedIn({ cookie = '' }: IncomingMessage['headers']): boolean {
  if (cookie.includes('session=broken')) throw new Error('the store of sessions is gone')
  return cookie.includes('session=good')
}

/** An operator's server in each framework. */
export const OPERATORS: readonly Operator[] = [
  {
    name: 'plain Node',
    start: (of) =>
      listen((url) => {
        const wall = nodeLoginWall({ ...of(url), session: async ({ headers }) => loggedIn(headers) })
        return async (request, response) => {
          if (!(await wall(request, response))) response.end('the app')
        }
      }),
  },
  {
    name: 'Express',
    start: (of) =>
      listen((url) => {
        const app = express()
        app.set('env', 'test')
        app.use(expressLoginWall<ExpressRequest>({ ...of(url), session: ({ headers }) => loggedIn(headers) }))
        app.use((_request, response) => void response.send('the app'))
        return app
      }),
  },
  {
    name: 'Express, mounted below a path',
    start: (of) =>
      listen((url) => {
        const app = express()
        app.set('env', 'test')
        const wall = expressLoginWall<ExpressRequest>({ ...of(url), session: ({ headers }) => loggedIn(headers) })
        app.use('/media', wall)
        app.use((_request, response) => void response.send('the app'))
        return app
      }),
  },
  {
    name: 'Fastify',
    start: async (of) => {
      const app = fastify({ forceCloseConnections: true })
      const port = await freePort()
      const url = `http://127.0.0.1:${port}`
      app.register(fastifyLoginWall<FastifyRequest>({ ...of(url), session: async ({ headers }) => loggedIn(headers) }))
      app.setNotFoundHandler((_request, reply) => void reply.code(200).send('the app'))
      await app.listen({ port, host: '127.0.0.1' })
      return { url, server: app.server, stop: () => app.close() }
    },
  },
]

/** Starts a server whose listener may know its URL. */
export async function listen(listener: (url: string) => RequestListener): Promise<Listening> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  server.on('request', listener(url))
  const stop = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url, server, stop }
}

async function freePort(): Promise<number> {
  const { server, stop } = await listen(() => () => {})
  const { port } = server.address() as AddressInfo
  await stop()
  return port
}
