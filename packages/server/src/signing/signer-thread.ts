import { type KeyObject, sign } from 'node:crypto'
import { type MessagePort, parentPort } from 'node:worker_threads'
import { giveWay } from './give-way.ts'
import type { Signed, ToSign } from './signer.ts'

/**
 * Where signing and serving want one processor, serving goes first: it gets about three quarters. With more steps delays of media would be a little
 * shorter, but a full core would sign less than is asked of it: with ten, 30 a second.
 */
const STEPS = 5

/** RS512 (RFC 7518, section 3.3), one text after the other, each answered in its turn. */
function run(port: MessagePort): void {
  const keys = new Map<string, KeyObject>()
  giveWay(STEPS)
  port.on('message', ({ id, key, input }: ToSign) => {
    if (key !== null) keys.set(id, key)
    const known = keys.get(id)
    const answer: Signed =
      known === undefined
        ? { ok: false, message: 'the thread has no such key' }
        : { ok: true, signature: sign('sha512', Buffer.from(input), known).toString('base64url') }
    port.postMessage(answer)
  })
}

if (parentPort === null) throw new Error('signer-thread.ts runs as a worker thread')
run(parentPort)
