/**
 * `npm run example login-wall`: a Gatehouse with one photo for Bob and Carol, and the operator's own server in front of it. Whoever
 * has a media URL still needs the operator's login; whoever takes the wall out of the URL is refused by Gatehouse.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, openAsBlob, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startOperator } from './operator.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ADMIN = `admin:${randomBytes(32).toString('hex')}`
const secret = randomBytes(24).toString('base64url')
const data = mkdtempSync(join(tmpdir(), 'gatehouse-example-'))

const gatehouse = await startGatehouse()
const port = await freePort()
const wall = `http://127.0.0.1:${port}/media/`

// The app puts the wall in front of every media URL that it makes, and gives nothing to who comes without the secret.
const app = await call('POST', '/v1/apps', { name: 'Example', settings: { loginWall: wall, loginWallSecret: secret } })
await call('PUT', `/v1/apps/${app.id}/conversations/holiday`, { type: 'group', members: ['alice', 'bob', 'carol'] })
const form = new FormData()
form.set('from', 'alice')
form.set('file', await openAsBlob(join(ROOT, 'packages/server/assets/demo/lake.jpg')), 'lake.jpg')
const photo = await call('POST', `/v1/apps/${app.id}/conversations/holiday/attachments`, form)
/** @param {string} uid */
const urlOf = async (uid) => (await call('GET', `/v1/apps/${app.id}/attachments/${photo.id}/links/${uid}`)).url

const operator = await startOperator({
  port,
  mediaUrl: gatehouse.url,
  secret,
  photos: async (uid) => [await urlOf(uid)],
})

const url = await urlOf('bob')
const look = "curl -s -o /dev/null -w '%{http_code}\\n'"
console.log(`
  Open    http://127.0.0.1:${port}/     (log in as bob or carol)

  Bob's URL leads through the operator's server. Without a login it answers 401:

    ${look} '${url}'

  The same URL without the wall answers 403, since only the operator's server knows the secret:

    ${look} '${url.slice(wall.length)}'

  Logged in, it answers 200:

    curl -s -c /tmp/wall.txt -d user=bob http://127.0.0.1:${port}/login
    ${look} -b /tmp/wall.txt '${url}'

  Ctrl-C ends both servers.
`)

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, stop)

function stop() {
  operator.closeAllConnections()
  operator.close()
  gatehouse.process.kill('SIGTERM')
}

/** Starts Gatehouse with a data folder that goes when it ends. */
async function startGatehouse() {
  // Settings of another Gatehouse that lie in the shell are none of this one's.
  const shell = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GATEHOUSE_')))
  const env = { ...shell, GATEHOUSE_ADMIN_KEY: ADMIN, GATEHOUSE_LOG_LEVEL: 'warn' }
  const words = [join(ROOT, 'packages/cli/dist/main.js'), 'serve', '--port', '0', '--data', data]
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  child.once('exit', (code) => {
    rmSync(data, { recursive: true, force: true })
    process.exit(code ?? 1)
  })
  for await (const line of createInterface(child.stdout)) {
    const ready = /^gatehouse ready on (\S+)$/.exec(line)?.[1]
    if (ready !== undefined) return { url: ready, process: child }
  }
  throw new Error('Gatehouse did not start')
}

/** @param {string} method @param {string} path @param {object | FormData} [body] */
async function call(method, path, body) {
  const headers = new Headers({ authorization: `Basic ${Buffer.from(ADMIN).toString('base64')}` })
  if (body !== undefined && !(body instanceof FormData)) headers.set('content-type', 'application/json')
  const content = body === undefined || body instanceof FormData ? body : JSON.stringify(body)
  const answer = await fetch(gatehouse.url + path, { method, headers, body: content ?? null })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return /** @type {Promise<any>} */ (answer.json())
}

/** @returns {Promise<number>} */
function freePort() {
  const server = createServer()
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port: found } = /** @type {import('node:net').AddressInfo} */ (server.address())
      server.close(() => resolve(found))
    }),
  )
}
