import type { KeyObject } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { SigningMediaKey } from './media-keys.ts'

/** A text for the thread. `key` goes along where the thread may not know it yet. Answers come in the order of texts. */
export type ToSign = { readonly id: string; readonly key: KeyObject | null; readonly input: string }

/** What came of it. */
export type Signed =
  | { readonly ok: true; readonly signature: string }
  | { readonly ok: false; readonly message: string }

/** Signs texts with RS512, off the event loop; answers the signature in base64url. */
export type Signer = (key: SigningMediaKey, input: string) => Promise<string>

type Waiting = { readonly resolve: (signature: string) => void; readonly reject: (error: Error) => void }

/**
 * Creates the signer: one thread, started by the first text, that gives way to those that serve. An RSA signature takes milliseconds of a
 * processor; files and the database keep the threads of Node's pool to themselves. It keeps no process alive.
 */
export function createSigner(): Signer {
  let thread: { readonly worker: Worker; readonly waiting: Waiting[]; readonly known: Set<string> } | null = null

  function start() {
    const program = import.meta.url.endsWith('.ts') ? './signer-thread.ts' : './signer-thread.js'
    const started = {
      worker: new Worker(new URL(program, import.meta.url)),
      waiting: [] as Waiting[],
      known: new Set<string>(),
    }
    const { worker, waiting } = started
    worker.unref()
    worker.on('message', (signed: Signed) => {
      const next = waiting.shift()
      if (waiting.length === 0) worker.unref()
      if (signed.ok) next?.resolve(signed.signature)
      else next?.reject(new Error(signed.message))
    })
    const end = (error: Error) => {
      if (thread === started) thread = null
      for (const { reject } of waiting.splice(0)) reject(error)
    }
    worker.once('error', end)
    worker.once('exit', () => end(new Error('the thread that signs has ended')))
    return started
  }

  return (key, input) =>
    new Promise((resolve, reject) => {
      thread ??= start()
      const { worker, waiting, known } = thread
      waiting.push({ resolve, reject })
      worker.ref()
      worker.postMessage({ id: key.id, key: known.has(key.id) ? null : key.key, input } satisfies ToSign)
      known.add(key.id)
    })
}
