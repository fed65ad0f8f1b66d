import { generateKeyPairSync } from 'node:crypto'
import { giveWay } from './give-way.ts'
import type { MadeKey } from './key-maker.ts'

// The server decides when this ends: a signal to its whole group, as by Ctrl-C or systemd, lets open requests finish first.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
if (process.send === undefined) throw new Error('key-process.ts runs as a process that the server starts')
giveWay(Number(process.argv[2] ?? 0))
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
const made: MadeKey = {
  jwk: publicKey.export({ format: 'jwk' }),
  pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
}
// A server that has been killed meanwhile wants it no more.
if (process.connected) process.send(made, () => process.disconnect())
