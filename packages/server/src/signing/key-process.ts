import { generateKeyPairSync } from 'node:crypto'
import { giveWay } from './give-way.ts'
import type { MadeKey } from './key-maker.ts'

/** Nobody is in a hurry for a key: serving gets what it wants first. */
const STEPS = 15

if (process.send === undefined) throw new Error('key-process.ts runs as a process that the server starts')
giveWay(STEPS)
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
const made: MadeKey = {
  jwk: publicKey.export({ format: 'jwk' }),
  pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
}
// A server that has been killed meanwhile wants it no more.
if (process.connected) process.send(made, () => process.disconnect())
