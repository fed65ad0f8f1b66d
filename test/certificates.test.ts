import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { TLSSocket } from 'node:tls'
import { makeCertificate } from './support/certificate.ts'
import { eventually, runGatehouse, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { createApp, expect } from './support/tenant.ts'

/** To whom the server speaks over TLS: nobody whose certificate it has no reason to trust. */

const certificate = makeCertificate('IP:127.0.0.1,DNS:localhost')
const secureContext = { key: readFileSync(certificate.keyFile), cert: certificate.text }
const TRUSTING = { NODE_EXTRA_CA_CERTS: certificate.file }

/**
 * A port behind which somebody has a certificate of their own, and hangs up when they have been told something. `postgres`: TLS begins
 * when it is asked for, as that protocol does (section 55.2.10, SSLRequest).
 */
async function listen(protocol: 'tls' | 'postgres') {
  let asked = 0
  let told = 0
  const secure = (socket: Socket) => {
    asked++
    const inside = new TLSSocket(socket, { isServer: true, ...secureContext })
    inside.on('error', () => {})
    inside.on('data', () => {
      told++
      inside.destroy()
    })
  }
  const server = createServer((socket) => {
    socket.on('error', () => {})
    if (protocol === 'tls') return secure(socket)
    return socket.once('data', () => {
      socket.write('S')
      secure(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  return { port: (server.address() as AddressInfo).port, asked: () => asked, told: () => told }
}

type Listening = Awaited<ReturnType<typeof listen>>

const ROWS: readonly (readonly [
  what: string,
  protocol: Parameters<typeof listen>[0],
  speak: (to: Listening, env: Readonly<Record<string, string>>) => Promise<void>,
])[] = [
  [
    'a webhook',
    'tls',
    async ({ port }, env) => {
      const house = await startGatehouse({ flags: ['--allow-loopback', 'true'], env })
      const app = await createApp(house.admin)
      await app.users('bob')
      const wanted = { url: `https://127.0.0.1:${port}/`, events: ['user.deactivated'] }
      const { id } = expect(await app.admin.post(`${app.base}/webhooks`, wanted), 201).json<{ id: string }>()
      await app.deactivate('bob')
      await eventually('a first try', async () => {
        const { items } = (await app.admin.get(`${app.base}/webhooks/${id}/deliveries`)).json<{
          items: { lastError: string | null }[]
        }>()
        return items.some(({ lastError }) => lastError !== null) ? true : undefined
      })
      await house.stop()
    },
  ],
  [
    'a bucket',
    'tls',
    async ({ port }, env) => {
      const blobs = `s3://bucket?endpoint=https://127.0.0.1:${port}&region=default`
      const credentials = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' }
      const house = await startGatehouse({ blobs, env: { ...credentials, ...env } })
      expect(await house.admin.get('/readyz'), 503)
      await house.kill()
    },
  ],
  [
    'a database',
    'postgres',
    async ({ port }, env) => {
      const url = `postgres://gatehouse:secret@localhost:${port}/gatehouse?sslmode=verify-full`
      const words = ['serve', '--port', '0', '--data', temporaryFolder()]
      const command = runGatehouse(words, { GATEHOUSE_DATABASE_URL: url, ...env })
      assert.notEqual((await command.exited).code, 0)
    },
  ],
]

for (const [what, protocol, speak] of ROWS) {
  test(`${what} whose certificate nobody vouches for is told nothing; one that the operator trusts is spoken to`, async () => {
    const stranger = await listen(protocol)
    await speak(stranger, {})
    assert.ok(stranger.asked() > 0, 'it was tried')
    assert.equal(stranger.told(), 0)
    const known = await listen(protocol)
    await speak(known, TRUSTING)
    assert.ok(known.told() > 0)
  })
}
