import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeCertificate } from './support/certificate.ts'
import { createClient } from './support/client.ts'
import { type Front, startCaddy, startNginx } from './support/front.ts'
import { startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { createApp } from './support/tenant.ts'

/** The configurations of the documentation, speaking TLS and not: what keeps browsers on TLS. */

const house = await startGatehouse({ flags: ['--trusted-proxies', '127.0.0.0/8', '--offload', 'x-accel:/protected/'] })
after(() => house.stop())
const app = await createApp(house.admin)
await app.users('ann', 'bob')
await app.conversation('c', ['ann', 'bob'])
const large = await app.upload(randomBytes(2_000_000))
const FILES = temporaryFolder()
const folder = join(FILES, 'apps', app.id, 'files')
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'report.txt'), 'the report')
const REPORT = `/apps/${app.id}/files/report.txt`
const { token } = await app.token([{ actions: ['read'], resource: `/apps/${app.id}/files` }])
const LINK = await app.link(large.id, 'bob')

const words = { GATEHOUSE: `127.0.0.1:${house.port}`, FILES, BLOBS: `${join(house.data, 'blobs')}/` }
const certificate = makeCertificate('IP:127.0.0.1')
type Tls = typeof certificate | null

const FRONTS: readonly (readonly [
  name: string,
  start: (tls: Tls) => Promise<Front>,
  answers: readonly (readonly [target: string, status: number])[],
])[] = [
  [
    'nginx auth_request',
    (tls) => startNginx('forward-auth.conf', words, tls),
    [
      [`${REPORT}?t=${token}`, 200],
      [REPORT, 401],
      ['/nothing', 404],
    ],
  ],
  [
    'nginx X-Accel-Redirect',
    (tls) => startNginx('x-accel.conf', words, tls),
    [
      [LINK, 200],
      [large.path, 401],
      ['/docs/errors', 200],
    ],
  ],
  [
    'Caddy forward_auth',
    (tls) => startCaddy(words, tls),
    [
      [`${REPORT}?t=${token}`, 200],
      [REPORT, 401],
      ['/nothing', 404],
    ],
  ],
]

/** Asks over TLS, trusting the one certificate. */
async function ask(port: number, target: string): Promise<IncomingMessage> {
  const asked = request({ host: '127.0.0.1', port, path: target, ca: certificate.text, agent: false }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  await once(answer, 'end')
  return answer
}

for (const [name, start, answers] of FRONTS) {
  test(`${name}: over TLS every answer keeps browsers there, once each; over plain HTTP none says so`, async (t) => {
    const secure = await start(certificate)
    t.after(secure.stop)
    for (const [target, status] of answers) {
      const { statusCode, rawHeaders } = await ask(secure.port, target)
      assert.equal(statusCode, status, target)
      const told = rawHeaders.filter((_, at) => rawHeaders[at - 1]?.toLowerCase() === 'strict-transport-security')
      assert.deepEqual(told, ['max-age=31536000'], target)
    }
    const plain = await start(null)
    t.after(plain.stop)
    const viewer = createClient(plain.url)
    for (const [target, status] of answers) {
      const answer = await viewer.get(target)
      assert.equal(answer.status, status, target)
      assert.equal(answer.headers['strict-transport-security'], undefined, target)
    }
  })
}
