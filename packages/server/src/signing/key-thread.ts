import { generateKeyPairSync } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { giveWay } from './give-way.ts'
import type { MadeKey } from './key-maker.ts'

/** Making a key takes seconds of a processor, and nobody is in a hurry: serving gets what it wants first. */
const STEPS = 15

if (parentPort === null) throw new Error('key-thread.ts runs as a worker thread')
giveWay(STEPS)
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
const made: MadeKey = {
  jwk: publicKey.export({ format: 'jwk' }),
  pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
}
parentPort.postMessage(made)
