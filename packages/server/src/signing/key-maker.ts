import { Worker } from 'node:worker_threads'

/** A pair of RSA keys of 4096 bits: the public one as a JWK (RFC 7517), the private one as PKCS #8 in PEM. */
export type MadeKey = { readonly jwk: { readonly [name: string]: unknown }; readonly pem: string }

/** Makes a pair of keys in a thread of its own, which gives way to those that serve. Takes seconds. */
export function makeRsaKey(): Promise<MadeKey> {
  const program = import.meta.url.endsWith('.ts') ? './key-thread.ts' : './key-thread.js'
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(program, import.meta.url))
    worker.once('message', resolve).once('error', reject)
    worker.once('exit', () => reject(new Error('the thread that makes keys has ended')))
  })
}
