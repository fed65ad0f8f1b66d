import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { makeCertificate } from '../certificate.ts'

/** A TLS server in front of another one; it is there before the other, since the other must know its address. */
export type TlsFront = {
  readonly url: string
  /** Host and port, as the SDK wants them. */
  readonly host: string
  /** The file of its certificate, which nobody trusts but whom it is given to. */
  readonly certificate: string
  /** Says which server of plain HTTP stands behind it. */
  readonly lead: (port: number) => void
  /** Does something as a request arrives, before it goes on. */
  readonly before: (act: (method: string, target: string) => void) => void
  readonly stop: () => Promise<void>
}

/** Starts a front on a free port of `localhost` with a certificate of its own. */
export async function startTlsFront(): Promise<TlsFront> {
  const { file: certificate, keyFile, text } = makeCertificate('DNS:localhost')
  let behind = 0
  let act = (_method: string, _target: string) => {}
  const server = createServer({ key: readFileSync(keyFile), cert: text }, (incoming, response) => {
    const { method = 'GET', url = '/', headers } = incoming
    act(method, url)
    const outgoing = request({ host: '127.0.0.1', port: behind, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, response, () => {})
    })
    outgoing.once('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
    response.once('close', () => outgoing.destroy())
    pipeline(incoming, outgoing, () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `localhost:${(server.address() as AddressInfo).port}`
  return {
    url: `https://${host}`,
    host,
    certificate,
    lead: (port) => {
      behind = port
    },
    before: (next) => {
      act = next
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
