/**
 * The operator's own server, as plain as it can be: a login, a session in a cookie, a page with a photo, and the wall. What an
 * application takes from here is `nodeLoginWall` with its own `session`.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { nodeLoginWall } from '@gatehouse/sdk/login-wall-node'

/**
 * Starts it on a port of 127.0.0.1.
 *
 * @param {{ port: number, mediaUrl: string, secret: string, photos: (uid: string) => Promise<readonly string[]> }} parts `photos`
 *   answers the media URLs of a user, as Gatehouse makes them: with the wall in front
 * @returns {Promise<import('node:http').Server>}
 */
export async function startOperator({ port, mediaUrl, secret, photos }) {
  /** @type {Map<string, string>} who is logged in, by the value of the cookie */
  const sessions = new Map()
  /** @param {import('node:http').IncomingMessage} request */
  const userOf = ({ headers: { cookie = '' } }) => sessions.get(/(?:^|; )session=(\w+)/.exec(cookie)?.[1] ?? '') ?? null

  const loginWall = `http://127.0.0.1:${port}/media/`
  const wall = nodeLoginWall({
    loginWall,
    mediaUrl,
    secret,
    deliver: 'serve',
    session: (request) => userOf(request) !== null,
    signIn: '/login',
  })

  const server = createServer(async (request, response) => {
    if (await wall(request, response)) return
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://operator.invalid')
    const user = userOf(request)
    if (pathname === '/login' && request.method === 'POST') {
      const form = new URLSearchParams(await textOf(request))
      const name = form.get('user') ?? ''
      // A real login asks for more than a name.
      if (!['bob', 'carol'].includes(name)) return page(response, 403, '<p>Only bob and carol are known here.</p>')
      const session = randomBytes(24).toString('hex')
      sessions.set(session, name)
      response.setHeader('set-cookie', `session=${session}; Path=/; HttpOnly; SameSite=Lax`)
      return redirect(response, ownPath(form.get('next')))
    }
    if (pathname === '/login') return page(response, 200, loginForm(searchParams.get('next')))
    if (user === null) return redirect(response, '/login')
    const shown = (await photos(user)).map(
      (url) => `<p><img src="${escaped(url)}" alt="The photo shared with ${user}" width="480"></p>
        <p>Its address: ${link(url)}</p><p>Without the wall, refused with 403: ${link(url.slice(loginWall.length))}</p>`,
    )
    page(response, 200, `<h1>Hello ${user}</h1>${shown.join('')}`)
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(null)))
  return server
}

/** @param {string | null} next @returns {string} a path of this server; never another host's */
function ownPath(next) {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : '/'
}

/** @param {string | null} next */
function loginForm(next) {
  const back = `<input type="hidden" name="next" value="${escaped(next ?? '/')}">`
  const name = '<label>Name: bob or carol <input name="user" value="bob"></label>'
  return `<h1>Log in</h1><form method="post">${back}${name} <button>Log in</button></form>`
}

/** @param {import('node:http').ServerResponse} response @param {string} to */
function redirect(response, to) {
  response.writeHead(303, { location: to, 'cache-control': 'no-store' }).end()
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {string} body */
function page(response, status, body) {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Login wall</title>
    <meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
    <style>body{font:16px/1.5 system-ui;margin:2rem}img{max-width:100%}a{overflow-wrap:anywhere}</style><body>${body}`)
}

/** @param {string} url */
function link(url) {
  return `<a href="${escaped(url)}">${escaped(url)}</a>`
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

/** @param {import('node:http').IncomingMessage} request @returns {Promise<string>} at most some kilobytes */
async function textOf(request) {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > 8192) request.destroy()
  }
  return text
}
